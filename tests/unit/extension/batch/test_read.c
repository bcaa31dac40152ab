/* A batch in its two forms says the same; what of one is none is said before anything is done. */
#include "support/test.h"

#include "extension/batch/read.h"
#include "support/exchange.h"

static struct bare_exchange bare;

typedef void read_fn(struct batch *batch, struct str body);

/* --- what was read --- */

static void say(const struct batch_operation *operation, struct buf *said)
{
    buf_addf(said, "%s%.*s %.*s %.*s%s", said->len ? "; " : "", STR_ARGS(operation->id),
             STR_ARGS(operation->method->name), STR_ARGS(path_str(operation->path)),
             operation->has_slash ? "/" : "");
    for (size_t i = 0; i < operation->after_count; i++)
        buf_addf(said, " after %zu", operation->after[i]);
    for (const struct batch_field *field = operation->fields; field; field = field->next)
        buf_addf(said, " %.*s=%.*s", STR_ARGS(http_field_name(field->id)), STR_ARGS(field->value));
    if (operation->part_id.at)
        buf_addf(said, " part %.*s", STR_ARGS(operation->part_id));
    if (operation->body.at)
        buf_addf(said, " [%.*s]", STR_ARGS(operation->body));
}

static void read_in(read_fn *read, const char *body, struct buf *said)
{
    struct batch batch;
    bare_exchange_init(&bare);
    bare.x.path = PATH("dir/a b");
    batch_init(&batch, &bare.x);
    read(&batch, str_of_c(body));
    for (size_t i = 0; i < batch.count && dav_is_fine(batch.defect); i++)
        say(batch.operations[i], said);
    if (!dav_is_fine(batch.defect))
        buf_addf(said, "%u %.*s", batch.defect.status, STR_ARGS(batch.defect.condition_xml));
    batch_done(&batch);
    bare_exchange_done(&bare);
}

static void check_read(read_fn *read, const char *body, const char *expected)
{
    struct buf said = {0};
    read_in(read, body, &said);
    check_str(body, buf_str(&said), expected);
    buf_done(&said);
}

#define XML(operations)                                                                            \
    "<batch xmlns=\"urn:x-davit\" xmlns:D=\"DAV:\" xmlns:p='urn:p'>\n" operations "</batch>"
#define JSON(operations) "{\"operations\": [" operations "]}"
#define ID(text)         "<V:id>" text "</V:id>"
#define WHY(text)        "<V:reason>" text "</V:reason>"

static void check_both(const char *xml, const char *json, const char *expected)
{
    check_read(batch_read_xml, xml, expected);
    check_read(batch_read_json, json, expected);
}

/* --- the forms --- */

TEST(batch_says_the_same_in_both_forms)
{
    check_both(XML("<operation id='1' method='HEAD' href='/dir/a%20b/c'/>"),
               JSON("{\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"/dir/a%20b/c\"}"),
               "1 HEAD dir/a b/c");
    check_both(
        XML("<operation id='1' method='MKCOL' href='n/'/>"
            "<operation id='x-2' method='COPY' href='http://dav.test/dir/a%20b/c' "
            "destination='n/c' if-match='\"5\"' overwrite='F' after='1'/>"
            "<operation id='3' method='PROPFIND' href='' after='1 x-2'/>"),
        JSON("{\"id\":\"1\",\"method\":\"MKCOL\",\"href\":\"n/\"},"
             "{\"id\":\"x-2\",\"method\":\"COPY\",\"href\":\"http://dav.test/dir/a%20b/c\","
             "\"destination\":\"n/c\",\"if-match\":\"\\\"5\\\"\",\"overwrite\":false,"
             "\"after\":\"1\"},"
             "{\"id\":\"3\",\"method\":\"PROPFIND\",\"href\":\"\",\"after\":[\"1\",\"x-2\"],"
             "\"timeout\":null}"),
        "1 MKCOL dir/a b/n/; x-2 COPY dir/a b/c after 0 Destination=/dir/a%20b/n/c Overwrite=F "
        "If-Match=\"5\"; 3 PROPFIND dir/a b/ after 0 after 1 Depth=0");
    check_both(XML("<operation id='1' method='PUT' href='c' content-type='text/x'>"
                   "<body>&lt;hello&gt;\n</body></operation>"
                   "<operation id='2' method='PUT' href='d' part='p@2'/>"
                   "<operation id='3' method='PUT' href='e'><body/></operation>"),
               JSON("{\"id\":\"1\",\"method\":\"PUT\",\"href\":\"c\",\"content-type\":\"text/x\","
                    "\"body\":\"<hello>\\n\"},"
                    "{\"id\":\"2\",\"method\":\"PUT\",\"href\":\"d\",\"part\":\"p@2\"},"
                    "{\"id\":\"3\",\"method\":\"PUT\",\"href\":\"e\",\"body\":\"\"}"),
               "1 PUT dir/a b/c Content-Type=text/x [<hello>\n]; 2 PUT dir/a b/d part p@2; "
               "3 PUT dir/a b/e []");
}

