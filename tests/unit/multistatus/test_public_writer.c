#include "support/test.h"

#include "base/buf.h"
#include "support/ms_model.h"

#define HEAD                                                                                       \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"                                                 \
    "<D:multistatus xmlns:D=\"DAV:\">"
#define TAIL "</D:multistatus>\n"

static struct davit_ms_text text(const char *at)
{
    return (struct davit_ms_text){at, strlen(at)};
}

static struct davit_ms_element element(const char *ns, const char *name, const char *content)
{
    return (struct davit_ms_element){.ns = text(ns), .name = text(name), .text = text(content)};
}

static void check_bytes_of(struct davit_ms_writer *writer, const char *expected)
{
    struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
    check_str("written", str_of(bytes.at, bytes.len), expected);
}

TEST(writer_writes_statuses)
{
    struct davit_ms_writer *writer = davit_ms_writer_new();
    const struct davit_ms_element condition = element("DAV:", "lock-token-submitted", "");
    assert_int_equal(davit_ms_writer_begin(writer), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_response(writer, text("/a&b")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_href(writer, text("/c")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_status(writer, 423), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_condition(writer, &condition), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_condition(writer, &condition), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_description(writer, text("1 < 2"), text("en")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_location(writer, text("/d")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_sync_token(writer, text("urn:t")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_end(writer), DAVIT_MS_OK);
    check_bytes_of(writer,
                   HEAD "<D:response><D:href>/a&amp;b</D:href><D:href>/c</D:href>"
                        "<D:status>HTTP/1.1 423 Locked</D:status><D:error><D:lock-token-submitted/>"
                        "<D:lock-token-submitted/></D:error>"
                        "<D:responsedescription xml:lang=\"en\">1 &lt; 2</D:responsedescription>"
                        "<D:location><D:href>/d</D:href></D:location></D:response>"
                        "<D:sync-token>urn:t</D:sync-token>" TAIL);
    assert_int_equal(davit_ms_writer_verdict(writer)->member_count, 2);
    assert_int_equal(davit_ms_writer_verdict(writer)->worst, 423);
    assert_true(davit_ms_writer_verdict(writer)->is_complete);
    davit_ms_writer_free(writer);
    davit_ms_writer_free(NULL);
}

TEST(writer_writes_propstats)
{
    struct davit_ms_writer *writer = davit_ms_writer_new();
    struct davit_ms_element prop = element("urn:x", "p", "a>b");
    const struct davit_ms_element etag = element("DAV:", "getetag", "\"e\"");
    const struct davit_ms_element condition = element("DAV:", "c", "");
    assert_int_equal(davit_ms_writer_begin(writer), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_response(writer, text("/a")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_propstat(writer), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_prop(writer, &etag), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_status(writer, 200), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_propstat(writer), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_prop(writer, &prop), DAVIT_MS_OK);
    prop.attributes = text(" x=\"1\"");
    assert_int_equal(davit_ms_writer_prop(writer, &prop), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_status(writer, 403), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_condition(writer, &condition), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_propstat_end(writer), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_description(writer, text("d"), text("")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_response(writer, text("/b")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_status(writer, 204), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_end(writer), DAVIT_MS_OK);
    check_bytes_of(
        writer,
        HEAD "<D:response><D:href>/a</D:href><D:propstat><D:prop><D:getetag>\"e\"</D:getetag>"
             "</D:prop><D:status>HTTP/1.1 200 OK</D:status></D:propstat><D:propstat><D:prop>"
             "<x:p xmlns:x=\"urn:x\">a&gt;b</x:p><p xmlns=\"urn:x\" x=\"1\">a&gt;b</p></D:prop>"
             "<D:status>HTTP/1.1 403 Forbidden</D:status><D:error><D:c/></D:error></D:propstat>"
             "<D:responsedescription>d</D:responsedescription></D:response>"
             "<D:response><D:href>/b</D:href><D:status>HTTP/1.1 204 No Content</D:status>"
             "</D:response>" TAIL);
    davit_ms_writer_free(writer);
}

/* Each row is a list of calls; only the last is wrong. b begin, r response, h href, p propstat, a
 * prop, s status, c condition, d description, q propstat_end, l location, o other, t token, D
 * description of the whole, e end. */
static enum davit_ms_rc call(struct davit_ms_writer *writer, char what)
{
    const struct davit_ms_element prop = element("DAV:", "p", "");
    switch (what) {
    case 'b':
        return davit_ms_writer_begin(writer);
    case 'r':
        return davit_ms_writer_response(writer, text("/"));
    case 'h':
        return davit_ms_writer_href(writer, text("/"));
    case 'p':
        return davit_ms_writer_propstat(writer);
    case 'a':
        return davit_ms_writer_prop(writer, &prop);
    case 's':
        return davit_ms_writer_status(writer, 200);
    case 'c':
        return davit_ms_writer_condition(writer, &prop);
    case 'd':
        return davit_ms_writer_description(writer, text("d"), text(""));
    case 'q':
        return davit_ms_writer_propstat_end(writer);
    case 'l':
        return davit_ms_writer_location(writer, text("/"));
    case 'o':
        return davit_ms_writer_other(writer, &prop);
    case 't':
        return davit_ms_writer_sync_token(writer, text("t"));
    case 'D':
        return davit_ms_writer_head_description(writer, text("t"), text(""));
    default:
        return davit_ms_writer_end(writer);
    }
}

TEST(writer_refuses_what_makes_no_body)
{
    static const char *const wrong[] = {
        "e",     "r",     "bb",    "bh",    "bp",    "ba",    "bs",     "bc",      "bd",
        "bq",    "bl",    "bo",    "bre",   "brr",   "bra",   "brc",    "brd",     "brq",
        "brl",   "bro",   "brt",   "brss",  "brsp",  "brsh",  "brsa",   "brsq",    "brsdd",
        "brsdc", "brslc", "brslp", "brsls", "brhp",  "brpe",  "brpr",   "brpc",    "brpd",
        "brpp",  "brph",  "brpl",  "brpt",  "brpss", "brpsa", "brpsqs", "brpsqcp", "brpsqq",
        "bet",   "ber",   "bee",   "btr",   "bts",   "bDr",   "beb",
    };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct davit_ms_writer *writer = davit_ms_writer_new();
        size_t len = strlen(wrong[i]);
        for (size_t k = 0; k + 1 < len; k++)
            check_int(wrong[i], call(writer, wrong[i][k]), DAVIT_MS_OK);
        check_int(wrong[i], call(writer, wrong[i][len - 1]), DAVIT_MS_MISUSE);
        check_int(wrong[i], davit_ms_writer_end(writer), DAVIT_MS_MISUSE); /* it stays */
        davit_ms_writer_free(writer);
    }
}

/* Any sequence of calls is refused, or makes a body that is read to its end. */
TEST(writer_makes_bodies_of_any_calls_it_takes)
{
    static const char calls[] = "rhpascdqlotD";
    struct rng rng = {4};
    size_t complete = 0;
    for (size_t i = 0; i < 20000; i++) {
        struct davit_ms_writer *writer = davit_ms_writer_new();
        enum davit_ms_rc rc = davit_ms_writer_begin(writer);
        for (size_t k = rng_below(&rng, 12); k > 0 && rc == DAVIT_MS_OK; k--)
            rc = call(writer, calls[rng_below(&rng, sizeof(calls) - 1)]);
        if (rc == DAVIT_MS_OK)
            rc = davit_ms_writer_end(writer);
        if (rc == DAVIT_MS_OK) {
            struct buf model = {0};
            struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
            assert_int_equal(ms_model_read(&model, str_of(bytes.at, bytes.len), 100, NULL),
                             DAVIT_MS_END);
            buf_done(&model);
            complete++;
        }
        davit_ms_writer_free(writer);
    }
    assert_true(complete > 200);
}

TEST(writer_refuses_names_that_are_none)
{
    static const char *const names[] = {
        "", "a b", "a>", "a/", "a=", "a\"", "a\n", "a:b", "a&", "?a"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct davit_ms_writer *writer = davit_ms_writer_new();
        const struct davit_ms_element prop = element("urn:x", names[i], "");
        (void)davit_ms_writer_begin(writer);               /* the last tells */
        (void)davit_ms_writer_response(writer, text("/")); /* likewise */
        (void)davit_ms_writer_propstat(writer);            /* likewise */
        check_int(names[i], davit_ms_writer_prop(writer, &prop), DAVIT_MS_MISUSE);
        davit_ms_writer_free(writer);
    }
}

TEST(writer_refuses_statuses_that_are_none)
{
    static const unsigned statuses[] = {0, 1, 99, 1000, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        struct davit_ms_writer *writer = davit_ms_writer_new();
        (void)davit_ms_writer_begin(writer);               /* the last tells */
        (void)davit_ms_writer_response(writer, text("/")); /* likewise */
        assert_int_equal(davit_ms_writer_status(writer, statuses[i]), DAVIT_MS_MISUSE);
        davit_ms_writer_free(writer);
    }
}

TEST(writer_can_be_emptied_anywhere)
{
    struct davit_ms_writer *writer = davit_ms_writer_new();
    struct buf all = {0};
    static const char calls[] = "brsrpascdqdloDte";
    for (size_t i = 0; calls[i]; i++) {
        assert_int_equal(call(writer, calls[i]), DAVIT_MS_OK);
        struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
        buf_add(&all, str_of(bytes.at, bytes.len));
        davit_ms_writer_clear(writer);
    }
    struct buf model = {0};
    assert_int_equal(ms_model_read(&model, buf_str(&all), 64, NULL), DAVIT_MS_END);
    check_str("model", buf_str(&model),
              "response / 200\n"
              "response / 0 description='d' location='/'\n  propstat 200\n    prop {DAV:}p\n"
              "    condition {DAV:}p description='d'\n    other {DAV:}p\n"
              "head description='t' sync_token='t'\nverdict ok=2 worst=200 3\n");
    buf_done(&all);
    buf_done(&model);
    davit_ms_writer_free(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writer_writes_statuses),
        cmocka_unit_test(writer_writes_propstats),
        cmocka_unit_test(writer_refuses_what_makes_no_body),
        cmocka_unit_test(writer_makes_bodies_of_any_calls_it_takes),
        cmocka_unit_test(writer_refuses_names_that_are_none),
        cmocka_unit_test(writer_refuses_statuses_that_are_none),
        cmocka_unit_test(writer_can_be_emptied_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
