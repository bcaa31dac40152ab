#include "support/test.h"

#include "base/utf8.h"

TEST(utf8_takes_one_character)
{
    static const struct {
        struct str text;
        size_t len;
        uint32_t character;
    } rows[] = {
        {{"a", 1}, 1, 'a'},
        {{"\0", 1}, 1, 0},
        {{"\xc3\xa4x", 3}, 2, 0xe4},
        {{"\xe2\x82\xac", 3}, 3, 0x20ac},
        {{"\xf0\x9f\x98\x80", 4}, 4, 0x1f600},
        {{"\xf4\x8f\xbf\xbf", 4}, 4, 0x10ffff},
        {{"\xc3", 1}, 0, 0},             /* cut off */
        {{"\xc3x", 2}, 0, 0},            /* no continuation */
        {{"\xa4", 1}, 0, 0},             /* a continuation alone */
        {{"\xc0\x80", 2}, 0, 0},         /* overlong */
        {{"\xe0\x80\x80", 3}, 0, 0},     /* overlong */
        {{"\xf0\x80\x80\x80", 4}, 0, 0}, /* overlong */
        {{"\xed\xa0\x80", 3}, 0, 0},     /* a surrogate */
        {{"\xf4\x90\x80\x80", 4}, 0, 0}, /* beyond Unicode */
        {{"\xff", 1}, 0, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t character = 0;
        check_int("len", utf8_take(rows[i].text, &character), rows[i].len);
        check_int("character", character, rows[i].character);
    }
}

TEST(utf8_is_valid_as_a_whole)
{
    assert_true(utf8_is_valid(STR_NONE));
    assert_true(utf8_is_valid(STR("a\xc3\xa4\xe2\x82\xac")));
    assert_false(utf8_is_valid(STR("a\xc3\xa4\xe2\x82")));
    assert_false(utf8_is_valid(STR("\xff")));
}

/* Characters of two or three bytes. */
static size_t encode(uint32_t c, char bytes[4])
{
    size_t len = c < 0x800 ? 2 : 3;
    bytes[0] = (char)(len == 2 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
    if (len == 3)
        bytes[1] = (char)(0x80 | (c >> 6 & 0x3f));
    bytes[len - 1] = (char)(0x80 | (c & 0x3f));
    return len;
}

TEST(utf8_for_a_terminal_cannot_steer_it)
{
    struct buf out = {0};
    utf8_add_printable(&out, STR("a\tb\r\nc\x1b[31m\x7f\xc2\x9b\xff\xc3\xa4"));
    check_str("printable", buf_str(&out), "a b  c\\x1b[31m\\x7f\\u009b\\xff\xc3\xa4");
    buf_done(&out);
}

TEST(utf8_for_a_terminal_goes_in_one_direction)
{
    static const uint32_t steering[] = {0x80,   0x9f,   0x61c,  0x200e, 0x200f, 0x2028,
                                        0x2029, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e,
                                        0x2066, 0x2067, 0x2068, 0x2069};
    static const uint32_t harmless[] = {0xa0, 0x61b, 0x627, 0x200d, 0x2010, 0x202f, 0x206a};
    char bytes[4];
    for (size_t i = 0; i < ARRAY_LEN(steering); i++) {
        size_t len = encode(steering[i], bytes);
        assert_true(utf8_is_steering(str_of(bytes, len)));
    }
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++) {
        size_t len = encode(harmless[i], bytes);
        assert_false(utf8_is_steering(str_of(bytes, len)));
    }
    assert_true(utf8_is_steering(STR("a\x9b")));
    assert_false(utf8_is_steering(STR("a \xc3\xa4")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(utf8_takes_one_character),
        cmocka_unit_test(utf8_is_valid_as_a_whole),
        cmocka_unit_test(utf8_for_a_terminal_cannot_steer_it),
        cmocka_unit_test(utf8_for_a_terminal_goes_in_one_direction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
