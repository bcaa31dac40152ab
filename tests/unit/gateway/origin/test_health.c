#include "gateway/origin/health.h"

#include "base/clock.h"
#include "support/test.h"

/* An origin that three failures in a row put out of use for ten seconds, and its time. */
struct sick {
    struct arena arena;
    struct health *health;
    int64_t now_ms;
};

static void begin(struct sick *sick, unsigned failures_max)
{
    const struct health_options options = {.failures_max = failures_max, .retry_ms = 10000};
    *sick = (struct sick){.now_ms = 1000000};
    clock_freeze(sick->now_ms);
    sick->health = health_new(&sick->arena, STR("http://origin/"), &options);
}

static void end(struct sick *sick)
{
    clock_freeze(-1);
    arena_done(&sick->arena);
}

static void later(struct sick *sick, int64_t ms)
{
    sick->now_ms += ms;
    clock_freeze(sick->now_ms);
}

/* How a request is let pass; what it comes to is told by tell(). */
static enum health_pass ask(const struct sick *sick)
{
    unsigned after_s;
    return health_pass(sick->health, &after_s);
}

static void tell_of(const struct sick *sick, enum health_pass pass, enum health_evidence evidence)
{
    health_tell(sick->health, &(struct health_news){evidence, pass, "refused"});
}

/* For how many seconds nobody is let pass; 0: whoever asks is. */
static unsigned wait_s(const struct sick *sick)
{
    unsigned after_s = 0;
    return health_pass(sick->health, &after_s) == HEALTH_WAIT ? after_s : 0;
}

static void fail_times(const struct sick *sick, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tell_of(sick, HEALTH_ASK, HEALTH_FAILS);
}

TEST(health_opens_after_failures_in_a_row)
{
    struct sick sick;
    begin(&sick, 3);
    fail_times(&sick, 2);
    tell_of(&sick, HEALTH_ASK, HEALTH_ANSWERS);
    fail_times(&sick, 2);
    tell_of(&sick, HEALTH_ASK, HEALTH_NOTHING);
    assert_int_equal(ask(&sick), HEALTH_ASK);
    fail_times(&sick, 1);
    assert_int_equal(wait_s(&sick), 10);
    later(&sick, 9001);
    assert_int_equal(wait_s(&sick), 1);
    end(&sick);
}

TEST(health_lets_one_try)
{
    struct sick sick;
    begin(&sick, 3);
    fail_times(&sick, 3);
    later(&sick, 10000);
    assert_int_equal(ask(&sick), HEALTH_TRY);
    assert_int_equal(wait_s(&sick), 10);
    later(&sick, 20000);
    assert_int_equal(ask(&sick), HEALTH_WAIT);
    tell_of(&sick, HEALTH_TRY, HEALTH_FAILS);
    assert_int_equal(wait_s(&sick), 10);
    later(&sick, 10000);
    assert_int_equal(ask(&sick), HEALTH_TRY);
    tell_of(&sick, HEALTH_TRY, HEALTH_ANSWERS);
    assert_int_equal(ask(&sick), HEALTH_ASK);
    fail_times(&sick, 2);
    assert_int_equal(ask(&sick), HEALTH_ASK);
    end(&sick);
}

TEST(health_waits_says_so_before_anybody_tries)
{
    struct sick sick;
    unsigned after_s = 0;
    begin(&sick, 3);
    assert_false(health_waits(sick.health, &after_s));
    fail_times(&sick, 3);
    assert_true(health_waits(sick.health, &after_s));
    assert_int_equal(after_s, 10);
    later(&sick, 10000);
    assert_false(health_waits(sick.health, &after_s));
    assert_int_equal(ask(&sick), HEALTH_TRY);
    assert_true(health_waits(sick.health, &after_s));
    end(&sick);
}

TEST(health_trial_that_says_nothing_makes_way)
{
    struct sick sick;
    begin(&sick, 3);
    fail_times(&sick, 3);
    later(&sick, 10000);
    assert_int_equal(ask(&sick), HEALTH_TRY);
    tell_of(&sick, HEALTH_TRY, HEALTH_NOTHING);
    assert_int_equal(ask(&sick), HEALTH_TRY);
    later(&sick, 59999);
    assert_int_equal(ask(&sick), HEALTH_WAIT);
    later(&sick, 1);
    assert_int_equal(ask(&sick), HEALTH_TRY);
    end(&sick);
}

