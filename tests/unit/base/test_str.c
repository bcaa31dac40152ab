#include "support/test.h"

#include "base/str.h"

TEST(str_of_c_takes_null)
{
    assert_int_equal(str_of_c(NULL).len, 0);
    assert_int_equal(str_of_c("").len, 0);
    assert_int_equal(str_of_c("abc").len, 3);
}

static void print_too_much(void)
{
    char into[4];
    str_print(into, sizeof(into), "%d", 1234);
}

TEST(str_print_fills_an_array_and_not_more)
{
    char into[4];
    str_print(into, sizeof(into), "%d", 123);
    assert_string_equal(into, "123");
    assert_true(aborts(print_too_much));
}

TEST(str_comparisons)
{
    static const struct {
        const char *a, *b;
        bool is_equal, is_equal_nocase;
        int order;
    } rows[] = {
        {"", "", true, true, 0},
        {"a", "", false, false, 1},
        {"abc", "abc", true, true, 0},
        {"abc", "abC", false, true, 1},
        {"ab", "abc", false, false, -1},
        {"b", "abc", false, false, 1},
        {"\xff", "a", false, false, 1}, /* bytes are unsigned */
        {"[", "{", false, false, -1},   /* next to letters, but none */
        {"@", "`", false, false, -1},
        {"\xc3\x84", "\xc3\xa4", false, false, -1}, /* only ASCII has cases */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str a = str_of_c(rows[i].a);
        struct str b = str_of_c(rows[i].b);
        int order = str_compare(a, b);
        check_int(rows[i].a, str_eq(a, b), rows[i].is_equal);
        check_int(rows[i].a, str_eq_nocase(a, b), rows[i].is_equal_nocase);
        check_int(rows[i].a, (order > 0) - (order < 0), rows[i].order);
        order = str_compare(b, a);
        check_int(rows[i].a, (order > 0) - (order < 0), -rows[i].order);
    }
    assert_true(str_eq(STR_NONE, STR("")));
    assert_int_equal(str_compare(STR_NONE, STR("")), 0);
}

