/* wire/h2_budget.h: how much of what is legal and useless a peer may send (RFC 9113 §10.5). */
#pragma once

#include "base/base.h"

/* A purse: `burst` at the start, a tenth of that comes back each second. */
struct h2_budget {
    uint64_t left;
    uint64_t burst;
    int64_t filled_ms; /* when what had come back was last put in */
};

void h2_budget_init(struct h2_budget *budget, uint64_t burst, int64_t now_ms);

/* Takes one; false: there is none left. */
NODISCARD bool h2_budget_spend(struct h2_budget *budget, int64_t now_ms);

/* Gives back; there is never more than at the start. */
void h2_budget_give(struct h2_budget *budget, uint64_t count);
