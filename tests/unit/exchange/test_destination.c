#include "bare.h"

#include "exchange/destination.h"

/* RFC 4918 §8.3 and §10.3; the request came for Host dav.test, port 8080 */
TEST(destination_is_a_path_on_this_server)
{
    static const struct {
        const char *text;
        unsigned status;
        const char *path;
    } rows[] = {
        {"/", 0, ""},
        {"/a", 0, "a"},
        {"/a/", 0, "a"},
        {"/a%20b/%C3%A4", 0, "a b/\xc3\xa4"},
        {"/a/./b/../c", 0, "a/c"},
        {"//a", 400, NULL}, /* an authority, or a slash too many? */
        {"http://dav.test:8080/a", 0, "a"},
        {"http://DAV.Test:8080/a", 0, "a"},
        {"https://dav.test:8080/a", 0, "a"},
        {"HTTP://dav.test:8080//a", 0, "a"},
        {"http://dav.test:8080", 0, ""},
        {"http://dav.test:8080/a?b", 0, "a"},
        /* public names: a proxy's, with TLS and the default ports */
        {"https://dav.example.org/a", 0, "a"},
        {"https://dav.example.org:443/a", 0, "a"},
        {"http://dav.example.org/a", 0, "a"},
        {"https://[2001:db8::1]:8443/a", 0, "a"},
        {"https://[2001:DB8::1]:8443/a", 0, "a"},
        /* more than may be sent, and meant in one way only: Nemo, .NET */
        {"http://me@dav.test:8080/a", 0, "a"},
        {"http://me:secret@dav.test:8080/a", 0, "a"},
        {"/a b", 0, "a b"},
        {"http://dav.test:8080/a b|c^d`e{f}", 0, "a b|c^d`e{f}"},
        {"http://dav.test:8080/a@b", 0, "a@b"},
        /* elsewhere: §9.8.5 */
        {"http://dav.test:8080@other.test:8080/a", 502, NULL},
        {"http://dav.test:8080@other.test/a@dav.test:8080", 502, NULL},
        {"http://dav.test/a", 502, NULL},
        {"http://dav.test:8081/a", 502, NULL},
        {"http://other.test:8080/a", 502, NULL},
        {"http://dav.test.evil.test:8080/a", 502, NULL},
        {"https://dav.example.org:8080/a", 502, NULL},
        {"https://[2001:db8::2]:8443/a", 502, NULL},
        {"ftp://dav.test:8080/a", 502, NULL},
        {"davs://dav.test:8080/a", 502, NULL},
        /* no such thing */
        {"", 400, NULL},
        {"a", 400, NULL},
        {"./a", 400, NULL},
        {"?a", 400, NULL},
        {"*", 400, NULL},
        {"mailto:me@dav.test", 400, NULL},
        {"http:/a", 400, NULL},
        {"http:///a", 400, NULL},
        {"http://dav.test:80 80/a", 400, NULL},
        {"http://dav.test:x/a", 400, NULL},
        {"/a#b", 400, NULL},
        {"/a\"b", 400, NULL},
        {"/a<b>", 400, NULL},
        {"/a\\b", 400, NULL},
        {"/a\tb", 400, NULL},
        {"http://dav test:8080/a", 400, NULL},
        {"/a%2", 400, NULL},
        {"/a%zz", 400, NULL},
        {"/a%00b", 400, NULL},
        {"/a%2Fb", 400, NULL},
        {"/..", 400, NULL},
        {"/a/../../b", 400, NULL},
        {"/%2e%2e/b", 400, NULL},
        {"http://dav.test:8080/../b", 400, NULL},
    };
    const struct public_name names[] = {{STR("dav.example.org"), STR_NONE},
                                        {STR("2001:db8::1"), STR("8443")}};
    bare.stream.request.port = STR("8080");
    bare.service.public_names = names;
    bare.service.public_name_count = ARRAY_LEN(names);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct res_path path = PATH("untouched");
        struct dav_result result = destination_parse(&bare.x, str_of_c(rows[i].text), &path);
        check_int(rows[i].text, result.status, rows[i].status);
        check_str(rows[i].text, path_str(path), rows[i].status ? "untouched" : rows[i].path);
        check_that(rows[i].text, dav_is_fine(result) || result.text);
    }
}

/* HTTP/1.0 may come without Host: then nothing is known to be ours. */
TEST(destination_without_a_host_is_a_path_alone)
{
    struct res_path path;
    bare.stream.request.host = STR_NONE;
    assert_int_equal(destination_parse(&bare.x, STR("/a"), &path).status, 0);
    assert_int_equal(destination_parse(&bare.x, STR("http://dav.test/a"), &path).status, 502);
}

TEST(destination_read_needs_the_field)
{
    struct res_path path;
    assert_int_equal(destination_read(&bare.x, &path).status, 400);
    bare_exchange_add(&bare, FIELD_DESTINATION, STR("http://dav.test/a"));
    assert_int_equal(destination_read(&bare.x, &path).status, 0);
    check_str("path", path_str(path), "a");
    assert_int_equal(bare.stream.response.note.len, 0);
}