/* What was asked before it opened, or past the circuit. */
TEST(health_is_told_by_late_requests_too)
{
    struct sick sick;
    begin(&sick, 3);
    fail_times(&sick, 3);
    later(&sick, 5000);
    fail_times(&sick, 10);
    assert_int_equal(wait_s(&sick), 5);
    tell_of(&sick, HEALTH_ASK, HEALTH_ANSWERS);
    assert_int_equal(ask(&sick), HEALTH_ASK);
    end(&sick);
}

static void check_state(const struct sick *sick, enum circuit circuit, unsigned since_s,
                        unsigned in_a_row)
{
    struct health_state state;
    health_look(sick->health, &state);
    assert_int_equal(state.circuit, circuit);
    assert_int_equal(state.since_s, since_s);
    assert_int_equal(state.in_a_row, in_a_row);
}

TEST(health_says_how_it_is_and_since_when)
{
    struct sick sick;
    begin(&sick, 3);
    later(&sick, 7000);
    check_state(&sick, CIRCUIT_CLOSED, 7, 0);
    fail_times(&sick, 3);
    check_state(&sick, CIRCUIT_OPEN, 0, 3);
    later(&sick, 5000);
    check_state(&sick, CIRCUIT_OPEN, 5, 3);
    later(&sick, 5000);
    check_state(&sick, CIRCUIT_HALF_OPEN, 10, 3); /* one may try */
    assert_int_equal(ask(&sick), HEALTH_TRY);
    later(&sick, 1000);
    check_state(&sick, CIRCUIT_HALF_OPEN, 11, 3); /* one does */
    tell_of(&sick, HEALTH_TRY, HEALTH_FAILS);
    check_state(&sick, CIRCUIT_OPEN, 11, 4);
    later(&sick, 10000);
    tell_of(&sick, HEALTH_ASK, HEALTH_ANSWERS);
    later(&sick, 2000);
    check_state(&sick, CIRCUIT_CLOSED, 2, 0);
    end(&sick);
}

TEST(health_says_that_it_has_opened_once)
{
    struct sick sick;
    const struct health_news news = {HEALTH_FAILS, HEALTH_ASK, "refused"};
    begin(&sick, 2);
    assert_false(health_tell(sick.health, &news));
    assert_true(health_tell(sick.health, &news));
    assert_false(health_tell(sick.health, &news));
    end(&sick);
}

TEST(health_that_nothing_opens)
{
    struct sick sick;
    begin(&sick, 0);
    fail_times(&sick, 1000);
    assert_int_equal(ask(&sick), HEALTH_ASK);
    end(&sick);
}

/* One listing that waited in vain is enough; an answer, to whomever, ends that. */
TEST(health_is_late_until_it_answers)
{
    struct sick sick;
    begin(&sick, 3);
    assert_false(health_has_been_late(sick.health));
    health_late(sick.health);
    assert_true(health_has_been_late(sick.health));
    assert_false(health_is_due(sick.health, 3000));
    later(&sick, 3000);
    assert_true(health_is_due(sick.health, 3000));
    assert_false(health_is_due(sick.health, 3000)); /* one at a time */
    tell_of(&sick, ask(&sick), HEALTH_FAILS);
    assert_true(health_has_been_late(sick.health));
    tell_of(&sick, ask(&sick), HEALTH_ANSWERS);
    assert_false(health_has_been_late(sick.health));
    end(&sick);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(health_opens_after_failures_in_a_row),
        cmocka_unit_test(health_lets_one_try),
        cmocka_unit_test(health_waits_says_so_before_anybody_tries),
        cmocka_unit_test(health_trial_that_says_nothing_makes_way),
        cmocka_unit_test(health_is_told_by_late_requests_too),
        cmocka_unit_test(health_says_how_it_is_and_since_when),
        cmocka_unit_test(health_says_that_it_has_opened_once),
        cmocka_unit_test(health_that_nothing_opens),
        cmocka_unit_test(health_is_late_until_it_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
