/* What operations came to, in both forms. */
#include "support/test.h"

#include "extension/batch/answer.h"

static const struct davit_ms_href locked_href = {.uri = {"/dir/a", 6}};
static const struct davit_ms_response locked = {
    .hrefs = &locked_href, .href_count = 1, .status = HTTP_LOCKED};

static struct batch_operation operation = {.id = STR_INIT("1<"), .path = {"dir/b c", 7}};

static void check_answer(struct batch_answer *answer, unsigned status, const char *expected)
{
    struct batch_outcome outcome = {.operation = &operation, .status = status};
    buf_clear(&answer->out);
    (void)batch_answer_tell(answer, &outcome); /* is seen in the verdict */
    check_str("answer", buf_str(&answer->out), expected);
}

static void begin(struct batch_answer *answer, bool is_json)
{
    operation.method = method_of(METHOD_DELETE);
    assert_true(batch_answer_init(answer, is_json));
    batch_answer_begin(answer);
}

TEST(answer_in_xml)
{
    struct batch_answer answer;
    begin(&answer, false);
    check_answer(&answer, HTTP_NO_CONTENT,
                 "<D:response><D:href>/dir/b%20c</D:href><D:status>HTTP/1.1 204 No Content"
                 "</D:status><V:operation xmlns:V=\"urn:x-davit\" id=\"1&lt;\" method=\"DELETE\" "
                 "status=\"204\"/></D:response>");
    batch_answer_member(&answer, &locked);
    check_answer(&answer, HTTP_MULTI_STATUS,
                 "<D:response><D:href>/dir/b%20c</D:href><D:status>HTTP/1.1 424 Failed Dependency"
                 "</D:status><V:operation xmlns:V=\"urn:x-davit\" id=\"1&lt;\" method=\"DELETE\" "
                 "status=\"207\"><D:response><D:href>/dir/a</D:href><D:status>HTTP/1.1 423 Locked"
                 "</D:status></D:response></V:operation></D:response>");
    buf_clear(&answer.out);
    batch_answer_end(&answer);
    check_str("end", buf_str(&answer.out),
              "<V:summary xmlns:V=\"urn:x-davit\" total=\"2\" ok=\"1\" failed=\"1\" skipped=\"0\" "
              "worst=\"424\"/></D:multistatus>\n");
    batch_answer_done(&answer);
}

TEST(answer_in_json)
{
    struct batch_answer answer;
    begin(&answer, true);
    batch_answer_member(&answer, &locked);
    batch_answer_member(&answer, &locked);
    check_answer(&answer, HTTP_MULTI_STATUS,
                 "\n{\"id\":\"1<\",\"method\":\"DELETE\",\"hrefs\":[\"/dir/b%20c\"],"
                 "\"status\":424,\"ok\":false,\"members\":["
                 "{\"hrefs\":[\"/dir/a\"],\"status\":423,\"ok\":false},"
                 "{\"hrefs\":[\"/dir/a\"],\"status\":423,\"ok\":false}]}");
    check_answer(&answer, HTTP_CREATED,
                 ",\n{\"id\":\"1<\",\"method\":\"DELETE\",\"hrefs\":[\"/dir/b%20c\"],"
                 "\"status\":201,\"ok\":true}");
    batch_answer_done(&answer);
}

/* A tree may have any number of members that failed. */
TEST(answer_keeps_so_many_members)
{
    struct batch_answer answer;
    begin(&answer, false);
    for (unsigned i = 0; i < 10000; i++)
        batch_answer_member(&answer, &locked);
    assert_true(answer.members.len < 300000);
    uint64_t untold = answer.untold;
    assert_true(untold > 0 && untold < 10000);
    struct batch_outcome outcome = {.operation = &operation, .status = HTTP_MULTI_STATUS};
    assert_false(batch_answer_tell(&answer, &outcome));
    struct buf said = {0};
    buf_addf(&said, "status=\"207\" untold=\"%llu\">", (unsigned long long)untold);
    assert_non_null(memmem(answer.out.at, answer.out.len, said.at, said.len));
    assert_int_equal(answer.untold, 0);
    buf_done(&said);
    batch_answer_done(&answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_in_xml),
        cmocka_unit_test(answer_in_json),
        cmocka_unit_test(answer_keeps_so_many_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
