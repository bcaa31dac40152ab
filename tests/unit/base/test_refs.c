#include "support/test.h"

#include "base/refs.h"

static unsigned lasts;

static void count_last(struct refs *refs)
{
    assert_int_equal(refs->count, 0);
    lasts++;
}

TEST(refs_call_last_when_the_last_one_is_dropped)
{
    struct refs refs;
    lasts = 0;
    refs_init(&refs, count_last);
    refs_take(&refs);
    refs_take(&refs);
    refs_drop(&refs);
    refs_drop(&refs);
    assert_int_equal(lasts, 0);
    refs_drop(&refs);
    assert_int_equal(lasts, 1);
}

static void drop_too_often(void)
{
    struct refs refs;
    refs_init(&refs, count_last);
    refs_drop(&refs);
    refs_drop(&refs);
}

static void take_after_the_last(void)
{
    struct refs refs;
    refs_init(&refs, count_last);
    refs_drop(&refs);
    refs_take(&refs);
}

TEST(refs_misuse_aborts)
{
    assert_true(aborts(drop_too_often));
    assert_true(aborts(take_after_the_last));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refs_call_last_when_the_last_one_is_dropped),
        cmocka_unit_test(refs_misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
