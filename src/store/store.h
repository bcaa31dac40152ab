/* store/store.h: the storage contract. docs/store-contract.md numbers its promises; the suite in
 * tests/contract/ holds every backend to them.
 *
 * Paths are as locate() gave them: it alone follows links. Where a link has come into the way
 * since, a call says ALIAS and has done nothing; so what was judged by its path is what is opened.
 *
 * Calls may come from any thread at any time. Reads see each change whole or not at all. Changes
 * are made under a claim (store/claim.h) that covers them. Only what is "quick" may be called on a
 * loop's thread (base/turn.h), and where the store's reads block, not that either; the rest may
 * block. A call that is made where it may not be ends the program: these functions are the one gate
 * to a store, and see to it (store/store.c). Backends provide store/backend.h. */
#pragma once

#include "store/claim.h"
#include "store/handle.h"

void store_traits_add(struct store_traits *to, const struct store_traits *more);

/* Quick, whatever the traits say: how names are told apart at that path, once it has been located;
 * whether nothing can be changed there, whatever is there; whether what was opened as the root is
 * no longer to be found, so that all is UNAVAILABLE until it is, or until another store is opened.
 */
enum store_folding store_folds(struct store *store, struct res_path path);
bool store_is_read_only(struct store *store, struct res_path path);
bool store_is_lost(struct store *store);

/* Quick, likewise. As claims_take() and claims_release(). */
NODISCARD bool store_claim(struct store *store, struct claim *claim);
void store_release(struct store *store, struct claim *claim);

/* --- looking --- */

/* Quick. The resource that the path really names, where aliases exist (symbolic links, other
 * Unicode forms of a name): what all other calls ask for, and what claims, locks and properties
 * are kept under. The last segment need not exist. DENIED: it leads out of the store. Gives
 * memory from the arena. */
NODISCARD enum store_rc store_locate(struct store *store, struct arena *arena, struct res_path path,
                                     enum locate_what what, struct res_path *real_out);

/* Quick. */
NODISCARD enum store_rc store_stat(struct store *store, struct res_path path,
                                   struct store_stat *stat_out);

/* Quick. Opens content for reading: what is read is what was there at this moment, whatever is
 * put there later. IS_COLLECTION for a collection. Gives; close it. */
NODISCARD enum store_rc store_content_open(struct store *store, struct res_path path,
                                           struct store_content **content_out);

/* Quick. A cursor over the members of a collection, in no order. Gives; close it. */
NODISCARD enum store_rc store_list(struct store *store, struct res_path path,
                                   struct store_cursor **cursor_out);

/* Quick. False: the resource has no dead properties for sure. */
bool store_may_have_props(struct store *store, struct res_path path);
/* Shows all dead properties, sorted by namespace and name; none where there is no resource.
 * OK, or why it or the visitor has failed; what was shown until then was shown. */
NODISCARD enum store_rc store_props(struct store *store, struct res_path path,
                                    struct store_prop_visitor *visitor);

/* Quick. False: there is no lock anywhere. */
bool store_has_locks(struct store *store);
/* Quick. Live locks only. Gives memory from the arena. */
NODISCARD enum store_rc store_locks(struct store *store, struct arena *arena, struct res_path path,
                                    enum lock_query query, struct lock_list *locks_out);

/* Quick, unless quota_blocks. */
NODISCARD enum store_rc store_quota(struct store *store, struct res_path path,
                                    struct store_quota *quota_out);

/* --- changing, under a claim --- */

/* Quick, unless quota_blocks: does nothing yet. An upload to `path`; its bytes go to upload->sink,
 * whose code is a store_rc. size_bytes: what will come; UINT64_MAX: unknown. Gives; commit or
 * abort, then close; before the commit, what was written to a sink that waits has been ended. */
NODISCARD enum store_rc store_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                     struct store_upload **upload_out);

/* EXISTS, NO_PARENT: nothing changed. */
NODISCARD enum store_rc store_mkcol(struct store *store, struct res_path path);

/* Tree operations: on past failing members, each reported to the visitor. OK: all done.
 * PARTIAL: all but what was reported. Any other: nothing was changed. Locks and dead
 * properties go with what is removed; dead properties follow what is copied or moved, locks
 * never do. copy and move replace what is at `to`, if it is a resource (DENIED otherwise); a
 * lock that is rooted there stays. */
NODISCARD enum store_rc store_remove(struct store *store, struct res_path path,
                                     struct store_visitor *visitor);
NODISCARD enum store_rc store_copy(struct store *store, const struct store_transfer *transfer,
                                   struct store_visitor *visitor);
NODISCARD enum store_rc store_move(struct store *store, const struct store_transfer *transfer,
                                   struct store_visitor *visitor);

/* NOT_FOUND; NO_SPACE: there would be too many, or too much. Nothing changed then. */
NODISCARD enum store_rc store_patch(struct store *store, struct res_path path,
                                    const struct store_patch *patch);

/* Quick, unless locks_block. Adds a lock, or replaces the one with that token. Its resource may be
 * about to be made. Copies. NO_SPACE: the limits allow no more. */
NODISCARD enum store_rc store_lock(struct store *store, const struct lock *lock);
/* Likewise. NOT_FOUND when no live lock has the token. */
NODISCARD enum store_rc store_unlock(struct store *store, struct str token);

/* --- what was opened --- */

/* Quick. `len` bytes from `offset` on; where the store's reads block, pulling them does. Borrows
 * the content until closed; memory from the arena. */
struct source *store_content_source(struct store_content *content, struct arena *arena,
                                    uint64_t offset, uint64_t len);

/* Quick. OK: *member_out is the next; END: there is no more; any other: the listing failed. */
NODISCARD enum store_rc store_cursor_next(struct store_cursor *cursor,
                                          struct store_member *member_out);

/* Makes what was written visible in one step. NO_PARENT, IS_COLLECTION, EXISTS: nothing
 * changed; at a collection IS_COLLECTION, whatever is expected. *stat_out is the resource as
 * put. */
NODISCARD enum store_rc store_upload_commit(struct store_upload *upload,
                                            const struct store_commit *options,
                                            struct store_stat *stat_out);

/* Close what a pointer holds and clear it. NULL is fine. All but the store's are quick. An upload
 * that was not committed is aborted: it leaves no trace. */
void store_close(struct store **store);
void store_content_close(struct store_content **content);
void store_cursor_close(struct store_cursor **cursor);
void store_upload_close(struct store_upload **upload);
