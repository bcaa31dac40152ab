/* The gate: every call to a store, whoever makes it, and of a view or a wrapper to the store
 * inside, goes through here. So what holds for all calls is said once, and what looks at all of
 * them (counting, timing) would have one place.
 *
 * What holds is where a call may run. A thread with a loop serves thousands, and what it waits for,
 * they wait for. So a call that may wait must not be made there: one that is not quick, or whose
 * store's traits say that it is not in this store. To do so is a mistake in the program, and ends
 * it; since most stores never wait where they might, only a store of which every call may
 * (store/slow) finds such mistakes, and the suites run with it.
 *
 * Whether a change is covered by a claim is not to be seen here, since a change does not say for
 * whom it is made. The same wrapper checks that somebody has claimed what is changed.
 *
 * Rejected: to check it in the backends. Each would have to, and none of those that there are ever
 * waits for what it reads. */
#include "store/store.h"

#include "base/turn.h"
#include "store/backend.h"

/* --- the one question --- */

static void check_place(bool may_block)
{
    assert(!may_block || turn_current() == 0);
}

static const struct store_ops *pass(const struct store *store, bool may_block)
{
    check_place(may_block);
    return store->ops;
}

static const struct store_ops *pass_read(const struct store *store)
{
    return pass(store, store->traits.reads_block);
}

static const struct store_ops *pass_quota(const struct store *store)
{
    return pass(store, store->traits.reads_block || store->traits.quota_blocks);
}

static const struct store_ops *pass_lock(const struct store *store)
{
    return pass(store, store->traits.reads_block || store->traits.locks_block);
}

void store_traits_add(struct store_traits *to, const struct store_traits *more)
{
    to->reads_block |= more->reads_block;
    to->quota_blocks |= more->quota_blocks;
    to->locks_block |= more->locks_block;
}

/* --- what is known without a look --- */

enum store_folding store_folds(struct store *store, struct res_path path)
{
    return store->ops->folds ? store->ops->folds(store, path) : STORE_FOLDS_NOTHING;
}

bool store_is_read_only(struct store *store, struct res_path path)
{
    return store->ops->is_read_only && store->ops->is_read_only(store, path);
}

bool store_is_lost(struct store *store)
{
    return store->ops->is_lost && store->ops->is_lost(store);
}

bool store_claim(struct store *store, struct claim *claim)
{
    return store->ops->claim(store, claim);
}

void store_release(struct store *store, struct claim *claim)
{
    store->ops->release(store, claim);
}

/* --- looking --- */

enum store_rc store_locate(struct store *store, struct arena *arena, struct res_path path,
                           enum locate_what what, struct res_path *real_out)
{
    return pass_read(store)->locate(store, arena, path, what, real_out);
}

enum store_rc store_stat(struct store *store, struct res_path path, struct store_stat *stat_out)
{
    return pass_read(store)->stat(store, path, stat_out);
}

enum store_rc store_content_open(struct store *store, struct res_path path,
                                 struct store_content **content_out)
{
    return pass_read(store)->open(store, path, content_out);
}

enum store_rc store_list(struct store *store, struct res_path path,
                         struct store_cursor **cursor_out)
{
    enum store_rc rc = pass_read(store)->list(store, path, cursor_out);
    if (rc == STORE_OK)
        (*cursor_out)->does_block = store->traits.reads_block;
    return rc;
}

bool store_may_have_props(struct store *store, struct res_path path)
{
    return pass_read(store)->may_have_props(store, path);
}

enum store_rc store_props(struct store *store, struct res_path path,
                          struct store_prop_visitor *visitor)
{
    return pass(store, true)->props(store, path, visitor);
}

bool store_has_locks(struct store *store)
{
    return pass_read(store)->has_locks(store);
}

enum store_rc store_locks(struct store *store, struct arena *arena, struct res_path path,
                          enum lock_query query, struct lock_list *locks_out)
{
    return pass_read(store)->locks(store, arena, path, query, locks_out);
}

enum store_rc store_quota(struct store *store, struct res_path path, struct store_quota *quota_out)
{
    return pass_quota(store)->quota(store, path, quota_out);
}

/* --- changing --- */

enum store_rc store_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                           struct store_upload **upload_out)
{
    return pass_quota(store)->upload(store, path, size_bytes, upload_out);
}

enum store_rc store_mkcol(struct store *store, struct res_path path)
{
    return pass(store, true)->mkcol(store, path);
}

enum store_rc store_remove(struct store *store, struct res_path path, struct store_visitor *visitor)
{
    return pass(store, true)->remove(store, path, visitor);
}

enum store_rc store_copy(struct store *store, const struct store_transfer *transfer,
                         struct store_visitor *visitor)
{
    return pass(store, true)->copy(store, transfer, visitor);
}

enum store_rc store_move(struct store *store, const struct store_transfer *transfer,
                         struct store_visitor *visitor)
{
    return pass(store, true)->move(store, transfer, visitor);
}

enum store_rc store_patch(struct store *store, struct res_path path,
                          const struct store_patch *patch)
{
    return pass(store, true)->patch(store, path, patch);
}

enum store_rc store_lock(struct store *store, const struct lock *lock)
{
    return pass_lock(store)->lock(store, lock);
}

enum store_rc store_unlock(struct store *store, struct str token)
{
    return pass_lock(store)->unlock(store, token);
}

/* --- what was opened --- */

struct source *store_content_source(struct store_content *content, struct arena *arena,
                                    uint64_t offset, uint64_t len)
{
    return content->ops->source(content, arena, offset, len);
}

enum store_rc store_cursor_next(struct store_cursor *cursor, struct store_member *member_out)
{
    check_place(cursor->does_block);
    return cursor->ops->next(cursor, member_out);
}

enum store_rc store_upload_commit(struct store_upload *upload, const struct store_commit *options,
                                  struct store_stat *stat_out)
{
    check_place(true);
    return upload->ops->commit(upload, options, stat_out);
}

void store_close(struct store **store)
{
    struct store *closing = *store;
    *store = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_content_close(struct store_content **content)
{
    struct store_content *closing = *content;
    *content = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_cursor_close(struct store_cursor **cursor)
{
    struct store_cursor *closing = *cursor;
    *cursor = NULL;
    if (closing)
        closing->ops->close(closing);
}

void store_upload_close(struct store_upload **upload)
{
    struct store_upload *closing = *upload;
    *upload = NULL;
    if (closing)
        closing->ops->close(closing);
}
