/* store/store.h: the storage contract. docs/store-contract.md numbers its promises; the suite in
 * tests/contract/ holds every backend to them.
 *
 * Paths are as locate() gave them: it alone follows links. Where a link has come into the way
 * since, a call says ALIAS and has done nothing; so what was judged by its path is what is opened.
 *
 * Calls may come from any thread at any time. Reads see each change whole or not at all. What
 * changes something takes the change that it is part of (store/change.h), which has begun and whose
 * ranges cover it. Only what is "quick" may be called on a loop's thread (base/turn.h), and where
 * the store's reads block, not that either; the rest may block. A call that is made where it may
 * not be, or without its change, ends the program: these functions are the one gate to a store, and
 * see to it (store/store.c). Backends provide store/backend.h. */
#pragma once

#include "store/change.h"
#include "store/handle.h"

/* What blocks in `more` does in `to`. */
void store_traits_add(struct store_traits *to, const struct store_traits *more);

/* Quick, whatever the traits say: how names are told apart at that path, once it has been located;
 * whether nothing can be changed there, whatever is there; whether what was opened as the root is
 * no longer to be found, so that all is UNAVAILABLE until it is, or until another is opened. */
enum store_folding store_folds(struct store *store, struct res_path path);
bool store_is_read_only(struct store *store, struct res_path path);
bool store_is_lost(struct store *store);

/* Quick, likewise: the log of what changes in a collection (store/change_log.h), and its path
 * there; NULL: none tells all of it. Gives memory from the arena. */
struct change_log *store_changes(struct store *store, struct arena *arena, struct res_path path,
                                 struct res_path *inside_out);

/* Quick, likewise: what is kept, or a collection of that: nothing can be made there. */
bool store_is_aside(struct store *store, struct res_path path);

/* --- a change, from beginning to end --- */

/* Quick, whatever the traits say. True: it has begun, or has failed (change->rc says which). False:
 * change->begun will be called on the executor's thread when that is known. */
NODISCARD bool store_begin(struct store *store, struct store_change *change);

/* Quick, likewise; any thread. Lets go, forgets the ranges, and leaves the change to be begun anew;
 * also of one that has failed, or was never begun. Not between store_begin() and `begun`. */
void store_end(struct store_change *change);

/* For who gives uploads of other stores: the part of the change that is about what lies at `path`.
 */
struct store_change *store_part(struct store_change *change, struct res_path path);

/* --- looking; under a change, through change->store --- */

/* Quick. The resource that the path really names, where aliases exist (symbolic links, other
 * Unicode forms of a name): what all other calls ask for, and what claims, locks and properties
 * are kept under. The last segment need not exist. DENIED: it leads out of the store. Gives
 * memory from the arena. */
NODISCARD enum store_rc store_locate(struct store *store, struct arena *arena, struct res_path path,
                                     enum locate_what what, struct res_path *real_out);

/* Quick. `wants`: of store_wants those of one resource alone, and WANTS_TO_REPLACE. */
NODISCARD enum store_rc store_stat(struct store *store, struct res_path path, unsigned wants,
                                   struct store_stat *stat_out);

/* Quick. The entity tag of a resource where another server has given it one, as in ETag (RFC 9110
 * §8.8.3); empty where it has none, or where tags are made of versions. Memory from the arena. */
NODISCARD enum store_rc store_tag(struct store *store, struct arena *arena, struct res_path path,
                                  struct str *tag_out);

/* Quick. Opens content for reading: what is read is what was there at this moment, whatever is
 * put there later. IS_COLLECTION for a collection. Gives; close it. */
NODISCARD enum store_rc store_content_open(struct store *store, struct res_path path,
                                           struct store_content **content_out);

/* Quick. What is known of the hashes of the content that `stat` is of: those that it was committed
 * with, and those noted since. None of content that has changed, by whomever, or where there is no
 * place for them. */
void store_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                  struct content_hashes *hashes_out);
/* Quick. These have been found out by reading it: store_hashes() may tell them from now on, until
 * more is known than there is memory for. Changes nothing that is stored. */
void store_note_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                       const struct content_hashes *hashes);

/* Quick. A cursor over the members of a collection, in no order. `wants` (store_wants): so much
 * will be asked about the member that the cursor is at, before it goes on; a store that is far away
 * brings it along, and answers from that. Gives; close it. */
NODISCARD enum store_rc store_list(struct store *store, struct res_path path, unsigned wants,
                                   struct store_cursor **cursor_out);

/* Quick. False: the resource has no dead properties for sure. */
bool store_may_have_props(struct store *store, struct res_path path);
/* Whether store_props() is to be asked now: there may be some, and this thread may wait for them.
 * On a loop there are none, since who asks has been told so a moment ago, and has stayed on it:
 * those that have come meanwhile came after the read had begun. */
bool store_shows_props(struct store *store, struct res_path path);
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

/* The bytes of all files and dead properties at `path` and below it. Only where counts_bytes; may
 * block. */
NODISCARD enum store_rc store_used(struct store *store, struct res_path path, uint64_t *bytes_out);