TEST(batch_in_xml_has_elements)
{
    check_read(batch_read_xml,
               XML("<p:other><p:more><D:href>x</D:href></p:more></p:other>"
                   "<operation id='1' method='MOVE' p:hint='1'><p:other><body/></p:other>"
                   "<D:href> c </D:href><destination> <D:href>d</D:href> </destination>"
                   "</operation>"),
               "1 MOVE dir/a b/c Destination=/dir/a%20b/d");
    check_read(batch_read_xml,
               XML("<operation id='1' method='PROPPATCH' href='c'><body>\n"
                   "<D:propertyupdate><D:set><D:prop><p:q>t</p:q></D:prop></D:set>"
                   "</D:propertyupdate>\n</body></operation>"),
               "1 PROPPATCH dir/a b/c [<D:propertyupdate xmlns:D=\"DAV:\" xmlns:p=\"urn:p\"><D:set>"
               "<D:prop><p:q>t</p:q></D:prop></D:set></D:propertyupdate>]");
}

/* --- defects --- */

TEST(batch_has_operations_that_can_be_meant)
{
    static const struct {
        const char *xml, *json, *said;
    } rows[] = {
        {"method='HEAD' href='c'", "\"method\":\"HEAD\",\"href\":\"c\"",
         "400 " WHY("an operation has no id, or one that is none")},
        {"id='a b' method='HEAD' href='c'", "\"id\":\"a b\",\"method\":\"HEAD\",\"href\":\"c\"",
         "400 " WHY("an operation has no id, or one that is none")},
        {"id='1' href='c'", "\"id\":\"1\",\"href\":\"c\"",
         "400 " ID("1") WHY("there is no such method, or not in a batch")},
        {"id='1' method='GET' href='c'", "\"id\":\"1\",\"method\":\"GET\",\"href\":\"c\"",
         "400 " ID("1") WHY("there is no such method, or not in a batch")},
        {"id='1' method='head' href='c'", "\"id\":\"1\",\"method\":\"head\",\"href\":\"c\"",
         "400 " ID("1") WHY("there is no such method, or not in a batch")},
        {"id='1' method='HEAD'", "\"id\":\"1\",\"method\":\"HEAD\"",
         "400 " ID("1") WHY("the href is missing")},
        {"id='1' method='HEAD' href='c' if-mach='x'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\",\"if-mach\":\"x\"",
         "400 " ID("1") WHY("an operation has no member of that name")},
        {"id='1' method='HEAD' href='c' transfer-encoding='x'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\",\"transfer-encoding\":\"x\"",
         "400 " ID("1") WHY("an operation has no member of that name")},
        {"id='1' method='HEAD' href='c' if='a&#10;b'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\",\"if\":\"a\\nb\"",
         "400 " ID("1") WHY("a condition has characters that no field has")},
        {"id='1' method='HEAD' href='/dir/b'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"/dir/b\"",
         "403 " ID("1") WHY("an operation is about what is not in the collection that the batch "
                            "was sent to")},
        {"id='1' method='HEAD' href='../x'", "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"../x\"",
         "403 " ID("1") WHY("an operation is about what is not in the collection that the batch "
                            "was sent to")},
        {"id='1' method='MOVE' href='c' destination='/e'",
         "\"id\":\"1\",\"method\":\"MOVE\",\"href\":\"c\",\"destination\":\"/e\"",
         "403 " ID("1") WHY("an operation is about what is not in the collection that the batch "
                            "was sent to")},
        {"id='1' method='HEAD' href='http://else.test/dir/a%20b/c'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"http://else.test/dir/a%20b/c\"",
         "403 " ID("1") WHY("an operation is about what is not in the collection that the batch "
                            "was sent to")},
        {"id='1' method='HEAD' href='c?d'", "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c?d\"",
         "400 " ID("1") WHY("an href or destination is no path or URI")},
        {"id='1' method='HEAD' href='c%zz'", "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c%zz\"",
         "400 " ID("1") WHY("an href or destination is no path or URI")},
        {"id='1' method='COPY' href='c'", "\"id\":\"1\",\"method\":\"COPY\",\"href\":\"c\"",
         "400 " ID("1") WHY("the destination is missing")},
        {"id='1' method='HEAD' href='c' destination='d'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\",\"destination\":\"d\"",
         "400 " ID("1") WHY("only COPY and MOVE have a destination")},
        {"id='1' method='PROPFIND' href='c' depth='1'",
         "\"id\":\"1\",\"method\":\"PROPFIND\",\"href\":\"c\",\"depth\":\"1\"",
         "400 " ID("1") WHY("PROPFIND has no Depth but 0 here")},
        {"id='1' method='HEAD' href='c' after='1'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\",\"after\":[\"1\"]",
         "400 " ID("1") WHY("an operation is to come after one that does not stand before it")},
        {"id='1' method='MKCOL' href='c' part='x'",
         "\"id\":\"1\",\"method\":\"MKCOL\",\"href\":\"c\",\"part\":\"x\"",
         "400 " ID("1") WHY("only a PUT has its content in a part")},
        {"id='1' method='HEAD' href='c' part='x'",
         "\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\",\"part\":\"x\"",
         "400 " ID("1") WHY("an operation of this method has no body")},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf xml = {0}, json = {0};
        buf_addf(&xml, XML("<operation %s/>"), rows[i].xml);
        buf_addf(&json, JSON("{%s}"), rows[i].json);
        check_both(buf_c(&xml), buf_c(&json), rows[i].said);
        buf_done(&xml);
        buf_done(&json);
    }
}

