/* The smallest store: a collection of whose members nobody here can say anything. So what asks
 * about them is answered UNAVAILABLE, and never that there are none; and nothing can be changed.
 * Who lists the collection above asks its handler what to say of it (exchange/look.h).
 *
 * Whoever asks by the path of the mount comes to that handler. Here arrives what walks through a
 * view, or names the path in another way than by a request to it. */
#include "store/view/point.h"

#include "store/backend.h"

static enum store_rc point_locate(struct store *store, struct arena *arena, struct res_path path,
                                  enum locate_what what, struct res_path *real_out)
{
    (void)store, (void)what;
    *real_out = path_copy(arena, path);
    return STORE_OK;
}

static enum store_rc point_stat(struct store *store, struct res_path path, unsigned wants,
                                struct store_stat *stat_out)
{
    (void)store, (void)wants;
    if (!path_is_root(path))
        return STORE_UNAVAILABLE;
    *stat_out = store_stat_unknown(true);
    return STORE_OK;
}

static enum store_rc point_open(struct store *store, struct res_path path,
                                struct store_content **content_out)
{
    (void)store, (void)content_out;
    return path_is_root(path) ? STORE_IS_COLLECTION : STORE_UNAVAILABLE;
}

static enum store_rc point_list(struct store *store, struct res_path path, unsigned wants,
                                struct store_cursor **cursor_out)
{
    (void)store, (void)path, (void)wants, (void)cursor_out;
    return STORE_UNAVAILABLE;
}

static bool point_may_have_props(struct store *store, struct res_path path)
{
    (void)store, (void)path;
    return false;
}

static enum store_rc point_props(struct store *store, struct res_path path,
                                 struct store_prop_visitor *visitor)
{
    (void)store, (void)path, (void)visitor;
    return STORE_OK;
}

static enum store_rc point_quota(struct store *store, struct res_path path,
                                 struct store_quota *quota_out)
{
    (void)store, (void)path;
    *quota_out = (struct store_quota){0};
    return STORE_OK;
}

/* --- locks: there are none --- */

static bool point_has_locks(struct store *store)
{
    (void)store;
    return false;
}

static enum store_rc point_locks(struct store *store, struct arena *arena, struct res_path path,
                                 enum lock_query query, struct lock_list *locks_out)
{
    (void)store, (void)arena, (void)path, (void)query;
    *locks_out = (struct lock_list){0};
    return STORE_OK;
}

static enum store_rc point_unlock(struct store_change *change, const struct lock *lock)
{
    (void)change, (void)lock;
    return STORE_NOT_FOUND;
}

/* --- changes: one may be about what is here, and can do nothing --- */

static enum store_rc point_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                  struct store_upload **upload_out)
{
    (void)store, (void)path, (void)size_bytes, (void)upload_out;
    return STORE_DENIED;
}

static enum store_rc point_mkcol(struct store_change *change, struct res_path path)
{
    (void)change, (void)path;
    return STORE_DENIED;
}

static enum store_rc point_remove(struct store_change *change, struct res_path path,
                                  struct store_visitor *visitor)
{
    (void)change, (void)path, (void)visitor;
    return STORE_DENIED;
}

static enum store_rc point_transfer(struct store_change *change,
                                    const struct store_transfer *transfer,
                                    struct store_visitor *visitor)
{
    (void)change, (void)transfer, (void)visitor;
    return STORE_DENIED;
}

static enum store_rc point_patch(struct store_change *change, struct res_path path,
                                 const struct store_patch *patch)
{
    (void)change, (void)path, (void)patch;
    return STORE_DENIED;
}

static enum store_rc point_lock(struct store_change *change, const struct lock_wish *wish)
{
    (void)change, (void)wish;
    return STORE_DENIED;
}

static bool point_begin(struct store *store, struct store_change *change)
{
    (void)store, (void)change;
    return true;
}

static void point_end(struct store_change *change)
{
    (void)change; /* it has taken nothing */
}

static bool point_is_read_only(struct store *store, struct res_path path)
{
    (void)store, (void)path;
    return true;
}

/* What a handler tells apart nobody knows. */
static enum store_folding point_folds(struct store *store, struct res_path path)
{
    (void)store, (void)path;
    return STORE_FOLDS_SOMEWHERE;
}

static void point_close(struct store *store)
{
    (void)store; /* static */
}

static const struct store_ops point_ops = {
    .name = "point",
    .close = point_close,
    .locate = point_locate,
    .stat = point_stat,
    .open = point_open,
    .list = point_list,
    .upload = point_upload,
    .mkcol = point_mkcol,
    .remove = point_remove,
    .copy = point_transfer,
    .move = point_transfer,
    .may_have_props = point_may_have_props,
    .props = point_props,
    .patch = point_patch,
    .has_locks = point_has_locks,
    .locks = point_locks,
    .lock = point_lock,
    .unlock = point_unlock,
    .quota = point_quota,
    .is_read_only = point_is_read_only,
    .folds = point_folds,
    .begin = point_begin,
    .end = point_end,
};

struct store *point_store(void)
{
    static struct store store = {.ops = &point_ops, .traits.keeps_versions = true};
    return &store;
}
