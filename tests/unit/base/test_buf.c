#include "support/test.h"

#include "base/buf.h"

TEST(buf_grows_and_keeps_what_it_holds)
{
    struct buf buf = {0};
    for (unsigned i = 0; i < 5000; i++)
        buf_add_char(&buf, (char)('a' + i % 26));
    assert_int_equal(buf.len, 5000);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(buf.at[i], 'a' + i % 26);
    buf_done(&buf);
    assert_null(buf.at);
}

TEST(buf_does_not_double_for_the_end_of_a_piece)
{
    static const char piece[65536];
    struct buf buf = {0};
    BUF_ADD(&buf, "00010000\r\n");
    buf_add(&buf, str_of(piece, sizeof(piece)));
    BUF_ADD(&buf, "\r\n");
    assert_true(buf.cap < sizeof(piece) + 1024);
    buf_done(&buf);
}

TEST(buf_reserve_of_nothing_is_not_null)
{
    struct buf buf = {0};
    assert_non_null(buf_reserve(&buf, 0));
    assert_int_equal(buf.len, 0);
    buf_done(&buf);
}

TEST(buf_add_takes_any_bytes_and_none)
{
    struct buf buf = {0};
    buf_add(&buf, STR_NONE);
    assert_int_equal(buf.len, 0);
    buf_add(&buf, str_of("a\0b", 3));
    BUF_ADD(&buf, "c");
    check_bytes("bytes", buf_str(&buf), str_of("a\0bc", 4));
    buf_done(&buf);
}

TEST(buf_add_u64_writes_decimal)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {{0, "0"},
                {7, "7"},
                {10, "10"},
                {4294967296U, "4294967296"},
                {UINT64_MAX, "18446744073709551615"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf buf = {0};
        buf_add_u64(&buf, rows[i].value);
        check_str(rows[i].text, buf_str(&buf), rows[i].text);
        buf_done(&buf);
    }
}

TEST(buf_add_hex_writes_exactly_so_many_digits)
{
    static const struct {
        uint64_t value;
        unsigned digits;
        const char *text;
    } rows[] = {{0, 1, "0"},
                {0xab, 8, "000000ab"},
                {0x12345, 2, "45"},
                {UINT64_MAX, 16, "ffffffffffffffff"},
                {1, 16, "0000000000000001"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf buf = {0};
        buf_add_hex(&buf, rows[i].value, rows[i].digits);
        check_str(rows[i].text, buf_str(&buf), rows[i].text);
        buf_done(&buf);
    }
}

TEST(buf_addf_formats_what_is_longer_than_its_guess)
{
    struct buf buf = {0};
    char long_text[1001];
    memset(long_text, 'x', 1000);
    long_text[1000] = '\0';
    for (int len = 250; len < 262; len++) { /* around the room that it tries first */
        buf_clear(&buf);
        buf_addf(&buf, "%.*s", len, long_text);
        check_bytes("around", buf_str(&buf), str_of(long_text, (size_t)len));
    }
    buf_clear(&buf);
    buf_addf(&buf, "<%s %d>", long_text, 5);
    assert_int_equal(buf.len, 1004);
    check_str("end", str_from(buf_str(&buf), 1000), "x 5>");
    buf_done(&buf);
}

TEST(buf_consume_drops_from_the_front)
{
    struct buf buf = {0};
    buf_consume(&buf, 0);
    BUF_ADD(&buf, "abcdef");
    buf_consume(&buf, 2);
    check_str("two", buf_str(&buf), "cdef");
    buf_consume(&buf, 4);
    check_str("all", buf_str(&buf), "");
    BUF_ADD(&buf, "g");
    check_str("again", buf_str(&buf), "g");
    buf_done(&buf);
}

TEST(buf_clear_keeps_the_memory)
{
    struct buf buf = {0};
    BUF_ADD(&buf, "abc");
    const char *memory = buf.at;
    buf_clear(&buf);
    BUF_ADD(&buf, "d");
    assert_ptr_equal(buf.at, memory);
    check_str("after", buf_str(&buf), "d");
    buf_done(&buf);
}

TEST(buf_c_ends_in_nul_without_counting_it)
{
    struct buf buf = {0};
    assert_string_equal(buf_c(&buf), "");
    BUF_ADD(&buf, "abc");
    assert_string_equal(buf_c(&buf), "abc");
    assert_int_equal(buf.len, 3);
    buf_done(&buf);
}

TEST(buf_done_is_safe_twice)
{
    struct buf buf = {0};
    BUF_ADD(&buf, "abc");
    buf_done(&buf);
    buf_done(&buf);
    assert_int_equal(buf.cap, 0);
}

static void consume_too_much(void)
{
    struct buf buf = {0};
    BUF_ADD(&buf, "abc");
    buf_consume(&buf, 4);
}

static void reserve_too_much(void)
{
    struct buf buf = {0};
    BUF_ADD(&buf, "abc");
    (void)!buf_reserve(&buf, SIZE_MAX); /* never returns */
}

static void write_too_many_digits(void)
{
    struct buf buf = {0};
    buf_add_hex(&buf, 1, 17);
}

TEST(buf_misuse_aborts)
{
    assert_true(aborts(write_too_many_digits));
    assert_true(aborts(consume_too_much));
    assert_true(aborts(reserve_too_much));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_grows_and_keeps_what_it_holds),
        cmocka_unit_test(buf_does_not_double_for_the_end_of_a_piece),
        cmocka_unit_test(buf_reserve_of_nothing_is_not_null),
        cmocka_unit_test(buf_add_takes_any_bytes_and_none),
        cmocka_unit_test(buf_add_u64_writes_decimal),
        cmocka_unit_test(buf_add_hex_writes_exactly_so_many_digits),
        cmocka_unit_test(buf_addf_formats_what_is_longer_than_its_guess),
        cmocka_unit_test(buf_consume_drops_from_the_front),
        cmocka_unit_test(buf_clear_keeps_the_memory),
        cmocka_unit_test(buf_c_ends_in_nul_without_counting_it),
        cmocka_unit_test(buf_done_is_safe_twice),
        cmocka_unit_test(buf_misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
