#include "support/test.h"

#include "text/json.h"

TEST(json_escapes_what_must_not_stand_in_a_string)
{
    static const struct {
        struct str text;
        const char *expected;
    } rows[] = {
        {{"", 0}, "\"\""},
        {{"plain", 5}, "\"plain\""},
        {{"a\"b\\c/d", 7}, "\"a\\\"b\\\\c/d\""},
        {{"\n\t\r", 3}, "\"\\n\\t\\u000d\""},
        {{"\0\x1f\x7f", 3}, "\"\\u0000\\u001f\\u007f\""},
        {{"\xc2\x85", 2}, "\"\\u0085\""},
        {{"\xe2\x80\xae", 3}, "\"\\u202e\""},
        {{"\xc3\xa4\xf0\x9f\x98\x80", 6}, "\"\xc3\xa4\xf0\x9f\x98\x80\""},
        {{"a\xff"
          "b\xc3",
          4},
         "\"a\xef\xbf\xbd"
         "b\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};
        json_add(&out, rows[i].text);
        check_str(rows[i].expected, buf_str(&out), rows[i].expected);
        buf_done(&out);
    }
}

TEST(json_puts_commas_between_members_only)
{
    struct buf out = {0};
    buf_add_char(&out, '{');
    json_add_member(&out, STR("a"), STR("b"));
    json_add_number(&out, STR("n"), 18446744073709551615U);
    json_add_bool(&out, STR("t"), true);
    json_add_name(&out, STR("l"));
    BUF_ADD(&out, "[");
    json_add_comma(&out);
    json_add(&out, STR("x"));
    json_add_comma(&out);
    json_add(&out, STR("y"));
    BUF_ADD(&out, "]}");
    check_str("json", buf_str(&out),
              "{\"a\":\"b\",\"n\":18446744073709551615,\"t\":true,\"l\":[\"x\",\"y\"]}");
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_escapes_what_must_not_stand_in_a_string),
        cmocka_unit_test(json_puts_commas_between_members_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
