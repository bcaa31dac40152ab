#include "support/test.h"

#include "text/uri.h"

TEST(uri_parse_takes_a_uri_apart)
{
    static const struct {
        const char *text, *scheme, *host, *port, *path, *query;
    } rows[] = {
        {"/", "", "", "", "/", ""},
        {"/a/b", "", "", "", "/a/b", ""},
        {"/a?b=c", "", "", "", "/a", "b=c"},
        {"/a?b?c", "", "", "", "/a", "b?c"},
        {"/?", "", "", "", "/", ""},
        {"/a:b@c", "", "", "", "/a:b@c", ""},
        {"/a//b", "", "", "", "/a//b", ""},
        {"/\xc3\xa4", "", "", "", "/\xc3\xa4", ""},
        {"http://h", "http", "h", "", "/", ""},
        {"http://h/", "http", "h", "", "/", ""},
        {"http://h?q", "http", "h", "", "/", "q"},
        {"http://h?q/r", "http", "h", "", "/", "q/r"},
        {"http://h:80/a", "http", "h", "80", "/a", ""},
        {"http://h:/a", "http", "h", "", "/a", ""},
        {"https://example.com:8443/a%2Fb?x", "https", "example.com", "8443", "/a%2Fb", "x"},
        {"HTTP://H/", "HTTP", "H", "", "/", ""},
        {"http://127.0.0.1/a", "http", "127.0.0.1", "", "/a", ""},
        {"http://[::1]/a", "http", "::1", "", "/a", ""},
        {"http://[2001:db8::1.2.3.4]:8080/", "http", "2001:db8::1.2.3.4", "8080", "/", ""},
        {"http://h//a", "http", "h", "", "//a", ""},
        {"svn+ssh.x-1://h/a", "svn+ssh.x-1", "h", "", "/a", ""},
        {"http://a_b.c~d!$&'()*+,;=-%41/", "http", "a_b.c~d!$&'()*+,;=-%41", "", "/", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct uri uri = {0};
        check_that(rows[i].text, uri_parse(str_of_c(rows[i].text), &uri));
        check_str(rows[i].text, uri.scheme, rows[i].scheme);
        check_str(rows[i].text, uri.host, rows[i].host);
        check_str(rows[i].text, uri.port, rows[i].port);
        check_str(rows[i].text, uri.path, rows[i].path);
        check_str(rows[i].text, uri.query, rows[i].query);
    }
}

TEST(uri_parse_refuses)
{
    static const char *const texts[] = {
        "",
        "a",
        "a/b",
        "?q",
        "#f",
        ".",
        "../a",
        "//h/a", /* a network-path reference */
        "///",
        "http:",
        "http:/a",
        "http:a",
        "http://",
        "http:///a",
        "http://?q",
        "://h/",
        "1http://h/",
        "ht tp://h/",
        "ht_tp://h/",
        "mailto:a@b",
        "urn:uuid:x",
        "http://user@h/", /* RFC 9110 §4.2.4 */
        "http://user:pass@h/",
        "http://@h/",
        "http://h@/",
        "http://h:65536/",
        "http://h:-1/",
        "http://h:+80/",
        "http://h:8o/",
        "http://h:80:80/",
        "http://h:99999999999999999999/",
        "http://:80/",
        "http://::1/", /* no brackets */
        "http://[::1/",
        "http://::1]/",
        "http://[]/",
        "http://[::1]a/",
        "http://[::1]]/",
        "http://[::1%25eth0]/",
        "http://[::1]:x/",
        "http://h\xc3\xa4/", /* a host has a form in ASCII */
        "/a#f",
        "/a b",
        "/a\tb",
        "/a\r\nb",
        "/a\x01",
        "/a\x7f",
        "/a\"b",
        "/a<b>",
        "/a\\b",
        "/a^b",
        "/a`b",
        "/a{b}",
        "/a|b",
        " /a",
        "/a ",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct uri uri = {.path = STR("kept")};
        check_that(texts[i], !uri_parse(str_of_c(texts[i]), &uri));
        check_str(texts[i], uri.path, "kept");
    }
    struct uri uri;
    assert_false(uri_parse(str_of("/a\0b", 4), &uri));
    assert_false(uri_parse(str_of("http://a\0b/", 11), &uri));
}

/* Each byte, where it matters: RFC 3986 has a say about all of them. */
TEST(uri_parse_of_every_byte)
{
    for (int byte = 0; byte < 256; byte++) {
        char path[] = "/a?/a";
        char host[] = "http://a?/a";
        struct uri uri;
        bool is_visible = byte > 0x20 && byte != 0x7f && !strchr("\"#<>\\^`{|}", byte);
        path[2] = (char)byte;
        check_int("in a path", uri_parse(str_of(path, 5), &uri), is_visible);
        bool is_reg_name = byte && (char_is_alpha((char)byte) || char_is_digit((char)byte) ||
                                    strchr("-._~%!$&'()*+,;=", byte));
        bool ends_host = byte == '/' || byte == '?' || byte == ':';
        host[8] = (char)byte;
        check_int("in a host", uri_parse(str_of(host, 11), &uri), is_reg_name || ends_host);
    }
}

TEST(uri_authority_is_a_host_and_perhaps_a_port)
{
    static const struct {
        const char *text, *host, *port;
    } rows[] = {
        {"h", "h", ""},
        {"h:80", "h", "80"},
        {"h:", "h", ""},
        {"[::1]", "::1", ""},
        {"[::1]:8080", "::1", "8080"},
        {"[::]", "::", ""},
        {"[::1]:", "::1", ""}, /* an empty port is a port: RFC 3986 §3.2.3 */

        {"1.2.3.4:1", "1.2.3.4", "1"},
        {"h:0", "h", "0"},
        {"h:65535", "h", "65535"},
        {"h.", "h.", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str host, port;
        check_that(rows[i].text, uri_parse_authority(str_of_c(rows[i].text), &host, &port));
        check_str(rows[i].text, host, rows[i].host);
        check_str(rows[i].text, port, rows[i].port);
    }
    static const char *const refused[] = {
        "",     ":80", "h:65536", "h:x",    "u@h", "h/a",    "h?q",     "h#f",   "h h",      "h\t",
        "[::1", "::1", "[::1]x",  "[g::1]", "[]",  "[::1]]", "h:80:80", "h,\"x", "http://h",
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct str host = STR("kept"), port = STR("kept");
        check_that(refused[i], !uri_parse_authority(str_of_c(refused[i]), &host, &port));
        check_str(refused[i], host, "kept");
        check_str(refused[i], port, "kept");
    }
    static const struct str with_nul[] = {{"\0", 1},    {"h\0", 2},     {"a\0b:80", 6},
                                          {"h:8\0", 4}, {"[::1\0]", 6}, {"[\0::1]", 6}};
    for (size_t i = 0; i < ARRAY_LEN(with_nul); i++) {
        struct str host, port;
        check_that("NUL", !uri_parse_authority(with_nul[i], &host, &port));
    }
}

TEST(uri_brackets_hold_an_ipv6_address)
{
    static const struct {
        const char *text;
        bool is_fine;
    } rows[] = {
        {"[::]", true},
        {"[::1]", true},
        {"[1:2:3:4:5:6:7:8]", true},
        {"[1::8]", true},
        {"[2001:DB8::ffff:1.2.3.4]", true},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]", true},
        {"[1:2:3:4:5:6:7]", false},
        {"[1:2:3:4:5:6:7:8:9]", false},
        {"[1::2::3]", false},
        {"[:::]", false},
        {"[12345::]", false},
        {"[1.2.3.4]", false},
        {"[::1.2.3]", false},
        {"[::1.2.3.256]", false},
        {"[abc]", false},
        {"[...]", false},
        {"[v1.x]", false}, /* IPvFuture: there is none */
        {"[fe80::1%25eth0]", false},
        {"[0000000000000000000000000000000000000000000000000000::1]", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str host, port;
        check_int(rows[i].text, uri_parse_authority(str_of_c(rows[i].text), &host, &port),
                  rows[i].is_fine);
    }
}

TEST(uri_default_ports_count_as_the_same)
{
    static const struct {
        const char *host_a, *port_a, *host_b, *port_b;
        bool is_same;
    } rows[] = {
        {"h", "", "h", "", true},          {"h", "", "H", "", true},
        {"h", "80", "h", "", true},        {"h", "443", "h", "", true},
        {"h", "80", "h", "443", true},     {"h", "8080", "h", "8080", true},
        {"h", "8080", "h", "", false},     {"h", "8080", "h", "80", false},
        {"h", "8080", "h", "8081", false}, {"h", "", "g", "", false},
        {"h", "", "h.example", "", false}, {"h", "", "hh", "", false},
        {"h", "80", "h", "8", false},      {"::1", "", "::1", "80", true},
        {"h", "", "", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str host_a = str_of_c(rows[i].host_a), port_a = str_of_c(rows[i].port_a);
        struct str host_b = str_of_c(rows[i].host_b), port_b = str_of_c(rows[i].port_b);
        char row[64];
        snprintf(row, sizeof(row), "%s:%s and %s:%s", rows[i].host_a, rows[i].port_a,
                 rows[i].host_b, rows[i].port_b);
        check_int(row, uri_same_authority(host_a, port_a, host_b, port_b), rows[i].is_same);
        check_int(row, uri_same_authority(host_b, port_b, host_a, port_a), rows[i].is_same);
    }
}

TEST(uri_authority_is_written_as_it_is_read)
{
    static const struct {
        const char *host, *port, *text;
    } rows[] = {
        {"h", "", "h"},
        {"h", "8080", "h:8080"},
        {"::1", "", "[::1]"},
        {"2001:db8::1", "443", "[2001:db8::1]:443"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf to = {0};
        struct str host, port;
        uri_add_authority(&to, str_of_c(rows[i].host), str_of_c(rows[i].port));
        check_str(rows[i].text, buf_str(&to), rows[i].text);
        check_that(rows[i].text, uri_parse_authority(buf_str(&to), &host, &port));
        check_str(rows[i].text, host, rows[i].host);
        buf_done(&to);
    }
    check_str("own", uri_port_of(STR("https"), STR("8443")), "8443");
    check_str("https", uri_port_of(STR("HTTPS"), STR_NONE), "443");
    check_str("http", uri_port_of(STR("http"), STR("")), "80");
}

TEST(uri_means_the_same_with_escapes)
{
    static const struct {
        const char *encoded, *plain;
        bool is_same;
    } rows[] = {
        {"a-b", "a-b", true},  {"%61%2db", "a-b", true}, {"a%2Db", "a-b", true},
        {"", "", true},        {"a-b", "a-bc", false},   {"a-bc", "a-b", false},
        {"%", "%", true},      {"%6", "%6", true},       {"%zz", "%zz", true},
        {"%6z", "%6z", true},  {"A-b", "a-b", false},    {"", "a", false},
        {"%2561", "a", false}, {"%2561", "%61", true},   {"%00", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_that(rows[i].encoded, uri_means(str_of_c(rows[i].encoded), str_of_c(rows[i].plain)) ==
                                        rows[i].is_same);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uri_parse_takes_a_uri_apart),
        cmocka_unit_test(uri_parse_refuses),
        cmocka_unit_test(uri_parse_of_every_byte),
        cmocka_unit_test(uri_authority_is_a_host_and_perhaps_a_port),
        cmocka_unit_test(uri_brackets_hold_an_ipv6_address),
        cmocka_unit_test(uri_default_ports_count_as_the_same),
        cmocka_unit_test(uri_authority_is_written_as_it_is_read),
        cmocka_unit_test(uri_means_the_same_with_escapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