/* Quick, unless quota_blocks: changes nothing yet. An upload to `path`; its bytes go to
 * upload->sink, whose code is a store_rc. size_bytes: what will come; UINT64_MAX: unknown. Borrows
 * the path until it is closed. Gives; commit or abort, then close; before the commit, what was
 * written to a sink that waits has been ended. */
NODISCARD enum store_rc store_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                     struct store_upload **upload_out);

/* In the place of writing to its sink: the content is in a file already, from where a rename leads
 * to its place; the commit takes the file, and until then it stays as it is. END: that cannot be;
 * it is to be written. Borrows the file until it is closed. May block. */
NODISCARD enum store_rc store_upload_take(struct store_upload *upload,
                                          const struct store_staged *file);

/* Quick. What is kept at that path, or of what. NOT_FOUND: it is outside, or a collection of such.
 * Memory from the arena. */
NODISCARD enum store_rc store_kept(struct store *store, struct arena *arena, struct res_path path,
                                   struct store_kept *kept_out);
/* Where what was deleted near there is kept, and what was there before, by names of versions: if
 * anything is. NOT_FOUND: nothing ever. As above. */
NODISCARD enum store_rc store_keeping(struct store *store, struct arena *arena,
                                      struct res_path path, struct res_path *trash_out,
                                      struct res_path *versions_out);
/* The oldest that is kept near there goes, until it is so many bytes less. May block, and wait for
 * a change; so not under one. False: nothing has gone. */
bool store_make_room(struct store *store, struct res_path path, uint64_t bytes);

/* Who keeps resumable uploads (store/resumable.h) for that path. DENIED: nobody. May block. */
NODISCARD enum store_rc store_resumables(struct store *store, struct res_path near,
                                         struct resumables **of_out);

/* --- changing: each is made, or not, when it returns; AGAIN from any --- */

/* Covered for writing: the path. EXISTS, NO_PARENT: nothing changed. */
NODISCARD enum store_rc store_mkcol(struct store_change *change, struct res_path path);

/* Tree operations: on past failing members, each reported to the visitor. OK: all done.
 * PARTIAL: all but what was reported. Any other: nothing was changed. Locks and dead
 * properties go with what is removed; dead properties follow what is copied or moved, locks
 * never do. copy and move replace what is at `to`, if it is a resource (DENIED otherwise); a
 * lock that is rooted there stays. Covered for writing: the trees at `path`, at `to`, and of a move
 * at `from`; of a copy that for reading. */
NODISCARD enum store_rc store_remove(struct store_change *change, struct res_path path,
                                     struct store_visitor *visitor);
NODISCARD enum store_rc store_copy(struct store_change *change,
                                   const struct store_transfer *transfer,
                                   struct store_visitor *visitor);
NODISCARD enum store_rc store_move(struct store_change *change,
                                   const struct store_transfer *transfer,
                                   struct store_visitor *visitor);

/* Covered for writing: the path. NOT_FOUND; NO_SPACE: there would be too many, or too much. Nothing
 * changed then. */
NODISCARD enum store_rc store_patch(struct store_change *change, struct res_path path,
                                    const struct store_patch *patch);

/* Quick, unless locks_block or the wish makes a resource. Covered for writing: the lock's root.
 * Adds a lock, or replaces the one with that token; OK where a resource is wanted: it was made.
 * Copies. NO_SPACE: the limits allow no more. Any but OK: neither is there. */
NODISCARD enum store_rc store_lock(struct store_change *change, const struct lock_wish *wish);
/* Quick, unless locks_block. Covered likewise. By its token; NOT_FOUND when no live lock has it. */
NODISCARD enum store_rc store_unlock(struct store_change *change, const struct lock *lock);

/* --- what was opened --- */

/* Quick. `len` bytes from `offset` on; where the store's reads block, pulling them does. Borrows
 * the content until closed; memory from the arena. */
struct source *store_content_source(struct store_content *content, struct arena *arena,
                                    uint64_t offset, uint64_t len);

/* Quick. OK: *member_out is the next; END: there is no more; any other: the listing failed. */
NODISCARD enum store_rc store_cursor_next(struct store_cursor *cursor,
                                          struct store_member *member_out);

/* Makes what was written visible in one step. Covered for writing: the upload's path. NO_PARENT,
 * IS_COLLECTION, EXISTS: nothing changed; at a collection IS_COLLECTION, whatever is expected.
 * AGAIN: it can be committed once more. *stat_out is the resource as put. */
NODISCARD enum store_rc store_upload_commit(struct store_upload *upload,
                                            struct store_change *change,
                                            const struct store_commit *options,
                                            struct store_stat *stat_out);

/* Close what a pointer holds and clear it. NULL is fine. All but the store's are quick. An upload
 * that was not committed is aborted: it leaves no trace. */
void store_close(struct store **store);
void store_content_close(struct store_content **content);
void store_cursor_close(struct store_cursor **cursor);
void store_upload_close(struct store_upload **upload);
