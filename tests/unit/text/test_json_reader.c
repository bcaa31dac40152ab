#include "support/test.h"

#include "base/buf.h"
#include "text/json/json_reader.h"

static struct arena arena;

/* All values as they come, in one form; what follows a mistake is not there. */
static void say_value(struct json_reader *reader, struct buf *said)
{
    struct str text;
    switch (json_peek(reader)) {
    case JSON_OBJECT:
        BUF_ADD(said, "{");
        for (bool is_in = json_enter_object(reader);
             is_in && json_next_member(reader, &arena, &text);) {
            buf_addf(said, "%.*s:", STR_ARGS(text));
            say_value(reader, said);
        }
        BUF_ADD(said, "}");
        break;
    case JSON_ARRAY:
        BUF_ADD(said, "[");
        for (bool is_in = json_enter_array(reader); is_in && json_next(reader);)
            say_value(reader, said);
        BUF_ADD(said, "]");
        break;
    case JSON_STRING:
        if (json_take_string(reader, &arena, &text))
            buf_addf(said, "'%.*s'", STR_ARGS(text));
        break;
    case JSON_NUMBER:
    case JSON_WORD:
    case JSON_NONE:
        if (json_take_plain(reader, &text))
            buf_addf(said, "%.*s", STR_ARGS(text));
        break;
    }
    BUF_ADD(said, " ");
}

static void check_read(const char *json, const char *expected)
{
    struct json_reader reader;
    struct buf said = {0};
    json_reader_init(&reader, str_of_c(json));
    say_value(&reader, &said);
    bool is_over = json_is_over(&reader);
    if (expected)
        check_str(json, buf_str(&said), expected);
    check_int(json, is_over, expected != NULL);
    buf_done(&said);
    arena_reset(&arena);
}

TEST(json_reader_takes_what_is_json)
{
    check_read("{}", "{} ");
    check_read(" [ ] ", "[] ");
    check_read("{\"a\":[1,-2.5e+3,true],\"b\" : {\"c\":null}}",
               "{a:[1 -2.5e+3 true ] b:{c:null } } ");
    check_read("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "'\"\\/\b\f\n\r\t' ");
    check_read("\"\\u00e4\\u20ac\\ud83d\\ude00\xc3\xa4\"",
               "'\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xc3\xa4' ");
    check_read("{\"a\":1,\"a\":2}", "{a:1 a:2 } ");
}

TEST(json_reader_refuses_what_is_not)
{
    static const char *const rows[] = {
        "",
        "{",
        "[",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "[1 2]",
        "[1]x",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\n\"",
        "\"\\u12\"",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\xff\"",
        "01",
        "-",
        "1.",
        "1e",
        "nul",
        "True",
        "'a'",
        "[1}",
        "{\"a\":1]",
        "1.e3",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_read(rows[i], NULL);
}

TEST(json_reader_goes_only_so_deep)
{
    char text[2 * JSON_DEPTH_MAX + 3] = "";
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    struct json_reader reader;
    struct buf said = {0};
    json_reader_init(&reader, str_of_c(text));
    say_value(&reader, &said);
    assert_true(json_is_over(&reader));
    memset(text, '[', JSON_DEPTH_MAX + 1);
    memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
    buf_done(&said);
    check_read(text, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_reader_takes_what_is_json),
        cmocka_unit_test(json_reader_refuses_what_is_not),
        cmocka_unit_test(json_reader_goes_only_so_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
