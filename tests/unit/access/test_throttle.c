#include "support/test.h"

#include "access/throttle.h"
#include "base/clock.h"

static const struct str alice = {"alice", 5};

static int thaw(void **state)
{
    (void)state;
    clock_freeze(-1);
    return 0;
}

static int64_t wait_after(struct throttle *throttle, int failures)
{
    for (int i = 0; i < failures; i++)
        throttle_failed(throttle, THROTTLE_USER, alice);
    return throttle_wait_ms(throttle, THROTTLE_USER, alice);
}

TEST(throttle_lets_a_few_mistakes_pass_and_then_doubles)
{
    clock_freeze(1000);
    struct throttle *throttle = throttle_new(16);
    check_int("7", wait_after(throttle, 7), 0);
    check_int("8", wait_after(throttle, 1), 1000);
    check_int("9", wait_after(throttle, 1), 2000);
    check_int("12", wait_after(throttle, 3), 16000);
    check_int("100", wait_after(throttle, 88), 60000);
    check_int("an address", throttle_wait_ms(throttle, THROTTLE_ADDRESS, alice), 0);
    clock_freeze(1000 + 59000);
    check_int("later", throttle_wait_ms(throttle, THROTTLE_USER, alice), 1000);
    clock_freeze(1000 + 60000);
    check_int("over", throttle_wait_ms(throttle, THROTTLE_USER, alice), 0);
    throttle_free(throttle);
}

TEST(throttle_forgives)
{
    clock_freeze(1000);
    struct throttle *throttle = throttle_new(16);
    check_that("slowed", wait_after(throttle, 10) > 0);
    throttle_passed(throttle, THROTTLE_USER, alice);
    check_int("after a right one", wait_after(throttle, 7), 0);
    clock_freeze(1000 + 900001);
    check_int("after a while", wait_after(throttle, 7), 0);
    throttle_free(throttle);
}

TEST(throttle_is_bounded_whatever_names_are_tried)
{
    struct throttle *throttle = throttle_new(64);
    for (int i = 0; i < 100000; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "u%d", i);
        throttle_failed(throttle, THROTTLE_USER, str_of_c(name));
    }
    check_int("remembered", throttle_count(throttle), 64);
    throttle_free(throttle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(throttle_lets_a_few_mistakes_pass_and_then_doubles),
        cmocka_unit_test(throttle_forgives),
        cmocka_unit_test(throttle_is_bounded_whatever_names_are_tried),
    };
    return cmocka_run_group_tests(tests, NULL, thaw);
}
