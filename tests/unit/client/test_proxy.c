#include "support/test.h"

#include "client/proxy.h"

TEST(no_proxy_names_hosts_domains_and_networks)
{
    static const struct {
        const char *except, *host, *port;
        bool is_spared;
    } rows[] = {
        {NULL, "a.test", "80", false},
        {"", "a.test", "80", false},
        {"*", "a.test", "80", true},
        {"a.test", "a.test", "80", true},
        {"A.Test", "a.test.", "80", true},
        {"test", "a.test", "80", true},
        {".test", "a.test", "80", true},
        {"a.test", "b.test", "80", false},
        {"a.test", "xa.test", "80", false},
        {"x, a.test", "a.test", "80", true},
        {"x a.test", "a.test", "80", true},
        {",,  ,", "a.test", "80", false},
        {"a.test:80", "a.test", "80", true},
        {"a.test:80", "a.test", "81", false},
        {"10.0.0.0/8", "10.1.2.3", "80", true},
        {"10.0.0.0/9", "10.128.0.1", "80", false},
        {"10.0.0.0/33", "10.0.0.0", "80", false},
        {"10.0.0.0/x", "10.0.0.0", "80", false},
        {"10.0.0.0/0", "8.8.8.8", "80", true},
        {"10.0.0.1", "10.0.0.1", "80", true},
        {"10.0.0.1:81", "10.0.0.1", "81", true},
        {"0.0.1", "10.0.0.1", "80", true},
        {"::1", "[::1]", "80", true},
        {"[::1]", "[::1]", "80", true},
        {"[::1]:80", "[::1]", "80", true},
        {"fd00::/8", "[fd12::1]", "80", true},
        {"fd00::/8", "[fe80::1]", "80", false},
        {"0.0.0.0/0", "[::1]", "80", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool is = proxy_is_spared(rows[i].except, str_of_c(rows[i].host), str_of_c(rows[i].port));
        if (is != rows[i].is_spared)
            fail_msg("%s: %s:%s", rows[i].except, rows[i].host, rows[i].port);
    }
}

TEST(a_proxy_is_named_without_its_password)
{
    static const struct {
        const char *url, *place;
    } rows[] = {
        {"http://p.test:3128/", "p.test:3128"}, {"p.test:3128", "p.test:3128"},
        {"http://me:x@p.test", "p.test"},       {"me:x@y@p.test:1/a@b", "p.test:1"},
        {"socks5://[::1]:9", "[::1]:9"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct proxy proxy = {rows[i].url, NULL};
        assert_true(str_eq(proxy_place(&proxy), str_of_c(rows[i].place)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_proxy_names_hosts_domains_and_networks),
        cmocka_unit_test(a_proxy_is_named_without_its_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
