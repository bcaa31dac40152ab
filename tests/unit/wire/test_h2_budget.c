#include "support/test.h"

#include "wire/h2_budget.h"

static unsigned spend_all(struct h2_budget *budget, int64_t now_ms)
{
    unsigned count = 0;
    while (h2_budget_spend(budget, now_ms))
        count++;
    return count;
}

TEST(budget_is_spent)
{
    struct h2_budget budget;
    h2_budget_init(&budget, 100, 5000);
    check_int("all", spend_all(&budget, 5000), 100);
    check_int("none", spend_all(&budget, 5000), 0);
}

TEST(budget_grows_back_by_a_tenth_each_second)
{
    struct h2_budget budget;
    h2_budget_init(&budget, 100, 0);
    check_int("all", spend_all(&budget, 0), 100);
    check_int("too soon", spend_all(&budget, 99), 0);
    check_int("one", spend_all(&budget, 100), 1);
    check_int("a second", spend_all(&budget, 1100), 10);
    check_int("a day", spend_all(&budget, 86400000), 100);
}

/* What is too little for one must not be lost. */
TEST(budget_does_not_starve_who_asks_often)
{
    struct h2_budget budget;
    unsigned count = 0;
    h2_budget_init(&budget, 100, 0);
    (void)spend_all(&budget, 0); /* so that it is empty */
    for (int64_t now_ms = 0; now_ms <= 1000; now_ms++)
        count += h2_budget_spend(&budget, now_ms);
    check_int("a second", count, 10);
}

TEST(budget_never_holds_more_than_at_the_start)
{
    struct h2_budget budget;
    h2_budget_init(&budget, 3, 0);
    h2_budget_give(&budget, 10);
    check_int("three", spend_all(&budget, 0), 3);
    h2_budget_give(&budget, 2);
    check_int("two", spend_all(&budget, 0), 2);
}

TEST(budget_of_nothing)
{
    struct h2_budget budget;
    h2_budget_init(&budget, 0, 0);
    check_int("none", spend_all(&budget, 100000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(budget_is_spent),
        cmocka_unit_test(budget_grows_back_by_a_tenth_each_second),
        cmocka_unit_test(budget_does_not_starve_who_asks_often),
        cmocka_unit_test(budget_never_holds_more_than_at_the_start),
        cmocka_unit_test(budget_of_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
