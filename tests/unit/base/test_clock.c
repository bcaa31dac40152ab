#include "support/test.h"

#include "base/clock.h"

TEST(clock_stands_still_when_frozen)
{
    clock_freeze(1234567890123);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(clock_wall_ms(), 1234567890123);
        assert_int_equal(clock_mono_ms(), 1234567890123);
        assert_int_equal(clock_mono_us(), 1234567890123000);
    }
    clock_freeze(0);
    assert_int_equal(clock_wall_ms(), 0);
    clock_freeze(-1);
}

TEST(clock_mono_never_goes_back)
{
    int64_t last = clock_mono_us();
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_mono_us();
        assert_true(now >= last);
        last = now;
    }
}

TEST(clock_wall_is_that_of_the_system)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    int64_t apart_ms = clock_wall_ms() - (int64_t)now.tv_sec * 1000;
    assert_true(apart_ms >= 0 && apart_ms < 60000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_stands_still_when_frozen),
        cmocka_unit_test(clock_mono_never_goes_back),
        cmocka_unit_test(clock_wall_is_that_of_the_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
