#include "support/test.h"

#include "stream/content_hash.h"

static struct arena arena;

/* What `printf abc | sha256sum` and its like say. */
static const unsigned char abc_of[CONTENT_HASH_COUNT][CONTENT_HASH_BYTES_MAX] = {
    [CONTENT_ADLER32] = {0x02, 0x4d, 0x01, 0x27},
    [CONTENT_MD5] = {0x90, 0x01, 0x50, 0x98, 0x3c, 0xd2, 0x4f, 0xb0, 0xd6, 0x96, 0x3f, 0x7d, 0x28,
                     0xe1, 0x7f, 0x72},
    [CONTENT_SHA1] = {0xa9, 0x99, 0x3e, 0x36, 0x47, 0x06, 0x81, 0x6a, 0xba, 0x3e,
                      0x25, 0x71, 0x78, 0x50, 0xc2, 0x6c, 0x9c, 0xd0, 0xd8, 0x9d},
};

static struct content_hashes expect_abc(enum content_hash kind)
{
    struct content_hashes expected = {0};
    expected.of[kind].len = content_hash_bytes(kind);
    memcpy(expected.of[kind].bytes, abc_of[kind], expected.of[kind].len);
    return expected;
}

TEST(content_check_holds_for_the_same_bytes_however_they_come)
{
    static const enum content_hash kinds[] = {CONTENT_ADLER32, CONTENT_MD5, CONTENT_SHA1};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct content_hashes expected = expect_abc(kinds[i]);
        struct content_check *whole = content_check_new(&arena, &expected);
        struct content_check *parts = content_check_new(&arena, &expected);
        struct content_check *other = content_check_new(&arena, &expected);
        content_check_add(whole, STR("abc"));
        content_check_add(parts, STR("a"));
        content_check_add(parts, STR(""));
        content_check_add(parts, STR("bc"));
        content_check_add(other, STR("abd"));
        assert_true(content_check_holds(whole));
        assert_true(content_check_holds(whole)); /* asked again */
        assert_true(content_check_holds(parts));
        assert_false(content_check_holds(other));
        assert_false(content_check_holds(other));
    }
    arena_reset(&arena);
}

TEST(content_check_wants_all_of_several)
{
    struct content_hashes expected = expect_abc(CONTENT_MD5);
    expected.of[CONTENT_SHA512].len = content_hash_bytes(CONTENT_SHA512);
    struct content_check *check = content_check_new(&arena, &expected);
    content_check_add(check, STR("abc"));
    assert_false(content_check_holds(check));
    arena_reset(&arena);
}

TEST(content_check_of_nothing_expected_holds)
{
    const struct content_hashes expected = {0};
    struct content_check *check = content_check_new(&arena, &expected);
    content_check_add(check, STR("abc"));
    assert_true(content_check_holds(check));
    arena_reset(&arena);
}

TEST(content_check_finds_what_was_expected)
{
    struct content_hashes wanted = {0};
    wanted.of[CONTENT_MD5].len = content_hash_bytes(CONTENT_MD5); /* of any value */
    wanted.of[CONTENT_ADLER32].len = content_hash_bytes(CONTENT_ADLER32);
    struct content_check *check = content_check_new(&arena, &wanted);
    content_check_add(check, STR("abc"));
    const struct content_hashes *found = content_check_found(check);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        assert_int_equal(found->of[kind].len, wanted.of[kind].len);
        assert_memory_equal(found->of[kind].bytes, abc_of[kind], found->of[kind].len);
    }
    assert_false(content_check_holds(check));
    arena_reset(&arena);
}

/* --- as text --- */

static void check_text(const char *text, const char *expected)
{
    struct content_hashes hashes = {0};
    struct buf said = {0};
    if (content_hashes_parse(str_of_c(text), &hashes))
        content_hashes_print(&said, &hashes);
    else
        BUF_ADD(&said, "none");
    check_str(text, buf_str(&said), expected);
    buf_done(&said);
}

TEST(content_hashes_as_text)
{
    check_text("", "");
    check_text("MD5:900150983CD24FB0D6963F7D28E17F72", "MD5:900150983cd24fb0d6963f7d28e17f72");
    check_text("adler32:1, CRC32:00  md5:900150983cd24fb0d6963f7d28e17f72",
               "MD5:900150983cd24fb0d6963f7d28e17f72 ADLER32:00000001");
    check_text("ADLER32:1 ADLER32:00000001", "ADLER32:00000001");
    check_text("ADLER32:1 ADLER32:2", "none");
    check_text("MD5:9001", "none");
    check_text("MD5:g00150983cd24fb0d6963f7d28e17f72", "none");
    check_text("MD5", "none");
}

