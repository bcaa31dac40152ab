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

TEST(markdown_has_links)
{
    static const struct row rows[] = {
        {"see [this](a.md \"t\") and ![img](<b c.png>)",
         "markdown@link 1:12 a.md [this]\nmarkdown@image 1:34 b c.png [img]\n"},
        {"[a](x_(y)) [b](z\\)w)", "markdown@link 1:5 x_(y) [a]\nmarkdown@link 1:16 z)w [b]\n"},
        {"[![i](i.png)](p.md)",
         "markdown@image 1:7 i.png [i]\nmarkdown@link 1:15 p.md [![i](i.png)]\n"},
        {"text\n\n[id]: http://h/a 'T'\n[^1]: note\n", "markdown@link 3:7 http://h/a [id]\n"},
        {"<http://h/a> http://h/b. (http://h/no) https://h/(c)!",
         "markdown@link 1:2 http://h/a\nmarkdown@link 1:14 http://h/b\n"
         "markdown@link 1:40 https://h/(c)\n"},
        {"`[a](no)` ``[a](no) ` `` [b](yes)", "markdown@link 1:30 yes [b]\n"},
        {"```\n[a](no)\n```\n[b](yes)", "markdown@link 4:5 yes [b]\n"},
        {"~~~~ x\n```\n[a](no)\n~~~~\n[b](yes)", "markdown@link 5:5 yes [b]\n"},
        {"para\n    [a](yes)\n\n    [b](no)\n\n    [c](no)\n", "markdown@link 2:9 yes [a]\n"},
        {"```\nx\n```\n    [a](no)\n# h\n    [b](no)\n", "#h\n"},
        {"\\[a](x)", ""},
        {"a <img src=i.png> b", "img@src 1:12 i.png\n"},
        {"[a]\n\n(no)", ""},
        {"# A title, *here*!\n## `code` two\n#no\n", "#a-title-here\n#code-two\n"},
    };
    check_rows(rows, ARRAY_LEN(rows), markdown_links);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_have_a_url_on_each_line),
        cmocka_unit_test(markdown_has_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
