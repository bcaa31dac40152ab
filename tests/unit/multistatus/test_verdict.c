#include "support/test.h"

#include "multistatus/verdict.h"

static void check_verdict(const struct davit_ms_verdict *verdict, const char *expected)
{
    struct buf text = {0};
    verdict_format(verdict, &text);
    check_str(expected, buf_str(&text), expected);
    buf_done(&text);
}

TEST(verdict_counts_by_status_in_the_order_of_their_coming)
{
    struct davit_ms_verdict verdict = {0};
    check_verdict(&verdict, "ok=0");
    davit_ms_verdict_add(&verdict, 423);
    davit_ms_verdict_add(&verdict, 200);
    davit_ms_verdict_add(&verdict, 404);
    davit_ms_verdict_add(&verdict, 423);
    davit_ms_verdict_add(&verdict, 204);
    davit_ms_verdict_add(&verdict, 207);
    check_verdict(&verdict, "ok=3,423=2,404=1");
}

TEST(verdict_counts_each_member_also_when_there_are_too_many_kinds)
{
    struct davit_ms_verdict verdict = {0};
    uint64_t total = 0;
    for (unsigned status = 400; status < 400 + 3 * DAVIT_MS_FAILURES_MAX; status++)
        davit_ms_verdict_add(&verdict, status);
    assert_int_equal(verdict.failure_count, DAVIT_MS_FAILURES_MAX);
    for (size_t i = 0; i < verdict.failure_count; i++) {
        assert_int_equal(verdict.failures[i].status, 400 + i);
        total += verdict.failures[i].count;
    }
    assert_int_equal(total, 3 * DAVIT_MS_FAILURES_MAX);
    assert_int_equal(verdict.failures[0].count, 1);
}

TEST(verdict_worse_prefers_failures)
{
    static const struct {
        unsigned a, b, worse;
    } rows[] = {
        {0, 200, 200},   {200, 0, 200},   {200, 423, 423}, {423, 200, 423}, {403, 507, 507},
        {507, 403, 507}, {200, 404, 200}, /* a property that is not there has not failed */
        {404, 200, 200}, {404, 403, 403}, {0, 404, 200},   {404, 0, 200},   {404, 404, 200},
        {424, 403, 403}, {403, 424, 403}, {424, 200, 424}, {201, 200, 201},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char row[32];
        snprintf(row, sizeof(row), "%u and %u", rows[i].a, rows[i].b);
        check_int(row, verdict_worse(rows[i].a, rows[i].b), rows[i].worse);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict_counts_by_status_in_the_order_of_their_coming),
        cmocka_unit_test(verdict_counts_each_member_also_when_there_are_too_many_kinds),
        cmocka_unit_test(verdict_worse_prefers_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
