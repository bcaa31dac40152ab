#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

bool random_try_bytes(void *to, size_t len)
{
    char *at = to;
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

void random_bytes(void *to, size_t len)
{
    bool is_fine = random_try_bytes(to, len);
    assert(is_fine); /* getrandom(2) of an initialised pool cannot fail */
}

uint64_t random_u64(void)
{
    uint64_t value;
    random_bytes(&value, sizeof(value));
    return value;
}