TEST(destination_elsewhere_is_noted_for_who_runs_the_server)
{
    struct res_path path;
    bare.stream.request.port = STR("8080");
    bare_exchange_add(&bare, FIELD_DESTINATION, STR("https://dav.example.org/a"));
    assert_int_equal(destination_read(&bare.x, &path).status, 502);
    check_str("note", bare.stream.response.note,
              "refused Destination https://dav.example.org/a: the request came for Host "
              "dav.test:8080. If a proxy stands in front, let it pass Host on, or name its public "
              "address with --public-url");
}

TEST(destination_note_is_bounded)
{
    struct res_path path;
    struct buf text = {0};
    BUF_ADD(&text, "https://dav.example.org/");
    for (int i = 0; i < 8000; i++)
        BUF_ADD(&text, "x");
    bare_exchange_add(&bare, FIELD_DESTINATION, buf_str(&text));
    assert_int_equal(destination_read(&bare.x, &path).status, 502);
    assert_true(bare.stream.response.note.len > 512 && bare.stream.response.note.len < 1024);
    buf_done(&text);
}

/* §10.6 */
TEST(overwrite_is_t_or_f)
{
    static const struct {
        const char *value;
        unsigned status;
        bool overwrites;
    } rows[] = {
        {NULL, 0, true},    {"T", 0, true},    {"t", 0, true},      {"F", 0, false},
        {"f", 0, false},    {"", 400, false},  {"TT", 400, false},  {"true", 400, false},
        {"no", 400, false}, {"0", 400, false}, {"T F", 400, false}, {"\"F\"", 400, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bare_exchange one;
        bool overwrites;
        bare_exchange_init(&one);
        bare_exchange_add(&one, FIELD_OVERWRITE, str_of_c(rows[i].value));
        struct dav_result result = overwrite_read(&one.x, &overwrites);
        check_int(rows[i].value, result.status, rows[i].status);
        check_that(rows[i].value, !dav_is_fine(result) || overwrites == rows[i].overwrites);
        bare_exchange_done(&one);
    }
}

/* §10.2 */
TEST(depth_is_0_1_or_infinity)
{
    static const struct {
        const char *value;
        unsigned status;
        enum depth depth;
    } rows[] = {
        {NULL, 0, DEPTH_1},
        {"0", 0, DEPTH_0},
        {"1", 0, DEPTH_1},
        {"infinity", 0, DEPTH_INFINITY},
        {"Infinity", 0, DEPTH_INFINITY},
        {"INFINITY", 0, DEPTH_INFINITY},
        {"", 400, DEPTH_0},
        {"2", 400, DEPTH_0},
        {"-1", 400, DEPTH_0},
        {"00", 400, DEPTH_0},
        {"01", 400, DEPTH_0},
        {"1,noroot", 400, DEPTH_0},
        {"infinite", 400, DEPTH_0},
        {"0 ", 400, DEPTH_0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bare_exchange one;
        enum depth depth;
        bare_exchange_init(&one);
        bare_exchange_add(&one, FIELD_DEPTH, str_of_c(rows[i].value));
        struct dav_result result = depth_read(&one.x, DEPTH_1, &depth);
        check_int(rows[i].value, result.status, rows[i].status);
        check_that(rows[i].value, !dav_is_fine(result) || depth == rows[i].depth);
        bare_exchange_done(&one);
    }
}

/* MS-WDVSE §2.2.3 */
TEST(depth_may_leave_out_the_root)
{
    static const struct {
        const char *value;
        unsigned status;
        enum depth depth;
        bool is_noroot;
    } rows[] = {
        {NULL, 0, DEPTH_0, false},
        {"1", 0, DEPTH_1, false},
        {"1,noroot", 0, DEPTH_1, true},
        {"infinity , NOROOT", 0, DEPTH_INFINITY, true},
        {"0,noroot", 400, DEPTH_0, false},
        {"2,noroot", 400, DEPTH_0, false},
        {"1,root", 400, DEPTH_0, false},
        {"1,", 400, DEPTH_0, false},
        {",noroot", 400, DEPTH_0, false},
        {"noroot", 400, DEPTH_0, false},
        {"1,noroot,noroot", 400, DEPTH_0, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct bare_exchange one;
        enum depth depth;
        bool is_noroot;
        bare_exchange_init(&one);
        bare_exchange_add(&one, FIELD_DEPTH, str_of_c(rows[i].value));
        struct dav_result result = depth_read_noroot(&one.x, DEPTH_0, &depth, &is_noroot);
        check_int(rows[i].value, result.status, rows[i].status);
        check_that(rows[i].value, !dav_is_fine(result) ||
                                      (depth == rows[i].depth && is_noroot == rows[i].is_noroot));
        bare_exchange_done(&one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(destination_is_a_path_on_this_server),
        BARE_TEST(destination_without_a_host_is_a_path_alone),
        BARE_TEST(destination_read_needs_the_field),
        cmocka_unit_test(depth_may_leave_out_the_root),
        BARE_TEST(destination_elsewhere_is_noted_for_who_runs_the_server),
        BARE_TEST(destination_note_is_bounded),
        cmocka_unit_test(overwrite_is_t_or_f),
        cmocka_unit_test(depth_is_0_1_or_infinity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
