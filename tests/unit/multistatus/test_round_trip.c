/* Property-based: bodies are made at random, in the writer's own way and as other servers make
 * them; what was read and is written again is read as the same, and is the same bytes the next
 * time. */
#include "support/test.h"

#include "base/buf.h"
#include "support/ms_model.h"

static const char *const names[] = {"getetag", "a", "\xc3\xa4", "x-y.z", "collection", "_1"};
static const char *const namespaces[] = {"DAV:", "urn:x", "http://a/?b=c&d", "", "u\"<>'", "DAV"};
static const char *const texts[] = {
    "",    "text",       "1 < 2 & 3 > 2", " spaces ", "line\r\n\tend",
    "]]>", "\"quoted\"", "\xe2\x82\xac",  "a&amp;b",  "x\x01y\xff"};
static const char *const values[] = {"",
                                     "<D:collection xmlns:D=\"DAV:\"/>",
                                     "<a xmlns=\"urn:a\"><b xmlns=\"\"/>t</a>",
                                     "mixed <x:a xmlns:x=\"urn:x\" x:b=\"&lt;\">t</x:a> &amp; more",
                                     "<a xmlns=\"\"/><a xmlns=\"\"/>",
                                     "<p:a xmlns:p=\"u\"><p:b xmlns:p=\"v\"/><p:c/></p:a>"};
static const char *const attributes[] = {"", " a=\"1\"", " xmlns:q=\"urn:q\" q:a=\"&quot;\"",
                                         " xmlns:D=\"urn:other\""};
static const unsigned statuses[] = {200, 201, 204, 299, 302, 403, 404, 423, 424, 507, 999};

static struct davit_ms_text text_of(const char *text)
{
    return (struct davit_ms_text){text, strlen(text)};
}

#define PICK(rng, list) ((list)[rng_below((rng), ARRAY_LEN(list))])

static struct davit_ms_element random_element(struct rng *rng)
{
    struct davit_ms_element element = {.ns = text_of(PICK(rng, namespaces)),
                                       .name = text_of(PICK(rng, names))};
    if (rng_below(rng, 4) == 0)
        element.lang = text_of("de");
    if (element.ns.len)
        element.attributes = text_of(PICK(rng, attributes));
    if (rng_below(rng, 2))
        element.value = text_of(PICK(rng, values));
    else
        element.text = text_of(PICK(rng, texts));
    return element;
}

static void write_reason(struct davit_ms_writer *writer, struct rng *rng)
{
    for (size_t i = rng_below(rng, 3); i > 0; i--) {
        struct davit_ms_element condition = random_element(rng);
        assert_int_equal(davit_ms_writer_condition(writer, &condition), DAVIT_MS_OK);
    }
    if (rng_below(rng, 3) == 0)
        assert_int_equal(davit_ms_writer_description(writer, text_of(PICK(rng, texts)),
                                                     text_of(rng_below(rng, 2) ? "en" : "")),
                         DAVIT_MS_OK);
}

static void write_propstats(struct davit_ms_writer *writer, struct rng *rng)
{
    for (size_t i = 1 + rng_below(rng, 3); i > 0; i--) {
        assert_int_equal(davit_ms_writer_propstat(writer), DAVIT_MS_OK);
        for (size_t k = rng_below(rng, 4); k > 0; k--) {
            struct davit_ms_element prop = random_element(rng);
            assert_int_equal(davit_ms_writer_prop(writer, &prop), DAVIT_MS_OK);
        }
        assert_int_equal(davit_ms_writer_status(writer, PICK(rng, statuses)), DAVIT_MS_OK);
        write_reason(writer, rng);
        assert_int_equal(davit_ms_writer_propstat_end(writer), DAVIT_MS_OK);
    }
}

static void write_response(struct davit_ms_writer *writer, struct rng *rng)
{
    assert_int_equal(davit_ms_writer_response(writer, text_of("/a%20b/&'")), DAVIT_MS_OK);
    if (rng_below(rng, 2)) {
        write_propstats(writer, rng);
    } else {
        for (size_t i = rng_below(rng, 3); i > 0; i--)
            assert_int_equal(davit_ms_writer_href(writer, text_of("/c")), DAVIT_MS_OK);
        assert_int_equal(davit_ms_writer_status(writer, PICK(rng, statuses)), DAVIT_MS_OK);
    }
    write_reason(writer, rng);
    if (rng_below(rng, 4) == 0)
        assert_int_equal(davit_ms_writer_location(writer, text_of("/new")), DAVIT_MS_OK);
    for (size_t i = rng_below(rng, 2); i > 0; i--) {
        struct davit_ms_element other = random_element(rng);
        other.ns = text_of("urn:own");
        assert_int_equal(davit_ms_writer_other(writer, &other), DAVIT_MS_OK);
    }
}

