#include "support/test.h"

#include "base/clock.h"
#include "extension/search/evaluate.h"

#define HEAD                                                                                       \
    "<D:searchrequest xmlns:D='DAV:' xmlns:x='urn:x' "                                             \
    "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>"                                       \
    "<D:basicsearch><D:select><D:prop/></D:select><D:from><D:scope><D:href>/</D:href>"             \
    "<D:depth>1</D:depth></D:scope></D:from>"
#define TAIL "</D:basicsearch></D:searchrequest>"

static struct arena arena;

static void parse(const char *rest, struct search_query *query)
{
    struct buf body = {0};
    struct limits limits = limits_default();
    buf_addf(&body, "%s%s%s", HEAD, rest, TAIL);
    struct dav_result result = search_parse(buf_str(&body), &limits, &arena, query);
    if (!dav_is_fine(result))
        fail_msg("%u: %s: %s", result.status, result.text, rest);
    buf_done(&body);
}

/* A file of 42 bytes; it has x:a "Straße", x:lang in de-AT, x:xml with an element. */
static struct search_value value_of(const struct prop_name *name)
{
    static const struct {
        const char *name, *text, *lang;
    } known[] = {{"getcontentlength", "42", ""},
                 {"getlastmodified", "Sun, 06 Nov 1994 08:49:37 GMT", ""},
                 {"creationdate", "1994-11-06T08:49:37Z", ""},
                 {"a",
                  "Stra\xc3\x9f"
                  "e",
                  ""},
                 {"lang", "Servus", "de-AT"},
                 {"number", "7", ""},
                 {"empty", "", ""},
                 {"xml", NULL, ""}};
    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (str_eq(name->name, str_of_c(known[i].name)))
            return (struct search_value){.is_defined = true,
                                         .is_text = known[i].text != NULL,
                                         .text = str_of_c(known[i].text ? known[i].text : ""),
                                         .lang = str_of_c(known[i].lang)};
    }
    return (struct search_value){0};
}

static const char *truth_of(const char *where)
{
    static const char *const words[] = {"false", "unknown", "true"};
    struct search_query query;
    struct search_value values[8];
    struct buf text = {0};
    buf_addf(&text, "<D:where>%s</D:where>", where);
    buf_add_char(&text, 0);
    parse(text.at, &query);
    buf_done(&text);
    for (size_t i = 0; i < query.props.name_count; i++)
        values[i] = value_of(&query.props.names[i]);
    struct search_subject subject = {.name = STR("Report 2024.txt"), .values = values};
    struct search_deadline never = {INT64_MAX, false};
    return words[search_evaluate(&query, &subject, &never)];
}

#define OF(op, prop, literal)                                                                      \
    "<D:" op "><D:prop><" prop "/></D:prop><D:literal>" literal "</D:literal></D:" op ">"
#define CASELESS(op, prop, literal)                                                                \
    "<D:" op " caseless='yes'><D:prop><" prop "/></D:prop><D:literal>" literal                     \
    "</D:literal></D:" op ">"
#define TYPED(op, prop, type, literal)                                                             \
    "<D:" op "><D:prop><" prop "/></D:prop><D:typed-literal xsi:type='xs:" type "'>" literal       \
    "</D:typed-literal></D:" op ">"
#define TRUE_    OF("eq", "x:number", "7")
#define FALSE_   OF("eq", "x:number", "8")
#define UNKNOWN_ OF("eq", "x:none", "7")

