/* Zstandard (RFC 8878), by its own library. */
#include <zstd.h>

#include "stream/compress/codec.h"

enum { LEVEL = 1, WINDOW_BITS = 17 };

static void *zstd_open(void)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    if (!context)
        BUG("out of memory");
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, LEVEL);
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, WINDOW_BITS);
    return context;
}

static enum codec_step zstd_step(void *state, struct str *in, enum codec_aim aim, struct buf *into,
                                 size_t room)
{
    static const ZSTD_EndDirective directives[] = {
        [CODEC_GO_ON] = ZSTD_e_continue, [CODEC_FLUSH] = ZSTD_e_flush, [CODEC_END] = ZSTD_e_end};
    ZSTD_inBuffer from = {.src = in->at, .size = in->len};
    ZSTD_outBuffer to = {.dst = buf_reserve(into, room), .size = room};
    size_t left = ZSTD_compressStream2(state, &to, &from, directives[aim]);
    if (ZSTD_isError(left))
        return CODEC_FAILED;
    *in = str_from(*in, from.pos);
    into->len += to.pos;
    bool is_done = in->len == 0 && (aim == CODEC_GO_ON || left == 0);
    return is_done ? CODEC_DONE : CODEC_MORE;
}

static void zstd_close(void *state)
{
    (void)ZSTD_freeCCtx(state); /* always 0 */
}

const struct codec codec_zstd = {
    .memory_bytes = 1 << 20,
    .open = zstd_open,
    .step = zstd_step,
    .close = zstd_close,
};
