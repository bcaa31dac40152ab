/* Relative links that come to another place. */
#include "store/directory/tree/link.h"

#include "support/test.h"

static const struct {
    const char *from, *to, *link, *text, *expected;
} cases[] = {
    /* a link by itself */
    {"a/l", "b/l", "a/l", "t", "../a/t"},
    {"a/l", "l", "a/l", "t", "a/t"},
    {"l", "a/b/l", "l", "t", "../../t"},
    {"a/l", "a/m", "a/l", "t", "t"},
    {"a/l", "a/b/l", "a/l", "./b/t", "t"},
    {"a/l", "b/l", "a/l", "../b", "."},
    {"a/l", "b/c/l", "a/l", "..", "../.."},
    {"a/b/l", "c/l", "a/b/l", "../x", "../a/x"},
    /* with its tree: what is within stays so, what is outside is found again */
    {"c", "b/x/c", "c/rel", "../a/sub", "../../../a/sub"},
    {"c", "b/x/c", "c/rel", "d/e", "d/e"},
    {"c", "b/x/c", "c/d/rel", "../e", "../e"},
    {"c", "b/x/c", "c/d/rel", "../../c/e", "../../c/e"},
    {"c", "d", "c/rel", "../a", "../a"},
    {"a/c", "c", "a/c/rel", "../x//y/", "../a/x/y"},
    {"ab", "x/ab", "ab/l", "../a", "../../a"},
    /* nobody can tell, or it is nobody's affair */
    {"c", "b/c", "c/rel", "/etc/passwd", "/etc/passwd"},
    {"c", "b/c", "c/rel", "../../x", "../../x"},
    {"c", "b/c", "c/rel", "../d/../x", "../d/../x"},
};

TEST(a_link_leads_where_it_led)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena = {0};
        struct link_journey journey = {{cases[i].from, strlen(cases[i].from)},
                                       {cases[i].to, strlen(cases[i].to)}};
        struct res_path link = {cases[i].link, strlen(cases[i].link)};
        struct str text = link_text_for(&arena, &journey, link, str_of_c(cases[i].text));
        check_str(cases[i].text, text, cases[i].expected);
        arena_done(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_link_leads_where_it_led)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