TEST(search_where_has_three_values)
{
    static const struct {
        const char *where, *truth;
    } rows[] = {
        {TRUE_, "true"},
        {FALSE_, "false"},
        {UNKNOWN_, "unknown"},
        {"<D:not>" TRUE_ "</D:not>", "false"},
        {"<D:not>" UNKNOWN_ "</D:not>", "unknown"},
        {"<D:and>" TRUE_ UNKNOWN_ "</D:and>", "unknown"},
        {"<D:and>" FALSE_ UNKNOWN_ "</D:and>", "false"},
        {"<D:and>" UNKNOWN_ FALSE_ "</D:and>", "false"},
        {"<D:or>" TRUE_ UNKNOWN_ "</D:or>", "true"},
        {"<D:or>" FALSE_ UNKNOWN_ "</D:or>", "unknown"},
        {"<D:or>" FALSE_ FALSE_ "</D:or>", "false"},
        {"<D:is-defined><D:prop><x:none/></D:prop></D:is-defined>", "false"},
        {"<D:is-defined><D:prop><x:xml/></D:prop></D:is-defined>", "true"},
        {"<D:not><D:is-defined><D:prop><x:none/></D:prop></D:is-defined></D:not>", "true"},
        {"<D:is-collection/>", "false"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].where, str_of_c(truth_of(rows[i].where)), rows[i].truth);
    arena_done(&arena);
}

TEST(search_compares_by_type)
{
    static const struct {
        const char *where, *truth;
    } rows[] = {
        {OF("gt", "D:getcontentlength", "9"), "true"}, /* not as text */
        {OF("lte", "D:getcontentlength", " 42 "), "true"},
        {OF("lt", "D:getcontentlength", "42"), "false"},
        {OF("eq", "D:getcontentlength", "many"), "unknown"},
        {TYPED("eq", "D:getcontentlength", "float", "4.2e1"), "true"},
        {TYPED("lt", "D:getcontentlength", "string", "9"), "true"},
        {OF("gt", "D:getlastmodified", "1994-11-06T08:49:36Z"), "true"},
        {OF("eq", "D:getlastmodified", "Sun, 06 Nov 1994 08:49:37 GMT"), "true"},
        {OF("gte", "D:creationdate", "1994-11-06T10:49:37+02:00"), "true"},
        {OF("lt", "D:creationdate", "yesterday"), "unknown"},
        {OF("lt", "x:number", "10"), "false"}, /* text: nobody knows better */
        {TYPED("lt", "x:number", "integer", "10"), "true"},
        {TYPED("eq", "x:a", "integer", "10"), "unknown"},
        {OF("eq", "x:a",
            "Stra\xc3\x9f"
            "e"),
         "true"},
        {OF("eq", "x:a",
            "stra\xc3\x9f"
            "e"),
         "false"},
        {CASELESS("eq", "x:a",
                  "STRA\xc3\x9f"
                  "E"),
         "true"},
        {OF("eq", "x:empty", ""), "true"},
        {OF("eq", "x:xml", ""), "unknown"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].where, str_of_c(truth_of(rows[i].where)), rows[i].truth);
    arena_done(&arena);
}

TEST(search_knows_languages_and_names)
{
    static const struct {
        const char *where, *truth;
    } rows[] = {
        {"<D:language-defined><D:prop><x:lang/></D:prop></D:language-defined>", "true"},
        {"<D:language-defined><D:prop><x:a/></D:prop></D:language-defined>", "false"},
        {"<D:language-defined><D:prop><x:none/></D:prop></D:language-defined>", "unknown"},
        {OF("language-matches", "x:lang", "DE"), "true"},
        {OF("language-matches", "x:lang", "de-at"), "true"},
        {OF("language-matches", "x:lang", "d"), "false"},
        {OF("language-matches", "x:lang", "de-AT-1996"), "false"},
        {OF("language-matches", "x:lang", "*"), "true"},
        {OF("language-matches", "x:a", "de"), "unknown"},
        {"<D:contains>REPORT</D:contains>", "true"},
        {"<D:contains> 2024 </D:contains>", "true"},
        {"<D:contains>2025</D:contains>", "false"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].where, str_of_c(truth_of(rows[i].where)), rows[i].truth);
    arena_done(&arena);
}

