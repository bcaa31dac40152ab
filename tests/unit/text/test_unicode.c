#include "support/test.h"

#include "text/unicode.h"

#define NFC_AE "\xc3\xa4"     /* ä in one character */
#define NFD_AE "a\xcc\x88"    /* in two */
#define LONG_S "\xc5\xbf"     /* ſ */
#define JOINER "\xe2\x80\x8d" /* U+200D, which cannot be seen */

TEST(unicode_gives_each_form)
{
    static const struct {
        const char *text, *nfc, *nfd, *small, *loose;
    } rows[] = {
        {"", "", "", "", ""},
        {"Ab/C.d", "Ab/C.d", "Ab/C.d", "ab/c.d", "ab/c.d"},
        {"H" NFC_AE, "H" NFC_AE, "H" NFD_AE, "h" NFC_AE, "h" NFC_AE},
        {"H" NFD_AE, "H" NFC_AE, "H" NFD_AE, "h" NFC_AE, "h" NFC_AE},
        {"\xc3\x84", "\xc3\x84", "A\xcc\x88", NFC_AE, NFC_AE},  /* Ä */
        {"\xc3\x9f", "\xc3\x9f", "\xc3\x9f", "\xc3\x9f", "ss"}, /* ß */
        {LONG_S, LONG_S, LONG_S, "s", "s"},
        {"." JOINER "d", "." JOINER "d", "." JOINER "d", "." JOINER "d", ".d"},
        {"A\xff/" NFD_AE, "A\xff/" NFC_AE, "A\xff/" NFD_AE, "a\xff/" NFC_AE, "a\xff/" NFC_AE},
        {NFD_AE "//A/", NFC_AE "//A/", NFD_AE "//A/", NFC_AE "//a/", NFC_AE "//a/"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena arena = {0};
        struct str text = str_of_c(rows[i].text);
        const char *const forms[] = {rows[i].nfc, rows[i].nfd, rows[i].small, rows[i].loose};
        for (size_t form = 0; form < ARRAY_LEN(forms); form++)
            check_str(rows[i].text, unicode_form(&arena, text, (enum unicode_form)form),
                      forms[form]);
        arena_done(&arena);
    }
}

TEST(unicode_compares_in_one_form)
{
    assert_true(unicode_eq(STR("G" NFC_AE), STR("G" NFD_AE)));
    assert_true(unicode_eq(STR_NONE, STR("")));
    assert_false(unicode_eq(STR("A"), STR("a")));
    assert_false(unicode_eq(STR(NFC_AE), STR("a")));
    assert_false(unicode_eq(STR("\xff"), STR("\xfe")));
}

TEST(unicode_knows_what_is_within)
{
    static const struct {
        const char *path, *tree;
        size_t len;
    } rows[] = {
        {"a/b", "", 0},
        {"a/b", "a", 1},
        {"a/b", "a/b", 3},
        {"a/b", "a/b/c", SIZE_MAX},
        {"ab", "a", SIZE_MAX},
        {NFD_AE "/b", NFC_AE, 3},
        {NFC_AE, NFD_AE, 2},
        {NFC_AE "/\xff", NFD_AE, 2},
        {"", NFC_AE, SIZE_MAX},
        {"x/" NFD_AE "/b", "x/" NFC_AE, 5},
        {NFC_AE "b", NFD_AE, SIZE_MAX},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = {rows[i].path, strlen(rows[i].path)};
        struct res_path tree = {rows[i].tree, strlen(rows[i].tree)};
        assert_int_equal(unicode_within(path, tree), rows[i].len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unicode_gives_each_form),
        cmocka_unit_test(unicode_compares_in_one_form),
        cmocka_unit_test(unicode_knows_what_is_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
