#include "support/test.h"

#include "text/netrc.h"

static struct netrc parsed(struct arena *arena, const char *text)
{
    return netrc_parse(str_of_c(text), arena);
}

static const char *password_of(const struct netrc *netrc, const char *machine, bool takes_default)
{
    const struct netrc_entry *entry = netrc_find(netrc, str_of_c(machine), STR_NONE, takes_default);
    return entry ? entry->password.at : NULL;
}

TEST(netrc_finds_a_machine_in_any_layout)
{
    static const char *const texts[] = {
        "machine example.org login ann password secret",
        "machine\texample.org\n\tlogin ann\r\n\tpassword secret\r\n",
        "# machine example.org password no\nmachine example.org account x password secret",
        ("machine a login b password c macdef init\nmachine example.org password no\n\n"
         "machine EXAMPLE.org password secret"),
        "machine \"example.org\" login \"a b\" password \"secret\"",
        "default password all machine example.org password secret",
        "garbage machine example.org garbage password secret machine",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct arena arena = {0};
        struct netrc netrc = parsed(&arena, texts[i]);
        assert_string_equal(password_of(&netrc, "Example.org", true), "secret");
        assert_null(password_of(&netrc, "other.example", false));
        arena_done(&arena);
    }
}

TEST(netrc_gives_default_to_who_asks_for_it)
{
    struct arena arena = {0};
    struct netrc netrc = parsed(&arena, "machine a password 1\ndefault login x password all\n");
    assert_null(password_of(&netrc, "b", false));
    assert_string_equal(password_of(&netrc, "b", true), "all");
    assert_string_equal(password_of(&netrc, "a", true), "1");
    arena_done(&arena);
}

TEST(netrc_tells_logins_apart)
{
    struct arena arena = {0};
    struct netrc netrc =
        parsed(&arena, "machine a login x password 1 machine a login y password 2");
    assert_string_equal(netrc_find(&netrc, STR("a"), STR("y"), false)->password.at, "2");
    assert_null(netrc_find(&netrc, STR("a"), STR("z"), false));
    arena_done(&arena);
}

TEST(netrc_keeps_what_quotes_hold)
{
    struct arena arena = {0};
    struct netrc netrc = parsed(&arena, "machine a login \"\" password \"a \\\"b\\\\ #c\"");
    assert_string_equal(password_of(&netrc, "a", false), "a \"b\\ #c");
    netrc = parsed(&arena, "machine a password \"never ends");
    assert_string_equal(password_of(&netrc, "a", false), "never ends");
    netrc = parsed(&arena, "machine a password #b");
    assert_string_equal(password_of(&netrc, "a", false), "#b");
    arena_done(&arena);
}

TEST(netrc_makes_of_a_name_that_is_missing_no_default)
{
    struct arena arena = {0};
    struct netrc netrc = parsed(&arena, "login x password y machine");
    assert_int_equal(netrc.count, 0);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(netrc_finds_a_machine_in_any_layout),
        cmocka_unit_test(netrc_gives_default_to_who_asks_for_it),
        cmocka_unit_test(netrc_tells_logins_apart),
        cmocka_unit_test(netrc_keeps_what_quotes_hold),
        cmocka_unit_test(netrc_makes_of_a_name_that_is_missing_no_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
