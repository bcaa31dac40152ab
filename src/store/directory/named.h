/* store/directory/named.h: the contract's calls that are about names (locks, changes, dead
 * properties, and whatever changes the tree, which moves these), with the first name of whatever
 * they are given. Changes are followed by a note for who has looked already in this turn. */
#pragma once

#include "store/store.h"

NODISCARD bool named_begin(struct store *store, struct store_change *change);
void named_end(struct store_change *change);

NODISCARD enum store_rc named_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                     struct store_upload **upload_out);
NODISCARD enum store_rc named_mkcol(struct store_change *change, struct res_path path);
NODISCARD enum store_rc named_remove(struct store_change *change, struct res_path path,
                                     struct store_visitor *visitor);
NODISCARD enum store_rc named_copy(struct store_change *change,
                                   const struct store_transfer *transfer,
                                   struct store_visitor *visitor);
NODISCARD enum store_rc named_move(struct store_change *change,
                                   const struct store_transfer *transfer,
                                   struct store_visitor *visitor);

bool named_may_have_props(struct store *store, struct res_path path);
NODISCARD enum store_rc named_props(struct store *store, struct res_path path,
                                    struct store_prop_visitor *visitor);
NODISCARD enum store_rc named_patch(struct store_change *change, struct res_path path,
                                    const struct store_patch *patch);

NODISCARD enum store_rc named_locks(struct store *store, struct arena *arena, struct res_path path,
                                    enum lock_query query, struct lock_list *locks_out);
NODISCARD enum store_rc named_lock(struct store_change *change, const struct lock_wish *wish);
NODISCARD enum store_rc named_unlock(struct store_change *change, const struct lock *lock);
