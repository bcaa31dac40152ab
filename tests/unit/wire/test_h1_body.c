#include "support/test.h"

#include "wire/h1_body.h"

enum { OVERHEAD_BYTES_MAX = 100 };

/* How the bytes are fed, and how much is wanted at a time. */
struct manner {
    size_t step, want;
};

static const struct manner manners[] = {
    {SIZE_MAX / 2, SIZE_MAX}, {1, SIZE_MAX}, {1, 1}, {2, 3}, {SIZE_MAX / 2, 1}, {7, 2},
};

/* Feeds all of `bytes`; returns how many were used. */
static size_t feed(struct h1_body *body, struct str bytes, const struct manner *manner,
                   struct buf *into)
{
    size_t used = 0;
    size_t given = size_min(manner->step, bytes.len);
    for (;;) {
        size_t before = into->len;
        size_t took =
            h1_body_decode(body, str_of(bytes.at + used, given - used), into, manner->want);
        used += took;
        check_that(bytes.at, into->len - before <= manner->want);
        if (body->state == BODY_COMPLETE || body->state == BODY_MALFORMED)
            return used;
        /* What the header promises: all bytes were used, or `want` was delivered. */
        check_that(bytes.at, used == given || into->len - before == manner->want);
        if (used == given && given == bytes.len)
            return used;
        if (used == given)
            given = size_min(given + manner->step, bytes.len);
    }
}

static void check_chunked(struct str bytes, struct str content, enum h1_body_state state,
                          size_t rest)
{
    for (size_t i = 0; i < ARRAY_LEN(manners); i++) {
        struct h1_body body;
        struct buf got = {0};
        h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
        size_t used = feed(&body, bytes, &manners[i], &got);
        check_int(bytes.at, body.state, state);
        check_bytes(bytes.at, buf_str(&got), content);
        if (state == BODY_COMPLETE)
            check_int(bytes.at, used, bytes.len - rest);
        buf_done(&got);
    }
}

TEST(body_of_a_length_takes_so_many_bytes)
{
    static const char bytes[] = "0123456789next";
    for (size_t i = 0; i < ARRAY_LEN(manners); i++) {
        struct h1_body body;
        struct buf got = {0};
        h1_body_init_length(&body, 10);
        assert_int_equal(feed(&body, STR(bytes), &manners[i], &got), 10);
        assert_int_equal(body.state, BODY_COMPLETE);
        check_str("content", buf_str(&got), "0123456789");
        assert_int_equal(h1_body_decode(&body, STR("next"), &got, 100), 0); /* never again */
        buf_done(&got);
    }
}

TEST(body_of_no_length_is_complete_at_once)
{
    struct h1_body body;
    struct buf got = {0};
    h1_body_init_length(&body, 0);
    assert_int_equal(body.state, BODY_COMPLETE);
    assert_int_equal(h1_body_decode(&body, STR("next"), &got, 100), 0);
    assert_int_equal(h1_body_direct_bytes(&body), 0);
}

TEST(body_that_is_short_is_not_complete)
{
    struct h1_body body;
    struct buf got = {0};
    h1_body_init_length(&body, INT64_MAX);
    assert_int_equal(h1_body_decode(&body, STR("abc"), &got, 100), 3);
    assert_int_equal(body.state, BODY_LENGTH);
    assert_int_equal(h1_body_direct_bytes(&body), INT64_MAX - 3);
    buf_done(&got);
}

