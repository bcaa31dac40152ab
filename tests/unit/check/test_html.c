#include "support/test.h"

#include "check/read/html_links.h"
#include "finding.h"

struct row {
    const char *html, *expected;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str html = str_of_c(rows[i].html);
        for (size_t step = html.len; step > 0; step = step > 1 ? 1 : 0) {
            struct finding finding;
            finding_init(&finding);
            struct html_links *links = html_links_new(&finding.finder);
            for (size_t at = 0; at < html.len; at += step)
                html_links_feed(links, str_first(str_from(html, at), step));
            html_links_end(links);
            html_links_free(links);
            check_str(rows[i].html, buf_str(&finding.lines), rows[i].expected);
            finding_done(&finding);
        }
    }
}

TEST(attributes_are_read_as_browsers_read_them)
{
    static const struct row rows[] = {
        {"<a href=x>t</a>", "a@href 1:9 x [t]\n"},
        {"<A HREF = 'x y' >T</A>", "a@href 1:12 x y [T]\n"},
        {"<a\nclass=k\nhref=\"x?a&amp;b\">", "a@href 3:7 x?a&b\n"},
        {"<a href=\"x\"href=y>", "a@href 1:10 x\n"},
        {"<a/href=x/>t", "a@href 1:9 x/ [t]\n"},
        {"<a href>", "a@href 1:4 \n"},
        {"<a href=>", "a@href 1:4 \n"},
        {"<a b=href='no' href=x>", "a@href 1:21 x\n"},
        {"<a title='>' href=x>", "a@href 1:19 x\n"},
        {"<a href='a\r\nb'>", "a@href 1:10 a\nb\n"},
        {"<a href=x", ""},
        {"< a href=x>", ""},
        {"</a href=x>", ""},
        {"<\xc3\xa4 href=x><img\xc3\xa4 src=x>", ""},
        {"\xc3\xa4\xe2\x82\xac<img src=x>", "img@src 1:12 x\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(what_is_no_markup_has_no_links)
{
    static const struct row rows[] = {
        {"<!-- <a href=x> --><img src=y>", "img@src 1:29 y\n"},
        {"<!--><img src=y>", "img@src 1:15 y\n"},
        {"<!---><img src=y>", "img@src 1:16 y\n"},
        {"<!-- --!><img src=y>", "img@src 1:19 y\n"},
        {"<!-- -- > <img src=x> -->", ""},
        {"<!doctype html [<a href=x>]><img src=y>", "img@src 1:38 y\n"},
        {"<?php <a href=x> ?><img src=y>", "img@src 1:29 y\n"},
        {"</ <a href=x><img src=y>", "img@src 1:23 y\n"},
        {"<textarea><a href=x></textarea><img src=y>", "img@src 1:41 y\n"},
        {"<title><a href=x></title><img src=y>", "img@src 1:35 y\n"},
        {"<script>'<a href=x>'</script><img src=y>", "img@src 1:39 y\n"},
        {"<script></scriptx><a href=x></script ><img src=y>", "img@src 1:48 y\n"},
        {"<script><!--<script></script><a href=x>--></script><img src=y>", "img@src 1:61 y\n"},
        {"<script><!-- </script><img src=y>", "img@src 1:32 y\n"},
        {"<script><!--><script></script><img src=y>", "img@src 1:40 y\n"},
        {"<style><a href=x></STYLE><img src=y>", "img@src 1:35 y\n"},
        {"<xmp><a href=x></xmp><iframe><a href=x></iframe><img src=y>", "img@src 1:58 y\n"},
        {"<plaintext><a href=x></plaintext><a href=x>", ""},
        {"<noscript><img src=y></noscript>", "img@src 1:20 y\n"},
        {"<template><a href=x id=n></template><img src=y>", "img@src 1:46 y\n"},
        {"<![CDATA[<a href=x>]]>", ""},
        {"<svg><![CDATA[<a href=x>]]></svg><img src=y>", "img@src 1:43 y\n"},
        {"<svg><title><image href=x></title><style><image href=y></style></svg>",
         "image@href 1:25 x\nimage@href 1:54 y\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(each_kind_of_link_is_found)
{
    static const struct row rows[] = {
        {"<img src=a srcset='b 1x, c 2x' alt=Z>",
         "img@src 1:10 a [Z]\nimg@srcset 1:20 b [Z]\nimg@srcset 1:20 c [Z]\n"},
        {"<picture><source srcset=a></picture>", "source@srcset 1:25 a\n"},
        {"<video src=a poster=b><track src=c></video><audio src=d></audio>",
         "video@poster 1:21 b\nvideo@src 1:12 a\ntrack@src 1:34 c\naudio@src 1:55 d\n"},
        {"<iframe src=a></iframe><frame src=b><embed src=c><object data=d></object>",
         "iframe@src 1:13 a\nframe@src 1:35 b\nembed@src 1:48 c\nobject@data 1:63 d\n"},
        {"<script src=a></script><link rel=stylesheet href=b>",
         "script@src 1:13 a\nlink@href 1:50 b [stylesheet]\n"},
        {"<link rel='preconnect x' href=no><link rel=dns-prefetch href=no>", ""},
        {"<form action=a><button formaction=b><input type=image src=c formaction=d></form>",
         "form@action 1:14 a\nbutton@formaction 1:35 b\ninput@formaction 1:72 d\n"
         "input@src 1:59 c\n"},
        {"<form method=dialog action=no>", ""},
        {"<meta http-equiv=refresh content='0; url=a'>", "meta@content 1:35 a\n"},
        {"<meta property=og:image content=a><meta name=twitter:image content=b>",
         "meta@content 1:33 a [og:image]\nmeta@content 1:68 b [twitter:image]\n"},
        {"<meta name=description content=http://no/>", ""},
        {"<a href=a ping='b c'>t</a>", "a@ping 1:17 b\na@ping 1:17 c\na@href 1:9 a [t]\n"},
        {"<blockquote cite=a><q cite=b><ins cite=c><del cite=d>",
         "blockquote@cite 1:18 a\nq@cite 1:28 b\nins@cite 1:40 c\ndel@cite 1:52 d\n"},
        {"<svg><use href=#a /><use xlink:href=b /><image href=c /></svg>",
         "use@href 1:16 #a\nuse@xlink:href 1:37 b\nimage@href 1:53 c\n"},
        {"<p style='background:url(a)'>", "css@url 1:26 a\n"},
        {"<style>\np{background:url(a)}\n</style>", "css@url 2:18 a\n"},
        {"<area href=a alt=T><base href=/b/><base href=/c/>", "area@href 1:12 a [T]\nbase /b/\n"},
        {"<body background=a><table background=b><td background=c><html manifest=d>",
         "body@background 1:18 a\ntable@background 1:38 b\ntd@background 1:55 c\n"
         "html@manifest 1:72 d\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(templates_count_when_they_are_shadow_trees)
{
    static const struct row rows[] = {
        {"<div><template shadowrootmode=open><a href=x id=no>t</a></template></div>",
         "a@href 1:44 x [t]\n"},
        {"<template shadowrootmode='CLOSED'><base href=no><img src=y></template><p id=n>",
         "img@src 1:58 y\n#n\n"},
        {"<template shadowrootmode=other><img src=no></template><img src=y>", "img@src 1:64 y\n"},
        {"<template shadowrootmode=open><template><img src=no></template><img src=y></template>"
         "<p id=n>",
         "img@src 1:73 y\n#n\n"},
        {"<template><template shadowrootmode=open><img src=no></template><img src=no></template>"
         "<img src=y>",
         "img@src 1:96 y\n"},
        {"</template><template shadowrootmode=open></template></template><img src=y>",
         "img@src 1:73 y\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(srcdoc_is_a_page)
{
    static const struct row rows[] = {
        {"<iframe srcdoc=\"<a href='x'>t</a><p id=no><a href='#no'>u</a>\" src=s></iframe>",
         "iframe@src 1:68 s\na@href 1:26 x [t]\n"},
        {"<iframe srcdoc='\n<img src=&quot;x&quot;>'>", "img@src 2:11 x\n"},
        {"<iframe srcdoc='<img src=a><BASE href=/b/><base href=/no/>'></iframe><img src=c>",
         "in /b/\nimg@src 1:26 a\nout\nimg@src 1:79 c\n"},
        {"<iframe srcdoc=\"<iframe srcdoc='<img src=a>'></iframe><img src=b>\">",
         "img@src 1:42 a\nimg@src 1:64 b\n"},
        {"<iframe srcdoc>", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(attributes_of_svg_are_css)
{
    static const struct row rows[] = {
        {"<svg fill='url(#a)'><path stroke=\"url('b#c') red\" filter='url(d)' mask=none "
         "marker-start='url(#e)' clip-path=url(#f) /></svg>",
         "svg@fill 1:16 #a\nsvg@clip-path 1:114 #f\nsvg@filter 1:63 d\n"
         "svg@marker-start 1:95 #e\nsvg@stroke 1:40 b#c\n"},
        {"<p fill='url(no)'><font color=url(no)>", ""},
        {"<svg><p fill='url(no)'>", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(scripts_are_read_by_their_type)
{
    static const struct row rows[] = {
        {"<script type=module>\nimport './a.js';\nimport('./b.js')</script><img src=y>",
         "script@import 2:9 ./a.js\nscript@import() 3:9 ./b.js\nimg@src 3:35 y\n"},
        {"<script>import './no'; if (a<b && '<!--') import('./b.js') // --></script>",
         "script@import() 1:51 ./b.js\n"},
        {"<script type='application/ld+json'>{\"url\": \"/a\", \"b\": \"&amp;</scriptx>\", "
         "\"logo\": "
         "\"/b\"}</script>",
         "json-ld@url 1:45 /a\njson-ld@logo 1:83 /b\n"},
        {"<script type=importmap>{\"imports\": {\"a\": \"./a.js\"}}</script><script>no</script>",
         "importmap@imports 1:43 ./a.js\n"},
        {"<script type=text/template>import('./no')</script><script src=s>import('./no')</script>",
         "script@src 1:63 s\n"},
        {"<script type=module src=s></script><link rel=modulepreload href=m><link rel=manifest "
         "href=w>",
         "script@src 1:25 s\nlink@href 1:65 m [modulepreload]\nlink@href 1:91 w [manifest]\n"},
        {"<a href=x>a<script>import('./b')</script>c</a>",
         "script@import() 1:28 ./b\na@href 1:9 x [ac]\n"},
        {"<svg><script>import('./a')</script></svg><img src=y>",
         "script@import() 1:22 ./a\nimg@src 1:51 y\n"},
        {"<script>import('./a", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(what_scripts_load_later_is_found)
{
    static const struct row rows[] = {
        {"<img data-src=a data-srcset='b 1x, c 2x' src=data:,>",
         "img@data-src 1:15 a\nimg@data-srcset 1:30 b\nimg@data-srcset 1:30 c\n"
         "img@src 1:46 data:,\n"},
        {"<iframe data-src=a></iframe><source data-srcset=b><video data-src=c><link data-href=d>",
         "iframe@data-src 1:18 a\nsource@data-srcset 1:49 b\nvideo@data-src 1:67 c\n"
         "link@data-href 1:85 d\n"},
        {"<img data-src='{{no}}'><img data-src='<%= no %>'><div data-src=no><a data-href=a>",
         "a@data-href 1:80 a\n"},
        {"<meta http-equiv=Link content='<a>; rel=next, <b>; rel=preconnect'>",
         "meta@content 1:32 a [next]\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(a_link_has_the_text_that_is_seen)
{
    static const struct row rows[] = {
        {"<a href=x> two\n <b>words</b> </a>", "a@href 1:9 x [two words]\n"},
        {"<a href=x>a&amp;b</a>", "a@href 1:9 x [a&b]\n"},
        {"<a href=x><img src=i alt=logo></a>", "img@src 1:20 i [logo]\na@href 1:9 x [logo]\n"},
        {"<a href=x>one<a href=y>two", "a@href 1:9 x [one]\na@href 1:22 y [two]\n"},
        {"<a href=x>a<script>no</script>b</a>", "a@href 1:9 x [ab]\n"},
        {"<a href=x>a<!--no-->b</a>", "a@href 1:9 x [ab]\n"},
        {"<a href=x></a>no", "a@href 1:9 x\n"},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

TEST(anchors_are_found)
{
    static const struct row rows[] = {
        {"<p id=a><a name=b><img name=no><div ID='c d'>", "#a\n#b\n#c d\n"},
        {"<p id=''>", ""},
    };
    check_rows(rows, ARRAY_LEN(rows));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attributes_are_read_as_browsers_read_them),
        cmocka_unit_test(what_is_no_markup_has_no_links),
        cmocka_unit_test(each_kind_of_link_is_found),
        cmocka_unit_test(templates_count_when_they_are_shadow_trees),
        cmocka_unit_test(srcdoc_is_a_page),
        cmocka_unit_test(attributes_of_svg_are_css),
        cmocka_unit_test(scripts_are_read_by_their_type),
        cmocka_unit_test(what_scripts_load_later_is_found),
        cmocka_unit_test(a_link_has_the_text_that_is_seen),
        cmocka_unit_test(anchors_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
