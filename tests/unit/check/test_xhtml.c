#include "support/test.h"

#include "check/read/html_links.h"
#include "finding.h"

struct row {
    const char *xml, *expected, *fault;
};

static void check_row(const struct row *row, size_t step)
{
    struct finding finding;
    finding_init(&finding);
    struct str xml = str_of_c(row->xml);
    struct html_links *links = html_links_new(&finding.finder);
    html_links_read_xml(links);
    for (size_t at = 0; at < xml.len; at += step)
        html_links_feed(links, str_first(str_from(xml, at), step));
    html_links_end(links);
    check_str(row->xml, buf_str(&finding.lines), row->expected);
    check_str(row->xml, html_links_fault(links), row->fault);
    html_links_free(links);
    finding_done(&finding);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        check_row(&rows[i], strlen(rows[i].xml));
        check_row(&rows[i], 1);
    }
}

TEST(elements_end_where_xml_says)
{
    static const struct row rows[] = {
        {"<html><title/><script src='s'/><style/><p id='a'><a href='x'>t</a></p></html>",
         "script@src 1:28 s\n#a\na@href 1:59 x [t]\n", ""},
        {"<r><a href='x'/>no <a href='y'>t</a></r>", "a@href 1:13 x\na@href 1:29 y [t]\n", ""},
        {"<r><textarea/><iframe src='f'/><xmp><img src='i'/></xmp></r>",
         "iframe@src 1:28 f\nimg@src 1:47 i\n", ""},
        {"<r><title><a href='x'/></title></r>", "a@href 1:20 x\n", ""},
        {"<r>\r\n<a\n id='n'\n href = \"x\ny\">t</a></r>", "#n\na@href 4:10 x y [t]\n", ""},
        {"<h:html xmlns:h='u'><h:a href='x'/></h:html>", "a@href 1:32 x\n", ""},
        {"<svg xmlns='u'><title/><feImage xlink:href='x'/><style>p{a:url(y)}</style></svg>",
         "feimage@xlink:href 1:45 x\ncss@url 1:64 y\n", ""},
        {"<r><template><a href='no'/></template><img src='y'/></r>", "img@src 1:49 y\n", ""},
        {"<r><template/><img src='y'/></r>", "img@src 1:25 y\n", ""},
        {"<svg><svg/><a href='x'/></svg>", "a@href 1:21 x\n", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(what_is_no_element_has_no_links)
{
    static const struct row rows[] = {
        {"<?xml version='1.0'?>\n<!DOCTYPE html [<!ENTITY a \"<b>'\"> <!-- don't > -->\n]>"
         "<r><a href='x'/></r>",
         "a@href 3:15 x\n", ""},
        {"<?a <r> ?><!-- <a href='no'/> --><r><![CDATA[<a href='no'/>]]]]><a href='x'/></r>",
         "a@href 1:74 x\n", ""},
        {"<r><script><![CDATA[ a<b && '<a href=\"no\"/>' ]]></script><img src='y'/></r>",
         "img@src 1:68 y\n", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(references_are_resolved)
{
    static const struct row rows[] = {
        {"<r><a href='?a&amp;b&#65;'>&nbsp;a&lt;b&own;</a></r>",
         "a@href 1:13 ?a&bA [\xc2\xa0"
         "a<b&own;]\n",
         ""},
        {"<r><a href='x'><![CDATA[&amp;]]></a></r>", "a@href 1:13 x [&amp;]\n", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

#define HTML "; read as HTML from there on"

TEST(what_is_ill_formed_is_read_as_html)
{
    static const struct row rows[] = {
        {"<r><p><b></p><img src='x'></r>", "img@src 1:24 x\n",
         "not well-formed XML: line 1, column 10: </p> ends nothing that is open there" HTML},
        {"<r><img src=x><img src='y'></r>", "img@src 1:13 x\nimg@src 1:25 y\n",
         "not well-formed XML: line 1, column 4: a tag with an attribute without quotes" HTML},
        {"<r>\n<input checked><img src='y'></r>", "img@src 2:26 y\n",
         "not well-formed XML: line 2, column 1: a tag with an attribute without quotes" HTML},
        {"<r><a href='x><img src='y'></r>", "a@href 1:13 x><img src=\n",
         "not well-formed XML: line 1, column 4: a tag with '<' in it" HTML},
        {"<r>a < b<img src='y'/></r>", "img@src 1:19 y\n",
         "not well-formed XML: line 1, column 6: '<' that begins no tag" HTML},
        {"<r><a href='x'>a & b</a><title/><img src='y'/></r>",
         "a@href 1:13 x [a & b]\nimg@src 1:43 y\n",
         "not well-formed XML: line 1, column 18: '&' that begins no reference"},
        {"<r><!-- a -- b --><title/><img src='y'/></r>", "img@src 1:37 y\n",
         "not well-formed XML: line 1, column 11: '--' within a comment"},
        {"<r><img src='y'/>", "img@src 1:14 y\n",
         "not well-formed XML: line 1, column 18: it ends before its elements do"},
        {"<r><img src='y'/><a", "img@src 1:14 y\n",
         "not well-formed XML: line 1, column 18: it ends within a tag" HTML},
        {"<r><img src='y'/></r><r><img src='z'/></r>", "img@src 1:14 y\nimg@src 1:35 z\n",
         "not well-formed XML: line 1, column 22: a second outermost element"},
        {"no <b", "", "not well-formed XML: line 1, column 4: it ends within a tag" HTML},
        {"no", "", "not well-formed XML: line 1, column 3: it has no elements"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(depth_has_no_bound)
{
    struct buf xml = {0};
    struct finding finding;
    finding_init(&finding);
    for (unsigned i = 0; i < 5000; i++)
        BUF_ADD(&xml, "<b>");
    BUF_ADD(&xml, "<img src='x'/>");
    for (unsigned i = 0; i < 5000; i++)
        BUF_ADD(&xml, "</b>");
    struct html_links *links = html_links_new(&finding.finder);
    html_links_read_xml(links);
    html_links_feed(links, buf_str(&xml));
    html_links_end(links);
    check_str("links", buf_str(&finding.lines), "img@src 1:15011 x\n");
    check_str("fault", html_links_fault(links), "");
    html_links_free(links);
    finding_done(&finding);
    buf_done(&xml);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_end_where_xml_says),
        cmocka_unit_test(what_is_no_element_has_no_links),
        cmocka_unit_test(references_are_resolved),
        cmocka_unit_test(what_is_ill_formed_is_read_as_html),
        cmocka_unit_test(depth_has_no_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