static void write_body(struct buf *to, struct rng *rng)
{
    struct davit_ms_writer *writer = davit_ms_writer_new();
    assert_int_equal(davit_ms_writer_begin(writer), DAVIT_MS_OK);
    for (size_t i = rng_below(rng, 5); i > 0; i--)
        write_response(writer, rng);
    if (rng_below(rng, 4) == 0)
        assert_int_equal(davit_ms_writer_sync_token(writer, text_of("urn:t")), DAVIT_MS_OK);
    assert_int_equal(davit_ms_writer_end(writer), DAVIT_MS_OK);
    struct davit_ms_text bytes = davit_ms_writer_bytes(writer);
    buf_add(to, str_of(bytes.at, bytes.len));
    davit_ms_writer_free(writer);
}

/* Texts are long: from shortly before they part. */
static void check_same(const char *what, struct str actual, struct str expected)
{
    size_t at = 0;
    while (at < size_min(actual.len, expected.len) && actual.at[at] == expected.at[at])
        at++;
    at -= size_min(at, 100);
    check_bytes(what, str_first(str_from(actual, at), 300), str_first(str_from(expected, at), 300));
}

/* Reads and writes; the model stays, and from the second time on the bytes do. */
static void check_round_trip(struct str body)
{
    struct buf first = {0}, second = {0}, model = {0}, again = {0};
    assert_int_equal(ms_model_read(&model, body, 333, NULL), DAVIT_MS_END);
    assert_int_equal(ms_model_copy(&first, body), DAVIT_MS_END);
    assert_int_equal(ms_model_read(&again, buf_str(&first), 1, NULL), DAVIT_MS_END);
    check_same("model", buf_str(&again), buf_str(&model));
    assert_int_equal(ms_model_copy(&second, buf_str(&first)), DAVIT_MS_END);
    check_same("bytes", buf_str(&second), buf_str(&first));
    buf_done(&first);
    buf_done(&second);
    buf_done(&model);
    buf_done(&again);
}

TEST(what_the_writer_writes_comes_back)
{
    struct rng rng = {1};
    for (size_t i = 0; i < 3000; i++) {
        struct buf body = {0};
        write_body(&body, &rng);
        check_round_trip(buf_str(&body));
        buf_done(&body);
    }
}

TEST(what_other_servers_write_comes_back)
{
    static const char *const bodies[] = {
        "<multistatus xmlns='DAV:'><response><href>/a</href><propstat><prop><p xmlns='urn:x' "
        "xmlns:x='urn:y'><x:a/><b/></p></prop><status>HTTP/1.1 200 OK</status></propstat>"
        "</response></multistatus>",
        "<x:multistatus xmlns:x='DAV:' xmlns:D='urn:d'><x:response><x:href>/a</x:href><x:propstat>"
        "<x:prop><D:p D:q='1'>t</D:p><x:resourcetype><x:collection/></x:resourcetype></x:prop>"
        "<x:status>HTTP/1.1 200 OK</x:status></x:propstat></x:response></x:multistatus>",
        "<ns0:multistatus xmlns:ns0='DAV:'><ns0:response><ns0:propstat><ns0:prop><ns1:a "
        "xmlns:ns1='urn:1' xml:lang='fr' xml:space='preserve'> <ns1:b/> </ns1:a></ns0:prop>"
        "</ns0:propstat></ns0:response></ns0:multistatus>",
        "<multistatus xmlns='DAV:' xml:lang='en'><response><status>HTTP/2 200</status><href> /x "
        "</href><error><a/><b xmlns='urn:b'>c</b></error></response><responsedescription>d"
        "</responsedescription></multistatus>",
        ("<multistatus xmlns='DAV:'><response><propstat><prop><a xmlns=''><b/></a></prop>"
         "<status>nonsense</status></propstat></response></multistatus>"),
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++)
        check_round_trip(str_of_c(bodies[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_writer_writes_comes_back),
        cmocka_unit_test(what_other_servers_write_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
