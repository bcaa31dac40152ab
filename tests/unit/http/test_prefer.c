#include "support/test.h"

#include "base/buf.h"
#include "http/prefer.h"

struct row {
    const char *lines[3]; /* of Prefer */
    const char *brief;
    const char *expected; /* a letter for each that is there */
};

static struct http_preferences read_row(const struct row *row, struct arena *arena)
{
    struct http_fields fields = {0};
    for (size_t i = 0; i < ARRAY_LEN(row->lines) && row->lines[i]; i++) {
        struct http_field_line line = {FIELD_PREFER, STR("Prefer"), str_of_c(row->lines[i])};
        http_fields_add(&fields, arena, &line);
    }
    if (row->brief)
        http_fields_set(&fields, arena, FIELD_BRIEF, str_of_c(row->brief));
    return http_preferences_read(&fields);
}

static void check_row(const struct row *row)
{
    struct arena arena = {0};
    struct buf found = {0};
    struct http_preferences prefers = read_row(row, &arena);
    buf_add(&found, prefers.is_minimal ? STR("m") : STR_NONE);
    buf_add(&found, prefers.is_brief ? STR("b") : STR_NONE);
    buf_add(&found, prefers.wants_representation ? STR("r") : STR_NONE);
    buf_add(&found, prefers.is_noroot ? STR("n") : STR_NONE);
    buf_add(&found, prefers.is_strict ? STR("s") : STR_NONE);
    check_str(row->lines[0] ? row->lines[0] : row->brief, buf_str(&found), row->expected);
    buf_done(&found);
    arena_done(&arena);
}

TEST(preferences_are_read_as_a_list_of_tokens)
{
    static const struct row rows[] = {
        {{"return=minimal"}, NULL, "m"},
        {{"Return = \"Minimal\" ; foo=\"a, return=representation\""}, NULL, "m"},
        {{"return=representation"}, NULL, "r"},
        {{"depth-noroot, return=minimal"}, NULL, "mn"},
        {{"depth-noroot=\"\";x"}, NULL, "n"},
        {{"depth-noroot=1"}, NULL, ""},
        {{"respond-async, wait=10", "handling=strict", "return=minimal"}, NULL, "ms"},
        {{"handling=lenient, handling=strict"}, NULL, ""},
        {{"return=minimal, return=representation"}, NULL, "m"}, /* RFC 7240 §2: the first */
        {{"return"}, NULL, ""},
        {{"return=other"}, NULL, ""},
        {{"returns=minimal"}, NULL, ""},
        {{""}, NULL, ""},
        {{",,;,=,\"return=minimal"}, NULL, ""},
        {{"return=\"minimal"}, NULL, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

TEST(brief_is_minimal_unless_prefer_says_otherwise)
{
    static const struct row rows[] = {
        {{NULL}, "t", "mb"},
        {{NULL}, " T ", "mb"},
        {{NULL}, "f", ""},
        {{NULL}, "true", ""},
        {{"return=representation"}, "t", "r"},
        {{"return=minimal"}, "t", "m"},
        {{"depth-noroot"}, "t", "mbn"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(preferences_are_read_as_a_list_of_tokens),
        cmocka_unit_test(brief_is_minimal_unless_prefer_says_otherwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
