#include "base/buf.h"

#include <stdarg.h>

#include "base/mem.h"

enum { BUF_CAP_MIN = 256 };

void buf_done(struct buf *buf)
{
    mem_free(buf->at);
    *buf = (struct buf){0};
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
}

/* The next size that holds `room` more bytes; 0 when there is none. With a few to spare: what is
 * read as one piece often gets a short end, which must not double what it hangs on. */
static size_t next_cap(const struct buf *buf, size_t room)
{
    size_t need;
    if (__builtin_add_overflow(buf->len, room, &need) || need > PTRDIFF_MAX - 2 * BUF_CAP_MIN)
        return 0;
    need = (need / BUF_CAP_MIN + 1) * BUF_CAP_MIN;
    return size_max(need, buf->cap * 2);
}

bool buf_try_grow(struct buf *buf, size_t room)
{
    size_t cap = next_cap(buf, room);
    char *at = cap ? mem_try_resize(buf->at, cap) : NULL;
    if (!at)
        return false;
    buf->at = at;
    buf->cap = cap;
    return true;
}

char *buf_grow(struct buf *buf, size_t room)
{
    size_t cap = next_cap(buf, room);
    assert(cap);
    buf->at = mem_resize(buf->at, cap);
    buf->cap = cap;
    return buf->at + buf->len;
}

void buf_add_u64(struct buf *buf, uint64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    buf_add(buf, str_of(digits + at, sizeof(digits) - at));
}

void buf_add_hex(struct buf *buf, uint64_t value, unsigned digits)
{
    assert(digits <= 16);
    char *to = buf_reserve(buf, digits);
    for (unsigned i = 0; i < digits; i++)
        to[i] = "0123456789abcdef"[value >> (4 * (digits - 1 - i)) & 15];
    buf->len += digits;
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *to = buf_reserve(buf, BUF_CAP_MIN);
    int len = vsnprintf(to, BUF_CAP_MIN, format, args);
    va_end(args);
    assert(len >= 0);
    if (len >= BUF_CAP_MIN) {
        to = buf_reserve(buf, (size_t)len + 1);
        va_start(args, format);
        len = vsnprintf(to, (size_t)len + 1, format, args);
        va_end(args);
    }
    buf->len += (size_t)len;
}

void buf_consume(struct buf *buf, size_t len)
{
    assert(len <= buf->len);
    buf->len -= len;
    if (buf->len)
        memmove(buf->at, buf->at + len, buf->len);
}

const char *buf_c(struct buf *buf)
{
    *buf_reserve(buf, 1) = '\0';
    return buf->at;
}
