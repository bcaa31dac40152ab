/* base/buf.h: bytes that grow at the end, on the heap.
 * A zeroed struct buf is an empty one. Appending never fails (base/mem.h). */
#pragma once

#include "base/str.h"

struct buf {
    char *at;
    size_t len; /* bytes in use */
    size_t cap; /* bytes there are */
};

void buf_done(struct buf *buf);  /* frees; the buf is empty afterwards */
void buf_clear(struct buf *buf); /* empties, keeps the memory */

/* Room for `room` more bytes behind the ones in use; returns where they begin. */
char *buf_grow(struct buf *buf, size_t room); /* when there is not enough */
static inline char *buf_reserve(struct buf *buf, size_t room)
{
    return buf->cap && room <= buf->cap - buf->len ? buf->at + buf->len : buf_grow(buf, room);
}

/* The same; false, and nothing has changed, when there is no memory. What is appended within the
 * room cannot fail then: so code that must not end the process (libdavit) uses the other functions.
 */
NODISCARD bool buf_try_grow(struct buf *buf, size_t room);
NODISCARD static inline bool buf_try_reserve(struct buf *buf, size_t room)
{
    return (buf->cap && room <= buf->cap - buf->len) || buf_try_grow(buf, room);
}

static inline void buf_add(struct buf *buf, struct str bytes)
{
    if (bytes.len == 0)
        return;
    memcpy(buf_reserve(buf, bytes.len), bytes.at, bytes.len);
    buf->len += bytes.len;
}

static inline void buf_add_char(struct buf *buf, char c)
{
    *buf_reserve(buf, 1) = c;
    buf->len++;
}

void buf_add_u64(struct buf *buf, uint64_t value);                  /* decimal */
void buf_add_hex(struct buf *buf, uint64_t value, unsigned digits); /* so many, 16 at most */
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends a literal without measuring it. */
#define BUF_ADD(buf, literal) buf_add((buf), STR(literal))

/* Drops the first `len` bytes. */
void buf_consume(struct buf *buf, size_t len);

/* A NUL behind the bytes, not counted in len; the pointer is valid until the next change. */
const char *buf_c(struct buf *buf);

static inline struct str buf_str(const struct buf *buf)
{
    return str_of(buf->at, buf->len);
}
