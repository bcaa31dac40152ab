#include "support/test.h"

#include "bench.h"
#include "exchange/respond.h"

static struct str answer_field(enum http_field id)
{
    return http_fields_get(&bench.bare.stream.response.fields, id);
}

/* The whole body of the answer. From the arena. */
static struct str answer_body(void)
{
    struct http_response *response = &bench.bare.stream.response;
    struct buf body = {0};
    struct err err = {0};
    enum pull pulled = PULL_DATA;
    while (response->body && pulled == PULL_DATA)
        pulled = source_pull(response->body, &body, 7, &err);
    assert_int_equal(body.len, response->body_bytes);
    source_close(&response->body);
    struct str copy = arena_str(bench.arena, buf_str(&body));
    buf_done(&body);
    return copy;
}

TEST(respond_error_says_what_is_wrong)
{
    static const char head[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    struct buf xml = {0};
    assert_int_equal(respond_error(bench.x, dav_error(HTTP_CONFLICT, "because")), STAGE_DONE);
    assert_int_equal(bench.bare.stream.response.status, 409);
    check_str("type", answer_field(FIELD_CONTENT_TYPE), "text/plain; charset=utf-8");
    check_str("text", answer_body(), "409 Conflict: because\n");
    assert_null(answer_field(FIELD_ALLOW).at);

    assert_int_equal(respond_error(bench.x, dav_error(HTTP_NOT_FOUND, NULL)), STAGE_DONE);
    check_str("text", answer_body(), "404 Not Found\n");

    struct dav_result result = dav_condition(CONDITION_PROPFIND_FINITE_DEPTH, "not shown");
    assert_int_equal(respond_error(bench.x, result), STAGE_DONE);
    assert_int_equal(bench.bare.stream.response.status, 403);
    check_str("type", answer_field(FIELD_CONTENT_TYPE), "application/xml; charset=utf-8");
    buf_addf(&xml, "%s<D:error xmlns:D=\"DAV:\"><D:propfind-finite-depth/></D:error>\n", head);
    check_bytes("xml", answer_body(), buf_str(&xml));
    buf_done(&xml);
}

/* RFC 9110 §15.5.6 */
TEST(respond_error_405_says_what_is_allowed)
{
    static const struct {
        const char *path, *raw, *allow;
    } rows[] = {
        {"d", "/d", "OPTIONS, GET, HEAD, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"f", "/f",
         "OPTIONS, GET, HEAD, PUT, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"none", "/none", "OPTIONS, PUT, MKCOL, LOCK"},
        {"", "/", "OPTIONS, GET, HEAD, COPY, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
        {"", "", /* "*" */
         "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK"},
    };
    bench_make("d/");
    bench_make("f");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_next(rows[i].path);
        bench.bare.stream.request.path = str_of_c(rows[i].raw);
        (void)respond_error(bench.x, dav_from_store(STORE_IS_COLLECTION)); /* always DONE */
        check_str(rows[i].raw, answer_field(FIELD_ALLOW), rows[i].allow);
        (void)answer_body(); /* closes it */
    }
}

TEST(respond_status_has_no_body)
{
    assert_int_equal(respond_status(bench.x, HTTP_NO_CONTENT), STAGE_DONE);
    assert_int_equal(bench.bare.stream.response.status, 204);
    assert_null(bench.bare.stream.response.body);
}

TEST(respond_field_copies)
{
    char value[] = "value";
    respond_field(bench.x, FIELD_ETAG, str_of_c(value));
    value[0] = 'x';
    check_str("etag", answer_field(FIELD_ETAG), "value");
}

/* RFC 4918 §5.2 */
TEST(respond_location_adds_the_slash_that_a_collection_lacks)
{
    static const struct {
        const char *path;
        bool is_collection, has_slash;
        const char *location;
    } rows[] = {
        {"d", true, false, "/d/"}, {"a b/\xc3\xa4", true, false, "/a%20b/%C3%A4/"},
        {"d", true, true, NULL},   {"d", false, false, NULL},
        {"", true, true, NULL},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        bench_next(rows[i].path);
        bench.x->has_slash = rows[i].has_slash;
        respond_location(bench.x, rows[i].is_collection);
        check_str(rows[i].path, answer_field(FIELD_CONTENT_LOCATION), rows[i].location);
    }
}

TEST(etag_is_the_version)
{
    static const struct {
        uint64_t version;
        const char *etag;
    } rows[] = {
        {0, "\"0000000000000000\""},
        {0x1234abcd, "\"000000001234abcd\""},
        {UINT64_MAX, "\"ffffffffffffffff\""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct store_stat stat = {.version = rows[i].version};
        check_str(rows[i].etag, exchange_etag(bench.arena, &stat), rows[i].etag);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(respond_error_says_what_is_wrong),
        BENCH_TEST(respond_error_405_says_what_is_allowed),
        BENCH_TEST(respond_status_has_no_body),
        BENCH_TEST(respond_field_copies),
        BENCH_TEST(respond_location_adds_the_slash_that_a_collection_lacks),
        BENCH_TEST(etag_is_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
