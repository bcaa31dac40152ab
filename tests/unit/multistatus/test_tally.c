#include "support/test.h"

#include "multistatus/tally.h"

static void check_tally(const struct tally *tally, const char *expected)
{
    struct buf text = {0};
    tally_format(tally, &text);
    check_str(expected, buf_str(&text), expected);
    buf_done(&text);
}

TEST(tally_counts_by_status_in_the_order_of_their_coming)
{
    struct tally tally = {0};
    check_tally(&tally, "ok=0");
    tally_add(&tally, 423);
    tally_add(&tally, 200);
    tally_add(&tally, 404);
    tally_add(&tally, 423);
    tally_add(&tally, 204);
    tally_add(&tally, 207);
    check_tally(&tally, "ok=3,423=2,404=1");
}

TEST(tally_counts_each_member_also_when_there_are_too_many_kinds)
{
    struct tally tally = {0};
    uint64_t total = 0;
    for (unsigned status = 400; status < 400 + 3 * TALLY_KINDS_MAX; status++)
        tally_add(&tally, status);
    assert_int_equal(tally.kind_count, TALLY_KINDS_MAX);
    for (size_t i = 0; i < tally.kind_count; i++) {
        assert_int_equal(tally.kinds[i].status, 400 + i);
        total += tally.kinds[i].count;
    }
    assert_int_equal(total, 3 * TALLY_KINDS_MAX);
    assert_int_equal(tally.kinds[0].count, 1);
}

TEST(tally_worse_prefers_failures)
{
    static const struct {
        unsigned a, b, worse;
    } rows[] = {
        {0, 200, 200},   {200, 0, 200},   {200, 423, 423}, {423, 200, 423},
        {403, 507, 507}, {507, 403, 507}, {200, 404, 200}, /* a property that is not there is no
                                                              failure */
        {404, 200, 200}, {404, 403, 403}, {0, 404, 200},   {404, 0, 200},
        {404, 404, 200}, {424, 403, 424}, {201, 200, 201},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char row[32];
        snprintf(row, sizeof(row), "%u and %u", rows[i].a, rows[i].b);
        check_int(row, tally_worse(rows[i].a, rows[i].b), rows[i].worse);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tally_counts_by_status_in_the_order_of_their_coming),
        cmocka_unit_test(tally_counts_each_member_also_when_there_are_too_many_kinds),
        cmocka_unit_test(tally_worse_prefers_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