TEST(content_hashes_are_added)
{
    struct content_hashes hashes = {0};
    struct content_hashes more = expect_abc(CONTENT_MD5);
    struct content_hashes other = {0};
    assert_true(content_hashes_are_none(&hashes));
    content_hashes_add(&hashes, &more);
    assert_false(content_hashes_are_none(&hashes));
    other.of[CONTENT_MD5].len = content_hash_bytes(CONTENT_MD5);
    content_hashes_add(&hashes, &other); /* what is there stays */
    assert_memory_equal(&hashes, &more, sizeof(more));
}

/* --- as a sink --- */

/* Takes a byte at a time, or fails. */
struct slow {
    struct sink sink;
    struct buf taken;
    bool fails;
};

static unsigned slow_write(struct sink *sink, struct str bytes)
{
    struct slow *slow = CONTAINER_OF(sink, struct slow, sink);
    buf_add(&slow->taken, bytes);
    return slow->fails ? 7 : 0;
}

static enum push slow_push(struct sink *sink, struct str *bytes, unsigned *code_out)
{
    struct slow *slow = CONTAINER_OF(sink, struct slow, sink);
    (void)code_out;
    buf_add(&slow->taken, str_first(*bytes, 1));
    *bytes = str_from(*bytes, 1);
    return bytes->len ? PUSH_WAIT : PUSH_DONE;
}

static enum push slow_end(struct sink *sink, unsigned *code_out)
{
    (void)code_out;
    return sink ? PUSH_DONE : PUSH_FAIL;
}

static const struct sink_ops slow_ops = {"slow", slow_write, slow_push, slow_end};

TEST(content_check_before_a_sink_that_blocks)
{
    struct content_hashes expected = expect_abc(CONTENT_SHA1);
    struct slow slow = {.sink.ops = &slow_ops};
    struct content_check *check = content_check_new(&arena, &expected);
    struct sink *sink = content_check_before(check, &slow.sink);
    assert_false(sink->waits);
    assert_int_equal(sink_write(sink, STR("ab")), 0);
    assert_int_equal(sink_write(sink, STR("c")), 0);
    check_str("taken", buf_str(&slow.taken), "abc");
    assert_true(content_check_holds(check));
    slow.fails = true;
    check = content_check_new(&arena, &expected);
    assert_int_equal(sink_write(content_check_before(check, &slow.sink), STR("x")), 7);
    buf_done(&slow.taken);
    arena_reset(&arena);
}

TEST(content_check_before_a_sink_that_waits_counts_what_it_took)
{
    struct content_hashes expected = expect_abc(CONTENT_SHA1);
    struct slow slow = {.sink = {.ops = &slow_ops, .waits = true}};
    struct content_check *check = content_check_new(&arena, &expected);
    struct sink *sink = content_check_before(check, &slow.sink);
    struct str left = STR("abc");
    unsigned code = 0;
    assert_true(sink->waits);
    assert_int_equal(sink_push(sink, &left, &code), PUSH_WAIT);
    assert_int_equal(sink_push(sink, &left, &code), PUSH_WAIT);
    assert_int_equal(sink_push(sink, &left, &code), PUSH_DONE);
    assert_int_equal(sink_end(sink, &code), PUSH_DONE);
    assert_true(content_check_holds(check));
    buf_done(&slow.taken);
    arena_reset(&arena);
}

static int free_arena(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content_check_holds_for_the_same_bytes_however_they_come),
        cmocka_unit_test(content_check_wants_all_of_several),
        cmocka_unit_test(content_check_of_nothing_expected_holds),
        cmocka_unit_test(content_check_finds_what_was_expected),
        cmocka_unit_test(content_hashes_as_text),
        cmocka_unit_test(content_hashes_are_added),
        cmocka_unit_test(content_check_before_a_sink_that_blocks),
        cmocka_unit_test(content_check_before_a_sink_that_waits_counts_what_it_took),
    };
    return cmocka_run_group_tests(tests, NULL, free_arena);
}
