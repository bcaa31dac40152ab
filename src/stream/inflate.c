/* A body that is packed, unpacked as it is pulled, with zlib's window and 16 KiB of what is packed
 * in memory, whatever its length and however much it is packed.
 *
 * gzip may have several members, one behind the other (RFC 1952 §2.2): where one has ended and more
 * comes, the next begins. So the end of the inner source is the end where a member has ended, and
 * anywhere else it is cut off.
 *
 * HTTP's "deflate" is zlib's format (RFC 9110 §8.4.1.2). Some servers send what is within it alone;
 * that is damaged here, rather than guessed at. */
#include "stream/inflate.h"

#include <zlib.h>

enum {
    PIECE_BYTES = 16384,
    ANY_FORMAT = 15 + 32, /* zlib's way to say so */
};

struct inflation {
    struct source base;
    struct source *inner; /* NULL: it has ended */
    z_stream z;
    struct buf in;
    size_t taken;  /* of `in` */
    bool is_whole; /* nothing has been read, or whole members only */
};

static bool fail(struct err *err, const char *why)
{
    return err_set(err, 0, "the packed body is %s", why);
}

/* Unpacks into `into` what fits of what has come. False: it is damaged. */
static bool unpack(struct inflation *inflation, struct buf *into, size_t want, struct err *err)
{
    z_stream *z = &inflation->z;
    size_t room = size_min(want, PIECE_BYTES);
    struct str left = str_from(buf_str(&inflation->in), inflation->taken);
    if (inflation->is_whole && left.len)
        (void)inflateReset(z); /* the state is a valid one */
    inflation->is_whole = inflation->is_whole && left.len == 0;
    z->next_in = (Bytef *)(uintptr_t)left.at; /* not written to; the type cannot say so */
    z->avail_in = (uInt)left.len;
    z->next_out = (Bytef *)buf_reserve(into, room);
    z->avail_out = (uInt)room;
    int rc = inflate(z, Z_NO_FLUSH);
    inflation->taken += left.len - z->avail_in;
    into->len += room - z->avail_out;
    if (rc == Z_STREAM_END)
        inflation->is_whole = true;
    return rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR || fail(err, "damaged");
}

/* DATA: there is more to unpack. */
static enum pull refill(struct inflation *inflation, struct err *err)
{
    buf_clear(&inflation->in);
    inflation->taken = 0;
    inflation->inner->waker = inflation->base.waker;
    enum pull pulled = source_pull(inflation->inner, &inflation->in, PIECE_BYTES, err);
    if (pulled != PULL_END)
        return pulled;
    source_close(&inflation->inner);
    return PULL_END;
}

static enum pull inflate_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct inflation *inflation = CONTAINER_OF(self, struct inflation, base);
    size_t before = into->len;
    for (;;) {
        bool has_more = inflation->taken < inflation->in.len || !inflation->is_whole;
        if (has_more && !unpack(inflation, into, want, err))
            return PULL_FAIL;
        if (into->len > before)
            return PULL_DATA;
        if (inflation->taken < inflation->in.len)
            continue; /* a head, or the beginning of another member */
        if (!inflation->inner && inflation->is_whole)
            return PULL_END;
        if (!inflation->inner) {
            (void)fail(err, "cut off"); /* FAIL says it */
            return PULL_FAIL;
        }
        enum pull pulled = refill(inflation, err);
        if (pulled == PULL_WAIT || pulled == PULL_FAIL)
            return pulled;
    }
}

static void close_source(struct source *self)
{
    struct inflation *inflation = CONTAINER_OF(self, struct inflation, base);
    source_close(&inflation->inner);
    (void)inflateEnd(&inflation->z); /* it was made */
    buf_done(&inflation->in);
}

static const struct source_ops ops = {
    .name = "inflate", .pull = inflate_pull, .close = close_source};

struct source *inflate_source(struct arena *arena, struct source *inner)
{
    struct inflation *inflation = ARENA_NEW(arena, struct inflation);
    inflation->base.ops = &ops;
    inflation->inner = inner;
    inflation->is_whole = true;
    if (inflateInit2(&inflation->z, ANY_FORMAT) != Z_OK)
        BUG("out of memory");
    return &inflation->base;
}
