#include "support/test.h"

#include <pthread.h>

#include "base/budget.h"

TEST(budget_gives_no_more_than_there_is)
{
    struct budget budget = {.max = 100};
    assert_true(budget_take(&budget, 60));
    assert_false(budget_take(&budget, 41));
    assert_int_equal(atomic_load(&budget.taken), 60);
    assert_true(budget_take(&budget, 40));
    assert_true(budget_take(&budget, 0));
    assert_false(budget_take(&budget, 1));
    budget_give(&budget, 100);
    assert_int_equal(atomic_load(&budget.taken), 0);
}

TEST(budget_is_not_overrun_by_huge_wishes)
{
    struct budget budget = {.max = UINT64_MAX};
    assert_true(budget_take(&budget, UINT64_MAX));
    assert_false(budget_take(&budget, 2));
    budget_give(&budget, UINT64_MAX);
    assert_int_equal(atomic_load(&budget.taken), 0);
}

TEST(budget_that_is_none_has_all)
{
    assert_true(budget_take(NULL, UINT64_MAX));
    budget_give(NULL, 1);
    assert_int_equal(budget_spare(NULL), UINT64_MAX);
}

/* What is taken of a share is taken of the whole; what cannot be had of either is taken of none. */
TEST(budget_shares_are_parts_of_the_whole)
{
    struct budget whole = {.max = 100};
    struct budget one = {.max = 70, .whole = &whole};
    struct budget other = {.max = 70, .whole = &whole};
    assert_false(budget_take(&one, 71));
    assert_true(budget_take(&one, 70));
    assert_false(budget_take(&other, 31));
    assert_int_equal(atomic_load(&other.taken), 0);
    assert_int_equal(atomic_load(&whole.taken), 70);
    assert_true(budget_take(&other, 30));
    budget_give(&one, 70);
    budget_give(&other, 30);
    assert_int_equal(atomic_load(&whole.taken), 0);
}

/* Half is for those who cannot go on without. */
TEST(budget_spares_half_of_it)
{
    struct budget whole = {.max = 100};
    struct budget one = {.max = 60, .whole = &whole};
    assert_int_equal(budget_spare(&one), 30);
    assert_true(budget_take(&whole, 40));
    assert_int_equal(budget_spare(&one), 10);
    assert_true(budget_take(&one, 50));
    assert_int_equal(budget_spare(&one), 0);
    assert_int_equal(budget_spare(NULL), UINT64_MAX);
}

static struct budget shared = {.max = 10};

static void *take_and_give(void *arg)
{
    (void)arg; /* all do the same */
    for (int i = 0; i < 20000; i++) {
        if (budget_take(&shared, 4))
            budget_give(&shared, 4);
    }
    return NULL;
}

TEST(budget_is_whole_after_many_threads)
{
    pthread_t threads[4];
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_and_give, NULL), 0);
    for (size_t i = 0; i < ARRAY_LEN(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&shared.taken), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_gives_no_more_than_there_is),
        cmocka_unit_test(budget_is_not_overrun_by_huge_wishes),
        cmocka_unit_test(budget_that_is_none_has_all),
        cmocka_unit_test(budget_shares_are_parts_of_the_whole),
        cmocka_unit_test(budget_spares_half_of_it),
        cmocka_unit_test(budget_is_whole_after_many_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
