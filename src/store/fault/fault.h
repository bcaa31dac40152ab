/* store/fault/fault.h: a backend around another that makes the n-th operation fail: shows that
 * every failure of the storage is answered, reported, and leaves no half-made change. */
#pragma once

#include "store/store.h"

/* Wraps `inner`. Takes it; gives. */
NODISCARD struct store *fault_store_new(struct store *inner);

/* The n-th operation from now on (from 1) returns `rc` instead of being carried out; 0: none. */
void fault_store_arm(struct store *store, unsigned n, enum store_rc rc);

/* What it does to changes besides. */
struct fault_plan {
    /* So many times is each answered AGAIN before it is made: the beginning of a change, and each
     * call of it. */
    unsigned again_begins;
    unsigned again_calls;
    bool begins_later; /* no change has begun when store_begin() returns */
};
/* From now on. */
void fault_store_plan(struct store *store, const struct fault_plan *plan);

struct store *fault_store_inner(struct store *store);

/* How many operations there have been since it was armed. */
unsigned fault_store_count(const struct store *store);
