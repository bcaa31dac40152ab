#include "bare.h"

#include "exchange/if_header.h"

/* "resource: condition condition; …" */
static void dump(struct buf *to, const struct if_header *header)
{
    for (size_t i = 0; i < header->list_count; i++) {
        const struct if_list *list = &header->lists[i];
        buf_add(to, i ? STR("; ") : STR_NONE);
        buf_add(to, list->resource);
        BUF_ADD(to, ":");
        for (size_t j = 0; j < list->condition_count; j++) {
            const struct if_condition *condition = &list->conditions[j];
            buf_add(to, condition->is_not ? STR(" not ") : STR(" "));
            buf_add(to, condition->kind == IF_ETAG ? STR("etag ") : STR("token "));
            buf_add(to, condition->value);
        }
    }
}

/* RFC 4918 §10.4.2 */
TEST(if_header_reads_lists)
{
    static const struct {
        const char *value, *lists;
    } rows[] = {
        {"(<a>)", ": token a"},
        {"([\"a\"])", ": etag \"a\""},
        {"([W/\"a\"])", ": etag W/\"a\""},
        {"([\"\"])", ": etag \"\""},
        {"(<a> [\"b\"])", ": token a etag \"b\""},
        {"(<a>[\"b\"]<c>)", ": token a etag \"b\" token c"},
        {"(<a>) ([\"b\"])", ": token a; : etag \"b\""},
        {"(Not <a> <b>)", ": not token a token b"},
        {"(not[\"a\"]NOT<b>nOt <c>)", ": not etag \"a\" not token b not token c"},
        {"(Not\t<a>)", ": not token a"},
        {"</r> (<a>)", "/r: token a"},
        {"<http://h/r>(<a>)(<b>)</s>(<c>)",
         "http://h/r: token a; http://h/r: token b; /s: token c"},
        {" \t(\t <a>\t) ", ": token a"},
        {"( <a> )( <b> )", ": token a; : token b"},
        /* as several lines, joined: Finder sends one for each resource */
        {"</r> (<a>), </s> (<b>)", "/r: token a; /s: token b"},
        {",(<a>),,(<b>),", ": token a; : token b"},
        /* what may stand in a tag may stand there here too */
        {"([\"a]b)c>\"])", ": etag \"a]b)c>\""},
        {"(<a)(b>)", ": token a)(b"},
        {"</a b> (<c>)", "/a b: token c"},
        /* RFC 4918 §10.4.6, §10.4.9 */
        {"(<a> [\"I am an ETag\"]) ([W/\"a\tb \"])",
         ": token a etag \"I am an ETag\"; : etag W/\"a\tb \""},
        {"(<\xc3\xa4> [\"\xc3\xa4\"])", ": token \xc3\xa4 etag \"\xc3\xa4\""},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct if_header header;
        struct buf text = {0};
        check_that(rows[i].value, if_header_parse(str_of_c(rows[i].value), &arena, &header));
        dump(&text, &header);
        check_str(rows[i].value, buf_str(&text), rows[i].lists);
        buf_done(&text);
    }
    arena_done(&arena);
}

TEST(if_header_refuses_what_is_malformed)
{
    static const char *const rows[] = {"",
                                       " ",
                                       ",",
                                       "a",
                                       "<>",
                                       "()",
                                       "( )",
                                       "<a>",
                                       "(a)",
                                       "(<a>",
                                       "(<a",
                                       "(<>)",
                                       "((<a>))",
                                       "(<a>))",
                                       "<r>",
                                       "<> (<a>)",
                                       "<r> <s> (<a>)",
                                       "(<a>) <r>",
                                       "<r>, <s> (<a>)",
                                       "(Not)",
                                       "(Not Not <a>)",
                                       "(No <a>)",
                                       "Not (<a>)",
                                       "(<a> or <b>)",
                                       "(<a>, <b>)",
                                       "(<a>;<b>)",
                                       "([])",
                                       "([a])",
                                       "([\"a])",
                                       "([\"a\")",
                                       "([\"a\" ])",
                                       "([ \"a\"])",
                                       "([w/\"a\"])",
                                       "([\"a\x01\"])",
                                       "(<a b>)",
                                       "(<a\tb>)",
                                       "(<a\"b>)",
                                       "(<a<b>)",
                                       "(<a (<b>)",
                                       "</r<s> (<a>)",
                                       "(<a>) </r> (<b>)",
                                       "(<a>), </r> (<b>)",
                                       "([\"a\"b])",
                                       "[\"a\"]",
                                       "(<a>) x",
                                       "x (<a>)",
                                       "(<a>)\n",
                                       "(*)"};
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct if_header header = {.list_count = 42};
        check_that(rows[i], !if_header_parse(str_of_c(rows[i]), &arena, &header));
        check_int(rows[i], header.list_count, 42);
    }
    arena_done(&arena);
}

