/* tests/support/changes.h: changes of one call each, for tests that are about what the call does.
 * Each is begun about no more than it needs, waits until it has begun, and is ended. */
#pragma once

#include "store/store.h"
#include "support/inbox.h"

/* A change that waits for what it is promised. */
struct waiter {
    struct store_change change;
    struct inbox inbox;
};

void waiter_init(struct waiter *waiter);

/* Begins; what has become of it. */
NODISCARD enum store_rc waiter_begin(struct waiter *waiter, struct store *store);

/* Begins, and does not wait. False: `begun` is called when somebody runs the inbox. */
NODISCARD bool waiter_begins_now(struct waiter *waiter, struct store *store);

/* Ends it, and is ready for the next. */
void waiter_end(struct waiter *waiter);
void waiter_done(struct waiter *waiter);

NODISCARD enum store_rc do_mkcol(struct store *store, struct res_path path);
NODISCARD enum store_rc do_remove(struct store *store, struct res_path path,
                                  struct store_visitor *visitor);
NODISCARD enum store_rc do_copy(struct store *store, const struct store_transfer *transfer,
                                struct store_visitor *visitor);
NODISCARD enum store_rc do_move(struct store *store, const struct store_transfer *transfer,
                                struct store_visitor *visitor);
NODISCARD enum store_rc do_patch(struct store *store, struct res_path path,
                                 const struct store_patch *patch);
NODISCARD enum store_rc do_lock(struct store *store, const struct lock *lock);
NODISCARD enum store_rc do_lock_new(struct store *store, const struct lock *lock);
/* Wherever a lock with that token is rooted. */
NODISCARD enum store_rc do_unlock(struct store *store, struct str token);
NODISCARD enum store_rc do_commit(struct store *store, struct store_upload *upload,
                                  const struct store_commit *options, struct store_stat *stat_out);
