#include "support/test.h"

#include "check/read/css.h"
#include "finding.h"

TEST(css_links)
{
    static const struct {
        const char *css, *expected;
    } rows[] = {
        {"a{background:url(x.png)}", "css@url 1:18 x.png\n"},
        {"a{background:URL( 'x y.png' )}", "css@url 1:20 x y.png\n"},
        {"a{b:url(\"a\\\"b\")}", "css@url 1:10 a\"b\n"},
        {"a{b:url(a\\29 b)}", "css@url 1:9 a)b\n"},
        {"a{b:url(a\\)b)}", "css@url 1:9 a)b\n"},
        {"@import 'a.css';\n@import url(b.css) print;",
         "css@@import 1:10 a.css\ncss@@import 2:13 b.css\n"},
        {"@import \"a.css\" ; b{c:'no'}", "css@@import 1:10 a.css\n"},
        {"/* url(no) */ a{b:url(yes)}", "css@url 1:23 yes\n"},
        {"a{content:'url(no)'}", ""},
        {"a{content:'x\\'url(no)'} b{c:url(yes)}", "css@url 1:33 yes\n"},
        {"a{b:myurl(no)}", ""},
        {"a{b:url()}", ""},
        {"@namespace url(http://no/); a{b:url(yes)}", "css@url 1:37 yes\n"},
        {"@font-face{src:url(a.woff2) format('woff2'),url(b.woff)}",
         "css@url 1:20 a.woff2\ncss@url 1:49 b.woff\n"},
        {"a{b:image-set('a.png' 1x,\"b.png\" type('image/png') 2x,url(c) 3x)} d{content:'no'}",
         "css@image-set 1:16 a.png\ncss@image-set 1:27 b.png\ncss@url 1:59 c\n"},
        {"a{b:-WEBKIT-image-set( 'a' 1x )}", "css@image-set 1:25 a\n"},
        {"a{b:image-set('a' 1x;content:'no'}", "css@image-set 1:16 a\n"},
        {"a{b:myimage-set('no')}", ""},
        {"a{b:image-set(linear-gradient(a, b) 1x, 'c' 2x), 'no'}", "css@image-set 1:42 c\n"},
        {"a{b:url(open", "css@url 1:9 open\n"},
        {"@import 'open", "css@@import 1:10 open\n"},
        {"a{b:'broken\nurl(yes)}", "css@url 2:5 yes\n"},
        {"\r\n\ra{b:url(x)}", "css@url 3:9 x\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str css = str_of_c(rows[i].css);
        for (size_t step = css.len; step > 0; step = step > 1 ? 1 : 0) {
            struct finding finding;
            finding_init(&finding);
            struct css_reader *reader =
                css_reader_new(&finding.finder, (struct html_position){1, 1});
            for (size_t at = 0; at < css.len; at += step)
                css_reader_feed(reader, str_first(str_from(css, at), step));
            css_reader_end(reader);
            css_reader_free(reader);
            check_str(rows[i].css, buf_str(&finding.lines), rows[i].expected);
            finding_done(&finding);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(css_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
