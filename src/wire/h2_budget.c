#include "wire/h2_budget.h"

enum { SECONDS_TO_FILL = 10 };

void h2_budget_init(struct h2_budget *budget, uint64_t burst, int64_t now_ms)
{
    *budget = (struct h2_budget){.left = burst, .burst = burst, .filled_ms = now_ms};
}

/* The clock is looked at only when the purse is empty, which is rare. */
static void fill(struct h2_budget *budget, int64_t now_ms)
{
    uint64_t passed_ms = (uint64_t)(now_ms - budget->filled_ms);
    uint64_t full_ms = (uint64_t)SECONDS_TO_FILL * 1000;
    budget->left = budget->burst * u64_min(passed_ms, full_ms) / full_ms;
    if (budget->left)
        budget->filled_ms = now_ms;
}

bool h2_budget_spend(struct h2_budget *budget, int64_t now_ms)
{
    if (budget->left == 0)
        fill(budget, now_ms);
    if (budget->left == 0)
        return false;
    budget->left--;
    return true;
}

void h2_budget_give(struct h2_budget *budget, uint64_t count)
{
    budget->left = u64_min(budget->left + count, budget->burst);
}
