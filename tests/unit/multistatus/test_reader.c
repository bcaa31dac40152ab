#include "support/test.h"

#include "multistatus/rules.h"
#include "support/ms_model.h"

#define HEAD "<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\">"
#define TAIL "</D:multistatus>"

/* Reads at several splits; the result is the same, and is `expected`. */
static void check_read(const char *body, const char *expected)
{
    static const size_t steps[] = {SIZE_MAX / 2, 1, 2, 3, 7, 64};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct buf model = {0};
        (void)ms_model_read(&model, str_of_c(body), steps[i], NULL); /* in the model */
        check_str(body, buf_str(&model), expected);
        buf_done(&model);
    }
}

static enum davit_ms_rc read_rc(const char *body, const struct davit_ms_options *options)
{
    struct buf whole = {0}, bytewise = {0};
    enum davit_ms_rc rc = ms_model_read(&whole, str_of_c(body), SIZE_MAX / 2, options);
    check_int(body, ms_model_read(&bytewise, str_of_c(body), 1, options), rc);
    check_bytes(body, buf_str(&bytewise), buf_str(&whole));
    buf_done(&whole);
    buf_done(&bytewise);
    return rc;
}

TEST(reader_reads_statuses)
{
    check_read(HEAD "<D:response><D:href>/file1.txt</D:href><D:status>HTTP/1.1 200 OK</D:status>"
                    "</D:response><D:response><D:href>/file2.txt</D:href>"
                    "<D:status>HTTP/1.1 403 Forbidden</D:status></D:response>" TAIL,
               "response /file1.txt 200\n"
               "response /file2.txt 403\n"
               "head\nverdict ok=1,403=1 worst=403 3\n");
}

TEST(reader_reads_propstats_in_any_order)
{
    check_read(
        "<multistatus xmlns='DAV:'><response><propstat><status>HTTP/1.1 200 OK</status><prop>"
        "<getetag>\"a\"</getetag><x:p xmlns:x='urn:x' xml:lang='de'/></prop></propstat>"
        "<href>\n /a\t</href><propstat><prop><q/></prop><status> HTTP/1.1 404  Not Found "
        "</status><error><not-here/></error><responsedescription xml:lang='en'>no</"
        "responsedescription></propstat></response></multistatus>",
        "response /a 0\n"
        "  propstat 200\n    prop {DAV:}getetag text='\"a\"'\n    prop {urn:x}p lang='de'\n"
        "  propstat 404\n    prop {DAV:}q\n    condition {DAV:}not-here description='no' "
        "description_lang='en'\n"
        "head\nverdict ok=1 worst=200 3\n");
}

TEST(reader_reads_several_hrefs_and_location)
{
    check_read(HEAD "<D:response><D:href>/a</D:href><D:href>/b</D:href><D:status>HTTP/1.1 302 Found"
                    "</D:status><D:location><D:href>/c</D:href></D:location>"
                    "<x:id xmlns:x='urn:x'>7</x:id></D:response>"
                    "<D:responsedescription>all</D:responsedescription>"
                    "<D:sync-token>urn:t</D:sync-token>" TAIL,
               "response /a /b 302 location='/c'\n    other {urn:x}id text='7'\n"
               "head description='all' sync_token='urn:t'\nverdict ok=0,302=2 worst=302 3\n");
}

TEST(reader_takes_cdata_and_references_for_text)
{
    check_read(HEAD "<D:response><D:href>/a&amp;b<![CDATA[<c>]]>&#x64;</D:href><D:propstat><D:prop>"
                    "<D:displayname>1 &lt; 2 <![CDATA[& 3]]></D:displayname></D:prop>"
                    "<D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>" TAIL,
               "response /a&b<c>d 0\n  propstat 200\n"
               "    prop {DAV:}displayname text='1 < 2 & 3'\n"
               "head\nverdict ok=1 worst=200 3\n");
}

TEST(reader_makes_values_stand_alone)
{
    check_read(HEAD "<D:response><D:href>/</D:href><D:propstat><D:prop>"
                    "<D:resourcetype><D:collection/></D:resourcetype>"
                    "<x:a xmlns:x='urn:x' xmlns:y='urn:y' x:b='1' D:c='2'>t<x:d y:e='3'>u</x:d>"
                    "<f xmlns='urn:f'><g/><h xmlns=''/></f><i/></x:a>"
                    "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>" TAIL,
               "response / 0\n  propstat 200\n"
               "    prop {DAV:}resourcetype xml='<D:collection xmlns:D=\"DAV:\"/>'\n"
               "    prop {urn:x}a attributes=' xmlns:y=\"urn:y\" x:b=\"1\" xmlns:D=\"DAV:\" "
               "D:c=\"2\"' xml='t<x:d xmlns:x=\"urn:x\" xmlns:y=\"urn:y\" y:e=\"3\">u</x:d>"
               "<f xmlns=\"urn:f\"><g/><h xmlns=\"\"/></f><i xmlns=\"\"/>'\n"
               "head\nverdict ok=1 worst=200 3\n");
}

