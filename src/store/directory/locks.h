/* store/directory/locks.h: locks. */
#pragma once

#include "store/directory/dir.h"

bool dir_has_locks(struct store *store);
NODISCARD enum store_rc dir_locks(struct store *store, struct arena *arena, struct res_path path,
                                  enum lock_query query, struct lock_list *locks_out);
NODISCARD enum store_rc dir_lock(struct store *store, const struct lock *lock);
/* The same, and makes the empty resource that it is for. Any but OK: neither is there. */
NODISCARD enum store_rc dir_lock_new(struct store *store, const struct lock *lock);
NODISCARD enum store_rc dir_unlock(struct store *store, struct str token);
