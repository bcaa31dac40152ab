#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

void random_bytes(void *to, size_t len)
{
    char *at = to;
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        assert(got > 0); /* getrandom(2) of an initialised pool cannot fail otherwise */
        at += got;
        len -= (size_t)got;
    }
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof(value));
    return value;
}