TEST(str_starts_and_ends)
{
    static const struct {
        const char *text, *part;
        bool starts, starts_nocase, ends;
    } rows[] = {
        {"abc", "ab", true, true, false},     {"abc", "AB", false, true, false},
        {"abc", "bc", false, false, true},    {"abc", "abc", true, true, true},
        {"abc", "abcd", false, false, false}, {"abc", "", true, true, true},
        {"", "", true, true, true},           {"", "a", false, false, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str text = str_of_c(rows[i].text);
        struct str part = str_of_c(rows[i].part);
        check_int(rows[i].part, str_starts(text, part), rows[i].starts);
        check_int(rows[i].part, str_starts_nocase(text, part), rows[i].starts_nocase);
        check_int(rows[i].part, str_ends(text, part), rows[i].ends);
    }
    assert_true(str_starts(STR_NONE, STR_NONE));
}

TEST(str_index_says_len_for_nowhere)
{
    assert_int_equal(str_index(STR("a/b/c"), '/'), 1);
    assert_int_equal(str_index_last(STR("a/b/c"), '/'), 3);
    assert_int_equal(str_index(STR("abc"), '/'), 3);
    assert_int_equal(str_index_last(STR("abc"), '/'), 3);
    assert_int_equal(str_index(STR_NONE, '/'), 0);
    assert_int_equal(str_index_last(STR_NONE, '/'), 0);
    assert_int_equal(str_index(str_of("a\0b", 3), '\0'), 1);
    assert_int_equal(str_index_last(STR("/"), '/'), 0);
}

TEST(str_parts_are_cut_to_what_is_there)
{
    check_str("from", str_from(STR("abc"), 1), "bc");
    check_str("from end", str_from(STR("abc"), 3), "");
    check_str("from beyond", str_from(STR("abc"), 9), "");
    check_str("from none", str_from(STR_NONE, 1), "");
    check_str("first", str_first(STR("abc"), 2), "ab");
    check_str("first beyond", str_first(STR("abc"), 9), "abc");
}

TEST(str_trim_takes_spaces_and_tabs_only)
{
    check_str("both", str_trim(STR(" \t a b\t ")), "a b");
    check_str("all", str_trim(STR(" \t ")), "");
    check_str("none", str_trim(STR_NONE), "");
    check_str("others", str_trim(STR("\r\na\v\f")), "\r\na\v\f");
}

TEST(str_cut_takes_a_list_apart)
{
    struct str rest = STR("a,,bc,");
    static const char *const parts[] = {"a", "", "bc", ""};
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        check_str(parts[i], str_cut(&rest, ','), parts[i]);
    assert_int_equal(rest.len, 0);
    rest = STR("whole");
    check_str("whole", str_cut(&rest, ','), "whole");
    assert_int_equal(rest.len, 0);
    check_str("empty", str_cut(&rest, ','), "");
}

TEST(str_parse_u64_reads_digits_and_nothing_else)
{
    static const struct {
        const char *text;
        bool is_fine;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"00000000000000000000000018446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"18446744073709551625", false, 0},
        {"184467440737095516150", false, 0},
        {"99999999999999999999999999", false, 0},
        {"", false, 0},
        {"-0", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1\n", false, 0},
        {"0x10", false, 0},
        {"1e3", false, 0},
        {"1_000", false, 0},
        {"\xd9\xa1", false, 0}, /* ARABIC-INDIC DIGIT ONE */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t value = 4711;
        check_int(rows[i].text, str_parse_u64(str_of_c(rows[i].text), &value), rows[i].is_fine);
        check_int(rows[i].text, value, rows[i].is_fine ? rows[i].value : 4711);
    }
    uint64_t value = 4711;
    assert_false(str_parse_u64(str_of("1\0", 2), &value));
    assert_int_equal(value, 4711);
}

TEST(str_parse_hex_reads_one_to_sixteen_digits)
{
    static const struct {
        const char *text;
        bool is_fine;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"fF", true, 255},
        {"ffffffffffffffff", true, UINT64_MAX},
        {"0123456789abcdef", true, 0x0123456789abcdef},
        {"00000000000000000", false, 0}, /* seventeen */
        {"", false, 0},
        {"g", false, 0},
        {"0x1", false, 0},
        {"-1", false, 0},
        {" 1", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint64_t value = 4711;
        check_int(rows[i].text, str_parse_hex(str_of_c(rows[i].text), &value), rows[i].is_fine);
        check_int(rows[i].text, value, rows[i].is_fine ? rows[i].value : 4711);
    }
}

TEST(hex_value_of_every_byte)
{
    for (int i = 0; i < 256; i++) {
        char c = (char)i;
        int expected = -1;
        if (i >= '0' && i <= '9')
            expected = i - '0';
        else if (i >= 'a' && i <= 'f')
            expected = i - 'a' + 10;
        else if (i >= 'A' && i <= 'F')
            expected = i - 'A' + 10;
        assert_int_equal(hex_value(c), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(str_of_c_takes_null),
        cmocka_unit_test(str_print_fills_an_array_and_not_more),
        cmocka_unit_test(str_comparisons),
        cmocka_unit_test(str_starts_and_ends),
        cmocka_unit_test(str_index_says_len_for_nowhere),
        cmocka_unit_test(str_parts_are_cut_to_what_is_there),
        cmocka_unit_test(str_trim_takes_spaces_and_tabs_only),
        cmocka_unit_test(str_cut_takes_a_list_apart),
        cmocka_unit_test(str_parse_u64_reads_digits_and_nothing_else),
        cmocka_unit_test(str_parse_hex_reads_one_to_sixteen_digits),
        cmocka_unit_test(hex_value_of_every_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
