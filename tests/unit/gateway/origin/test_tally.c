#include "gateway/origin/tally.h"

#include "base/clock.h"
#include "davit/multistatus.h"
#include "http/status.h"
#include "support/test.h"

static struct origin_tallies *all;

static int set_up(void **state)
{
    (void)state;
    all = origin_tallies_new(2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    origin_tallies_free(all);
    return 0;
}

TEST(tally_is_the_same_for_a_mount_and_its_origin)
{
    struct origin_tally *tally = origin_tally_of(all, STR("/a"), STR("http://b/"));
    assert_ptr_equal(tally, origin_tally_of(all, STR("/a"), STR("http://b/")));
    assert_ptr_not_equal(tally, origin_tally_of(all, STR("/a"), STR("http://c/")));
    assert_ptr_not_equal(tally, origin_tally_of(all, STR(""), STR("http://b/")));
}

TEST(tally_sums_up_loops)
{
    struct origin_tally *tally = origin_tally_of(all, STR("/a"), STR("http://b/"));
    struct origin_cells *first = origin_tally_cells(tally, 0);
    struct origin_cells *second = origin_tally_cells(tally, 1);
    struct origin_sums sums;
    origin_count(first, ORIGIN_CLASS + 2);
    origin_count(second, ORIGIN_CLASS + 5);
    origin_count(second, ORIGIN_REFUSED);
    origin_count(first, ORIGIN_TIMEOUT);
    origin_tally_let_alone(tally);
    origin_count(first, ORIGIN_GIVEN_UP);
    origin_tally_sum_up(tally, &sums);
    assert_int_equal(sums.answered, 2);
    assert_int_equal(sums.server_errors, 1);
    assert_int_equal(sums.unanswered, 2);
    assert_int_equal(sums.let_alone, 1);
    assert_int_equal(sums.cut_off, 0);
}

TEST(tally_counts_members_by_status)
{
    struct origin_tally *tally = origin_tally_of(all, STR("/a"), STR("http://b/"));
    const struct davit_ms_verdict verdict = {
        .success_count = 7, .failure_count = 2, .failures = {{404, 2}, {999, 1}}};
    uint64_t cells[ORIGIN_CELL_COUNT];
    origin_count_members(origin_tally_cells(tally, 1), &verdict);
    origin_tally_read(tally, cells);
    assert_int_equal(cells[ORIGIN_AT_MEMBERS + STATUS_INDEX_SUCCESSES], 7);
    assert_int_equal(cells[ORIGIN_AT_MEMBERS + http_status_index(404)], 2);
    assert_int_equal(cells[ORIGIN_AT_MEMBERS + STATUS_INDEX_CLASS + 9], 1);
}

TEST(tally_remembers_what_was_last)
{
    struct origin_tally *tally = origin_tally_of(all, STR("/a"), STR("http://b/"));
    struct origin_last last;
    char why[2 * ORIGIN_WHY_BYTES] = {0};
    origin_tally_last(tally, &last);
    assert_int_equal(last.head_us, -1);
    assert_int_equal(last.failed_s, 0);
    clock_freeze(1000000);
    origin_tally_head(tally, origin_tally_cells(tally, 0), 1234);
    origin_tally_failure(tally, ORIGIN_DNS, "first");
    origin_tally_failure(tally, ORIGIN_REFUSED, memset(why, 'y', sizeof(why) - 1));
    clock_freeze(-1);
    origin_tally_last(tally, &last);
    assert_int_equal(last.head_us, 1234);
    assert_int_equal(last.failed_s, 1000);
    assert_int_equal(last.outcome, ORIGIN_REFUSED);
    assert_int_equal(strlen(last.why), ORIGIN_WHY_BYTES - 1); /* its beginning */
}

TEST(outcomes_are_the_words_of_the_log)
{
    assert_string_equal(origin_outcome_name(ORIGIN_CLASS + 2), "2xx");
    assert_string_equal(origin_outcome_name(ORIGIN_REFUSED), "REFUSED");
    assert_string_equal(origin_outcome_name(ORIGIN_GOES_ON), "GOES_ON");
    assert_true(origin_outcome_is_failure(ORIGIN_DNS));
    assert_false(origin_outcome_is_failure(ORIGIN_CLASS + 5));
    assert_false(origin_outcome_is_failure(ORIGIN_LET_ALONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(tally_is_the_same_for_a_mount_and_its_origin, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(tally_sums_up_loops, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tally_counts_members_by_status, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tally_remembers_what_was_last, set_up, tear_down),
        cmocka_unit_test(outcomes_are_the_words_of_the_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