TEST(reader_skips_what_it_does_not_know)
{
    check_read(
        HEAD "<D:new><D:response><D:href>/no</D:href></D:response></D:new>"
             "<x:response xmlns:x='urn:x'/><D:response><D:href>/a<D:b>c</D:b></D:href>"
             "<D:new><D:status>HTTP/1.1 500 No</D:status></D:new>"
             "<D:status>HTTP/1.1 200 OK</D:status></D:response>" TAIL,
        "response /a 200\n    other {DAV:}new xml='<D:status xmlns:D=\"DAV:\">HTTP/1.1 500 No"
        "</D:status>'\nhead\nverdict ok=1 worst=200 3\n");
}

TEST(reader_refuses_nothing_that_xml_allows)
{
    check_read(HEAD "<D:response/><D:response><D:href/><D:status>fine</D:status></D:response>"
                    "<D:response><D:href>/a</D:href><D:status>HTTP/1.1 200 OK</D:status>"
                    "<D:propstat><D:prop/></D:propstat></D:response>" TAIL,
               "response 0\nresponse  0 line='fine'\nresponse /a 200\n  propstat 0\n"
               "head\nverdict ok=1,none=2 worst=200 3\n");
    check_read("<multistatus xmlns='DAV:'/>", "head\nverdict ok=0 worst=0 3\n");
}

/* Cut off anywhere, the body is cut off: members are missing. */
TEST(reader_knows_what_is_cut_off)
{
    static const char body[] =
        HEAD "<D:response><D:href>/\xc3\xa4</D:href><D:propstat><D:prop><D:a><![CDATA[x]]></D:a>"
             "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>" TAIL;
    for (size_t len = 0; len < sizeof(body) - 1; len++) {
        struct buf model = {0};
        check_int("cut off", ms_model_read(&model, str_of(body, len), 16, NULL), DAVIT_MS_CUT_OFF);
        buf_done(&model);
    }
    assert_int_equal(read_rc(body, NULL), DAVIT_MS_END);
}

TEST(reader_says_what_it_cannot_read)
{
    static const struct {
        const char *body;
        enum davit_ms_rc rc;
    } rows[] = {
        {"<html/>", DAVIT_MS_NOT_MULTISTATUS},
        {"<multistatus/>", DAVIT_MS_NOT_MULTISTATUS},
        {"<D:multistatus xmlns:D='dav:'/>", DAVIT_MS_NOT_MULTISTATUS},
        {"<D:multistatus xmlns:D='DAV'/>", DAVIT_MS_NOT_MULTISTATUS},
        {"<D:response xmlns:D='DAV:'/>", DAVIT_MS_NOT_MULTISTATUS},
        {"not xml", DAVIT_MS_MALFORMED},
        {"{\"a\":1}", DAVIT_MS_MALFORMED},
        {HEAD "</D:multistatus >x", DAVIT_MS_MALFORMED},
        {HEAD TAIL "<a/>", DAVIT_MS_MALFORMED},
        {HEAD TAIL "\n<!-- fine --> \n", DAVIT_MS_END},
        {HEAD "<D:response></D:responce>", DAVIT_MS_MALFORMED},
        {HEAD "&x;" TAIL, DAVIT_MS_MALFORMED},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]>" HEAD TAIL, DAVIT_MS_MALFORMED}, /* behind it, <?xml */
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>", DAVIT_MS_FORBIDDEN},
        {"<?xml version='1.0' encoding='utf-7'?><a/>", DAVIT_MS_MALFORMED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        enum davit_ms_rc rc = read_rc(rows[i].body, NULL);
        if (rc == DAVIT_MS_FORBIDDEN && rows[i].rc == DAVIT_MS_MALFORMED)
            continue; /* both are true; which is found first is expat's business */
        check_int(rows[i].body, rc, rows[i].rc);
    }
}

