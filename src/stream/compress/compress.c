/* A body that is packed as it is pulled, with the codec's window and 16 KiB of what is not packed
 * yet in memory, whatever its length.
 *
 * A codec keeps what it was given until it has enough of it. Where the inner source has nothing to
 * say for a while, what a codec keeps is put out (is_live), so that a listing whose members take
 * their time can be read as far as it has come. That costs a few bytes each time, and makes the
 * bytes depend on time: so not for what has a strong entity tag, which promises the same bytes. */
#include "stream/compress/compress.h"

#include "stream/compress/codec.h"

enum {
    PIECE_BYTES = 16384,
    ROOM_BYTES_MIN = 64, /* a codec with less may put out one and the same mark again and again */
};

struct compressed {
    struct source base;
    struct source *inner;
    const struct codec *codec;
    void *state;
    struct buf in;
    bool is_taken; /* `in` was given to the codec, which may have left something of it: */
    struct str left;
    struct buf out; /* for who wants less than ROOM_BYTES_MIN */
    size_t given;   /* of `out` */
    enum codec_aim aim;
    bool is_live;
    bool has_kept; /* the codec may have something that was not put out */
    bool is_over;
};

static const struct codec *const codecs[COMPRESSION_COUNT] = {
    [COMPRESSION_GZIP] = &codec_gzip,
    [COMPRESSION_BROTLI] = &codec_brotli,
    [COMPRESSION_ZSTD] = &codec_zstd,
};

uint64_t compression_memory_bytes(enum compression compression)
{
    return codecs[compression]->memory_bytes + PIECE_BYTES;
}

/* Gathers what the codec is given next: a whole piece, if it is not the last one or there is a
 * pause. DATA: it has something to do. */
static enum pull refill(struct compressed *packed, struct err *err)
{
    enum pull pulled = PULL_DATA;
    if (packed->is_taken)
        buf_clear(&packed->in);
    packed->is_taken = false;
    packed->inner->waker = packed->base.waker;
    while (pulled == PULL_DATA && packed->in.len < PIECE_BYTES)
        pulled = source_pull(packed->inner, &packed->in, PIECE_BYTES - packed->in.len, err);
    bool is_flush = pulled == PULL_WAIT && packed->is_live && (packed->has_kept || packed->in.len);
    if (pulled == PULL_FAIL || (pulled == PULL_WAIT && !is_flush))
        return pulled;
    packed->is_taken = true;
    packed->left = buf_str(&packed->in);
    packed->aim = pulled == PULL_END ? CODEC_END : is_flush ? CODEC_FLUSH : CODEC_GO_ON;
    packed->has_kept = packed->aim == CODEC_GO_ON;
    return PULL_DATA;
}

/* DATA: `to` has got more. */
static enum pull pack(struct compressed *packed, struct buf *to, size_t room, struct err *err)
{
    const size_t before = to->len;
    while (!packed->is_over) {
        bool is_idle = packed->aim == CODEC_GO_ON && packed->left.len == 0;
        enum pull pulled = is_idle ? refill(packed, err) : PULL_DATA;
        if (pulled != PULL_DATA)
            return pulled;
        switch (packed->codec->step(packed->state, &packed->left, packed->aim, to, room)) {
        case CODEC_FAILED:
            (void)err_set(err, 0, "the body could not be packed"); /* FAIL says it */
            return PULL_FAIL;
        case CODEC_MORE:
            break;
        case CODEC_DONE:
            packed->is_over = packed->aim == CODEC_END;
            packed->aim = CODEC_GO_ON;
            break;
        }
        if (to->len > before)
            return PULL_DATA;
    }
    return PULL_END;
}

static enum pull compressed_pull(struct source *self, struct buf *into, size_t want,
                                 struct err *err)
{
    struct compressed *packed = CONTAINER_OF(self, struct compressed, base);
    struct str rest = str_from(buf_str(&packed->out), packed->given);
    if (rest.len == 0 && want >= ROOM_BYTES_MIN)
        return pack(packed, into, size_min(want, PIECE_BYTES), err);
    if (rest.len == 0) {
        buf_clear(&packed->out);
        packed->given = 0;
        enum pull pulled = pack(packed, &packed->out, ROOM_BYTES_MIN, err);
        if (pulled != PULL_DATA)
            return pulled;
        rest = buf_str(&packed->out);
    }
    rest = str_first(rest, size_min(rest.len, want));
    buf_add(into, rest);
    packed->given += rest.len;
    return PULL_DATA;
}

static void compressed_close(struct source *self)
{
    struct compressed *packed = CONTAINER_OF(self, struct compressed, base);
    source_close(&packed->inner);
    packed->codec->close(packed->state);
    buf_done(&packed->in);
    buf_done(&packed->out);
}

static const struct source_ops compressed_ops = {
    .name = "compressed", .pull = compressed_pull, .close = compressed_close};

struct source *source_compressed(struct arena *arena, struct source *inner,
                                 enum compression compression, bool is_live)
{
    const struct codec *codec = codecs[compression];
    struct compressed *packed = ARENA_NEW(arena, struct compressed);
    *packed = (struct compressed){
        .base.ops = &compressed_ops,
        .inner = inner,
        .codec = codec,
        .state = codec->open(),
        .is_live = is_live,
    };
    return &packed->base;
}
