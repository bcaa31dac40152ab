#include "support/test.h"

#include "base/clock.h"
#include "wire/wire.h"

static struct limits limits;
static struct loop *loop;

static int start(__attribute__((unused)) void **state)
{
    struct err err;
    limits = limits_default();
    loop = loop_new(NULL, &err);
    return loop == NULL;
}

static int stop(__attribute__((unused)) void **state)
{
    clock_freeze(-1);
    loop_free(loop);
    return 0;
}

TEST(wire_date_changes_with_the_second)
{
    struct wire wire;
    wire_init(&wire, loop, NULL, &limits, NULL);
    clock_freeze(784111777000);
    check_str("first", wire_date(&wire), "Sun, 06 Nov 1994 08:49:37 GMT");
    clock_freeze(784111777999);
    check_str("same", wire_date(&wire), "Sun, 06 Nov 1994 08:49:37 GMT");
    clock_freeze(784111778000);
    check_str("next", wire_date(&wire), "Sun, 06 Nov 1994 08:49:38 GMT");
    clock_freeze(784111777000); /* the clock may be set back */
    check_str("back", wire_date(&wire), "Sun, 06 Nov 1994 08:49:37 GMT");
}

TEST(wire_date_is_right_at_the_start_of_time)
{
    struct wire wire;
    wire_init(&wire, loop, NULL, &limits, NULL);
    clock_freeze(0);
    check_str("zero", wire_date(&wire), "Thu, 01 Jan 1970 00:00:00 GMT");
}

static unsigned emptied_count;

static void note_emptied(__attribute__((unused)) struct wire *wire)
{
    emptied_count++;
}

TEST(wire_without_connections_is_empty_as_soon_as_it_drains)
{
    struct wire wire;
    wire_init(&wire, loop, NULL, &limits, NULL);
    wire.emptied = note_emptied;
    assert_int_equal(emptied_count, 0);
    wire_drain(&wire);
    assert_int_equal(emptied_count, 1);
    wire_abort(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wire_date_changes_with_the_second, start, stop),
        cmocka_unit_test_setup_teardown(wire_date_is_right_at_the_start_of_time, start, stop),
        cmocka_unit_test_setup_teardown(wire_without_connections_is_empty_as_soon_as_it_drains,
                                        start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
