#include "gateway/fields.h"

#include "gateway/challenges.h"
#include "gateway/resource_tags.h"
#include "support/test.h"

TEST(fields_of_a_connection_end)
{
    static const char *const rows[] = {"Connection", "keep-alive",        "TE",
                                       "Upgrade",    "Transfer-Encoding", "Proxy-Authorization"};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_int(rows[i], field_way(str_of_c(rows[i]), TO_ORIGIN), WAY_ENDS);
        check_int(rows[i], field_way(str_of_c(rows[i]), TO_CLIENT), WAY_ENDS);
    }
    assert_int_equal(field_way(STR("If-Match"), TO_ORIGIN), WAY_PASSES);
    assert_int_equal(field_way(STR("location"), TO_CLIENT), WAY_URL);
    assert_int_equal(field_way(STR("Location"), TO_ORIGIN), WAY_PASSES);
    assert_int_equal(field_way(STR("Authorization"), TO_ORIGIN), WAY_CREDENTIAL);
    assert_int_equal(field_way(STR("x_forwarded-FOR"), TO_ORIGIN), WAY_ENDS);
    assert_int_equal(field_way(STR("X_Original_URL"), TO_ORIGIN), WAY_ENDS);
}

TEST(field_that_connection_names_ends)
{
    struct http_field_line lines[] = {
        {FIELD_CONNECTION, STR_INIT("Connection"), STR_INIT("close, X-Mine, Depth")},
        {FIELD_OTHER, STR_INIT("x-mine"), STR_INIT("1")},
        {FIELD_OTHER, STR_INIT("X-Other"), STR_INIT("1")},
        {FIELD_DEPTH, STR_INIT("Depth"), STR_INIT("0")}};
    const struct http_fields fields = {lines, ARRAY_LEN(lines), ARRAY_LEN(lines)};
    assert_true(field_is_named(&fields, &lines[1]));
    assert_false(field_is_named(&fields, &lines[2]));
    assert_false(field_is_named(&fields, &lines[3])); /* it was judged */
}

static bool map(struct tag_mapper *mapper, struct str uri, struct buf *to)
{
    (void)mapper;
    if (!str_starts(uri, STR("/in")))
        return false;
    BUF_ADD(to, "http://o/out");
    buf_add(to, str_from(uri, 3));
    return true;
}

/* RFC 4918 §10.4 */
TEST(tags_are_mapped_and_nothing_else)
{
    static const char *const rows[][2] = {
        {"(<urn:a>)", NULL},
        {"</in/a> (<urn:a> [\"b\"])", "<http://o/out/a> (<urn:a> [\"b\"])"},
        {"</in/a> (<urn:a>) (Not </in/b>) </in/c>(</in/d>)",
         "<http://o/out/a> (<urn:a>) (Not </in/b>) <http://o/out/c>(</in/d>)"},
        {"</in/a)b> ([\"x) </in>\"] <urn:)>) </in/c> (<urn:a>)",
         "<http://o/out/a)b> ([\"x) </in>\"] <urn:)>) <http://o/out/c> (<urn:a>)"},
        {"<http://elsewhere/in> (<urn:a>)", NULL},
        {"</in/a> (<urn:a>, <", "<http://o/out/a> (<urn:a>, <"},
        {"</in/a", NULL},
        {"<>()", NULL},
        {"", NULL},
    };
    struct tag_mapper mapper = {map};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf to = {0};
        resource_tags_map(str_of_c(rows[i][0]), &mapper, &to);
        check_str(rows[i][0], buf_str(&to), rows[i][1] ? rows[i][1] : rows[i][0]);
        buf_done(&to);
    }
}

/* RFC 9110 §11.6.1 */
TEST(challenges_that_lead_through_a_gateway_pass)
{
    static const char *const rows[][2] = {
        {"Basic realm=\"a\"", "Basic realm=\"a\""},
        {"Digest realm=\"a\", nonce=\"b\", qop=\"auth\"", ""},
        {"Digest realm=\"a, b\", nonce=\"c\", Basic realm=\"d, \\\"e\\\"\", charset=\"UTF-8\", "
         "Negotiate",
         "Basic realm=\"d, \\\"e\\\"\", charset=\"UTF-8\""},
        {"Negotiate, Bearer, basic realm=x", "Bearer, basic realm=x"},
        {"NTLM TlRMTVNTUAAC=, Basic realm=\"x\"", "Basic realm=\"x\""},
        {"", ""},
        {",,", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf to = {0};
        check_int(rows[i][0], challenges_pass(str_of_c(rows[i][0]), &to), rows[i][1][0] != '\0');
        check_str(rows[i][0], buf_str(&to), rows[i][1]);
        buf_done(&to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_of_a_connection_end),
        cmocka_unit_test(field_that_connection_names_ends),
        cmocka_unit_test(tags_are_mapped_and_nothing_else),
        cmocka_unit_test(challenges_that_lead_through_a_gateway_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
