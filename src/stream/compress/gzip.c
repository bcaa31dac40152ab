/* gzip (RFC 1952), by zlib. */
#include <zlib.h>

#include "base/mem.h"
#include "stream/compress/codec.h"

enum { LEVEL = 1, GZIP_WINDOW = 15 + 16, MEMORY_LEVEL = 8 };

static void *gzip_open(void)
{
    z_stream *z = MEM_NEW(z_stream);
    if (deflateInit2(z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        BUG("out of memory");
    return z;
}

static enum codec_step gzip_step(void *state, struct str *in, enum codec_aim aim, struct buf *into,
                                 size_t room)
{
    static const int flushes[] = {
        [CODEC_GO_ON] = Z_NO_FLUSH, [CODEC_FLUSH] = Z_SYNC_FLUSH, [CODEC_END] = Z_FINISH};
    z_stream *z = state;
    z->next_in = (Bytef *)(uintptr_t)in->at; /* not written to; the type cannot say so */
    z->avail_in = (uInt)in->len;
    z->next_out = (Bytef *)buf_reserve(into, room);
    z->avail_out = (uInt)room;
    int rc = deflate(z, flushes[aim]);
    *in = str_from(*in, in->len - z->avail_in);
    into->len += room - z->avail_out;
    if (rc == Z_STREAM_ERROR)
        return CODEC_FAILED;
    bool is_done = aim == CODEC_END ? rc == Z_STREAM_END : z->avail_out > 0;
    return is_done ? CODEC_DONE : CODEC_MORE;
}

static void gzip_close(void *state)
{
    (void)deflateEnd(state); /* that data is thrown away is meant */
    mem_free(state);
}

const struct codec codec_gzip = {
    .memory_bytes = (1 << 17) + (1 << 17) + (1 << 14), /* as zlib.h counts it */
    .open = gzip_open,
    .step = gzip_step,
    .close = gzip_close,
};
