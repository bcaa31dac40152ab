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

void random_name_bytes(void *to, size_t len)
{
    enum { STOCK_BYTES = 512 };
    static _Thread_local struct {
        unsigned char bytes[STOCK_BYTES];
        size_t left;
    } stock;
    assert(len <= STOCK_BYTES);
    if (stock.left < len) {
        random_bytes(stock.bytes, STOCK_BYTES);
        stock.left = STOCK_BYTES;
    }
    stock.left -= len;
    memcpy(to, stock.bytes + stock.left, len);
    memset(stock.bytes + stock.left, 0, len); /* it is given out once */
}