TEST(reader_takes_other_namespaces_when_asked)
{
    const struct davit_ms_options any = {.flags = DAVIT_MS_ANY_NAMESPACE};
    static const char body[] =
        "<multistatus xmlns='dav:'><response><href>/a</href><status>HTTP/1.1 "
        "200 OK</status></response></multistatus>";
    struct buf model = {0};
    assert_int_equal(ms_model_read(&model, STR(body), 5, &any), DAVIT_MS_END);
    check_str("any", buf_str(&model), "response /a 200\nhead\nverdict ok=1 worst=200 3\n");
    assert_int_equal(read_rc("<html/>", &any), DAVIT_MS_NOT_MULTISTATUS);
    buf_done(&model);
}

#define ONE(inside)                                                                                \
    HEAD "<D:response><D:href>/a</D:href><D:propstat><D:prop>" inside                              \
         "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response>" TAIL

TEST(reader_holds_its_limits)
{
    static const struct {
        struct davit_ms_limits limits;
        const char *within, *beyond;
    } rows[] = {
        {{.depth = 7},
         ONE("<D:a><D:b><D:c/></D:b></D:a>"),
         ONE("<D:a><D:b><D:c><D:d/></D:c></D:b></D:a>")},
        {{.attributes = 2}, ONE("<D:a b='' c=''/>"), ONE("<D:a b='' c='' d=''/>")},
        {{.namespace_bytes = 6}, ONE("<a xmlns='123456'/>"), ONE("<a xmlns='1234567'/>")},
        {{.response_bytes = 100},
         ONE("<a>0123456789</a>"),
         ONE("<a>0123456789012345678901234567890123456789012345678901234567890123456789012345678"
             "90123456789012345678901234567890</a>")},
        {{.response_parts = 4}, ONE("<a/><b/>"), ONE("<a/><b/><c/>")},
        {{.responses = 1}, HEAD "<D:response/>" TAIL, HEAD "<D:response/><D:response/>" TAIL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct davit_ms_options options = {.limits = rows[i].limits};
        check_int(rows[i].within, read_rc(rows[i].within, &options), DAVIT_MS_END);
        check_int(rows[i].beyond, read_rc(rows[i].beyond, &options), DAVIT_MS_LIMIT);
    }
}

/* A long name that each of many short elements has to declare must not multiply. */
TEST(reader_bounds_what_namespaces_repeat)
{
    const struct davit_ms_options options = {.limits = {.response_bytes = 100000}};
    struct buf body = {0}, model = {0};
    BUF_ADD(&body, HEAD "<D:response><D:href>/a</D:href><D:propstat><D:prop><D:p xmlns:x='");
    for (size_t i = 0; i < 1000; i++)
        buf_add_char(&body, 'n');
    BUF_ADD(&body, "'>");
    for (size_t i = 0; i < 1000; i++)
        BUF_ADD(&body, "<x:e/>");
    BUF_ADD(&body, "</D:p></D:prop></D:propstat></D:response>" TAIL);
    assert_int_equal(ms_model_read(&model, buf_str(&body), 4096, &options), DAVIT_MS_LIMIT);
    buf_done(&body);
    buf_done(&model);
}

TEST(reader_says_where_things_are)
{
    static const char body[] = "<D:multistatus xmlns:D='DAV:'>\n"
                               "<D:response><D:href>/\xc3\xa4</D:href>\n"
                               "  <D:propstat><D:prop><D:a/><D:b/></D:prop><D:status>HTTP/1.1 200 "
                               "OK</D:status></D:propstat></D:response></D:multistatus>";
    const struct davit_ms_options options = {.flags = DAVIT_MS_PLACES};
    struct davit_ms_reader *reader = davit_ms_reader_new(&options);
    const struct davit_ms_response *response;
    assert_int_equal(davit_ms_reader_feed(reader, body, sizeof(body) - 1), DAVIT_MS_OK);
    assert_int_equal(davit_ms_reader_next(reader, &response), DAVIT_MS_RESPONSE);
    assert_int_equal(response->place.line, 2);
    assert_int_equal(response->place.column, 1);
    assert_int_equal(response->place.byte, 31);
    assert_int_equal(response->hrefs[0].place.column, 13);
    assert_int_equal(response->propstats[0].place.line, 3);
    assert_int_equal(response->propstats[0].place.column, 3);
    assert_int_equal(response->propstats[0].props[1].place.column, 29);
    assert_int_equal(response->propstats[0].status_place.column, 44);
    assert_memory_equal(body + response->propstats[0].props[1].place.byte, "<D:b/>", 6);
    davit_ms_reader_free(reader);
}

TEST(reader_wants_its_calls_in_order)
{
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    const struct davit_ms_response *response;
    static const char body[] = HEAD "<D:response/><D:response/>" TAIL;
    assert_int_equal(davit_ms_reader_next(reader, &response), DAVIT_MS_MORE);
    assert_int_equal(davit_ms_reader_feed(reader, "", 0), DAVIT_MS_OK);
    assert_int_equal(davit_ms_reader_feed(reader, body, sizeof(body) - 1), DAVIT_MS_OK);
    assert_int_equal(davit_ms_reader_feed(reader, "x", 1), DAVIT_MS_MISUSE);
    assert_int_equal(davit_ms_reader_finish(reader), DAVIT_MS_MISUSE);
    assert_int_equal(davit_ms_reader_next(reader, &response), DAVIT_MS_RESPONSE);
    assert_int_equal(davit_ms_reader_feed(reader, "x", 1), DAVIT_MS_MISUSE);
    assert_int_equal(davit_ms_reader_next(reader, &response), DAVIT_MS_RESPONSE);
    assert_int_equal(davit_ms_reader_next(reader, &response), DAVIT_MS_MORE);
    assert_false(davit_ms_reader_verdict(reader)->member_count == 0);
    assert_int_equal(davit_ms_reader_finish(reader), DAVIT_MS_END);
    assert_int_equal(davit_ms_reader_finish(reader), DAVIT_MS_END);
    assert_int_equal(davit_ms_reader_feed(reader, "x", 1), DAVIT_MS_MISUSE);
    davit_ms_reader_free(reader);

    reader = davit_ms_reader_new(NULL);
    assert_int_equal(davit_ms_reader_finish(reader), DAVIT_MS_CUT_OFF);
    assert_int_equal(davit_ms_reader_finish(reader), DAVIT_MS_CUT_OFF); /* it stays */
    assert_int_equal(davit_ms_reader_feed(reader, "x", 1), DAVIT_MS_CUT_OFF);
    assert_true(strlen(davit_ms_reader_message(reader)) > 0);
    davit_ms_reader_free(reader);
    davit_ms_reader_free(NULL);
}

TEST(reader_views_end_in_nul)
{
    static const char body[] = HEAD "<D:response><D:href>/a</D:href></D:response>" TAIL;
    struct davit_ms_reader *reader = davit_ms_reader_new(NULL);
    const struct davit_ms_response *response;
    assert_int_equal(davit_ms_reader_feed(reader, body, sizeof(body) - 1), DAVIT_MS_OK);
    assert_int_equal(davit_ms_reader_next(reader, &response), DAVIT_MS_RESPONSE);
    assert_string_equal(response->hrefs[0].uri.at, "/a");
    assert_string_equal(response->status_line.at, "");
    assert_string_equal(response->location.at, "");
    assert_string_equal(response->reason.description.at, "");
    assert_string_equal(davit_ms_reader_head(reader)->sync_token.at, "");
    davit_ms_reader_free(reader);
}

TEST(rc_texts_are_sentences)
{
    for (int rc = DAVIT_MS_OK; rc <= DAVIT_MS_MISUSE; rc++)
        check_that("rc", strcmp(davit_ms_rc_text((enum davit_ms_rc)rc), "unknown") != 0);
    assert_string_equal(davit_ms_rc_text((enum davit_ms_rc)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_reads_statuses),
        cmocka_unit_test(reader_reads_propstats_in_any_order),
        cmocka_unit_test(reader_reads_several_hrefs_and_location),
        cmocka_unit_test(reader_takes_cdata_and_references_for_text),
        cmocka_unit_test(reader_makes_values_stand_alone),
        cmocka_unit_test(reader_skips_what_it_does_not_know),
        cmocka_unit_test(reader_refuses_nothing_that_xml_allows),
        cmocka_unit_test(reader_knows_what_is_cut_off),
        cmocka_unit_test(reader_says_what_it_cannot_read),
        cmocka_unit_test(reader_takes_other_namespaces_when_asked),
        cmocka_unit_test(reader_holds_its_limits),
        cmocka_unit_test(reader_bounds_what_namespaces_repeat),
        cmocka_unit_test(reader_says_where_things_are),
        cmocka_unit_test(reader_wants_its_calls_in_order),
        cmocka_unit_test(reader_views_end_in_nul),
        cmocka_unit_test(rc_texts_are_sentences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
