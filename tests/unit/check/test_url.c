#include "support/test.h"

#include "check/read/charset.h"
#include "check/url/url.h"

struct row {
    const char *text, *base, *expected; /* base NULL: none; expected NULL: it is no URL */
};

static void check_rows(const struct row *rows, size_t count)
{
    struct url base = {0}, url = {0};
    struct buf out = {0};
    for (size_t i = 0; i < count; i++) {
        if (rows[i].base)
            check_that(rows[i].base, url_parse(&base, str_of_c(rows[i].base), NULL, NULL));
        bool is_fine = url_parse(&url, str_of_c(rows[i].text), rows[i].base ? &base : NULL, NULL);
        check_int(rows[i].text, is_fine, rows[i].expected != NULL);
        buf_clear(&out);
        if (is_fine)
            url_format(&url, &out, true);
        check_str(rows[i].text, buf_str(&out), rows[i].expected);
    }
    url_done(&base);
    url_done(&url);
    buf_done(&out);
}

TEST(absolute_urls_get_one_form)
{
    static const struct row rows[] = {
        {"http://example.org", NULL, "http://example.org/"},
        {"  HTTP://EXAMPLE.org:80/%7Ea  ", NULL, "http://example.org/%7Ea"},
        {"https://h:443/", NULL, "https://h/"},
        {"https://h:80/", NULL, "https://h:80/"},
        {"http://h:/", NULL, "http://h/"},
        {"http://h:0/", NULL, "http://h:0/"},
        {"http:\\\\h\\a\\b", NULL, "http://h/a/b"},
        {"http:////h/a", NULL, "http://h/a"},
        {"http:h/a", NULL, "http://h/a"},
        {"ht\ntp://h\t/a\r\nb", NULL, "http://h/ab"},
        {"http://h/a b\"<>`{}", NULL, "http://h/a%20b%22%3C%3E%60%7B%7D"},
        {"http://h/?a b'\"#x y", NULL, "http://h/?a%20b%27%22#x%20y"},
        {"http://h/\xc3\xa4?\xc3\xa4#\xc3\xa4", NULL, "http://h/%C3%A4?%C3%A4#%C3%A4"},
        {"http://h/\xe4", NULL, "http://h/%EF%BF%BD"},
        {"http://h/%zz%4", NULL, "http://h/%zz%4"},
        {"http://u:p@h/", NULL, "http://u:p@h/"},
        {"http://u@x:p@h/", NULL, "http://u%40x:p@h/"},
        {"http://:p@h/", NULL, "http://:p@h/"},
        {"http://@h/", NULL, "http://h/"},
        {"http://h?q", NULL, "http://h/?q"},
        {"http://h#", NULL, "http://h/#"},
        {"mailto:a@b c", NULL, "mailto:a@b c"},
        {"tel:+1", NULL, "tel:+1"},
        {"foo://H:80/a/../b", NULL, "foo://H:80/b"},
        {"foo:/a/..//b", NULL, "foo:/.//b"},
        {"foo://", NULL, "foo://"},
        {"javascript:alert('x y')", NULL, "javascript:alert('x y')"},
        {"data:text/html,<b>", NULL, "data:text/html,<b>"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(dots_are_resolved)
{
    static const struct row rows[] = {
        {"http://h/a/./b/../c", NULL, "http://h/a/c"}, {"http://h/..", NULL, "http://h/"},
        {"http://h/a/..", NULL, "http://h/"},          {"http://h/a/.", NULL, "http://h/a/"},
        {"http://h/a/%2e%2E/b", NULL, "http://h/b"},   {"http://h/a/.%2e", NULL, "http://h/"},
        {"http://h/a/...", NULL, "http://h/a/..."},    {"http://h//a//../b", NULL, "http://h//a/b"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(relative_urls_are_resolved)
{
    static const char *const base = "http://u@h:8/a/b/c?q#f";
    const struct row rows[] = {
        {"", base, "http://u@h:8/a/b/c?q"},
        {"#x", base, "http://u@h:8/a/b/c?q#x"},
        {"?x", base, "http://u@h:8/a/b/c?x"},
        {"d", base, "http://u@h:8/a/b/d"},
        {"../d", base, "http://u@h:8/a/d"},
        {"../../../d", base, "http://u@h:8/d"},
        {"/d", base, "http://u@h:8/d"},
        {"\\d", base, "http://u@h:8/d"},
        {"//i/d", base, "http://i/d"},
        {"\\\\i", base, "http://i/"},
        {"///i/d", base, "http://i/d"},
        {"http:d", base, "http://u@h:8/a/b/d"},
        {"https:d", base, "https://d/"},
        {"d:e", base, "d:e"},
        {"./d:e", base, "http://u@h:8/a/b/d:e"},
        {"#x", "mailto:a", "mailto:a#x"},
        {"x", "mailto:a", NULL},
        {"x", NULL, NULL},
        {"", NULL, NULL},
        {"//", base, NULL},
        {"b", "foo://h", "foo://h/b"},
        {"b", "foo:/a", "foo:/b"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(hosts_get_one_form)
{
    static const struct row rows[] = {
        {"http://B\xc3\xbc"
         "cher.example/",
         NULL, "http://xn--bcher-kva.example/"},
        {"http://ex%41mple.org/", NULL, "http://example.org/"},
        {"http://\xe3\x80\x82/", NULL, "http://./"},
        {"http://\xf0\x9f\x98\x80.example/", NULL, "http://xn--e28h.example/"},
        {"http://fa\xc3\x9f.de/", NULL, "http://xn--fa-hia.de/"},
        {"http://127.1/", NULL, "http://127.0.0.1/"},
        {"http://0x7f.0.0.1/", NULL, "http://127.0.0.1/"},
        {"http://017700000001/", NULL, "http://127.0.0.1/"},
        {"http://4294967295/", NULL, "http://255.255.255.255/"},
        {"http://4294967296/", NULL, NULL},
        {"http://1.2.3.4./", NULL, "http://1.2.3.4/"},
        {"http://1.2.3.4.5/", NULL, NULL},
        {"http://1.2.3.08/", NULL, NULL},
        {"http://1.2.3.x/", NULL, "http://1.2.3.x/"},
        {"http://[::1]:80/", NULL, "http://[::1]/"},
        {"http://[1:0:0:2:0:0:0:3]/", NULL, "http://[1:0:0:2::3]/"},
        {"http://[::ffff:1.2.3.4]/", NULL, "http://[::ffff:102:304]/"},
        {"http://[1:2:3:4:5:6:7::]/", NULL, "http://[1:2:3:4:5:6:7:0]/"},
        {"http://[1:2:3:4:5:6:7:8:9]/", NULL, NULL},
        {"http://[1::2::3]/", NULL, NULL},
        {"http://[::1.2.3]/", NULL, NULL},
        {"http://[::1.2.3.256]/", NULL, NULL},
        {"http://[1:]/", NULL, NULL},
        {"http://[bad-21/", NULL, NULL},
        {"http://a b/", NULL, NULL},
        {"http://a%20b/", NULL, NULL},
        {"http://a<b/", NULL, NULL},
        {"http://h:x/", NULL, NULL},
        {"http://h:65536/", NULL, NULL},
        {"http://", NULL, NULL},
        {"http://:80/", NULL, NULL},
        {"foo://a%20b/", NULL, "foo://a%20b/"},
        {"foo://a b/", NULL, NULL},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(files_have_drive_letters)
{
    static const struct row rows[] = {
        {"file:///a/b", NULL, "file:///a/b"},      {"file:a", NULL, "file:///a"},
        {"file://localhost/a", NULL, "file:///a"}, {"file://host/a", NULL, "file://host/a"},
        {"file:///C|/a/..", NULL, "file:///C:/"},  {"file:///C:/..", NULL, "file:///C:/"},
        {"file:C:/a", NULL, "file:///C:/a"},       {"file://C|/a", NULL, "file:///C:/a"},
        {"/x", "file:///C:/a/b", "file:///C:/x"},  {"D:/x", "file:///C:/a/b", "d:/x"},
        {"x", "file:///a/b", "file:///a/x"},       {"?q", "file:///a/b", "file:///a/b?q"},
        {"//h/x", "file:///a/b", "file://h/x"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(files_of_a_site_are_relative_as_they_will_be_there)
{
    static const struct {
        const char *text, *expected;
    } rows[] = {
        {"x", "file:///s/r/a/x"},
        {"../x", "file:///s/r/x"},
        {"../../x", "file:///s/x"},
        {"#x", "file:///s/r/a/b#x"},
        {"?x", "file:///s/r/a/b?x"},
        {"/", "file:///s/r/"},
        {"/x?y", "file:///s/r/x?y"},
        {"\\x", "file:///s/r/x"},
        {" \001/x", "file:///s/r/x"},
        {"\t/\nx", "file:///s/r/x"},
        {"/../x", "file:///s/r/x"},
        {"/a/../../x", "file:///s/r/x"},
        {"//h/x", "https://h/x"},
        {"\\/h/x", "https://h/x"},
        {"//h:8080/x#y", "https://h:8080/x#y"},
        {"///h/x", "https://h/x"},
        {"//", NULL},
        {"file:///x", "file:///x"},
        {"file:/x", "file:///x"},
        {"http://h/x", "http://h/x"},
    };
    struct url base = {0}, other = {0}, url = {0};
    struct buf out = {0};
    assert_true(url_parse(&base, STR("file:///s/r/a/b"), NULL, NULL));
    url_set_site(&base, STR("/s/r"));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bool is_fine = url_parse(&url, str_of_c(rows[i].text), &base, NULL);
        check_int(rows[i].text, is_fine, rows[i].expected != NULL);
        buf_clear(&out);
        if (is_fine)
            url_format(&url, &out, true);
        check_str(rows[i].text, buf_str(&out), rows[i].expected);
    }
    assert_true(url_parse(&other, STR("/c/"), &base, NULL)); /* <base href> */
    assert_true(url_parse(&url, STR("/x"), &other, NULL));
    check_str("a base of the site", buf_str(&url.path), "/s/r/x");
    url_copy(&url, &other);
    assert_true(url_parse(&other, STR("/y"), &url, NULL));
    check_str("a copy of it", buf_str(&other.path), "/s/r/y");
    assert_true(url_parse(&other, STR("//h/"), &base, NULL));
    assert_true(url_parse(&url, STR("/x"), &other, NULL));
    check_str("a base elsewhere", buf_str(&url.host), "h");
    check_str("a base elsewhere", buf_str(&url.path), "/x");
    url_done(&base);
    url_done(&other);
    url_done(&url);
    buf_done(&out);
}

TEST(origin_and_port)
{
    struct url url = {0};
    struct buf out = {0};
    assert_true(url_parse(&url, STR("https://u:p@h/x?q"), NULL, NULL));
    assert_int_equal(url_port(&url), 443);
    url_format_origin(&url, &out);
    check_str("origin", buf_str(&out), "https://h");
    assert_true(url_parse(&url, STR("http://h:81/x?q#f"), NULL, NULL));
    assert_int_equal(url_port(&url), 81);
    buf_clear(&out);
    url_format_origin(&url, &out);
    check_str("origin", buf_str(&out), "http://h:81");
    buf_clear(&out);
    url_format(&url, &out, false);
    check_str("without fragment", buf_str(&out), "http://h:81/x?q");
    url_done(&url);
    buf_done(&out);
}

/* URL Standard §1.3: the query in the page's encoding, the path never. */
TEST(queries_are_in_the_encoding_of_the_page)
{
    struct url url = {0};
    struct buf out = {0};
    struct url_encoder *encoder = charset_encoder_new(charset_of_label(STR("windows-1251")));
    assert_true(url_parse(&url, STR("http://h/\xd0\x94?\xd0\x94\xc3\xa4'"), NULL, encoder));
    url_format(&url, &out, true);
    check_str("cyrillic", buf_str(&out), "http://h/%D0%94?%C4&%23228;%27");
    charset_encoder_free(encoder);
    url_done(&url);
    buf_done(&out);
}

TEST(a_url_is_read_as_itself)
{
    static const char *const pieces[] = {
        "http:", "file:", "foo:", "//", "/",        "\\",    "..",        "%2e", "C|",
        "?",     "#",     "@",    ":",  "80",       "[::1]", "1.2",       "0x1", "x",
        " ",     "\t",    "%",    "^",  "\xc3\xa4", "\xff",  "localhost", ".",
    };
    struct rng rng = {1};
    struct url base = {0}, url = {0}, again = {0};
    struct buf text = {0}, first = {0}, second = {0};
    assert_true(url_parse(&base, STR("http://h/a/b"), NULL, NULL));
    for (int i = 0; i < 20000; i++) {
        buf_clear(&text);
        for (size_t n = rng_below(&rng, 8); n > 0; n--)
            buf_add(&text, str_of_c(pieces[rng_below(&rng, ARRAY_LEN(pieces))]));
        if (!url_parse(&url, buf_str(&text), &base, NULL))
            continue;
        buf_clear(&first);
        buf_clear(&second);
        url_format(&url, &first, true);
        check_that(buf_c(&first), url_parse(&again, buf_str(&first), NULL, NULL));
        url_format(&again, &second, true);
        check_bytes(buf_c(&text), buf_str(&second), buf_str(&first));
    }
    url_done(&base);
    url_done(&url);
    url_done(&again);
    buf_done(&text);
    buf_done(&first);
    buf_done(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absolute_urls_get_one_form),
        cmocka_unit_test(dots_are_resolved),
        cmocka_unit_test(relative_urls_are_resolved),
        cmocka_unit_test(hosts_get_one_form),
        cmocka_unit_test(files_have_drive_letters),
        cmocka_unit_test(files_of_a_site_are_relative_as_they_will_be_there),
        cmocka_unit_test(origin_and_port),
        cmocka_unit_test(queries_are_in_the_encoding_of_the_page),
        cmocka_unit_test(a_url_is_read_as_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