TEST(chunked_body_is_decoded)
{
    static const struct {
        const char *bytes, *content;
        size_t rest;
    } rows[] = {
        {"0\r\n\r\n", "", 0},
        {"0\r\n\r\n0\r\n\r\n", "", 5}, /* what follows is not touched */
        {"5\r\nhello\r\n0\r\n\r\nGET /", "hello", 5},
        {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world", 0},
        {"a\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0},
        {"A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0},
        {"0005\r\nhello\r\n000\r\n\r\n", "hello", 0},
        {"0000000000000005\r\nhello\r\n0000000000000000\r\n\r\n", "hello", 0},
        {"2\r\n\r\n\r\n0\r\n\r\n", "\r\n", 0}, /* content that looks like framing */
        {"5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n", 0},
        {"1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n", "abc", 0},
        /* extensions, §7.1.1 */
        {"5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello", 0},
        {"5;a=\"b;\\\"c\"\r\nhello\r\n0\r\n\r\n", "hello", 0},
        {"5;\r\nhello\r\n0;;;\r\n\r\n", "hello", 0},
        {"5;\ta = \xc3\xa4\r\nhello\r\n0\r\n\r\n", "hello", 0},
        /* trailers, §7.1.2 */
        {"0\r\nX: y\r\n\r\nnext", "", 4},
        {"5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 7\r\nZ:\r\n\r\n", "hello", 0},
        {"0\r\nX:: y \t\xff\r\n\r\n", "", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_chunked(str_of_c(rows[i].bytes), str_of_c(rows[i].content), BODY_COMPLETE,
                      rows[i].rest);
}

TEST(chunked_body_waits_for_its_end)
{
    static const char bytes[] = "5;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n";
    for (size_t len = 0; len < sizeof(bytes) - 1; len++) {
        struct h1_body body;
        struct buf got = {0};
        h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
        assert_int_equal(h1_body_decode(&body, str_of(bytes, len), &got, SIZE_MAX), len);
        assert_true(body.state != BODY_COMPLETE && body.state != BODY_MALFORMED);
        buf_done(&got);
    }
}

TEST(chunked_body_that_is_malformed_is_refused)
{
    static const struct {
        const char *bytes, *content; /* what had come before */
    } rows[] = {
        {"\r\n", ""},
        {"\n", ""},
        {";a\r\n", ""},
        {"g\r\n", ""},
        {" 5\r\nhello", ""},
        {"\t5\r\nhello", ""},
        {"5 \r\nhello", ""},
        {"5 ;a\r\nhello", ""},
        {"5\t\r\nhello", ""},
        {"5\nhello", ""},
        {"5\r\rhello", ""},
        {"5\rhello", ""},
        {"5,\r\nhello", ""},
        {"5h\r\nhello", ""},
        {"+5\r\nhello", ""},
        {"-5\r\nhello", ""},
        {"-0\r\n\r\n", ""},
        {"0x5\r\nhello", ""},
        {"0X5\r\nhello", ""},
        {"\\x35\r\nhello", ""},
        {"5.\r\nhello", ""},
        {"\xef\xbc\x95\r\nhello", ""}, /* FULLWIDTH DIGIT FIVE */
        /* sizes that do not fit, or would were they to wrap */
        {"8000000000000000\r\n", ""},
        {"ffffffffffffffff\r\n", ""},
        {"fffffffffffffffff\r\n", ""},
        {"10000000000000005\r\nhello", ""},
        {"00000000000000005\r\nhello", ""}, /* more digits than any size needs */
        /* behind the data */
        {"5\r\nhellox", "hello"},
        {"5\r\nhello\n0\r\n\r\n", "hello"},
        {"5\r\nhello\r0\r\n\r\n", "hello"},
        {"5\r\nhello\r\r\n0\r\n\r\n", "hello"},
        {"5\r\nhello0\r\n\r\n", "hello"},
        {"5\r\nhello world\r\n0\r\n\r\n", "hello"},
        {"5\r\nhello\r\n\r\n0\r\n\r\n", "hello"},
        {"5\r\nhello\r\n 0\r\n\r\n", "hello"},
        /* extensions */
        {"5;a\nhello", ""},
        {"5;a\rb\r\nhello", ""},
        {"5;\x01\r\nhello", ""},
        {"5;\x7f\r\nhello", ""},
        {"5;a=\"\r\"\r\nhello", ""},
        /* the end */
        {"0\n\n", ""},
        {"0\r\n\n", ""},
        {"0\r\n\rX", ""},
        {"0\r\nX: y\n\r\n", ""},
        {"0\r\nX: y\rZ\r\n", ""},
        {"0\r\nX: \x01\r\n", ""},
        {"0\r\n: y\r\n", ""},
        {"0\r\nX : y\r\n", ""},
        {"0\r\nX\t: y\r\n", ""},
        {"0\r\nX\r\n", ""},
        {"0\r\nX\"Y: z\r\n", ""},
        {"0\r\nX: y\r\nZ\r\n\r\n", ""},
        {"0\r\nGET /admin HTTP/1.1\r\nHost: h\r\n\r\n", ""}, /* a request in disguise */
        {"0\r\n X: y\r\n", ""},
        {"0\r\n\tX: y\r\n", ""},
        {"0\r\nX: y\r\n z\r\n\r\n", ""}, /* obs-fold */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_chunked(str_of_c(rows[i].bytes), str_of_c(rows[i].content), BODY_MALFORMED, 0);
    check_chunked(str_of("5;\0\r\nhello", 9), STR_NONE, BODY_MALFORMED, 0);
    check_chunked(str_of("5\0\r\nhello", 8), STR_NONE, BODY_MALFORMED, 0);
    check_chunked(str_of("0\r\nX: \0\r\n\r\n", 11), STR_NONE, BODY_MALFORMED, 0);
}

TEST(chunked_body_stays_malformed)
{
    struct h1_body body;
    struct buf got = {0};
    h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
    assert_int_equal(h1_body_decode(&body, STR("x"), &got, 100), 1);
    assert_int_equal(h1_body_decode(&body, STR("5\r\nhello\r\n"), &got, 100), 0);
    assert_int_equal(body.state, BODY_MALFORMED);
    assert_int_equal(got.len, 0);
}

TEST(chunked_body_takes_the_largest_size)
{
    struct h1_body body;
    struct buf got = {0};
    h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
    assert_int_equal(h1_body_decode(&body, STR("7fffffffffffffff\r\nab"), &got, 100), 20);
    assert_int_equal(body.state, BODY_DATA);
    assert_int_equal(h1_body_direct_bytes(&body), INT64_MAX - 2);
    buf_done(&got);
}

/* All extensions and trailers together are bounded, not each. */
TEST(chunked_body_bounds_its_overhead)
{
    static const struct {
        size_t extension, count, trailer;
        enum h1_body_state state;
    } rows[] = {
        {98, 1, 0, BODY_COMPLETE}, /* the CR that ends each part counts */
        {99, 1, 0, BODY_MALFORMED},  {9, 9, 0, BODY_COMPLETE},   {9, 10, 0, BODY_MALFORMED},
        {0, 0, 98, BODY_COMPLETE},   {0, 0, 99, BODY_MALFORMED}, {49, 1, 48, BODY_COMPLETE},
        {49, 1, 49, BODY_MALFORMED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf bytes = {0};
        struct h1_body body;
        for (size_t chunk = 0; chunk < rows[i].count; chunk++) {
            BUF_ADD(&bytes, "1;");
            for (size_t j = 0; j < rows[i].extension; j++)
                buf_add_char(&bytes, 'x');
            BUF_ADD(&bytes, "\r\na\r\n");
        }
        BUF_ADD(&bytes, "0\r\n");
        for (size_t j = 0; j < rows[i].trailer; j++)
            buf_add_char(&bytes, j == 1 ? ':' : 'x');
        if (rows[i].trailer)
            BUF_ADD(&bytes, "\r\n");
        BUF_ADD(&bytes, "\r\n");
        h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
        size_t used = h1_body_decode(&body, buf_str(&bytes), NULL, SIZE_MAX);
        check_int("overhead", body.state, rows[i].state);
        check_that("overhead", used <= bytes.len);
        buf_done(&bytes);
    }
}

TEST(body_can_be_discarded)
{
    struct h1_body body;
    static const char bytes[] = "5\r\nhello\r\n0\r\n\r\nnext";
    h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
    assert_int_equal(h1_body_decode(&body, STR(bytes), NULL, SIZE_MAX), sizeof(bytes) - 1 - 4);
    assert_int_equal(body.state, BODY_COMPLETE);
}

/* Content that is read into place: the decoder sees the framing only. */
TEST(body_bytes_that_come_next_can_be_skipped)
{
    struct h1_body body;
    struct buf got = {0};
    h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
    assert_int_equal(h1_body_direct_bytes(&body), 0);
    assert_int_equal(h1_body_decode(&body, STR("a\r\n"), &got, 100), 3);
    assert_int_equal(h1_body_direct_bytes(&body), 10);
    h1_body_skip(&body, 4);
    assert_int_equal(h1_body_direct_bytes(&body), 6);
    h1_body_skip(&body, 6);
    assert_int_equal(h1_body_direct_bytes(&body), 0);
    assert_int_equal(h1_body_decode(&body, STR("\r\n0\r\n\r\n"), &got, 100), 7);
    assert_int_equal(body.state, BODY_COMPLETE);
    assert_int_equal(got.len, 0);
    h1_body_init_length(&body, 3);
    h1_body_skip(&body, 3);
    assert_int_equal(body.state, BODY_COMPLETE);
}

/* A read may bring nothing, wherever the decoder stands. */
TEST(body_skip_of_nothing_changes_nothing)
{
    static const char bytes[] = "3;a\r\nabc\r\n0\r\nX: y\r\n\r\n";
    struct h1_body body;
    h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
    for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
        enum h1_body_state state = body.state;
        h1_body_skip(&body, 0);
        assert_int_equal(body.state, state);
        assert_int_equal(h1_body_decode(&body, str_of(bytes + i, 1), NULL, SIZE_MAX), 1);
    }
    assert_int_equal(body.state, BODY_COMPLETE);
    h1_body_skip(&body, 0);
    assert_int_equal(body.state, BODY_COMPLETE);
}

static void skip_too_much(void)
{
    struct h1_body body;
    h1_body_init_length(&body, 3);
    h1_body_skip(&body, 4);
}

TEST(body_skip_of_what_is_not_there_aborts)
{
    assert_true(aborts(skip_too_much));
}

/* Random content in random chunks, fed in random pieces with random wants. */
TEST(chunked_body_survives_any_split)
{
    struct rng rng = {2};
    for (int turn = 0; turn < 3000; turn++) {
        struct buf content = {0}, bytes = {0}, got = {0};
        struct h1_body body;
        for (size_t chunks = rng_below(&rng, 6); chunks; chunks--) {
            size_t len = 1 + rng_below(&rng, 40);
            buf_addf(&bytes, "%0*zx%s\r\n", (int)rng_below(&rng, 5), len,
                     rng_below(&rng, 3) ? "" : ";x=\"y\"");
            for (; len; len--) {
                char c = "0a\r\n;"[rng_below(&rng, 5)];
                buf_add_char(&content, c);
                buf_add_char(&bytes, c);
            }
            BUF_ADD(&bytes, "\r\n");
        }
        BUF_ADD(&bytes, "0\r\n\r\n");
        h1_body_init_chunked(&body, OVERHEAD_BYTES_MAX);
        size_t used = 0;
        while (used < bytes.len) {
            struct str piece = str_from(buf_str(&bytes), used);
            piece = str_first(piece, rng_below(&rng, 9));
            used += h1_body_decode(&body, piece, &got, rng_below(&rng, 9));
        }
        assert_int_equal(body.state, BODY_COMPLETE);
        check_bytes("content", buf_str(&got), buf_str(&content));
        buf_done(&content);
        buf_done(&bytes);
        buf_done(&got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_of_a_length_takes_so_many_bytes),
        cmocka_unit_test(body_of_no_length_is_complete_at_once),
        cmocka_unit_test(body_that_is_short_is_not_complete),
        cmocka_unit_test(chunked_body_is_decoded),
        cmocka_unit_test(chunked_body_waits_for_its_end),
        cmocka_unit_test(chunked_body_that_is_malformed_is_refused),
        cmocka_unit_test(chunked_body_stays_malformed),
        cmocka_unit_test(chunked_body_takes_the_largest_size),
        cmocka_unit_test(chunked_body_bounds_its_overhead),
        cmocka_unit_test(body_can_be_discarded),
        cmocka_unit_test(body_bytes_that_come_next_can_be_skipped),
        cmocka_unit_test(body_skip_of_nothing_changes_nothing),
        cmocka_unit_test(body_skip_of_what_is_not_there_aborts),
        cmocka_unit_test(chunked_body_survives_any_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
