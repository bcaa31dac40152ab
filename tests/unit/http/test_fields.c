#include "support/test.h"

#include "http/fields.h"

static struct arena arena;

static int forget(__attribute__((unused)) void **state)
{
    arena_done(&arena);
    return 0;
}

static void add(struct http_fields *fields, const char *name, const char *value)
{
    struct str view = str_of_c(name);
    struct http_field_line line = {http_field_find(view), view, str_of_c(value)};
    http_fields_add(fields, &arena, &line);
}

TEST(fields_are_known_in_any_case)
{
    for (int id = 1; id < FIELD_COUNT; id++) {
        char text[64];
        struct str name = http_field_name((enum http_field)id);
        assert_true(name.len > 0 && name.len < sizeof(text));
        assert_true(http_is_token(name));
        assert_int_equal(http_field_find(name), id);
        for (size_t i = 0; i < name.len; i++) {
            bool is_letter = char_is_alpha(name.at[i]);
            text[i] = is_letter ? (char)(name.at[i] ^ 0x20) : name.at[i];
        }
        assert_int_equal(http_field_find(str_of(text, name.len)), id);
        assert_int_equal(http_field_find(str_first(name, name.len - 1)) == FIELD_OTHER ||
                             name.len <= 3, /* "If" is the beginning of others */
                         true);
    }
    assert_int_equal(http_field_find(STR("X-Unheard-Of")), FIELD_OTHER);
    assert_int_equal(http_field_find(STR_NONE), FIELD_OTHER);
    assert_int_equal(http_field_find(STR("Host ")), FIELD_OTHER);
    assert_int_equal(http_field_find(STR("Transfer_Encoding")), FIELD_OTHER);
    assert_int_equal(http_field_name(FIELD_OTHER).len, 0);
}

TEST(fields_keep_their_order_and_their_repetitions)
{
    struct http_fields fields = {0};
    for (int i = 0; i < 100; i++)
        add(&fields, i % 2 ? "X-Odd" : "Accept", i % 2 ? "odd" : "even");
    assert_int_equal(fields.count, 100);
    for (size_t i = 0; i < 100; i++) {
        check_str("name", fields.lines[i].name, i % 2 ? "X-Odd" : "Accept");
        check_str("value", fields.lines[i].value, i % 2 ? "odd" : "even");
    }
}

TEST(fields_get_gives_the_first)
{
    struct http_fields fields = {0};
    assert_null(http_fields_get(&fields, FIELD_DEPTH).at);
    assert_false(http_fields_has(&fields, FIELD_DEPTH));
    add(&fields, "depth", "0");
    add(&fields, "DEPTH", "1");
    check_str("depth", http_fields_get(&fields, FIELD_DEPTH), "0");
    assert_true(http_fields_has(&fields, FIELD_DEPTH));
    assert_false(http_fields_has(&fields, FIELD_DESTINATION));
}

TEST(fields_set_replaces_or_adds)
{
    struct http_fields fields = {0};
    http_fields_set(&fields, &arena, FIELD_ETAG, STR("\"a\""));
    http_fields_set(&fields, &arena, FIELD_ALLOW, STR("GET"));
    http_fields_set(&fields, &arena, FIELD_ETAG, STR("\"b\""));
    assert_int_equal(fields.count, 2);
    check_str("etag", http_fields_get(&fields, FIELD_ETAG), "\"b\"");
    check_str("name", fields.lines[0].name, "ETag");
}

TEST(fields_join_makes_one_list)
{
    static const struct {
        const char *values[4];
        const char *joined;
    } rows[] = {
        {{"a"}, "a"},
        {{"a", "b"}, "a, b"},
        {{"a, b", "c", "d"}, "a, b, c, d"},
        {{"a", "", "b"}, "a, , b"},
        {{"", "a"}, ", a"},
        {{"", "", ""}, ", , "},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_fields fields = {0};
        assert_null(http_fields_join(&fields, FIELD_IF_MATCH, &arena).at);
        for (size_t j = 0; j < 4 && rows[i].values[j]; j++) {
            add(&fields, "If-Match", rows[i].values[j]);
            add(&fields, "X-Other", "other");
        }
        check_str(rows[i].joined, http_fields_join(&fields, FIELD_IF_MATCH, &arena),
                  rows[i].joined);
    }
}

