#include "support/test.h"

#include "text/ini.h"

TEST(ini_gives_sections_and_keys_with_their_lines)
{
    static const char text[] = "# comment\n\n[server]\r\n listen = a b # c \r\n"
                               "; another\n[rule \"/a b\"]\nempty=\nquoted = \" x \"\n=x";
    struct ini ini = {.rest = STR(text)};
    struct err err;
    assert_int_equal(ini_next(&ini, &err), INI_SECTION);
    check_str("section", ini.section, "server");
    check_int("subject", ini.subject.len, 0);
    assert_int_equal(ini_next(&ini, &err), INI_KEY);
    check_str("key", ini.key, "listen");
    check_str("value", ini.value, "a b # c");
    check_int("line", ini.line, 4);
    assert_int_equal(ini_next(&ini, &err), INI_SECTION);
    check_str("subject", ini.subject, "/a b");
    assert_int_equal(ini_next(&ini, &err), INI_KEY);
    check_str("value", ini.value, "");
    assert_int_equal(ini_next(&ini, &err), INI_KEY);
    check_str("value", ini.value, " x ");
    assert_int_equal(ini_next(&ini, &err), INI_MALFORMED);
    check_int("line", ini.line, 9);
}

TEST(ini_says_what_is_malformed)
{
    static const char *const bad[] = {
        "[",       "[a",      "[]",          "[a b]",           "[a \"b]",
        "[a b\"]", "[a]]",    "key",         "a b = c",         "= x",
        "a\x01=b", "[\"a\"]", "[a \"b\" c]", "\xef\xbb\xbf[a]", "\xef\xbb\xbf# a"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct ini ini = {.rest = str_of_c(bad[i])};
        struct err err = {0};
        check_int(bad[i], ini_next(&ini, &err), INI_MALFORMED);
        check_that(bad[i], err.text[0] && ini.line == 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ini_gives_sections_and_keys_with_their_lines),
        cmocka_unit_test(ini_says_what_is_malformed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
