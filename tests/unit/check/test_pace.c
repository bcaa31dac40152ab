#include "support/test.h"

#include "check/run/pace.h"

static void answer(struct pace *pace, enum pace_end end, unsigned times, int64_t now_ms)
{
    for (unsigned i = 0; i < times; i++) {
        pace_begin(pace, now_ms);
        pace_end(pace, end, now_ms);
    }
}

TEST(it_begins_with_half_and_grows_with_good_answers)
{
    struct pace pace;
    pace_init(&pace, 6, 0, false);
    assert_int_equal(pace.limit, 3);
    answer(&pace, PACE_GOOD, 4, 0);
    assert_int_equal(pace.limit, 4);
    answer(&pace, PACE_GOOD, 100, 0);
    assert_int_equal(pace.limit, 6);
}

TEST(it_is_halved_when_the_host_says_so)
{
    struct pace pace;
    pace_init(&pace, 16, 0, false);
    answer(&pace, PACE_GOOD, 100, 0);
    answer(&pace, PACE_THROTTLED, 1, 0);
    assert_int_equal(pace.limit, 8);
    answer(&pace, PACE_THROTTLED, 2, 0);
    assert_int_equal(pace.limit, 2);
    answer(&pace, PACE_THROTTLED, 5, 0);
    assert_int_equal(pace.limit, 1);
}

TEST(so_many_at_a_time)
{
    struct pace pace;
    pace_init(&pace, 2, 0, true);
    pace_begin(&pace, 5);
    assert_int_equal(pace_next_ms(&pace, 5), 5);
    pace_begin(&pace, 5);
    assert_true(pace_next_ms(&pace, 5) == INT64_MAX);
    pace_end(&pace, PACE_GOOD, 6);
    assert_int_equal(pace_next_ms(&pace, 6), 6);
}

TEST(a_host_in_trouble_is_left_alone_for_longer_each_time)
{
    struct pace pace;
    pace_init(&pace, 6, 0, false);
    answer(&pace, PACE_BAD, 20, 1000);
    assert_int_equal(pace_next_ms(&pace, 1000), 11000);
    assert_int_equal(pace.limit, 1);
    answer(&pace, PACE_BAD, 20, 11000);
    assert_int_equal(pace_next_ms(&pace, 11000), 31000);
    pace_init(&pace, 6, 0, false);
    answer(&pace, PACE_BAD, 10, 1000);
    answer(&pace, PACE_GOOD, 10, 1000);
    assert_int_equal(pace_next_ms(&pace, 1000), 1000);
}

TEST(this_machine_is_never_made_to_wait)
{
    struct pace pace;
    pace_init(&pace, 64, 0, true);
    assert_int_equal(pace.limit, 64);
    answer(&pace, PACE_BAD, 40, 1000);
    answer(&pace, PACE_THROTTLED, 40, 1000);
    assert_int_equal(pace.limit, 64);
    assert_int_equal(pace_next_ms(&pace, 1000), 1000);
}

TEST(a_delay_is_between_the_beginnings_of_two)
{
    struct pace pace;
    pace_init(&pace, 6, 4, false); /* four a second */
    pace_begin(&pace, 1000);
    assert_int_equal(pace_next_ms(&pace, 1000), 1250);
    pace_end(&pace, PACE_GOOD, 1001);
    pace_set_delay(&pace, 2);
    assert_int_equal(pace.limit_max, 1);
    pace_begin(&pace, 5000);
    pace_end(&pace, PACE_GOOD, 5001);
    assert_int_equal(pace_next_ms(&pace, 5001), 7000);
    pace_set_delay(&pace, 1); /* the longer one stays */
    assert_int_equal(pace.interval_ms, 2000);
}

TEST(one_that_wants_to_be_alone_gets_the_host_for_itself)
{
    struct pace pace;
    pace_init(&pace, 6, 0, true);
    pace_begin(&pace, 0);
    assert_false(pace_keep_free(&pace));
    assert_true(pace_next_ms(&pace, 0) == INT64_MAX);
    pace_end(&pace, PACE_GOOD, 0);
    assert_true(pace_keep_free(&pace));
    pace_release(&pace);
    assert_int_equal(pace_next_ms(&pace, 0), 0);
}

TEST(retry_after_is_seconds_or_a_date)
{
    static const struct {
        const char *text;
        int64_t expected_ms;
    } rows[] = {
        {"0", 0},
        {" 120 ", 120000},
        {"99999999999", INT32_MAX},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 37000},
        {"Sun, 06 Nov 1994 08:48:00 GMT", 0},
        {"soon", -1},
        {"", -1},
        {"-5", -1},
    };
    const int64_t now_ms = (int64_t)784111740 * 1000; /* 08:49:00 on that day */
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(retry_after_ms(rows[i].text, strlen(rows[i].text), now_ms),
                         rows[i].expected_ms);
}

TEST(waits_grow_and_differ)
{
    for (unsigned tries = 1; tries < 12; tries++) {
        int64_t least = retry_wait_ms(tries, false, 0);
        int64_t most = retry_wait_ms(tries, false, (uint64_t)least * 2 - 1);
        assert_true(least >= 250 && most == least * 3 - 1);
        assert_true(most < 90000);
        assert_true(tries == 1 || least >= retry_wait_ms(tries - 1, false, 0));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_begins_with_half_and_grows_with_good_answers),
        cmocka_unit_test(it_is_halved_when_the_host_says_so),
        cmocka_unit_test(so_many_at_a_time),
        cmocka_unit_test(a_host_in_trouble_is_left_alone_for_longer_each_time),
        cmocka_unit_test(this_machine_is_never_made_to_wait),
        cmocka_unit_test(a_delay_is_between_the_beginnings_of_two),
        cmocka_unit_test(one_that_wants_to_be_alone_gets_the_host_for_itself),
        cmocka_unit_test(retry_after_is_seconds_or_a_date),
        cmocka_unit_test(waits_grow_and_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