TEST(batch_has_one_operation_of_an_id)
{
    check_both(XML("<operation id='1' method='HEAD' href='c'/>"
                   "<operation id='1' method='HEAD' href='d'/>"),
               JSON("{\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\"},"
                    "{\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"d\"}"),
               "400 " ID("1") WHY("two operations have the same id"));
}

TEST(batch_is_xml_or_json)
{
    static const char *const xml[] = {"<D:batch xmlns:D='DAV:'/>",
                                      "<batch/>",
                                      XML("<operaton id='1' method='HEAD' href='c'/>"),
                                      XML("<operation id='1' method='HEAD' href='c'><bdy/>"
                                          "</operation>"),
                                      XML("<operation id='1' method='PUT' href='c'><body><p:x/>"
                                          "</body></operation>"),
                                      XML("<operation id='1' method='LOCK' href='c'><body>x<p:x/>"
                                          "</body></operation>"),
                                      XML("<operation id='1' method='LOCK' href='c'><body><p:x/>"
                                          "<p:x/></body></operation>"),
                                      XML("<operation id='1' method='HEAD'><D:href>c<p:x/></D:href>"
                                          "</operation>"),
                                      XML("<operation id='1' method='HEAD' href='c'><D:href>c"
                                          "</D:href></operation>")};
    static const char *const json[] = {
        "",
        "[]",
        "{}",
        "{\"operations\":{}}",
        "{\"operations\":[1]}",
        "{\"operation\":[]}",
        JSON("{\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\"}") "x",
        JSON("{\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\"}") ",",
        "{\"operations\":[],\"more\":1}",
        JSON("{\"id\":1,\"method\":\"HEAD\",\"href\":\"c\"}"),
        JSON("{\"id\":\"1\",\"id\":\"1\",\"method\":\"HEAD\",\"href\":\"c\"}"),
        JSON("{\"id\":\"1\",\"method\":\"HEAD\",\"href\":true}"),
        JSON("{\"id\":\"1\",\"method\":\"PUT\",\"href\":\"c\",\"body\":\"\",\"body\":\"\"}"),
        JSON("{\"id\":\"1\",\"method\":\"PUT\",\"href\":\"c\""),
    };
    for (size_t i = 0; i < ARRAY_LEN(xml); i++) {
        struct buf said = {0};
        read_in(batch_read_xml, xml[i], &said);
        if (!str_starts(buf_str(&said), STR("400 ")))
            check_str(xml[i], buf_str(&said), "400");
        buf_done(&said);
    }
    for (size_t i = 0; i < ARRAY_LEN(json); i++) {
        struct buf said = {0};
        read_in(batch_read_json, json[i], &said);
        if (!str_starts(buf_str(&said), STR("400 ")))
            check_str(json[i], buf_str(&said), "400");
        buf_done(&said);
    }
}

