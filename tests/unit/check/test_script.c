#include "support/test.h"

#include "check/read/script/script_links.h"
#include "finding.h"

struct row {
    const char *script, *expected;
};

static void check_rows(enum script_kind kind, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct str script = str_of_c(rows[i].script);
        for (size_t step = script.len; step > 0; step = step > 1 ? 1 : 0) {
            struct finding finding;
            finding_init(&finding);
            struct script_links *links =
                script_links_new(&finding.finder, kind, (struct html_position){1, 1});
            for (size_t at = 0; at < script.len; at += step)
                script_links_feed(links, str_first(str_from(script, at), step));
            script_links_free(links);
            check_str(rows[i].script, buf_str(&finding.lines), rows[i].expected);
            finding_done(&finding);
        }
    }
}

TEST(modules_import)
{
    static const struct row rows[] = {
        {"import './a.js'; import a from \"/b.js\"\nimport {a as b, 'c-d' as e} from '../c.js';",
         "script@import 1:9 ./a.js\nscript@import 1:33 /b.js\nscript@import 2:35 ../c.js\n"},
        {"import a, * as b from './a.js';import{a}from'./b.js'",
         "script@import 1:24 ./a.js\nscript@import 1:46 ./b.js\n"},
        {"import from from './a.js'; import a from './b.json' with {type: './no'}",
         "script@import 1:19 ./a.js\nscript@import 1:43 ./b.json\n"},
        {"export * from './a.js'; export * as b from './b.js'; export {c} from './c.js';",
         "script@import 1:16 ./a.js\nscript@import 1:45 ./b.js\nscript@import 1:71 ./c.js\n"},
        {"import 'bare'; import a from 'https://h/a.js'; import b from '@s/b'",
         "script@import 1:31 https://h/a.js\n"},
        {"export const a = './no'; export default './no'; export {a}; let from = './no'", ""},
        {"import.meta.url; a.import './no'; x = {import: './no'}", ""},
        {"function f() { import './no' } ({}); import './a.js'", "script@import 1:46 ./a.js\n"},
        {"import(a).then(b => './no'); import('./a.js'); await import ( \"./b.js\" , {})",
         "script@import() 1:38 ./a.js\nscript@import() 1:64 ./b.js\n"},
        {"import('./no' + a); import(`./no`); import('bare'); import('./no'", ""},
        {"a.import('./no'); my_import('./no'); $import('./no'); function f() { import('./a') }",
         "script@import() 1:78 ./a\n"},
    };
    check_rows(SCRIPT_MODULE, rows, ARRAY_LEN(rows));
}

TEST(other_scripts_import_by_calls_only)
{
    static const struct row rows[] = {
        {"import './no'; export * from './no'; import('./a.js')", "script@import() 1:46 ./a.js\n"},
    };
    check_rows(SCRIPT_CLASSIC, rows, ARRAY_LEN(rows));
}

TEST(what_is_no_code_imports_nothing)
{
    static const struct row rows[] = {
        {"// import './no'\n/* import './no' **/ import './a.js'", "script@import 2:30 ./a.js\n"},
        {"\"import './no'\"; 'a\\'import \"./no\"'; import './a.js'",
         "script@import 1:46 ./a.js\n"},
        {"`import './no' ${import('./a')} import('./no') ${`${import('./b')}`} $ \\` "
         "import('./no')`"
         "\nimport './c'",
         "script@import() 1:26 ./a\nscript@import() 1:61 ./b\nscript@import 2:9 ./c\n"},
        {"`${{a: {}}}import('./no')`; import './a'", "script@import 1:37 ./a\n"},
        {"a = /'/; import './a'", "script@import 1:18 ./a\n"},
        {"a = /[/'\\]]\\/'/; import './a'", "script@import 1:26 ./a\n"},
        {"return /`/; if (x) {} /`/.test(y); (a) / b; c / d; /'/", ""},
        {"a = b / c; import './a'; d /= e; f = g[0] / '/' / 2; import './b'",
         "script@import 1:20 ./a\nscript@import 1:62 ./b\n"},
        {"'broken\nimport './a'", "script@import 2:9 ./a\n"},
        {"import './a\\x62'; import './c'", "script@import 1:27 ./c\n"},
        {"import", ""},
        {"\xc3\xa9import './no'; /* \xc3\xa9 */ import './a'", "script@import 1:33 ./a\n"},
    };
    check_rows(SCRIPT_MODULE, rows, ARRAY_LEN(rows));
}

TEST(import_maps_name_addresses)
{
    static const struct row rows[] = {
        {"{\"imports\": {\"a\": \"./a.js\", \"b/\": \"/b/\", \"c\": \"bare\", \"d\": null, \"e\": "
         "\"https://h/e.js\"},\n\"scopes\": {\"/x/\": {\"a\": \"/f.js\"}}, "
         "\"integrity\": {\"./no\": \"./no\"}}",
         "importmap@imports 1:20 ./a.js\nimportmap@imports 1:72 https://h/e.js\n"
         "importmap@scopes 2:26 /f.js\n"},
    };
    check_rows(SCRIPT_IMPORT_MAP, rows, ARRAY_LEN(rows));
}

