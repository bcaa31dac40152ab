#include "server/proxy.h"

#include "support/test.h"

struct row {
    const char *peer;
    const char *name, *value;
    const char *client, *proto, *host; /* "": not said */
};

static void check(const struct row *row)
{
    struct net nets[2];
    struct arena arena = {0};
    struct http_stream stream = {.arena = &arena, .request.peer = str_of_c(row->peer)};
    const struct proxies proxies = {nets, 2};
    assert_true(net_parse(STR("10.0.0.0/8"), &nets[0]) && net_parse(STR("2001:db8::1"), &nets[1]));
    const struct http_field_line line = {http_field_find(str_of_c(row->name)), str_of_c(row->name),
                                         str_of_c(row->value)};
    http_fields_add(&stream.request.fields, &arena, &line);
    proxy_believe(&proxies, &stream);
    check_str(row->value, stream.request.forwarded_for, row->client);
    check_str(row->value, stream.request.forwarded_proto, row->proto);
    check_str(row->value, stream.request.forwarded_host, row->host);
    arena_done(&arena);
}

/* RFC 7239 */
TEST(proxy_that_is_trusted_is_believed)
{
    static const struct row rows[] = {
        {"10.0.0.1:5", "X-Forwarded-For", "192.0.2.7", "192.0.2.7", "", ""},
        {"10.0.0.1:5", "X-Forwarded-For", "192.0.2.6, 192.0.2.7, 10.1.1.1", "192.0.2.7", "", ""},
        {"192.0.2.1:5", "X-Forwarded-For", "192.0.2.7", "", "", ""},
        {"10.0.0.1:5", "Forwarded", "for=192.0.2.7;proto=https;host=dav.example", "192.0.2.7",
         "https", "dav.example"},
        {"[2001:db8::1]:5", "Forwarded", "For=\"[2001:db8::7]:4711\" ; Host=\"a:8443\"",
         "2001:db8::7", "", "a:8443"},
        /* what the client itself has said */
        {"10.0.0.1:5", "Forwarded", "for=192.0.2.6;host=evil, for=192.0.2.7;host=a", "192.0.2.7",
         "", "a"},
        {"10.0.0.1:5", "Forwarded", "for=192.0.2.7;host=\"a,b\", for=10.2.2.2;host=inner",
         "192.0.2.7", "", "a,b"},
        {"10.0.0.1:5", "Forwarded", "for=192.0.2.7, for=unknown;proto=https", "", "https", ""},
        {"10.0.0.1:5", "Forwarded", "for=_hidden", "", "", ""},
        {"10.0.0.1:5", "Forwarded", "host=\"a\\\"b\";for=192.0.2.7", "192.0.2.7", "", ""},
        {"10.0.0.1:5", "Forwarded", "for=\"192.0.2.7", "", "", ""},
        {"10.0.0.1:5", "Forwarded", ",;=", "", "", ""},
        {"192.0.2.1:5", "Forwarded", "for=192.0.2.7", "", "", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check(&rows[i]);
}

TEST(proxy_that_writes_the_older_field_passes_the_newer_on)
{
    struct net nets[1];
    struct arena arena = {0};
    struct http_stream stream = {.arena = &arena, .request.peer = STR_INIT("10.0.0.1:5")};
    const struct proxies proxies = {nets, 1};
    static const struct http_field_line lines[] = {
        {FIELD_FORWARDED, STR_INIT("Forwarded"), STR_INIT("for=192.0.2.6;host=evil;proto=https")},
        {FIELD_X_FORWARDED_FOR, STR_INIT("X-Forwarded-For"), STR_INIT("192.0.2.7")}};
    assert_true(net_parse(STR("10.0.0.0/8"), &nets[0]));
    http_fields_add_lines(&stream.request.fields, &arena, lines, ARRAY_LEN(lines));
    proxy_believe(&proxies, &stream);
    check_str("for", stream.request.forwarded_for, "192.0.2.7");
    check_str("host", stream.request.forwarded_host, "");
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxy_that_is_trusted_is_believed),
        cmocka_unit_test(proxy_that_writes_the_older_field_passes_the_newer_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
