#include "support/test.h"

#include "base/suggest.h"

static const char *const names[] = {"listen", "limit", "log-level", "read-only", "help"};

static const char *suggested(const char *typed)
{
    return suggest(typed, names, ARRAY_LEN(names));
}

TEST(suggest_finds_what_was_probably_meant)
{
    static const struct {
        const char *typed, *meant;
    } rows[] = {
        {"listen", "listen"},       {"lisen", "listen"}, {"listne", "listen"},
        {"Listen", "listen"},       {"limits", "limit"}, {"readonly", "read-only"},
        {"log_level", "log-level"}, {"hlep", "help"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].typed, str_of_c(suggested(rows[i].typed)), rows[i].meant);
}

TEST(suggest_keeps_quiet_about_what_is_like_nothing)
{
    static const char *const typed[] = {"", "x", "durability", "zzzzzz",
                                        "a-word-that-is-far-longer-than-any-name-in-the-table"};
    for (size_t i = 0; i < ARRAY_LEN(typed); i++)
        check_that(typed[i], suggested(typed[i]) == NULL);
    assert_null(suggest("listen", names, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suggest_finds_what_was_probably_meant),
        cmocka_unit_test(suggest_keeps_quiet_about_what_is_like_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
