#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "base/mem.h"
#include "stream/compress/compress.h"
#include "support/drip.h"
#include "support/test.h"

enum { TEXT_BYTES = 300000 };

/* --- unpacked by each library's own way --- */

static size_t unpack_gzip(struct str packed, char *to, size_t room)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed.at,
                  .avail_in = (uInt)packed.len,
                  .next_out = (Bytef *)to,
                  .avail_out = (uInt)room};
    assert_int_equal(inflateInit2(&z, 31), Z_OK);
    int rc = inflate(&z, Z_SYNC_FLUSH);
    assert_true(rc == Z_OK || rc == Z_STREAM_END);
    assert_int_equal(inflateEnd(&z), Z_OK);
    return room - z.avail_out;
}

static size_t unpack_brotli(struct str packed, char *to, size_t room)
{
    const uint8_t *next_in = (const uint8_t *)packed.at;
    uint8_t *next_out = (uint8_t *)to;
    size_t left = room;
    BrotliDecoderState *decoder = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    assert_int_not_equal(
        BrotliDecoderDecompressStream(decoder, &packed.len, &next_in, &left, &next_out, NULL),
        BROTLI_DECODER_RESULT_ERROR);
    BrotliDecoderDestroyInstance(decoder);
    return room - left;
}

static size_t unpack_zstd(struct str packed, char *to, size_t room)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();
    ZSTD_inBuffer in = {.src = packed.at, .size = packed.len};
    ZSTD_outBuffer out = {.dst = to, .size = room};
    assert_int_equal(ZSTD_isError(ZSTD_decompressStream(context, &out, &in)), 0);
    (void)ZSTD_freeDCtx(context);
    return out.pos;
}

static size_t (*const unpack[])(struct str packed, char *to, size_t room) = {
    [COMPRESSION_GZIP] = unpack_gzip,
    [COMPRESSION_BROTLI] = unpack_brotli,
    [COMPRESSION_ZSTD] = unpack_zstd,
};

static void check_unpacked(enum compression compression, struct str packed, struct str text)
{
    char *room = mem_new(text.len + 1, 1);
    size_t len = unpack[compression](packed, room, text.len + 1);
    check_bytes("unpacked", str_of(room, len), text);
    mem_free(room);
}

/* --- */

static void add_text(struct buf *to)
{
    struct rng rng = {1};
    for (size_t i = 0; i < TEXT_BYTES; i++)
        buf_add_char(to, (char)('a' + rng_below(&rng, 4)));
}

/* Pulls until the end, `want` at a time; rings count for nothing here. */
static enum pull pull_all(struct source *source, struct buf *to, size_t want)
{
    struct err err;
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA || pulled == PULL_WAIT) {
        size_t before = to->len;
        pulled = source_pull(source, to, want, &err);
        assert_true(to->len - before <= want);
        assert_int_equal(to->len > before, pulled == PULL_DATA);
    }
    return pulled;
}

static void pack(struct str text, enum compression compression, size_t step, size_t want,
                 struct buf *to)
{
    struct arena arena = {0};
    struct drip drip = drip_of(text, step);
    struct source *source = source_compressed(&arena, &drip.base, compression, false);
    assert_int_equal(pull_all(source, to, want), PULL_END);
    source_close(&source);
    arena_done(&arena);
}

static const size_t steps[] = {1, 7, 4096, 1000000};

TEST(compress_packs_what_can_be_unpacked)
{
    struct buf text = {0};
    add_text(&text);
    for (enum compression c = 0; c < COMPRESSION_COUNT; c++) {
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            struct buf packed = {0};
            pack(buf_str(&text), c, steps[ARRAY_LEN(steps) - 1 - i], steps[i], &packed);
            assert_true(packed.len < TEXT_BYTES / 2);
            check_unpacked(c, buf_str(&packed), buf_str(&text));
            buf_done(&packed);
        }
    }
    buf_done(&text);
}

TEST(compress_packs_nothing)
{
    for (enum compression c = 0; c < COMPRESSION_COUNT; c++) {
        struct buf packed = {0};
        pack(STR(""), c, 1, 4096, &packed);
        assert_true(packed.len > 0);
        check_unpacked(c, buf_str(&packed), STR(""));
        buf_done(&packed);
    }
}

/* A strong entity tag promises it. */
TEST(compress_packs_the_same_into_the_same)
{
    struct buf text = {0};
    add_text(&text);
    for (enum compression c = 0; c < COMPRESSION_COUNT; c++) {
        struct buf one = {0};
        struct buf other = {0};
        pack(buf_str(&text), c, 1000, 4096, &one);
        pack(buf_str(&text), c, 1000000, 3, &other);
        check_bytes("the same", buf_str(&one), buf_str(&other));
        buf_done(&one);
        buf_done(&other);
    }
    buf_done(&text);
}

/* What came before a wait can be read before more comes, also by who takes a byte at a time. */
TEST(compress_puts_out_what_there_is_when_it_waits)
{
    struct str first = STR("first,");
    for (enum compression c = 0; c < COMPRESSION_COUNT; c++) {
        for (size_t want = 1; want <= 4096; want *= 4096) {
            struct arena arena = {0};
            struct drip drip = drip_of(STR("first, last"), first.len);
            struct source *source = source_compressed(&arena, &drip.base, c, true);
            struct buf packed = {0};
            struct err err;
            bool was_told = false;
            while (source_pull(source, &packed, want, &err) != PULL_END) {
                char room[64];
                size_t len = packed.len ? unpack[c](buf_str(&packed), room, sizeof(room)) : 0;
                was_told |= str_eq(str_of(room, len), first);
            }
            assert_true(was_told);
            check_unpacked(c, buf_str(&packed), STR("first, last"));
            source_close(&source);
            arena_done(&arena);
            buf_done(&packed);
        }
    }
}

TEST(compress_fails_when_its_source_does)
{
    struct arena arena = {0};
    struct drip drip = drip_of(STR("cut off"), 3);
    struct buf packed = {0};
    drip.fails = true;
    struct source *source = source_compressed(&arena, &drip.base, COMPRESSION_GZIP, false);
    assert_int_equal(pull_all(source, &packed, 4096), PULL_FAIL);
    source_close(&source);
    arena_done(&arena);
    buf_done(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compress_packs_what_can_be_unpacked),
        cmocka_unit_test(compress_packs_nothing),
        cmocka_unit_test(compress_packs_the_same_into_the_same),
        cmocka_unit_test(compress_puts_out_what_there_is_when_it_waits),
        cmocka_unit_test(compress_fails_when_its_source_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