TEST(search_like_has_two_signs)
{
    struct search_deadline never = {INT64_MAX, false};
    static const struct {
        const char *text, *pattern;
        bool is_like;
    } rows[] = {
        {"", "", true},
        {"", "%", true},
        {"", "_", false},
        {"a", "_", true},
        {"\xe2\x82\xac", "_", true},
        {"ab", "_", false},
        {"abc", "a%", true},
        {"abc", "%c", true},
        {"abc", "%b%", true},
        {"abc", "%b", false},
        {"abab", "%ab", true},
        {"aab", "%ab", true},
        {"a%", "a\\%", true},
        {"ab", "a\\%", false},
        {"a_", "a\\_", true},
        {"a\\", "a\\", true},
        {"a\\b", "a\\\\b", true},
        {"abc", "%%c%%", true},
        {"abc", "a_c", true},
        {"abc", "ABC", false},
        {"a\xff", "a_", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].pattern,
                  search_is_like(str_of_c(rows[i].text), str_of_c(rows[i].pattern), &never),
                  rows[i].is_like ? TRUTH_TRUE : TRUTH_FALSE);
}

/* A value of 2 MiB and a pattern of 4 KiB: billions of steps. */
TEST(search_like_ends_when_its_time_is_over)
{
    struct buf text = {0};
    struct buf pattern = {0};
    struct search_deadline deadline = {clock_mono_ms() + 5, false};
    BUF_ADD(&pattern, "%");
    while (pattern.len < 4000)
        buf_add_char(&pattern, 'a');
    BUF_ADD(&pattern, "b");
    while (text.len < 2097152)
        buf_add_char(&text, 'a');
    check_int("truth", search_is_like(buf_str(&text), buf_str(&pattern), &deadline), TRUTH_UNKNOWN);
    check_int("has come", deadline.has_come, true);
    buf_done(&text);
    buf_done(&pattern);
}

TEST(search_decides_nothing_when_its_time_is_over)
{
    struct search_query query;
    struct search_value values[8] = {{0}};
    const struct search_subject subject = {.name = STR("name"), .values = values};
    struct search_deadline over = {0, false};
    parse("<D:where><D:or>" UNKNOWN_ "<D:not><D:is-collection/></D:not></D:or></D:where>", &query);
    check_int("truth", search_evaluate(&query, &subject, &over), TRUTH_UNKNOWN);
    check_int("has come", over.has_come, true);
    arena_done(&arena);
}

TEST(search_order_puts_what_has_no_value_first)
{
    struct search_query query;
    parse("<D:orderby><D:order><D:prop><D:getcontentlength/></D:prop><D:descending/></D:order>"
          "<D:order caseless='yes'><D:prop><x:a/></D:prop></D:order></D:orderby>",
          &query);
    struct search_value none = {0};
    struct search_value nine = {true, true, STR("9"), STR_NONE};
    struct search_value ten = {true, true, STR("10"), STR_NONE};
    struct search_value small = {true, true, STR("a"), STR_NONE};
    struct search_value large = {true, true, STR("B"), STR_NONE};
    const struct {
        struct search_value a[2], b[2];
        int order;
    } rows[] = {
        {{ten, small}, {nine, small}, -1},  {{nine, none}, {none, small}, -1},
        {{nine, small}, {nine, large}, -1}, {{nine, none}, {nine, large}, -1},
        {{nine, large}, {nine, large}, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        int order = search_compare(&query, &arena, rows[i].a, rows[i].b);
        int back = search_compare(&query, &arena, rows[i].b, rows[i].a);
        check_int("order", (order > 0) - (order < 0), rows[i].order);
        check_int("back", (back > 0) - (back < 0), -rows[i].order);
    }
    arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search_where_has_three_values),
        cmocka_unit_test(search_compares_by_type),
        cmocka_unit_test(search_knows_languages_and_names),
        cmocka_unit_test(search_like_has_two_signs),
        cmocka_unit_test(search_like_ends_when_its_time_is_over),
        cmocka_unit_test(search_decides_nothing_when_its_time_is_over),
        cmocka_unit_test(search_order_puts_what_has_no_value_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
