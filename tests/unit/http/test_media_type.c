#include "support/test.h"

#include "http/media_type.h"

static const char unknown[] = "application/octet-stream";

TEST(media_type_goes_by_the_last_extension)
{
    static const struct {
        const char *name, *type;
    } rows[] = {
        {"index.html", "text/html"},
        {"INDEX.HTML", "text/html"},
        {"a.tar.gz", "application/gzip"},
        {"a.html.png", "image/png"},
        {"a.jpeg", "image/jpeg"},
        {"a.txt", "text/plain"},
        {"a.json", "application/json"},
        {"a.svg", "image/svg+xml"},
        {"a", unknown},
        {"", unknown},
        {".html", unknown}, /* a hidden file without an extension */
        {"a.", unknown},
        {".", unknown},
        {"..", unknown},
        {"..html", "text/html"},
        {"html", unknown},
        {"a.htm l", unknown},
        {"a.unheardof", unknown},
        {"a.an-extension-that-is-longer-than-any-there-is", unknown},
        {"\xc3\xa4.png", "image/png"},
    };
    struct media_types types;
    media_types_init(&types);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].name, media_type_find(&types, str_of_c(rows[i].name)), rows[i].type);
    media_types_done(&types);
}

TEST(media_type_takes_what_says_something)
{
    static const struct {
        const char *field, *type;
        bool is_harmless;
    } rows[] = {
        {"image/png", "image/png", true},
        {" IMAGE/Png ; x=y", "image/png", true},
        {"text/plain;charset=\"UTF-8\"; format=flowed", "text/plain; charset=utf-8", true},
        {"text/plain; charset=a&b", "text/plain", true},
        {"text/plain; charset=", "text/plain", true},
        {"image/SVG+XML; charset=utf-8", "image/svg+xml; charset=utf-8", false},
        {"Text/HTML", "text/html", false},
        {"application/octet-stream", "", false},
        {"APPLICATION/x-www-form-urlencoded; charset=utf-8", "", false},
        {"", "", false},
        {"text", "", false},
        {"text/", "", false},
        {"/plain", "", false},
        {"text/pl ain", "", false},
        {"text/<b>", "", false},
        {"text/a/b", "", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf type = {0};
        bool is_taken = media_type_take(&type, str_of_c(rows[i].field));
        check_str(rows[i].field, buf_str(&type), rows[i].type);
        check_that(rows[i].field, is_taken == (rows[i].type[0] != '\0'));
        check_that(rows[i].field, media_type_is_harmless(buf_str(&type)) == rows[i].is_harmless);
        buf_done(&type);
    }
    check_that("case", !media_type_is_harmless(STR("image/svg+XML")));
    check_that("parameters", !media_type_is_harmless(STR("image/svg+xml; charset=utf-8")));
}

TEST(media_types_read_what_mime_types_holds)
{
    static const char table[] = "# comment\n"
                                "\n"
                                "application/x-one\tone  ONE2\tone3\n"
                                "  text/x-two two # and a comment\n"
                                "no-slash three\n"
                                "application/x-none\n"
                                "text/html shtml\n"
                                "application/x-late html\n"
                                "application/x-last last";
    static const struct {
        const char *name, *type;
    } rows[] = {
        {"a.one", "application/x-one"},
        {"a.one2", "application/x-one"},
        {"a.One3", "application/x-one"},
        {"a.two", "text/x-two"},
        {"a.three", unknown},
        {"a.and", unknown},
        {"a.shtml", "text/html"},
        {"a.html", "application/x-late"}, /* later lines win, also over our own */
        {"a.last", "application/x-last"}, /* without an end of line */
    };
    struct media_types types;
    media_types_init(&types);
    media_types_read(&types, STR(table));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_str(rows[i].name, media_type_find(&types, str_of_c(rows[i].name)), rows[i].type);
    media_types_done(&types);
}

TEST(media_types_copy_what_they_read)
{
    char table[] = "application/x-one one\n";
    struct media_types types;
    media_types_init(&types);
    media_types_read(&types, str_of_c(table));
    memset(table, '!', sizeof(table));
    check_str("one", media_type_find(&types, STR("a.one")), "application/x-one");
    media_types_done(&types);
}

TEST(media_type_is_harmless_when_nothing_in_it_runs)
{
    static const char *const harmless[] = {"text/plain", "text/csv",   "application/json",
                                           "image/png",  "image/avif", "audio/mpeg",
                                           "video/mp4",  "font/woff2", "application/pdf"};
    static const char *const others[] = {"text/html",
                                         "application/xhtml+xml",
                                         "image/svg+xml",
                                         "image/x+xml",
                                         "text/xml",
                                         "application/xml",
                                         "application/xslt+xml",
                                         "text/javascript",
                                         "application/javascript",
                                         "text/x-component",
                                         "message/rfc822",
                                         "multipart/related",
                                         "application/octet-stream",
                                         "application/x-shockwave-flash",
                                         "application/epub+zip",
                                         "text/plainer",
                                         "image",
                                         ""};
    for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
        check_that(harmless[i], media_type_is_harmless(str_of_c(harmless[i])));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_that(others[i], !media_type_is_harmless(str_of_c(others[i])));
}

TEST(media_type_is_xml_by_two_names)
{
    static const char *const xml[] = {"text/xml", "application/xml; charset=utf-8",
                                      "Text/XML ;a=b"};
    static const char *const others[] = {"", "image/svg+xml", "text/xmlish", "text/html", "xml"};
    for (size_t i = 0; i < ARRAY_LEN(xml); i++)
        check_that(xml[i], media_type_is_xml(str_of_c(xml[i])));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_that(others[i], !media_type_is_xml(str_of_c(others[i])));
}

TEST(media_type_is_text_where_it_can_be_read)
{
    static const char *const texts[] = {"text/plain; charset=utf-8",
                                        "TEXT/css",
                                        "image/svg+xml",
                                        "application/ld+json ; x=y",
                                        "application/json",
                                        "Application/JavaScript",
                                        "application/xml"};
    static const char *const others[] = {"image/png",
                                         "application/zip",
                                         "application/json-seq",
                                         "application/octet-stream",
                                         "video/mp2t+",
                                         "",
                                         "textual/x"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        check_that(texts[i], media_type_is_text(str_of_c(texts[i])));
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        check_that(others[i], !media_type_is_text(str_of_c(others[i])));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(media_type_is_text_where_it_can_be_read),
        cmocka_unit_test(media_type_goes_by_the_last_extension),
        cmocka_unit_test(media_type_takes_what_says_something),
        cmocka_unit_test(media_types_read_what_mime_types_holds),
        cmocka_unit_test(media_types_copy_what_they_read),
        cmocka_unit_test(media_type_is_harmless_when_nothing_in_it_runs),
        cmocka_unit_test(media_type_is_xml_by_two_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
