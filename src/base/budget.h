/* base/budget.h: how much of something there may be at a time, for all who take of it. Any thread.
 *
 * A share is a budget within another: what is taken of it is taken of the whole, too. */
#pragma once

#include <stdatomic.h>

#include "base/base.h"

struct budget {
    uint64_t max;         /* does not change once it is in use */
    struct budget *whole; /* outlives this one; NULL: it is no share */
    atomic_uint_fast64_t taken;
};

/* What can be taken now for what goes on without, if slower: half of all is for the others. By the
 * next moment it may be less. */
static inline uint64_t budget_spare(struct budget *budget)
{
    uint64_t spare = UINT64_MAX;
    for (; budget; budget = budget->whole) {
        uint64_t taken = atomic_load(&budget->taken);
        uint64_t max = budget->max / 2;
        spare = u64_min(spare, taken < max ? max - taken : 0);
    }
    return spare;
}

/* Gives back what was taken. */
static inline void budget_give(struct budget *budget, uint64_t count)
{
    for (; budget; budget = budget->whole)
        atomic_fetch_sub(&budget->taken, count);
}

/* False: there is not so much left, and nothing was taken. Of no budget (NULL) all can be had. */
NODISCARD static inline bool budget_take(struct budget *budget, uint64_t count)
{
    struct budget *at = budget;
    for (; at; at = at->whole) {
        uint64_t before = atomic_fetch_add(&at->taken, count);
        if (before <= at->max && count <= at->max - before)
            continue;
        atomic_fetch_sub(&at->taken, count);
        break;
    }
    for (struct budget *taken = budget; at && taken != at; taken = taken->whole)
        atomic_fetch_sub(&taken->taken, count);
    return !at;
}
