#include "support/test.h"

#include "check/read/markdown/markdown.h"
#include "finding.h"

struct row {
    const char *text, *expected;
};

static void read_in_steps(const char *text, size_t step, enum wikilinks wikilinks,
                          struct finding *finding)
{
    struct str rest = str_of_c(text);
    finding_init(finding);
    struct markdown_reader *reader = markdown_reader_new(&finding->finder);
    markdown_reader_want_wikilinks(reader, wikilinks);
    for (; rest.len; rest = str_from(rest, step))
        markdown_reader_feed(reader, str_first(rest, step));
    markdown_reader_end(reader);
    markdown_reader_free(reader);
}

/* Whole, and one byte at a time. */
static void check_rows_as(const struct row *rows, size_t count, enum wikilinks wikilinks)
{
    for (size_t i = 0; i < count; i++) {
        struct finding whole, bytes;
        read_in_steps(rows[i].text, SIZE_MAX / 2, wikilinks, &whole);
        read_in_steps(rows[i].text, 1, wikilinks, &bytes);
        check_str(rows[i].text, buf_str(&whole.lines), rows[i].expected);
        check_str(rows[i].text, buf_str(&bytes.lines), rows[i].expected);
        finding_done(&whole);
        finding_done(&bytes);
    }
}

static void check_rows(const struct row *rows, size_t count)
{
    check_rows_as(rows, count, WIKILINKS_OFF);
}

