#include "support/changes.h"

void waiter_init(struct waiter *waiter)
{
    *waiter = (struct waiter){0};
    inbox_init(&waiter->inbox);
}

static void begun(struct store_change *change)
{
    (void)change; /* who waits for the inbox goes on */
}

bool waiter_begins_now(struct waiter *waiter, struct store *store)
{
    struct store_change *change = &waiter->change;
    change->executor = &waiter->inbox.base;
    change->begun = begun;
    return store_begin(store, change);
}

enum store_rc waiter_begin(struct waiter *waiter, struct store *store)
{
    struct store_change *change = &waiter->change;
    if (!waiter_begins_now(waiter, store)) {
        while (!change->is_begun && change->rc == STORE_OK)
            inbox_wait(&waiter->inbox);
    }
    return change->rc;
}

void waiter_end(struct waiter *waiter)
{
    store_end(&waiter->change);
}

void waiter_done(struct waiter *waiter)
{
    inbox_done(&waiter->inbox);
}

/* --- one call --- */

static enum store_rc begin(struct waiter *waiter, struct store *store, struct res_path path,
                           enum claim_reach reach)
{
    waiter_init(waiter);
    change_add(&waiter->change, path, reach, true);
    if (!path_is_root(path))
        change_add(&waiter->change, path_parent(path), CLAIM_SELF, false);
    return waiter_begin(waiter, store);
}

static enum store_rc end(struct waiter *waiter, enum store_rc rc)
{
    waiter_end(waiter);
    waiter_done(waiter);
    return rc;
}

enum store_rc do_mkcol(struct store *store, struct res_path path)
{
    struct waiter waiter;
    enum store_rc rc = begin(&waiter, store, path, CLAIM_SELF);
    return end(&waiter, rc == STORE_OK ? store_mkcol(&waiter.change, path) : rc);
}

enum store_rc do_remove(struct store *store, struct res_path path, struct store_visitor *visitor)
{
    struct waiter waiter;
    enum store_rc rc = begin(&waiter, store, path, CLAIM_TREE);
    return end(&waiter, rc == STORE_OK ? store_remove(&waiter.change, path, visitor) : rc);
}

static enum store_rc begin_transfer(struct waiter *waiter, struct store *store,
                                    const struct store_transfer *transfer, bool is_move)
{
    waiter_init(waiter);
    change_add(&waiter->change, transfer->from, CLAIM_TREE, is_move);
    change_add(&waiter->change, transfer->to, CLAIM_TREE, true);
    return waiter_begin(waiter, store);
}

enum store_rc do_copy(struct store *store, const struct store_transfer *transfer,
                      struct store_visitor *visitor)
{
    struct waiter waiter;
    enum store_rc rc = begin_transfer(&waiter, store, transfer, false);
    return end(&waiter, rc == STORE_OK ? store_copy(&waiter.change, transfer, visitor) : rc);
}

enum store_rc do_move(struct store *store, const struct store_transfer *transfer,
                      struct store_visitor *visitor)
{
    struct waiter waiter;
    enum store_rc rc = begin_transfer(&waiter, store, transfer, true);
    return end(&waiter, rc == STORE_OK ? store_move(&waiter.change, transfer, visitor) : rc);
}

enum store_rc do_patch(struct store *store, struct res_path path, const struct store_patch *patch)
{
    struct waiter waiter;
    enum store_rc rc = begin(&waiter, store, path, CLAIM_SELF);
    return end(&waiter, rc == STORE_OK ? store_patch(&waiter.change, path, patch) : rc);
}

static enum store_rc wish_for(struct store *store, const struct lock_wish *wish)
{
    struct waiter waiter;
    enum store_rc rc = begin(&waiter, store, wish->lock->root, CLAIM_SELF);
    return end(&waiter, rc == STORE_OK ? store_lock(&waiter.change, wish) : rc);
}

enum store_rc do_lock(struct store *store, const struct lock *lock)
{
    return wish_for(store, &(struct lock_wish){.lock = lock});
}

enum store_rc do_lock_new(struct store *store, const struct lock *lock)
{
    return wish_for(store, &(struct lock_wish){.lock = lock, .makes_resource = true});
}

static enum store_rc unlock(struct store *store, const struct lock *lock)
{
    struct waiter waiter;
    enum store_rc rc = begin(&waiter, store, lock->root, CLAIM_SELF);
    return end(&waiter, rc == STORE_OK ? store_unlock(&waiter.change, lock) : rc);
}

enum store_rc do_unlock(struct store *store, struct str token)
{
    struct arena arena = {0};
    struct lock_list locks;
    struct lock lock = {.token = token, .root = PATH_ROOT};
    enum store_rc rc = store_locks(store, &arena, PATH_ROOT, LOCKS_WITHIN, &locks);
    for (size_t i = 0; rc == STORE_OK && i < locks.count; i++) {
        if (str_eq(locks.items[i].token, token))
            lock = locks.items[i];
    }
    if (rc == STORE_OK)
        rc = unlock(store, &lock);
    arena_done(&arena);
    return rc;
}

enum store_rc do_commit(struct store *store, struct store_upload *upload,
                        const struct store_commit *options, struct store_stat *stat_out)
{
    struct waiter waiter;
    enum store_rc rc = begin(&waiter, store, upload->path, CLAIM_SELF);
    if (rc == STORE_OK)
        rc = store_upload_commit(upload, &waiter.change, options, stat_out);
    return end(&waiter, rc);
}