TEST(json_ld_has_links_and_names)
{
    static const struct row rows[] = {
        {"{\"@context\": \"https://schema.org\", \"@id\": \"https://h/#no\", \"url\": "
         "\"https://h/\",\n"
         "\"sameAs\": [\"https://a/\", \"https://b/\"], \"image\": {\"@type\": \"ImageObject\", "
         "\"contentUrl\": \"/i.png\"}}",
         "json-ld@url 1:68 https://h/\njson-ld@sameAs 2:13 https://a/\n"
         "json-ld@sameAs 2:27 https://b/\njson-ld@contentUrl 2:90 /i.png\n"},
        {"[{\"@graph\": [{\"logo\": \"http:\\/\\/h\\/\\u00e9\\ud83d\\ude00\"}, {\"image\": "
         "[[\"./x\"]]}]}]",
         "json-ld@logo 1:24 http://h/\xc3\xa9\xf0\x9f\x98\x80\njson-ld@image 1:71 ./x\n"},
        {"{\"offers\": {\"availability\": \"https://schema.org/InStock\"}, \"license\": \"MIT\", "
         "\"url\": \"https://h/{q}\", \"target\": \"https://h/?q={q}\"}",
         ""},
        {"{\"url\": 1, \"url\": true, \"a\": [], \"b\": {}, \"url\": \"/a\"} x {\"url\": \"/no\"}",
         "json-ld@url 1:51 /a\n"},
        {"{\"url\": \"/a\", }, {\"url\": \"/no\"}", "json-ld@url 1:10 /a\n"},
        {"{\"url\": \"/a\"", "json-ld@url 1:10 /a\n"},
        {"{\"url\": \"/a\nb\"}", ""},
        {"{\"url\": \"/\\ud83d\\u0041\\ud83d\"}", "json-ld@url 1:10 /\xef\xbf\xbd"
                                                  "A\xef\xbf\xbd\n"},
        {"\"/no\"", ""},
        {"]}\"/no\"", ""},
    };
    check_rows(SCRIPT_JSON_LD, rows, ARRAY_LEN(rows));
}

TEST(manifests_have_icons_and_pages)
{
    static const struct row rows[] = {
        {"{\"start_url\": \"./?pwa\", \"scope\": \"/\", \"id\": \"/no\", \"icons\": [{\"src\": "
         "\"i.png\"}],\n"
         "\"screenshots\": [{\"src\": \"s.png\"}], \"shortcuts\": [{\"name\": \"n\", \"url\": "
         "\"/a\", "
         "\"icons\": [{\"src\": \"j.png\"}]}]}",
         "manifest@start_url 1:16 ./?pwa\nmanifest@icons.src 1:71 i.png\n"
         "manifest@screenshots.src 2:26 s.png\nmanifest@shortcuts.url 2:72 /a\n"
         "manifest@shortcuts.icons.src 2:96 j.png\n"},
    };
    check_rows(SCRIPT_MANIFEST, rows, ARRAY_LEN(rows));
}

TEST(depth_has_a_bound)
{
    struct buf text = {0};
    struct finding finding;
    finding_init(&finding);
    for (unsigned i = 0; i < 1000; i++)
        BUF_ADD(&text, "[");
    BUF_ADD(&text, "{\"url\":\"/no\"}");
    struct script_links *links =
        script_links_new(&finding.finder, SCRIPT_JSON_LD, (struct html_position){1, 1});
    script_links_feed(links, buf_str(&text));
    script_links_free(links);
    buf_clear(&text);
    for (unsigned i = 0; i < 1000; i++)
        BUF_ADD(&text, "`${");
    BUF_ADD(&text, "import('./no')");
    links = script_links_new(&finding.finder, SCRIPT_MODULE, (struct html_position){1, 1});
    script_links_feed(links, buf_str(&text));
    script_links_free(links);
    check_str("links", buf_str(&finding.lines), "");
    finding_done(&finding);
    buf_done(&text);
}

TEST(types_are_told_apart)
{
    static const struct {
        const char *type;
        enum script_kind kind;
    } rows[] = {
        {"", SCRIPT_CLASSIC},
        {"Text/JavaScript; charset=utf-8", SCRIPT_CLASSIC},
        {"module", SCRIPT_MODULE},
        {" application/ld+json ", SCRIPT_JSON_LD},
        {"importmap", SCRIPT_IMPORT_MAP},
        {"text/template", SCRIPT_NONE},
        {"application/json", SCRIPT_NONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].type, script_kind_of(str_of_c(rows[i].type)), rows[i].kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modules_import),
        cmocka_unit_test(other_scripts_import_by_calls_only),
        cmocka_unit_test(what_is_no_code_imports_nothing),
        cmocka_unit_test(import_maps_name_addresses),
        cmocka_unit_test(json_ld_has_links_and_names),
        cmocka_unit_test(manifests_have_icons_and_pages),
        cmocka_unit_test(depth_has_a_bound),
        cmocka_unit_test(types_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
