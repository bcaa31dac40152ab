/* store/wrapper.h: changes of a store that is wrapped around another: each is one of the store
 * inside, with the same ranges. */
#pragma once

#include "store/store.h"

/* What begin() of the outer store may come to. Its change->own is taken. The store inside is one
 * whose changes are looked at through itself. */
NODISCARD bool wrapper_begin(struct store *inside, struct store_change *change);
/* The same with other ranges, which outlive the change, in the place of its own. */
NODISCARD bool wrapper_begin_about(struct store *inside, struct store_change *change,
                                   struct claim_range *ranges, size_t count);
void wrapper_end(struct store_change *change);

/* The change inside, as it is now. */
struct store_change *wrapper_inside(struct store_change *change);