TEST(markdown_has_links)
{
    static const struct row rows[] = {
        {"see [this](a.md \"t\") and ![img](<b c.png>)",
         "markdown@link 1:12 a.md [this]\nmarkdown@image 1:34 b c.png [img]\n"},
        {"[a](x_(y)) [b](z\\)w)", "markdown@link 1:5 x_(y) [a]\nmarkdown@link 1:16 z)w [b]\n"},
        {"[![i](i.png)](p.md)", "markdown@image 1:7 i.png [i]\nmarkdown@link 1:15 p.md [i]\n"},
        {"![a ![b](c) d](e)", "markdown@image 1:16 e [a b d]\n"},
        {"[`a`]: \"b\" c [d](e)\n", "markdown@link 1:18 e [d]\n"},
        {"[https://x](y)", "markdown@link 1:13 y [https://x]\n"},
        {"a\n\xc3\xa4 [b *c*\nd](u?a&amp;b)", "markdown@link 3:4 u?a&b [b c d]\n"},
        {"- a\n\n      [x](y)\n\n  [x](y)\n", "markdown@link 5:7 y [x]\n"},
        {"> [a](b)\n> [c](d)\n", "markdown@link 1:7 b [a]\nmarkdown@link 2:7 d [c]\n"},
        {"[a] [b]() [c][a]\n\n[a]: u\n[unused]: v\n",
         "markdown@link 1:1 u [a]\nmarkdown@link 1:9  [b]\nmarkdown@link 1:11 u [c]\n"},
        {"[a]: u\nx [a] [b](c)\n", "markdown@link 2:3 u [a]\nmarkdown@link 2:11 c [b]\n"},
        {"a [b\nc][] and [d](e) [f\ng][a] h\n[i][a\nb] [j]\n\n[b c]: u\n[a]: v\n[a b]: w\n[j]: x\n",
         "markdown@link 1:3 u [b c]\nmarkdown@link 2:14 e [d]\nmarkdown@link 2:17 v [f g]\n"
         "markdown@link 4:1 w [i]\nmarkdown@link 5:4 x [j]\n"},
        {"[![x](i)\nq][r] [k\n\\]l][s]\n\n[r]: u\n[s]: v\n",
         "markdown@image 1:7 i [x]\nmarkdown@link 1:1 u [x q]\nmarkdown@link 2:7 v [k ]l]\n"},
        {"[a][b\nc] d [e][] `[f]` [f][]\n\n[b c]: u\n[e]: v\n[f]: w\n",
         "markdown@link 1:1 u [a]\nmarkdown@link 2:6 v [e]\nmarkdown@link 2:18 w [f]\n"},
        {"* [x] [*a*][] [b][],\n  [c\n  d][] ![e][], [f][]\n\n[*a*]: u\n[b]: v\n[c d]: w\n[e]: "
         "x\n[f]: y\n",
         "markdown@link 1:7 u [a]\nmarkdown@link 1:15 v [b]\nmarkdown@link 2:3 w [c d]\n"
         "markdown@image 3:8 x [e]\nmarkdown@link 3:16 y [f]\n"},
        {"[a]: u\nx [b\nc][a]\n", "markdown@link 2:3 u [b c]\n"},
        {"> - x\n>   [b\n>   c][a]\n\n[a]: u\n", "markdown@link 2:5 u [b c]\n"},
        {"<div>\n\n  <p>\n  <a href=x>\n  <p>\n", "a@href 4:11 x\n"},
        {"- <div>\n\n    <p>\n    <a href=x>\n    <p>\n", "a@href 4:13 x\n"},
        {"| a | b |\n|---|---|\n| [x](y) | http://h/p|\n",
         "markdown@link 3:7 y [x]\nmarkdown@link 3:12 http://h/p [http://h/p]\n"},
        {"a[^1]\n\n[^1]: [x](y)\n[^2]: [no](no)\n", "markdown@link 3:11 y [x]\n"},
        {"\\[a](x) ]( [a]\n\n(no)", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(markdown_has_addresses)
{
    static const struct row rows[] = {
        {"<http://h/a> http://h/b. (https://h/c) www.h.org/d, <a@h.org> <b>",
         "markdown@link 1:2 http://h/a [http://h/a]\n"
         "markdown@link 1:14 http://h/b [http://h/b]\n"
         "markdown@link 1:27 https://h/c [https://h/c]\n"
         "markdown@link 1:40 http://www.h.org/d [www.h.org/d]\n"
         "markdown@link 1:54 mailto:a@h.org [a@h.org]\n"},
        {"`http://h.x/a` http://h.x/a\n", "markdown@link 1:16 http://h.x/a [http://h.x/a]\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(markdown_has_no_links_in_code)
{
    static const struct row rows[] = {
        {"`[a](no)` ``[a](no) ` `` [b](yes)", "markdown@link 1:30 yes [b]\n"},
        {"a ` b\n\nc ` [b](yes)", "markdown@link 3:9 yes [b]\n"},
        {"```\n[a](no)\n```\n[b](yes)", "markdown@link 4:5 yes [b]\n"},
        {"~~~~ x\n```\n[a](no)\n~~~~\n[b](yes)", "markdown@link 5:5 yes [b]\n"},
        {"para\n    [a](yes)\n\n    [b](no)\n\n    [c](no)\n", "markdown@link 2:9 yes [a]\n"},
        {"<!-- [a](no)\n\n[a](no) <a href=no> -->\n[b](yes)", "markdown@link 4:5 yes [b]\n"},
        {"a <!-- [a](no) <i id=no> --> [b](yes)", "markdown@link 1:34 yes [b]\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(markdown_has_html)
{
    static const struct row rows[] = {
        {"a <img src=i.png> *b* <a href='c'>d</a>\n", "img@src 1:12 i.png\na@href 1:32 c [d]\n"},
        {"> <p>\n>   <a\n> href=\"x\">*y*</a>\n> [m](n)\n", "a@href 3:9 x [*y*]\n"},
        {"<p>\n\n<a href=x>*[y](z)*</a>\n", "markdown@link 3:16 z [y]\na@href 3:9 x [y]\n"},
        {"x <title> [a](b) <textarea> <i id=c>\n", "markdown@link 1:15 b [a]\n#c\n"},
        {"<a name=N></a><a id='\xc3\x84'></a>\n", "#n\n#\xc3\xa4\n"},
        {"<iframe src=a></iframe>\n\n<iframe src=b>\n\n[x](y)\n",
         "iframe@src 1:13 a\nmarkdown@link 5:5 y [x]\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(markdown_names_headings)
{
    static const struct row rows[] = {
        {"# A title, *here*!\n## `code` two\n#no\n", "#a-title-here\n#code-two\n"},
        {"a\n\nUnder *lined*\nTwice\n---\n", "#under-linedtwice\n"},
        {"# a\n# A\n# a-1\n# a\n", "#a\n#a-1\n#a-1-1\n#a-2\n"},
        {"# :tada: \xf0\x9f\x8e\x89 \xc3\x84\xc3\x9f_& <b>x</b> ![alt](i)\n",
         "markdown@image 1:33 i [alt]\n#tada--\xc3\xa4\xc3\x9f_-x-\n"},
        {"# x {#My-id}\n", "#x-my-id\n#my-id\n"},
        {"# [a](b) `<c>`\n", "markdown@link 1:7 b [a]\n#a-c\n"},
        {"<h2 align=center>\n  Html\n</h2>\n\n# html\n", "#--html\n#html\n"},
        {"    # no\n", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(markdown_skips_what_stands_before_it)
{
    static const struct row rows[] = {
        {"---\ntitle: '[a](no)'\n---\n[b](yes)\n", "markdown@link 4:5 yes [b]\n"},
        {"+++\r\na = 'http://no'\r\n+++\r\n# x\r\n", "#x\n"},
        {"---\n\n[a](yes)\n\n---\n", "markdown@link 3:5 yes [a]\n"},
        {"---\na: [a](yes)\n", "markdown@link 2:8 yes [a]\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(markdown_has_wikilinks_on_request)
{
    static const struct row github[] = {
        {"a [[Some Page]] [[t|b.html#A B]] `[[no]]` [x](y)\n",
         "markdown@wikilink 1:5 Some-Page.md [Some Page]\n"
         "markdown@wikilink 1:19 b.html#a-b [t]\nmarkdown@link 1:47 y [x]\n"},
    };
    static const struct row obsidian[] = {
        {"[[Some Page|t]] ![[i.png]] [[#A B]]\n",
         "markdown@wikilink 1:13 Some%20Page.md [t]\nmarkdown@wikilink 1:20 i.png [i.png]\n"
         "markdown@wikilink 1:30 #a-b [#A B]\n"},
    };
    static const struct row off[] = {{"[[Some Page]]\n", ""}};
    check_rows_as(github, ARRAY_LEN(github), WIKILINKS_GITHUB);
    check_rows_as(obsidian, ARRAY_LEN(obsidian), WIKILINKS_OBSIDIAN);
    check_rows_as(off, ARRAY_LEN(off), WIKILINKS_OFF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(markdown_has_links),
        cmocka_unit_test(markdown_has_addresses),
        cmocka_unit_test(markdown_has_no_links_in_code),
        cmocka_unit_test(markdown_has_html),
        cmocka_unit_test(markdown_names_headings),
        cmocka_unit_test(markdown_skips_what_stands_before_it),
        cmocka_unit_test(markdown_has_wikilinks_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