/* --- parts, and how much --- */

TEST(batch_needs_the_parts_that_it_names)
{
    static const char body[] =
        JSON("{\"id\":\"1\",\"method\":\"PUT\",\"href\":\"c\",\"part\":\"a\"}");
    struct batch_part a = {.type = STR("text/x")}, b = {0};
    for (unsigned which = 0; which < 4; which++) {
        struct batch batch;
        bare_exchange_init(&bare);
        batch_init(&batch, &bare.x);
        a.is_used = b.is_used = false;
        assert_true(!(which & 1) || batch_add_part(&batch, STR("a"), &a));
        assert_true(!(which & 2) || batch_add_part(&batch, STR("b"), &b));
        batch_read_json(&batch, STR(body));
        struct dav_result result = batch_check(&batch);
        check_int(body, dav_is_fine(result), which == 1);
        if (which == 1) {
            assert_ptr_equal(batch.operations[0]->part, &a);
            check_str("type", batch.operations[0]->fields->value, "text/x");
            assert_false(batch_add_part(&batch, STR("a"), &b));
        }
        batch_done(&batch);
        bare_exchange_done(&bare);
    }
}

TEST(batch_has_bounds)
{
    struct buf body = {0};
    BUF_ADD(&body, "{\"operations\":[");
    for (unsigned i = 0; i < 40; i++)
        buf_addf(&body, "%s{\"id\":\"%u\",\"method\":\"HEAD\",\"href\":\"c\"}", i ? "," : "", i);
    BUF_ADD(&body, "]}");
    for (unsigned max = 39; max <= 40; max++) {
        struct batch batch;
        bare_exchange_init(&bare);
        bare.limits.batch_operations = max;
        batch_init(&batch, &bare.x);
        batch_read_json(&batch, buf_str(&body));
        assert_int_equal(batch_check(&batch).status, max == 40 ? 0 : HTTP_CONTENT_TOO_LARGE);
        batch_done(&batch);
        bare_exchange_done(&bare);
    }
    buf_done(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batch_says_the_same_in_both_forms),
        cmocka_unit_test(batch_in_xml_has_elements),
        cmocka_unit_test(batch_has_operations_that_can_be_meant),
        cmocka_unit_test(batch_has_one_operation_of_an_id),
        cmocka_unit_test(batch_is_xml_or_json),
        cmocka_unit_test(batch_needs_the_parts_that_it_names),
        cmocka_unit_test(batch_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