/* A line without a value is there: whoever asks must be able to refuse it. */
TEST(fields_with_an_empty_value_are_not_absent)
{
    struct http_fields fields = {0};
    struct http_field_line line = {FIELD_IF_MATCH, STR("If-Match"), STR_NONE};
    http_fields_add(&fields, &arena, &line);
    http_fields_set(&fields, &arena, FIELD_DEPTH, STR_NONE);
    http_fields_set(&fields, &arena, FIELD_ETAG, STR("\"a\""));
    http_fields_set(&fields, &arena, FIELD_ETAG, STR_NONE);
    assert_non_null(http_fields_get(&fields, FIELD_IF_MATCH).at);
    assert_non_null(http_fields_join(&fields, FIELD_IF_MATCH, &arena).at);
    assert_non_null(http_fields_get(&fields, FIELD_DEPTH).at);
    assert_non_null(http_fields_get(&fields, FIELD_ETAG).at);
    assert_int_equal(http_fields_get(&fields, FIELD_ETAG).len, 0);
    assert_null(http_fields_get(&fields, FIELD_TIMEOUT).at);
}

TEST(list_has_looks_for_whole_tokens)
{
    static const struct {
        const char *list, *token;
        bool has;
    } rows[] = {
        {"close", "close", true},
        {"Keep-Alive, CLOSE", "close", true},
        {" close ,upgrade", "close", true},
        {",,close,,", "close", true},
        {"closed", "close", false},
        {"close d", "close", false},
        {"un-close", "close", false},
        {"", "close", false},
        {",", "close", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].list, http_list_has(str_of_c(rows[i].list), str_of_c(rows[i].token)),
                  rows[i].has);
}

/* RFC 9110 §5.6.2 */
TEST(token_characters)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (int byte = 0; byte < 256; byte++) {
        bool is_one = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                      (byte >= 'A' && byte <= 'Z') || (byte && strchr(others, byte));
        char text[] = {'a', (char)byte, 'b'};
        assert_int_equal(http_is_token_char((char)byte), is_one);
        assert_int_equal(http_is_token(str_of(text, 3)), is_one);
    }
    assert_false(http_is_token(STR_NONE));
}

/* RFC 9110 §5.5 */
TEST(field_values_have_no_control_characters)
{
    for (int byte = 0; byte < 256; byte++) {
        bool is_control = (byte < ' ' && byte != '\t') || byte == 0x7f;
        char text[] = {'a', (char)byte, 'b'};
        assert_int_equal(http_is_field_value(str_of(text, 3)), !is_control);
    }
    assert_true(http_is_field_value(STR_NONE));
}

/* RFC 9110 §5.6.4 */
TEST(what_stands_in_quotes_is_passed_over)
{
    assert_int_equal(http_index_unquoted(STR("a,b"), ','), 1);
    assert_int_equal(http_index_unquoted(STR("\"a,b\",c"), ','), 5);
    assert_int_equal(http_index_unquoted(STR("\"a\\\",b\",c"), ','), 7);
    assert_int_equal(http_index_unquoted(STR("a\\,b"), ','), 2);
    assert_int_equal(http_index_unquoted(STR("\"a,b"), ','), 4);
    assert_int_equal(http_index_unquoted(STR("ab"), ','), 2);
}

static void set_what_has_no_name(void)
{
    struct http_fields fields = {0};
    http_fields_set(&fields, &arena, FIELD_OTHER, STR("a"));
}

TEST(fields_set_of_an_unknown_field_aborts)
{
    assert_true(aborts(set_what_has_no_name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_known_in_any_case),
        cmocka_unit_test_teardown(fields_keep_their_order_and_their_repetitions, forget),
        cmocka_unit_test_teardown(fields_get_gives_the_first, forget),
        cmocka_unit_test_teardown(fields_set_replaces_or_adds, forget),
        cmocka_unit_test_teardown(fields_join_makes_one_list, forget),
        cmocka_unit_test_teardown(fields_with_an_empty_value_are_not_absent, forget),
        cmocka_unit_test(list_has_looks_for_whole_tokens),
        cmocka_unit_test(token_characters),
        cmocka_unit_test(field_values_have_no_control_characters),
        cmocka_unit_test(what_stands_in_quotes_is_passed_over),
        cmocka_unit_test(fields_set_of_an_unknown_field_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
