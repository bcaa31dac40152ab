#include "bare.h"

#include "exchange/multistatus_body.h"

#define HEAD "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<D:multistatus xmlns:D=\"DAV:\">"
#define TAIL "</D:multistatus>\n"

static int open_without_disk(void **state)
{
    (void)!bare_open(state); /* it cannot fail */
    bare.service.spool_dir_fd = -1;
    return 0;
}

#define BODY_TEST(test) cmocka_unit_test_setup_teardown(test, open_without_disk, bare_close)

/* The body of the answer, pulled in small pieces. From the arena. */
static struct str answer_body(void)
{
    struct http_response *response = &bare.stream.response;
    struct buf body = {0};
    struct err err = {0};
    enum pull pulled = PULL_DATA;
    while (pulled == PULL_DATA)
        pulled = source_pull(response->body, &body, 7, &err);
    assert_int_equal(pulled, PULL_END);
    assert_int_equal(body.len, response->body_bytes);
    source_close(&response->body);
    struct str copy = arena_str(&bare.arena, buf_str(&body));
    buf_done(&body);
    return copy;
}

TEST(multistatus_body_is_begun_and_ended_once)
{
    struct multistatus_body *body = multistatus_body_new(&bare.x);
    assert_int_equal(spool_len(&body->spool), 0);
    multistatus_member(multistatus_body_ms(body), PATH("a"), true, HTTP_LOCKED, STR_NONE);
    multistatus_member(multistatus_body_ms(body), PATH("b"), false, HTTP_OK, STR_NONE);
    multistatus_body_end(body, &bare.x);
    assert_int_equal(respond_multistatus(&bare.x, body), STAGE_DONE);
    assert_int_equal(bare.stream.response.status, 207);
    check_str("type", http_fields_get(&bare.stream.response.fields, FIELD_CONTENT_TYPE),
              "application/xml; charset=utf-8");
    check_str("body", answer_body(),
              HEAD "<D:response><D:href>/a/</D:href><D:status>HTTP/1.1 423 Locked</D:status>"
                   "</D:response><D:response><D:href>/b</D:href><D:status>HTTP/1.1 200 OK"
                   "</D:status></D:response>" TAIL);
    assert_int_equal(bare.stream.response.verdict->success_count, 1); /* for who counts */
    assert_int_equal(bare.stream.response.verdict->failures[0].status, 423);
}

TEST(multistatus_body_may_be_empty)
{
    (void)respond_multistatus(&bare.x, multistatus_body_new(&bare.x)); /* always DONE */
    check_str("body", answer_body(), HEAD TAIL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BODY_TEST(multistatus_body_is_begun_and_ended_once),
        BODY_TEST(multistatus_body_may_be_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
