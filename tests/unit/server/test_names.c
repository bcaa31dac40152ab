#include "support/test.h"

#include "server/names.h"

static const struct public_name public_names[] = {
    {{"dav.example.org", 15}, {"", 0}, true},
    {{"Files.Example.", 14}, {"8080", 4}, false},
};

static void check_names(const char *const *rows, const struct known_names *names, bool is_known)
{
    for (; *rows; rows++)
        check_that(*rows, names_have(names, str_of_c(*rows)) == is_known);
}

TEST(names_that_cannot_be_led_elsewhere_are_ours)
{
    static const char *const ours[] = {
        "127.0.0.1",        "192.0.2.1",     "::1",        "fe80::1",     "127.1",
        "2130706433",       "0x7f.1",        "0X7F000001", "127.0.0.1.",  "1.2.3.4.5",
        "localhost",        "LOCALHOST",     "localhost.", "a.localhost", "dav.example.org",
        "DAV.example.ORG.", "files.example", NULL};
    static const char *const foreign[] = {"",
                                          ".",
                                          "evil.example",
                                          "example.org",
                                          "x.dav.example.org",
                                          "127.0.0.1.evil.example",
                                          "localhost.evil.example",
                                          "notlocalhost",
                                          "0xevil",
                                          "a.0xg",
                                          "1a",
                                          "dav.example.org..",
                                          "xn--localhost-abc",
                                          "%6cocalhost",
                                          NULL};
    struct known_names names = {.public_names = public_names, .public_name_count = 2};
    check_names(ours, &names, true);
    check_names(foreign, &names, false);
}

TEST(names_of_this_machine_are_ours)
{
    static const char *const ours[] = {"nas", "NAS", "nas.local", "nas.lan", "backup.lan", NULL};
    static const char *const foreign[] = {"other", "other.lan",   "ads.example", "nas.example",
                                          "local", "x.nas.local", NULL};
    static const char hosts[] = "127.0.0.1 localhost\n"
                                "127.0.1.1\tnas.lan  nas backup.lan # nas ads.example\n"
                                "192.0.2.1 other.lan other\n"
                                "# 192.0.2.2 nas nas.example\n"
                                "127.0.0.1 ads.example\n";
    struct arena arena = {0};
    struct known_names names = {0};
    names_add_machine(&names, STR("Nas"), STR(hosts), &arena);
    check_names(ours, &names, true);
    check_names(foreign, &names, false);
    arena_done(&arena);
}

TEST(names_of_a_machine_with_a_domain_are_ours)
{
    static const char *const ours[] = {"nas.example.org", "nas", "nas.local", NULL};
    static const char *const foreign[] = {"example.org", "nas.example.org.local", NULL};
    struct arena arena = {0};
    struct known_names names = {0};
    names_add_machine(&names, STR("nas.example.org"), STR_NONE, &arena);
    check_names(ours, &names, true);
    check_names(foreign, &names, false);
    arena_done(&arena);
}

TEST(names_of_a_machine_without_one_are_none)
{
    struct arena arena = {0};
    struct known_names names = {0};
    names_add_machine(&names, STR_NONE, STR("127.0.0.1 a\n\n"), &arena);
    assert_int_equal(names.other_count, 0);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_cannot_be_led_elsewhere_are_ours),
        cmocka_unit_test(names_of_this_machine_are_ours),
        cmocka_unit_test(names_of_a_machine_with_a_domain_are_ours),
        cmocka_unit_test(names_of_a_machine_without_one_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
