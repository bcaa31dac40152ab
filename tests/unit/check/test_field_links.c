#include "support/test.h"

#include "check/read/field_links.h"
#include "finding.h"

TEST(link_fields)
{
    static const struct {
        const char *value, *expected;
    } rows[] = {
        {"</a.css>; rel=preload; as=style", "response@link 3:4 /a.css [preload]\n"},
        {"<a>;rel=\"next\",<b> ; title=\"x, <no>; rel=no\" ;REL = 'no' , <c>",
         "response@link 3:4 a [next]\nresponse@link 3:4 b ['no']\nresponse@link 3:4 c\n"},
        {"<a>; rel=next; rel=preload", "response@link 3:4 a [next]\n"},
        {"<a>; title=\"\\\"\\\\\"; rel=x", "response@link 3:4 a [x]\n"},
        {"<https://h>; rel=preconnect, <//h>; rel='dns-prefetch'",
         "response@link 3:4 //h ['dns-prefetch']\n"},
        {"<https://h>; rel=\"x PreConnect\"", ""},
        {"<a?b,c;d>, , <e>;;x", "response@link 3:4 a?b,c;d\nresponse@link 3:4 e\n"},
        {"<a> b, <no>", "response@link 3:4 a\n"},
        {"<a>; rel", "response@link 3:4 a\n"},
        {"<a>; rel=\"open", "response@link 3:4 a [open]\n"},
        {"<a>; rel=\"open\\", "response@link 3:4 a [open\\]\n"},
        {"no, <no>", ""},
        {"<no", ""},
        {"<>; rel=next", ""},
        {"", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct finding finding;
        finding_init(&finding);
        field_links(&finding.finder, str_of_c(rows[i].value), (struct html_position){3, 4}, true);
        check_str(rows[i].value, buf_str(&finding.lines), rows[i].expected);
        finding_done(&finding);
    }
}

static void on_link(struct finder *finder, const struct found_link *link)
{
    buf_addf(&CONTAINER_OF(finder, struct finding, finder)->lines, "%d",
             (int)link_rows[link->kind].role);
}

TEST(relations_say_who_goes_there)
{
    static const struct {
        const char *value;
        enum link_role role;
    } rows[] = {
        {"<a>; rel=preload", ROLE_PART},
        {"<a>; rel=\"x stylesheet\"", ROLE_PART},
        {"<a>; rel=pingback", ROLE_FORM},
        {"<a>; rel=\"https://api.w.org/\"", ROLE_HINT},
        {"<a>", ROLE_HINT},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct finding finding = {.finder.link = on_link};
        char expected[8];
        field_links(&finding.finder, str_of_c(rows[i].value), (struct html_position){0, 0}, true);
        field_links(&finding.finder, str_of_c(rows[i].value), (struct html_position){0, 0}, false);
        str_print(expected, sizeof(expected), "%d%d", (int)rows[i].role, (int)ROLE_HINT);
        check_str(rows[i].value, buf_str(&finding.lines), expected);
        finding_done(&finding);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(link_fields),
        cmocka_unit_test(relations_say_who_goes_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
