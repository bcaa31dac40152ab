#include "support/test.h"

#include "exchange/clients/clients.h"
#include "exchange/clients/told.h"
#include "exchange/clients/user_agent.h"
#include "support/exchange.h"

static const enum client_quirk quirks[] = {QUIRK_SHORT_ALLPROP, QUIRK_TIMES_WITHOUT_TOKEN};

TEST(clients_are_known_by_their_products)
{
    static const struct {
        const char *agent;
        bool has[ARRAY_LEN(quirks)];
    } rows[] = {
        {"Microsoft-WebDAV-MiniRedir/10.0.19045", {true, true}},
        {"Microsoft-WebDAV-MiniRedir", {true, true}},
        {"Microsoft Office Word 2014", {false, true}},
        {"Microsoft Data Access Internet Publishing Provider DAV", {false, true}},
        {"microsoft-webdav-miniredir/10.0", {true, true}},
        {"Mozilla/5.0 Microsoft-WebDAV-MiniRedir", {true, true}},
        {"Mozilla/5.0 (like Microsoft-WebDAV-MiniRedir)", {false, false}},
        {"Microsoft-WebDAV-MiniRedirector/1", {false, true}},
        {"NotMicrosoft", {false, false}},
        {"Micro", {false, false}},
        {"WebDAVFS/3.0.0 (03008000) Darwin/22.1.0 (x86_64)", {false, false}},
        {"", {false, false}},
        {NULL, {false, false}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bare_exchange bare;
        bare_exchange_init(&bare);
        bare_exchange_add(&bare, FIELD_USER_AGENT, str_of_c(rows[i].agent));
        for (size_t j = 0; j < ARRAY_LEN(quirks); j++)
            check_int(rows[i].agent, client_has(&bare.x, quirks[j]), rows[i].has[j]);
        bare_exchange_done(&bare);
    }
}

TEST(clients_have_the_quirks_that_a_rule_says)
{
    static const struct client_rule rule = {.has_quirks = true,
                                            .quirks = 1U << QUIRK_TIMES_WITHOUT_TOKEN};
    struct bare_exchange bare;
    bare_exchange_init(&bare);
    bare_exchange_add(&bare, FIELD_USER_AGENT, STR("Microsoft-WebDAV-MiniRedir/10.0"));
    bare.x.client = &rule;
    check_int("not", client_has(&bare.x, QUIRK_SHORT_ALLPROP), false);
    check_int("has", client_has(&bare.x, QUIRK_TIMES_WITHOUT_TOKEN), true);
    bare_exchange_done(&bare);
}

TEST(client_quirks_are_named)
{
    unsigned bits;
    struct str wrong;
    assert_true(client_quirks_read(STR("none"), &bits, &wrong));
    check_int("none", bits, 0);
    assert_true(client_quirks_read(STR("no-redirect, short-allprop"), &bits, &wrong));
    check_int("two", bits, 1U << QUIRK_NO_REDIRECT | 1U << QUIRK_SHORT_ALLPROP);
    assert_false(client_quirks_read(STR("no-redirect, none"), &bits, &wrong));
    check_str("wrong", wrong, "none");
    assert_false(client_quirks_read(STR(""), &bits, &wrong));
    assert_false(client_quirks_read(STR("a,,b"), &bits, &wrong));
}

TEST(user_agents_have_versions)
{
    static const struct {
        const char *agent, *pattern;
        bool is;
    } rows[] = {
        {"davfs2/1.4.7 neon/0.29.6", "davfs2/<1.5", true},
        {"davfs2/1.5 neon/0.29.6", "davfs2/<1.5", false},
        {"davfs2/1.10", "davfs2/<1.9", false},
        {"davfs2/1.5.0", "davfs2/=1.5", true},
        {"davfs2/1.5.0", "davfs2/1.5", true},
        {"davfs2/1.5.1", "davfs2/1.5", false},
        {"davfs2/1.5.1", "davfs2/>1.5", true},
        {"davfs2/1.5.1", "davfs2/>=1.4, <1.6", true},
        {"davfs2/1.6", "davfs2/>=1.4,<1.6", false},
        {"davfs2/1.6-rc1", "davfs2/<1.6", true},
        {"davfs2/1.6+git", "davfs2/<=1.6", true},
        {"davfs2/v1.6", "davfs2/=1.6", true},
        {"rclone/v1.60.1", "rclone/<1.61", true},
        {"davfs2", "davfs2/<1.5", false},
        {"davfs2/", "davfs2/<1.5", false},
        {"davfs2/new", "davfs2/<1.5", false},
        {"davfs2", "davfs2", true},
        {"davfs2/1.4;x", "davfs2/<1.5", true},
        {"Mozilla/5.0 (Linux) mirall/3.1.2 (Nextcloud, debian-6.1)", "mirall/<3.2", true},
        {"Mozilla/5.0 (a (b mirall/1) \\) mirall/1 ) x", "mirall", false},
        {"Mozilla/5.0 (never closed mirall/1", "mirall", false},
        {"Mozilla/5.0 )mirall/1", "mirall", false},
        {"a/1(c)mirall/1", "mirall", true},
        {"xmirall/1 miralls/1", "mirall", false},
        {"MIRALL/1", "mirall", true},
        {"Microsoft Office Word 2014", "Microsoft Office", true},
        {"Microsoft OfficeX", "Microsoft Office", false},
        {"gvfs-dav/1.2", "gvfs*/<1.3", true},
        {"davfs2/99999999999999999999999999999999.1", "davfs2/>9999999999999999999999999999999",
         true},
        {"davfs2/00000001.5", "davfs2/=1.5.0.0", true},
        {"", "davfs2", false},
        {"(", "davfs2", false},
        {"a\\", "davfs2", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].agent, user_agent_is(str_of_c(rows[i].agent), str_of_c(rows[i].pattern)),
                  rows[i].is);
}

TEST(user_agent_patterns_are_checked)
{
    static const char *const wrong[] = {
        "",     "*",     "/1",    " a",    "a ",      "a*b",   "a/",   "a/<",   "a/<b",    "a/1,",
        "a/,1", "a/<<1", "a/=<1", "a/1 2", "a/>=1<2", "a/!=1", "a(b)", "a/1.*", "\xc3\xa4"};
    static const char *const right[] = {"a",   "a b*",           "a*/<1",
                                        "a/1", "a/ < 1 , > 0.5", "a/=v1.0-rc1"};
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        check_int(wrong[i], user_agent_check(str_of_c(wrong[i]), &err), false);
    for (size_t i = 0; i < ARRAY_LEN(right); i++)
        check_int(right[i], user_agent_check(str_of_c(right[i]), &err), true);
}

TEST(clients_are_told_once_in_a_period)
{
    struct arena arena = {0};
    struct told *told = told_new(&arena, 16);
    check_int("first", told_claim(told, 42, 1000, 100), true);
    check_int("again", told_claim(told, 42, 1099, 100), false);
    check_int("another", told_claim(told, 44, 1099, 100), true);
    check_int("later", told_claim(told, 42, 1100, 100), true);
    for (unsigned i = 0; i < 1000; i++) /* no more room than there is */
        check_int("many", told_claim(told, 1000 + 2 * i, 2000 + i, 100), true);
    check_int("the last", told_claim(told, 1000 + 2 * 999, 3000, 100000), false);
    check_int("forgotten", told_claim(told, 44, 3000, 100000), true);
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_known_by_their_products),
        cmocka_unit_test(clients_have_the_quirks_that_a_rule_says),
        cmocka_unit_test(client_quirks_are_named),
        cmocka_unit_test(user_agents_have_versions),
        cmocka_unit_test(user_agent_patterns_are_checked),
        cmocka_unit_test(clients_are_told_once_in_a_period),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
