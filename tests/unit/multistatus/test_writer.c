#include "support/test.h"

#include "multistatus/writer.h"
#include "support/xml_tree.h"

#define HEAD                                                                                       \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"                                                 \
    "<D:multistatus xmlns:D=\"DAV:\">"
#define TAIL "</D:multistatus>\n"

static void check_well_formed(struct str document)
{
    struct xml_tree tree;
    xml_tree_init(&tree, 1);
    check_int(document.at, xml_tree_read(&tree, document, SIZE_MAX / 2, &xml_limits_wide), XML_OK);
    xml_tree_done(&tree);
}

TEST(multistatus_of_nothing)
{
    struct buf out = {0};
    struct multistatus ms = {.out = &out};
    multistatus_begin(&ms);
    multistatus_end(&ms);
    check_str("nothing", buf_str(&out), HEAD TAIL);
    buf_done(&out);
}

TEST(multistatus_of_members)
{
    struct buf out = {0};
    struct multistatus ms = {.out = &out};
    multistatus_begin(&ms);
    multistatus_member(&ms, PATH("a"), true, 423, STR("<D:lock-token-submitted/>"));
    multistatus_member(&ms, PATH("a/b c"), false, 403, STR_NONE);
    multistatus_member(&ms, PATH(""), true, 404, STR_NONE);
    multistatus_member(&ms, PATH("x"), false, 200, STR_NONE);
    multistatus_member(&ms, PATH("x"), false, 299, STR_NONE);
    multistatus_end(&ms);
    check_str("members", buf_str(&out),
              HEAD "<D:response><D:href>/a/</D:href><D:status>HTTP/1.1 423 Locked</D:status>"
                   "<D:error><D:lock-token-submitted/></D:error></D:response>"
                   "<D:response><D:href>/a/b%20c</D:href>"
                   "<D:status>HTTP/1.1 403 Forbidden</D:status></D:response>"
                   "<D:response><D:href>/</D:href>"
                   "<D:status>HTTP/1.1 404 Not Found</D:status></D:response>"
                   "<D:response><D:href>/x</D:href>"
                   "<D:status>HTTP/1.1 200 OK</D:status></D:response>"
                   "<D:response><D:href>/x</D:href>"
                   "<D:status>HTTP/1.1 299 Unknown</D:status></D:response>" TAIL);
    check_well_formed(buf_str(&out));
    buf_clear(&out);
    verdict_format(&ms.verdict, &out); /* of the resource itself, also 404 counts */
    check_str("verdict", buf_str(&out), "ok=2,423=1,403=1,404=1");
    buf_done(&out);
}

static void add_propstat(struct multistatus *ms, struct str name, unsigned status)
{
    multistatus_propstat(ms);
    multistatus_empty_prop(ms, STR("DAV:"), name);
    multistatus_propstat_end(ms, status, STR_NONE);
}

TEST(multistatus_of_propstats)
{
    struct buf out = {0};
    struct multistatus ms = {.out = &out};
    multistatus_begin(&ms);
    multistatus_response(&ms, PATH("a"), false);
    add_propstat(&ms, STR("getetag"), 200);
    add_propstat(&ms, STR("nothing"), 404);
    multistatus_response_end(&ms);
    multistatus_end(&ms);
    check_str("propstats", buf_str(&out),
              HEAD "<D:response><D:href>/a</D:href>"
                   "<D:propstat><D:prop><D:getetag/></D:prop>"
                   "<D:status>HTTP/1.1 200 OK</D:status></D:propstat>"
                   "<D:propstat><D:prop><D:nothing/></D:prop>"
                   "<D:status>HTTP/1.1 404 Not Found</D:status></D:propstat>"
                   "</D:response>" TAIL);
    check_well_formed(buf_str(&out));
    buf_done(&out);
}

