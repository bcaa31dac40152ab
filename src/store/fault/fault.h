/* store/fault/fault.h: a backend around another that makes the n-th operation fail: shows that
 * every failure of the storage is answered, reported, and leaves no half-made change. */
#pragma once

#include "store/store.h"

/* Wraps `inner`. Takes it; gives. */
NODISCARD struct store *fault_store_new(struct store *inner);

/* The n-th operation from now on (from 1) returns `rc` instead of being carried out; 0: none. */
void fault_store_arm(struct store *store, unsigned n, enum store_rc rc);

/* How many operations there have been since it was armed. */
unsigned fault_store_count(const struct store *store);
