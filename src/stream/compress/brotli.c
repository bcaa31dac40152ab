/* Brotli (RFC 7932), by its own library. */
#include <brotli/encode.h>

#include "stream/compress/codec.h"

enum { QUALITY = 1, WINDOW_BITS = 17 };

static void *brotli_open(void)
{
    BrotliEncoderState *encoder = BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (!encoder)
        BUG("out of memory");
    (void)BrotliEncoderSetParameter(encoder, BROTLI_PARAM_QUALITY, QUALITY);
    (void)BrotliEncoderSetParameter(encoder, BROTLI_PARAM_LGWIN, WINDOW_BITS);
    return encoder;
}

static enum codec_step brotli_step(void *state, struct str *in, enum codec_aim aim,
                                   struct buf *into, size_t room)
{
    static const BrotliEncoderOperation operations[] = {
        [CODEC_GO_ON] = BROTLI_OPERATION_PROCESS,
        [CODEC_FLUSH] = BROTLI_OPERATION_FLUSH,
        [CODEC_END] = BROTLI_OPERATION_FINISH,
    };
    const uint8_t *next_in = (const uint8_t *)in->at;
    uint8_t *next_out = (uint8_t *)buf_reserve(into, room);
    size_t left_in = in->len;
    size_t left_out = room;
    if (!BrotliEncoderCompressStream(state, operations[aim], &left_in, &next_in, &left_out,
                                     &next_out, NULL))
        return CODEC_FAILED;
    *in = str_from(*in, in->len - left_in);
    into->len += room - left_out;
    bool is_done = in->len == 0 && !BrotliEncoderHasMoreOutput(state);
    return is_done ? CODEC_DONE : CODEC_MORE;
}

static void brotli_close(void *state)
{
    BrotliEncoderDestroyInstance(state);
}

const struct codec codec_brotli = {
    .memory_bytes = 1 << 20,
    .open = brotli_open,
    .step = brotli_step,
    .close = brotli_close,
};
