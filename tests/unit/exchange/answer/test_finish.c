#include "bare.h"

#include "exchange/answer/finish.h"
#include "exchange/respond.h"

/* The whole body of the answer. From the arena. */
static struct str answer_body(void)
{
    struct http_response *response = &bare.stream.response;
    struct buf body = {0};
    struct err err = {0};
    enum pull pulled = PULL_DATA;
    while (response->body && pulled == PULL_DATA)
        pulled = source_pull(response->body, &body, 7, &err);
    assert_int_equal(body.len, response->body_bytes);
    source_close(&response->body);
    struct str copy = arena_str(&bare.arena, buf_str(&body));
    buf_done(&body);
    return copy;
}

static void answer(struct dav_result result)
{
    assert_int_equal(respond_error(&bare.x, result), STAGE_DONE);
    exchange_finish(&bare.x);
}

TEST(finish_says_what_is_wrong)
{
    static const char head[] = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n";
    struct buf xml = {0};
    answer(dav_error(HTTP_CONFLICT, "because"));
    assert_int_equal(bare.stream.response.status, 409);
    check_str("type", answer_field(FIELD_CONTENT_TYPE), "text/plain; charset=utf-8");
    check_str("text", answer_body(), "409 Conflict: because\n");
    assert_null(answer_field(FIELD_ALLOW).at);

    answer(dav_error(HTTP_NOT_FOUND, NULL));
    check_str("text", answer_body(), "404 Not Found\n");

    struct dav_result result = dav_condition(CONDITION_PROPFIND_FINITE_DEPTH, "not shown");
    answer(result);
    assert_int_equal(bare.stream.response.status, 403);
    check_str("type", answer_field(FIELD_CONTENT_TYPE), "application/xml; charset=utf-8");
    buf_addf(&xml, "%s<D:error xmlns:D=\"DAV:\"><D:propfind-finite-depth/></D:error>\n", head);
    check_bytes("xml", answer_body(), buf_str(&xml));
    buf_done(&xml);
}

/* RFC 9110 §15.6.4 */
TEST(finish_says_when_to_try_again_unless_that_was_said)
{
    answer(dav_busy());
    check_str("retry", answer_field(FIELD_RETRY_AFTER), "5");
    (void)answer_body(); /* closes it */
    respond_field(&bare.x, FIELD_RETRY_AFTER, STR("60"));
    answer(dav_busy());
    check_str("retry", answer_field(FIELD_RETRY_AFTER), "60");
    (void)answer_body(); /* closes it */
}

TEST(finish_leaves_an_answer_that_is_there)
{
    assert_int_equal(respond_status(&bare.x, HTTP_NO_CONTENT), STAGE_DONE);
    exchange_finish(&bare.x);
    assert_int_equal(bare.stream.response.status, 204);
    assert_null(bare.stream.response.body);
    assert_null(answer_field(FIELD_CONTENT_SECURITY_POLICY).at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BARE_TEST(finish_says_what_is_wrong),
        BARE_TEST(finish_says_when_to_try_again_unless_that_was_said),
        BARE_TEST(finish_leaves_an_answer_that_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