/* The worst of a member's propstats is the member's; a property that is not there is no failure. */
TEST(multistatus_tallies_a_member_once)
{
    static const struct {
        unsigned statuses[3];
        const char *tally;
    } rows[] = {
        {{200}, "ok=1"},
        {{404}, "ok=1"},
        {{200, 404}, "ok=1"},
        {{404, 200}, "ok=1"},
        {{200, 403}, "ok=0,403=1"},
        {{403, 404, 200}, "ok=0,403=1"},
        {{424, 403, 424}, "ok=0,403=1"},
        {{507, 424}, "ok=0,507=1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct buf out = {0};
        struct multistatus ms = {.out = &out};
        multistatus_member(&ms, PATH("before"), false, 200, STR_NONE); /* must leave no trace */
        ms.verdict = (struct davit_ms_verdict){0};
        multistatus_response(&ms, PATH("a"), false);
        for (size_t j = 0; j < 3 && rows[i].statuses[j]; j++)
            add_propstat(&ms, STR("p"), rows[i].statuses[j]);
        multistatus_response_end(&ms);
        buf_clear(&out);
        verdict_format(&ms.verdict, &out);
        check_str(rows[i].tally, buf_str(&out), rows[i].tally);
        buf_done(&out);
    }
}

TEST(multistatus_hrefs_need_no_escaping)
{
    struct buf out = {0};
    struct multistatus ms = {.out = &out};
    struct buf name = {0};
    for (int byte = 1; byte < 256; byte++)
        buf_add_char(&name, byte == '/' ? 'x' : (char)byte);
    multistatus_begin(&ms);
    multistatus_member(&ms, (struct res_path){name.at, name.len}, true, 200, STR_NONE);
    multistatus_end(&ms);
    check_well_formed(buf_str(&out));
    struct str href = str_from(buf_str(&out), strlen(HEAD "<D:response><D:href>"));
    href = str_cut(&href, '<');
    assert_int_equal(str_index(href, '&'), href.len);
    buf_done(&out);
    buf_done(&name);
}

/* The output may be moved to another buffer between calls, as a source does. */
TEST(multistatus_can_be_written_piece_by_piece)
{
    struct buf first = {0}, second = {0};
    struct multistatus ms = {.out = &first};
    multistatus_begin(&ms);
    ms.out = &second;
    multistatus_member(&ms, PATH("a"), false, 200, STR_NONE);
    ms.out = &first;
    multistatus_end(&ms);
    check_str("first", buf_str(&first), HEAD TAIL);
    check_str("second", buf_str(&second),
              "<D:response><D:href>/a</D:href><D:status>HTTP/1.1 200 OK</D:status></D:response>");
    buf_done(&first);
    buf_done(&second);
}

static void check_empty_prop(const char *ns, const char *name, const char *expected)
{
    struct buf out = {0}, document = {0};
    multistatus_empty_element(&out, str_of_c(ns), str_of_c(name));
    check_str(ns, buf_str(&out), expected);
    buf_addf(&document, "<D:prop xmlns:D=\"DAV:\">%s</D:prop>", buf_c(&out));
    check_well_formed(buf_str(&document));

    /* And it is the name that was meant. */
    struct xml_tree tree;
    struct buf wanted = {0};
    xml_tree_init(&tree, 2);
    (void)!xml_tree_read(&tree, buf_str(&document), SIZE_MAX / 2, &xml_limits_wide); /* above */
    buf_addf(&wanted, ":{%s}%s\x1f", ns, name);
    struct str log = buf_str(&tree.log);
    check_str(ns, str_first(str_from(log, str_index(log, ':')), wanted.len), buf_c(&wanted));
    xml_tree_done(&tree);
    buf_done(&wanted);
    buf_done(&out);
    buf_done(&document);
}

TEST(multistatus_names_an_empty_property_of_any_namespace)
{
    check_empty_prop("DAV:", "getetag", "<D:getetag/>");
    check_empty_prop("", "plain", "<plain/>");
    check_empty_prop("urn:x", "p", "<x:p xmlns:x=\"urn:x\"/>");
    check_empty_prop("dav:", "p", "<x:p xmlns:x=\"dav:\"/>");
    check_empty_prop("http://www.w3.org/XML/1998/namespace", "lang", "<xml:lang/>");
    check_empty_prop("a", "\xc3\xa4", "<x:\xc3\xa4 xmlns:x=\"a\"/>");
}

TEST(multistatus_escapes_a_namespace)
{
    struct buf out = {0};
    multistatus_empty_element(&out, STR("a&b\"<c>'"), STR("p"));
    check_str("escaped", buf_str(&out), "<x:p xmlns:x=\"a&amp;b&quot;&lt;c&gt;'\"/>");
    buf_done(&out);
}

/* By prefixes alone, as an app for iOS finds its way. */
TEST(multistatus_has_another_dialect)
{
    struct buf out = {0};
    struct multistatus ms = {.out = &out, .dialect = MULTISTATUS_SYNC};
    multistatus_begin(&ms);
    multistatus_response(&ms, PATH("a"), true);
    multistatus_propstat(&ms);
    multistatus_prop_open(&ms, STR("DAV:"), STR("resourcetype"));
    BUF_ADD(&out, "<D:collection/>&lt;D:x>");
    multistatus_prop_close(&ms, STR("DAV:"), STR("resourcetype"));
    multistatus_prop_open(&ms, STR("http://owncloud.org/ns"), STR("id"));
    multistatus_prop_close(&ms, STR("http://owncloud.org/ns"), STR("id"));
    multistatus_empty_prop(&ms, STR("http://nextcloud.org/ns"), STR("lock"));
    BUF_ADD(&out, "<D:kept xmlns:D=\"DAV:\"/>"); /* a dead property is as it was set */
    multistatus_empty_prop(&ms, STR("urn:y"), STR("p"));
    multistatus_propstat_end(&ms, 200, STR("<D:error-of-ours/>"));
    multistatus_response_end(&ms);
    multistatus_end(&ms);
    check_str("dialect", buf_str(&out),
              "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
              "<d:multistatus xmlns:d=\"DAV:\" xmlns:D=\"DAV:\""
              " xmlns:oc=\"http://owncloud.org/ns\" xmlns:nc=\"http://nextcloud.org/ns\">"
              "<d:response><d:href>/a/</d:href><d:propstat><d:prop>"
              "<d:resourcetype><d:collection/>&lt;D:x></d:resourcetype><oc:id/><nc:lock/>"
              "<D:kept xmlns:D=\"DAV:\"/><x:p xmlns:x=\"urn:y\"/></d:prop>"
              "<d:status>HTTP/1.1 200 OK</d:status><d:error><D:error-of-ours/></d:error>"
              "</d:propstat></d:response></d:multistatus>\n");
    check_well_formed(buf_str(&out));
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multistatus_of_nothing),
        cmocka_unit_test(multistatus_of_members),
        cmocka_unit_test(multistatus_of_propstats),
        cmocka_unit_test(multistatus_tallies_a_member_once),
        cmocka_unit_test(multistatus_hrefs_need_no_escaping),
        cmocka_unit_test(multistatus_can_be_written_piece_by_piece),
        cmocka_unit_test(multistatus_names_an_empty_property_of_any_namespace),
        cmocka_unit_test(multistatus_escapes_a_namespace),
        cmocka_unit_test(multistatus_has_another_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
