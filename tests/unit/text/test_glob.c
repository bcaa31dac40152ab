#include "support/test.h"

#include "text/glob.h"

TEST(glob_matches_the_whole_text)
{
    static const struct {
        const char *pattern, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"", "a", false},
        {"a", "a", true},
        {"a", "ab", false},
        {"?", "", false},
        {"?", "a", true},
        {"*", "", true},
        {"*", "abc", true},
        {"*.txt", "/a.txt", true},
        {"*.txt", "/a.txtx", false},
        {"/a/*", "/a/", true},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxcyyb", false},
        {"*a*", "bbb", false},
        {"**a", "bba", true},
        {"a**", "a", true},
        {"*?a", "a", false},
        {"*?a", "ba", true},
        {"[a]", "[a]", true},
        {"\\*", "\\x", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].pattern, glob_matches(str_of_c(rows[i].pattern), str_of_c(rows[i].text)),
                  rows[i].matches);
}

/* One that goes back over and over. */
TEST(glob_takes_no_time_without_end)
{
    static char text[20000];
    memset(text, 'a', sizeof(text));
    assert_false(glob_matches(STR("*a*a*a*a*a*a*a*b"), str_of(text, sizeof(text))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glob_matches_the_whole_text),
        cmocka_unit_test(glob_takes_no_time_without_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
