#include "support/test.h"

#include "check/read/plain_links.h"
#include "finding.h"

struct row {
    const char *text, *expected;
};

static void check_rows(const struct row *rows, size_t count,
                       void (*read)(struct finder *finder, struct str text))
{
    for (size_t i = 0; i < count; i++) {
        struct finding finding;
        finding_init(&finding);
        read(&finding.finder, str_of_c(rows[i].text));
        check_str(rows[i].text, buf_str(&finding.lines), rows[i].expected);
        finding_done(&finding);
    }
}

TEST(lists_have_a_url_on_each_line)
{
    static const struct row rows[] = {
        {"http://a/\n# no\n\n  http://b/ \r\n",
         "list@line 1:1 http://a/\nlist@line 4:3 http://b/\n"},
        {"", ""},
    };
    check_rows(rows, ARRAY_LEN(rows), list_links);
}

TEST(text_has_addresses)
{
    static const struct row rows[] = {
        {"`davit <https://h/a>`_ and (http://h/b).\n.. _x: HTTPS://h/c_\n",
         "text@address 1:9 https://h/a\ntext@address 1:29 http://h/b\n"
         "text@address 2:8 HTTPS://h/c\n"},
        {"https://h/a[title] link:http://[::1]:8/b[x] http://h/(c)\n",
         "text@address 1:1 https://h/a\ntext@address 1:25 http://[::1]:8/b\n"
         "text@address 1:45 http://h/(c)\n"},
        {"\xc3\xa4 http://h/\xc3\xa4! http:// xhttp://no https://",
         "text@address 1:3 http://h/\xc3\xa4\n"},
    };
    check_rows(rows, ARRAY_LEN(rows), text_links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_have_a_url_on_each_line),
        cmocka_unit_test(text_has_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
