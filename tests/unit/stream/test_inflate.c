#include <zlib.h>

#include "stream/inflate.h"
#include "support/drip.h"
#include "support/test.h"

enum { TEXT_BYTES = 100000 };

static enum pull read_all(struct str packed, size_t step, struct buf *to, struct err *err)
{
    struct arena arena = {0};
    struct drip drip = drip_of(packed, step);
    struct source *source = inflate_source(&arena, &drip.base);
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA || pulled == PULL_WAIT)
        pulled = source_pull(source, to, step, err);
    source_close(&source);
    arena_done(&arena);
    return pulled;
}

/* `bits`: zlib's; 15 for its own format, 31 for gzip. */
static void pack(struct buf *to, struct str text, int bits)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY), Z_OK);
    size_t room = deflateBound(&z, text.len);
    z.next_in = (Bytef *)(uintptr_t)text.at;
    z.avail_in = (uInt)text.len;
    z.next_out = (Bytef *)buf_reserve(to, room);
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    to->len += room - z.avail_out;
    assert_int_equal(deflateEnd(&z), Z_OK);
}

static void add_text(struct buf *to)
{
    struct rng rng = {1};
    for (size_t i = 0; i < TEXT_BYTES; i++)
        buf_add_char(to, (char)('a' + rng_below(&rng, 4)));
}

static const size_t steps[] = {1, 7, 4096, 1000000};

TEST(inflate_unpacks_both_formats)
{
    struct buf text = {0};
    add_text(&text);
    for (int bits = 15; bits <= 31; bits += 16) {
        struct buf packed = {0};
        pack(&packed, buf_str(&text), bits);
        assert_true(packed.len < TEXT_BYTES / 2);
        for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
            struct buf got = {0};
            struct err err;
            assert_int_equal(read_all(buf_str(&packed), steps[i], &got, &err), PULL_END);
            check_bytes("text", buf_str(&got), buf_str(&text));
            buf_done(&got);
        }
        buf_done(&packed);
    }
    buf_done(&text);
}

TEST(inflate_unpacks_all_members)
{
    struct buf packed = {0};
    pack(&packed, STR("one "), 31);
    pack(&packed, STR(""), 31);
    pack(&packed, STR("two"), 31);
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct buf got = {0};
        struct err err;
        assert_int_equal(read_all(buf_str(&packed), steps[i], &got, &err), PULL_END);
        check_str("text", buf_str(&got), "one two");
        buf_done(&got);
    }
    buf_done(&packed);
}

TEST(inflate_of_nothing_is_nothing)
{
    struct buf got = {0};
    struct err err;
    assert_int_equal(read_all(STR(""), 100, &got, &err), PULL_END);
    assert_int_equal(got.len, 0);
    buf_done(&got);
}

TEST(inflate_fails_on_what_is_damaged_or_cut_off)
{
    struct buf text = {0}, packed = {0};
    add_text(&text);
    pack(&packed, buf_str(&text), 31);
    for (size_t len = 1; len < packed.len; len += 97) {
        struct buf got = {0};
        struct err err = {0};
        assert_int_equal(read_all(str_first(buf_str(&packed), len), 4096, &got, &err), PULL_FAIL);
        assert_non_null(strstr(err.text, "cut off"));
        assert_true(got.len <= text.len);
        buf_done(&got);
    }
    packed.at[packed.len - 5] ^= 1; /* of the sum */
    struct buf got = {0};
    struct err err = {0};
    assert_int_equal(read_all(buf_str(&packed), 4096, &got, &err), PULL_FAIL);
    assert_non_null(strstr(err.text, "damaged"));
    assert_int_equal(read_all(STR("no gzip"), 4096, &got, &err), PULL_FAIL);
    buf_done(&got);
    buf_done(&text);
    buf_done(&packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inflate_unpacks_both_formats),
        cmocka_unit_test(inflate_unpacks_all_members),
        cmocka_unit_test(inflate_of_nothing_is_nothing),
        cmocka_unit_test(inflate_fails_on_what_is_damaged_or_cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
