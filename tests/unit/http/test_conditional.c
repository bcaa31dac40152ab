#include "support/test.h"

#include "http/conditional.h"

static struct arena arena;

static int forget(__attribute__((unused)) void **state)
{
    arena_done(&arena);
    return 0;
}

static void add(struct http_fields *fields, enum http_field id, const char *value)
{
    if (value) { /* as the parser has it: empty is no bytes at all */
        struct str view = *value ? str_of_c(value) : STR_NONE;
        struct http_field_line line = {id, http_field_name(id), view};
        http_fields_add(fields, &arena, &line);
    }
}

/* --- the truth table of RFC 9110 §13.2.2 --- */

#define OLDER "Sun, 06 Nov 1994 08:49:36 GMT"
#define SAME  "Sun, 06 Nov 1994 08:49:37 GMT"
#define NEWER "Sun, 06 Nov 1994 08:49:38 GMT"

enum { MODIFIED_S = 784111777 };

static const struct {
    const char *name;
    struct http_representation now;
} resources[] = {
    {"strong", {true, true, {{"\"a\"", 3}, false}, MODIFIED_S}},
    {"weak", {true, true, {{"\"a\"", 3}, true}, MODIFIED_S}},
    {"no tag", {true, false, {{NULL, 0}, false}, MODIFIED_S}},
    {"no date", {true, true, {{"\"a\"", 3}, false}, -1}},
    {"missing", {false, false, {{NULL, 0}, false}, -1}},
};
enum { RESOURCES = ARRAY_LEN(resources) };

/* A field, and whether its condition is true of each of the resources above. */
struct condition {
    const char *value;
    bool holds[RESOURCES];
};

/* §13.1.1: strong comparison. What is no list of entity tags cannot match. */
static const struct condition matches[] = {
    {NULL, {true, true, true, true, true}},
    {"*", {true, true, true, true, false}},
    {"\"a\"", {true, false, false, true, false}},
    {"\"b\", \"a\"", {true, false, false, true, false}},
    {"W/\"a\"", {false, false, false, false, false}},
    {"\"b\"", {false, false, false, false, false}},
    {"a", {false, false, false, false, false}},
    {"", {false, false, false, false, false}},
};

/* §13.1.4. A date that is none, and a resource without one, are ignored. */
static const struct condition unmodifieds[] = {
    {NULL, {true, true, true, true, true}},        {OLDER, {false, false, false, true, true}},
    {SAME, {true, true, true, true, true}},        {NEWER, {true, true, true, true, true}},
    {"yesterday", {true, true, true, true, true}},
};

/* §13.1.2: weak comparison. What is no list of entity tags is ignored. */
static const struct condition none_matches[] = {
    {NULL, {true, true, true, true, true}},
    {"*", {false, false, false, false, true}},
    {"\"a\"", {false, false, true, false, true}},
    {"W/\"a\"", {false, false, true, false, true}},
    {"\"b\", W/\"c\"", {true, true, true, true, true}},
    {"a", {true, true, true, true, true}},
    {"", {true, true, true, true, true}},
};

/* §13.1.3. */
static const struct condition modifieds[] = {
    {NULL, {true, true, true, true, true}},        {OLDER, {true, true, true, true, true}},
    {SAME, {false, false, false, true, true}},     {NEWER, {false, false, false, true, true}},
    {"yesterday", {true, true, true, true, true}},
};

/* The steps of §13.2.2, in its words. */
static enum http_precondition expected(const struct condition *const four[4], bool is_read,
                                       size_t resource)
{
    bool has_match = four[0]->value, has_none_match = four[2]->value;
    if (has_match && !four[0]->holds[resource]) /* 1 */
        return PRECONDITION_FAILED;
    if (!has_match && !four[1]->holds[resource]) /* 2 */
        return PRECONDITION_FAILED;
    if (has_none_match && !four[2]->holds[resource]) /* 3 */
        return is_read ? PRECONDITION_NOT_MODIFIED : PRECONDITION_FAILED;
    if (is_read && !has_none_match && !four[3]->holds[resource]) /* 4 */
        return PRECONDITION_NOT_MODIFIED;
    return PRECONDITION_HOLDS; /* 6 */
}

static void check_all(const struct condition *const four[4])
{
    static const enum http_field ids[] = {FIELD_IF_MATCH, FIELD_IF_UNMODIFIED_SINCE,
                                          FIELD_IF_NONE_MATCH, FIELD_IF_MODIFIED_SINCE};
    struct http_fields fields = {0};
    for (size_t i = 0; i < 4; i++)
        add(&fields, ids[i], four[i]->value);
    for (size_t resource = 0; resource < RESOURCES; resource++) {
        for (int is_read = 0; is_read < 2; is_read++) {
            char row[256];
            snprintf(row, sizeof(row), "%s %s [%s] [%s] [%s] [%s]", is_read ? "GET" : "PUT",
                     resources[resource].name, four[0]->value, four[1]->value, four[2]->value,
                     four[3]->value);
            check_int(row, http_conditional(&fields, is_read, &resources[resource].now, &arena),
                      expected(four, is_read, resource));
        }
    }
    arena_reset(&arena);
}

TEST(conditional_follows_the_order_of_rfc9110_13_2_2)
{
    for (size_t i = 0; i < ARRAY_LEN(matches); i++) {
        for (size_t j = 0; j < ARRAY_LEN(unmodifieds); j++) {
            for (size_t k = 0; k < ARRAY_LEN(none_matches) * ARRAY_LEN(modifieds); k++) {
                const struct condition *const four[] = {&matches[i], &unmodifieds[j],
                                                        &none_matches[k % ARRAY_LEN(none_matches)],
                                                        &modifieds[k / ARRAY_LEN(none_matches)]};
                check_all(four);
            }
        }
    }
}