TEST(if_header_reads_as_many_as_there_are)
{
    enum { LISTS = 300, CONDITIONS = 100 };
    struct arena arena = {0};
    struct if_header header;
    struct buf text = {0};
    for (size_t i = 0; i < LISTS; i++) {
        BUF_ADD(&text, "(");
        for (size_t j = 0; j < CONDITIONS; j++)
            buf_addf(&text, "<%zu.%zu>", i, j);
        BUF_ADD(&text, ")");
    }
    assert_true(if_header_parse(buf_str(&text), &arena, &header));
    assert_int_equal(header.list_count, LISTS);
    for (size_t i = 0; i < LISTS; i++)
        assert_int_equal(header.lists[i].condition_count, CONDITIONS);
    assert_true(if_header_submits(&header, STR("0.0")));
    assert_true(if_header_submits(&header, STR("299.99")));
    assert_false(if_header_submits(&header, STR("299.100")));
    buf_done(&text);
    arena_done(&arena);
}

/* §10.4.1: whatever the condition around it says. */
TEST(if_header_submits_the_tokens_that_stand_in_it)
{
    static const struct {
        const char *value, *token;
        bool submits;
    } rows[] = {
        {"(<a>)", "a", true},          {"(<a>)", "b", false},       {"(<a>)", "A", false},
        {"(<aa>)", "a", false},        {"(Not <a>)", "a", true},    {"(<b>) (Not <a>)", "a", true},
        {"</r> (<b> <a>)", "a", true}, {"</a> (<b>)", "/a", false}, {"([\"a\"])", "\"a\"", false},
        {"(<a>)", "", false},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct if_header header;
        assert_true(if_header_parse(str_of_c(rows[i].value), &arena, &header));
        check_int(rows[i].value, if_header_submits(&header, str_of_c(rows[i].token)),
                  rows[i].submits);
    }
    assert_false(if_header_submits(NULL, STR("a")));
    arena_done(&arena);
}

TEST(if_header_read_joins_the_lines_of_the_field)
{
    static const struct {
        const char *lines[2];
        unsigned status;
        const char *lists; /* NULL: there are no conditions */
    } rows[] = {
        {{NULL}, 0, NULL},
        {{"(<a>)"}, 0, ": token a"},
        {{"</r> (<a>)", "</s> (<b>)"}, 0, "/r: token a; /s: token b"},
        {{"</r>", "(<a>)"}, 0, "/r: token a"},
        {{"</r s> (<a>)"}, 0, "/r s: token a"},
        {{"<http://elsewhere.test/r> (<a>)"}, 0, "http://elsewhere.test/r: token a"},
        {{"<r> (<a>)"}, 400, NULL},
        {{"</r%00> (<a>)"}, 400, NULL},
        {{"</s> (<b>) </r%zz> (<a>)"}, 400, NULL},
        {{"(<a>)", "</r> (<b>)"}, 400, NULL},
        {{""}, 400, NULL},
        {{"(<a>)", "nonsense"}, 400, NULL},
        {{"(<a>", "<b>)"}, 400, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf text = {0};
        bare_exchange_done(&bare);
        bare_exchange_init(&bare);
        for (size_t j = 0; j < ARRAY_LEN(rows[i].lines); j++)
            bare_exchange_add(&bare, FIELD_IF, str_of_c(rows[i].lines[j]));
        check_int(rows[i].lines[0], if_header_read(&bare.x).status, rows[i].status);
        check_int(rows[i].lines[0], !bare.x.conditions, !rows[i].lists);
        if (bare.x.conditions)
            dump(&text, bare.x.conditions);
        check_str(rows[i].lines[0], buf_str(&text), rows[i].lists);
        buf_done(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(if_header_reads_lists),
        cmocka_unit_test(if_header_refuses_what_is_malformed),
        cmocka_unit_test(if_header_reads_as_many_as_there_are),
        cmocka_unit_test(if_header_submits_the_tokens_that_stand_in_it),
        BARE_TEST(if_header_read_joins_the_lines_of_the_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
