#include "support/test.h"

#include "check/local/ignore.h"

TEST(ignore_rules)
{
    static const struct {
        const char *rules, *path;
        bool is_folder;
        enum ignored says;
    } rows[] = {
        {"", "a", false, IGNORED_UNSAID},
        {"# a\n\n", "a", false, IGNORED_UNSAID},
        {"a", "a", false, IGNORED_YES},
        {"a", "x/y/a", false, IGNORED_YES},
        {"a", "x/ab", false, IGNORED_UNSAID},
        {"/a", "a", false, IGNORED_YES},
        {"/a", "x/a", false, IGNORED_UNSAID},
        {"a/b", "a/b", false, IGNORED_YES},
        {"a/b", "x/a/b", false, IGNORED_UNSAID},
        {"a/", "a", true, IGNORED_YES},
        {"a/", "a", false, IGNORED_UNSAID},
        {"a/", "x/a", true, IGNORED_YES},
        {"*.html", "x/a.html", false, IGNORED_YES},
        {"x/*.html", "x/y/a.html", false, IGNORED_UNSAID},
        {"**/a", "a", false, IGNORED_YES},
        {"**/a", "x/y/a", false, IGNORED_YES},
        {"a/**", "a/b/c", false, IGNORED_YES},
        {"a/**", "a", true, IGNORED_UNSAID},
        {"a/**/b", "a/b", false, IGNORED_YES},
        {"a/**/b", "a/x/y/b", false, IGNORED_YES},
        {"a/**/b", "a/x/y/c", false, IGNORED_UNSAID},
        {"*.html\n!index.html", "index.html", false, IGNORED_NO},
        {"!index.html\n*.html", "index.html", false, IGNORED_YES},
        {"\\#a", "#a", false, IGNORED_YES},
        {"\\!a", "!a", false, IGNORED_YES},
        {"a  \r\n", "a", false, IGNORED_YES},
        {"a\\ ", "a ", false, IGNORED_YES},
        {"[ab]?", "b1", false, IGNORED_YES},
        {"/", "a", false, IGNORED_UNSAID},
        {"!", "a", false, IGNORED_UNSAID},
        {"**/**/**/**/**/a", "a", false, IGNORED_UNSAID},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct ignore *ignore = ignore_new(str_of_c(rows[i].rules));
        enum ignored says = ignore_says(ignore, str_of_c(rows[i].path), rows[i].is_folder);
        if (says != rows[i].says)
            fail_msg("'%s' says %d of '%s'", rows[i].rules, says, rows[i].path);
        ignore_free(ignore);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ignore_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