TEST(conditional_reads_a_list_that_is_spread_over_lines)
{
    struct http_fields fields = {0};
    add(&fields, FIELD_IF_MATCH, "\"x\"");
    add(&fields, FIELD_IF_MATCH, "\"a\"");
    assert_int_equal(http_conditional(&fields, false, &resources[0].now, &arena),
                     PRECONDITION_HOLDS);
    fields = (struct http_fields){0};
    add(&fields, FIELD_IF_NONE_MATCH, "\"x\"");
    add(&fields, FIELD_IF_NONE_MATCH, "\"a\"");
    assert_int_equal(http_conditional(&fields, true, &resources[0].now, &arena),
                     PRECONDITION_NOT_MODIFIED);
}

TEST(conditional_tells_whether_there_is_any_condition)
{
    static const enum http_field conditions[] = {
        FIELD_IF_MATCH, FIELD_IF_NONE_MATCH, FIELD_IF_MODIFIED_SINCE, FIELD_IF_UNMODIFIED_SINCE};
    struct http_fields none = {0};
    add(&none, FIELD_IF_RANGE, "\"a\"");
    assert_false(http_is_conditional(&none));
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        struct http_fields fields = {0};
        add(&fields, conditions[i], "x");
        assert_true(http_is_conditional(&fields));
    }
}

/* §13.1.3 and §13.1.4: more than one date is no date. */
TEST(conditional_ignores_dates_that_come_several_times)
{
    struct http_fields fields = {0};
    add(&fields, FIELD_IF_UNMODIFIED_SINCE, OLDER);
    add(&fields, FIELD_IF_UNMODIFIED_SINCE, NEWER);
    add(&fields, FIELD_IF_MODIFIED_SINCE, SAME);
    add(&fields, FIELD_IF_MODIFIED_SINCE, SAME);
    assert_int_equal(http_conditional(&fields, true, &resources[0].now, &arena),
                     PRECONDITION_HOLDS);
}

/* A second before 1970 is -1, which is how "not known" is written. */
TEST(if_range_never_holds_for_a_date_that_is_not_known)
{
    struct http_fields fields = {0};
    const struct http_representation now = {.exists = true, .modified_s = -1};
    add(&fields, FIELD_IF_RANGE, "Wed, 31 Dec 1969 23:59:59 GMT");
    assert_false(http_if_range_holds(&fields, &now));
}

TEST(if_range_holds_for_the_very_same_only)
{
    /* §13.1.5 */
    static const struct condition rows[] = {
        {NULL, {true, true, true, true, true}},
        {"\"a\"", {true, false, false, true, false}},
        {"W/\"a\"", {false, false, false, false, false}},
        {"\"b\"", {false, false, false, false, false}},
        {"*", {false, false, false, false, false}},
        {"\"a\", \"b\"", {false, false, false, false, false}},
        {"\"b\", \"a\"", {false, false, false, false, false}},
        {"\"a\"x", {false, false, false, false, false}},
        {" \"a\" ", {true, false, false, true, false}},
        {SAME, {true, true, true, false, false}},
        {OLDER, {false, false, false, false, false}},
        {NEWER, {false, false, false, false, false}},
        {"yesterday", {false, false, false, false, false}},
        {"", {false, false, false, false, false}},
        {" \t", {false, false, false, false, false}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (size_t resource = 0; resource < RESOURCES; resource++) {
            struct http_fields fields = {0};
            char row[128];
            add(&fields, FIELD_IF_RANGE, rows[i].value);
            snprintf(row, sizeof(row), "%s: %s", resources[resource].name, rows[i].value);
            check_int(row, http_if_range_holds(&fields, &resources[resource].now),
                      rows[i].holds[resource]);
        }
    }
}

TEST(if_match_was_altered_tells_what_proxies_do)
{
    static const struct {
        const char *value;
        bool was_altered;
    } rows[] = {
        {NULL, false},
        {"*", false},
        {"\"a\"", false}, /* it holds */
        {"W/\"a\"", true},
        {"\"a-gzip\"", true},
        {"\"a--gzip\"", true},
        {"\"a;br\"", true},
        {"W/\"a-br\"", true},
        {"\"b\" , W/\"a\"", true},
        {"W/\"a\", \"a\"", false},
        {"\"b\"", false},
        {"\"b-gzip\"", false},
        {"\"ab\"", false},
        {"\"agzip\"", false},
        {"\"a-\"", false},
        {"\"\"", false},
        {"\"b\" W/\"a\" x", true},
        {"x", false},
        {"", false},
    };
    const struct http_representation none = {.modified_s = -1};
    const struct http_representation now = {
        .exists = true, .has_etag = true, .etag.opaque = STR("\"a\"")};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_fields fields = {0};
        add(&fields, FIELD_IF_MATCH, rows[i].value);
        check_int(rows[i].value, http_if_match_was_altered(&fields, &now, &arena),
                  rows[i].was_altered);
        check_int(rows[i].value, http_if_match_was_altered(&fields, &none, &arena), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(if_match_was_altered_tells_what_proxies_do, forget),
        cmocka_unit_test_teardown(conditional_follows_the_order_of_rfc9110_13_2_2, forget),
        cmocka_unit_test_teardown(conditional_reads_a_list_that_is_spread_over_lines, forget),
        cmocka_unit_test_teardown(conditional_tells_whether_there_is_any_condition, forget),
        cmocka_unit_test_teardown(conditional_ignores_dates_that_come_several_times, forget),
        cmocka_unit_test_teardown(if_range_never_holds_for_a_date_that_is_not_known, forget),
        cmocka_unit_test_teardown(if_range_holds_for_the_very_same_only, forget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
