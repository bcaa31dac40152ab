/* A view answers each question by asking the store whose mount covers the path, with the path that
 * it has there, and gives paths back as they are in the view. It keeps nothing: all state is the
 * stores', so two views of one store (two users', a shared link's) see the same locks and claims.
 *
 *   /files        -> store A at /            the collection "/" itself is nobody's: it is made up,
 *   /home         -> store B at /alice       has the mounts as members, and cannot be changed
 *
 * Invariants
 *  (1) a mount is never left: a store follows links in locate() alone, beneath its own root, which
 *      may hold all homes; what leads out of the mount's base, or behind another mount, is refused
 *      there, and no other call can leave the base;
 *  (2) a collection where a mount begins, and all above it, can neither be moved, replaced nor
 *      locked as a tree: what would become of the mount has no good answer. A removal leaves the
 *      mount and what leads to it, and says so (store/view/remove.c);
 *  (3) members of a store that have the name of a mount are not seen: the mount stands before them;
 *  (4) a prefix is a name like others: what a client writes is held against it in NFC.
 * (1) is asserted at each path that enters a mount; (2) and (3) are what the calls do about paths
 * that clients choose, and (4) is in the one function that compares, so that there is nothing left
 * to assert.
 *
 * Rejected: the prefix as a part of each store. Then every method must know which of its two paths
 * is meant, and COPY must know two stores. */
#include "store/view/view.h"

#include "base/mem.h"
#include "store/store.h"
#include "store/view/change.h"
#include "store/view/quota.h"
#include "store/view/remove.h"
#include "store/view/tree.h"
#include "text/unicode.h"

/* --- paths --- */

static enum store_rc view_locate(struct store *store, struct arena *arena, struct res_path path,
                                 enum locate_what what, struct res_path *real_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct res_path real;
    if (!mount || unicode_within(path, mount->prefix) == path.len) {
        *real_out = path_copy(arena, mount ? mount->prefix : path);
        return STORE_OK;
    }
    enum store_rc rc =
        store_locate(view_store(view, mount), arena, view_enter(arena, mount, path), what, &real);
    if (rc == STORE_OK && !mount_shows(view, arena, mount, real, real_out))
        return STORE_DENIED;
    return rc;
}

/* --- reading --- */

static enum store_rc view_stat(struct store *store, struct res_path path, unsigned wants,
                               struct store_stat *stat_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct arena arena = {0};
    enum store_rc rc = STORE_NOT_FOUND;
    if (mount)
        rc = store_stat(view_store(view, mount), view_enter(&arena, mount, path), wants, stat_out);
    if (rc == STORE_NOT_FOUND && view_has_below(view, path)) {
        *stat_out = store_stat_unknown(true);
        rc = STORE_OK;
    }
    arena_done(&arena);
    return rc;
}

static enum store_rc view_tag(struct store *store, struct arena *arena, struct res_path path,
                              struct str *tag_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    if (!mount)
        return STORE_OK;
    return store_tag(view_store(view, mount), arena, view_enter(arena, mount, path), tag_out);
}

static void view_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                        struct content_hashes *hashes_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct arena arena = {0};
    if (mount)
        store_hashes(view_store(view, mount), view_enter(&arena, mount, path), stat, hashes_out);
    arena_done(&arena);
}

static void view_note_hashes(struct store *store, struct res_path path,
                             const struct store_stat *stat, const struct content_hashes *hashes)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct arena arena = {0};
    if (mount)
        store_note_hashes(view_store(view, mount), view_enter(&arena, mount, path), stat, hashes);
    arena_done(&arena);
}

static enum store_rc view_open(struct store *store, struct res_path path,
                               struct store_content **content_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct arena arena = {0};
    enum store_rc rc = STORE_NOT_FOUND;
    if (mount)
        rc = store_content_open(view_store(view, mount), view_enter(&arena, mount, path),
                                content_out);
    arena_done(&arena);
    return rc == STORE_NOT_FOUND && view_has_below(view, path) ? STORE_IS_COLLECTION : rc;
}

/* The mounts that begin right below a collection, or further down, then the store's own members. */
struct view_cursor {
    struct store_cursor base;
    struct view *view;
    struct store_cursor *inner; /* NULL: the collection is made up */
    struct arena arena;
    struct res_path path;
    size_t next; /* mount */
};

static enum store_rc view_cursor_next(struct store_cursor *base, struct store_member *member_out)
{
    struct view_cursor *cursor = CONTAINER_OF(base, struct view_cursor, base);
    struct view *view = cursor->view;
    while (cursor->next < view->count) {
        struct str name = mount_member_of(&view->mounts[cursor->next++], cursor->path);
        if (name.len == 0 || view_has_member(view, cursor->path, name, cursor->next - 1))
            continue;
        *member_out = (struct store_member){.name = name};
        struct res_path path = path_join(&cursor->arena, cursor->path, name);
        member_out->is_mount = view_begins_at(view, path);
        member_out->rc = view_stat(&view->base, path, base->wants, &member_out->stat);
        if (member_out->is_mount && member_out->rc != STORE_OK)
            member_out->stat = store_stat_unknown(true);
        return STORE_OK;
    }
    while (cursor->inner) {
        enum store_rc rc = store_cursor_next(cursor->inner, member_out);
        if (rc != STORE_OK || !view_has_member(view, cursor->path, member_out->name, view->count))
            return rc;
    }
    return STORE_END;
}

static void view_cursor_close(struct store_cursor *base)
{
    struct view_cursor *cursor = CONTAINER_OF(base, struct view_cursor, base);
    store_cursor_close(&cursor->inner);
    arena_done(&cursor->arena);
    mem_free(cursor);
}

static const struct store_cursor_ops cursor_ops = {view_cursor_next, view_cursor_close};

static enum store_rc view_list(struct store *store, struct res_path path, unsigned wants,
                               struct store_cursor **cursor_out)
{
    struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct view_cursor *cursor = MEM_NEW(struct view_cursor);
    enum store_rc rc = STORE_NOT_FOUND;
    cursor->base.ops = &cursor_ops;
    cursor->view = view;
    cursor->path = path_copy(&cursor->arena, path);
    if (mount)
        rc = store_list(view_store(view, mount), view_enter(&cursor->arena, mount, path), wants,
                        &cursor->inner);
    if (rc == STORE_NOT_FOUND && view_has_below(view, path))
        rc = STORE_OK;
    cursor->base.is_quick = !cursor->inner || cursor->inner->is_quick;
    if (rc == STORE_OK)
        *cursor_out = &cursor->base;
    else
        view_cursor_close(&cursor->base);
    return rc;
}

/* --- changing one resource --- */

/* The mount of a resource that is to be changed; DENIED where nothing may be. */
static enum store_rc reach_to_change(struct store *store, struct arena *arena, struct res_path path,
                                     const struct mount **mount_out, struct res_path *real_out)
{
    *mount_out = view_find(view_of(store), path);
    if (!*mount_out || (*mount_out)->is_read_only)
        return STORE_DENIED;
    *real_out = view_enter(arena, *mount_out, path);
    return STORE_OK;
}

static enum store_rc view_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                 struct store_upload **upload_out)
{
    struct view *view = view_of(store);
    const struct mount *mount;
    struct res_path real;
    if (view_has_within(view, path))
        return STORE_IS_COLLECTION;
    enum store_rc rc = reach_to_change(store, view->arena, path, &mount, &real);
    return rc == STORE_OK ? mount_upload(mount, real, size_bytes, upload_out) : rc;
}

static enum store_rc view_resumables(struct store *store, struct res_path near,
                                     struct resumables **of_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount;
    struct arena arena = {0};
    struct res_path real;
    enum store_rc rc = reach_to_change(store, &arena, near, &mount, &real);
    if (rc == STORE_OK)
        rc = store_resumables(view_store(view, mount), real, of_out);
    arena_done(&arena);
    return rc;
}

static enum store_rc view_mkcol(struct store_change *change, struct res_path path)
{
    struct store *store = change->store;
    struct arena arena = {0};
    const struct mount *mount;
    struct res_path real;
    if (view_has_within(view_of(store), path))
        return STORE_EXISTS;
    enum store_rc rc = reach_to_change(store, &arena, path, &mount, &real);
    if (rc == STORE_OK)
        rc = store_mkcol(view_change(change, mount), real);
    arena_done(&arena);
    return rc;
}

/* Uploads are the mounts' stores' own. */
static struct store_change *view_upload_part(struct store_change *change, struct res_path path)
{
    const struct view *view = view_of(change->store);
    const struct mount *mount = view_find(view, path);
    assert(mount); /* or the upload would not have been begun */
    return store_part(view_change(change, mount), view_enter(view->arena, mount, path));
}

static bool view_may_have_props(struct store *store, struct res_path path)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct arena arena = {0};
    bool may =
        mount && store_may_have_props(view_store(view, mount), view_enter(&arena, mount, path));
    arena_done(&arena);
    return may;
}

static enum store_rc view_props(struct store *store, struct res_path path,
                                struct store_prop_visitor *visitor)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct arena arena = {0};
    if (!mount)
        return STORE_OK;
    struct res_path real = view_enter(&arena, mount, path);
    enum store_rc rc = store_props(view_store(view, mount), real, visitor);
    arena_done(&arena);
    return rc;
}

static enum store_rc view_patch(struct store_change *change, struct res_path path,
                                const struct store_patch *patch)
{
    struct arena arena = {0};
    const struct mount *mount;
    struct res_path real;
    enum store_rc rc = reach_to_change(change->store, &arena, path, &mount, &real);
    if (rc == STORE_OK)
        rc = mount_patch(mount, view_change(change, mount), real, patch);
    arena_done(&arena);
    return rc;
}

/* --- locks --- */

static bool view_has_locks(struct store *store)
{
    const struct view *view = view_of(store);
    for (size_t i = 0; i < view->count; i++) {
        struct store *inner = view->mounts[i].store;
        if (store_has_locks(inner))
            return true;
    }
    return false;
}

/* Adds the locks of a mount, with their roots as in the view: one above the mount's base is the
 * mount's. */
static void add_locks(struct arena *arena, const struct mount *mount, struct lock_list more,
                      struct lock_list *locks)
{
    if (more.count == 0)
        return;
    struct lock *items = arena_alloc(arena, (locks->count + more.count) * sizeof(*items));
    if (locks->count)
        memcpy(items, locks->items, locks->count * sizeof(*items));
    for (size_t i = 0; i < more.count; i++) {
        struct lock *lock = &items[locks->count++];
        *lock = more.items[i];
        if (!view_leave(arena, mount, lock->root, &lock->root))
            lock->root = mount->prefix;
    }
    locks->items = items;
}

static enum store_rc view_locks(struct store *store, struct arena *arena, struct res_path path,
                                enum lock_query query, struct lock_list *locks_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct lock_list more;
    enum store_rc rc = STORE_OK;
    *locks_out = (struct lock_list){0};
    if (mount)
        rc = store_locks(view_store(view, mount), arena, view_enter(arena, mount, path), query,
                         &more);
    if (mount && rc == STORE_OK)
        add_locks(arena, mount, more, locks_out);
    for (size_t i = 0; rc == STORE_OK && query == LOCKS_WITHIN && i < view->count; i++) {
        const struct mount *below = &view->mounts[i];
        if (below == mount || unicode_within(below->prefix, path) == SIZE_MAX)
            continue;
        rc = store_locks(view_store(view, below), arena, below->base, query, &more);
        if (rc == STORE_OK)
            add_locks(arena, below, more, locks_out);
    }
    return rc;
}

static enum store_rc view_lock(struct store_change *change, const struct lock_wish *wish)
{
    struct view *view = view_of(change->store);
    struct arena arena = {0};
    const struct mount *mount;
    struct lock lock = *wish->lock;
    struct lock_wish inner = {&lock, wish->makes_resource};
    if (lock.is_infinite && view_has_below(view, lock.root))
        return STORE_DENIED;
    if (wish->makes_resource && view_has_within(view, lock.root))
        return STORE_EXISTS;
    enum store_rc rc = reach_to_change(change->store, &arena, lock.root, &mount, &lock.root);
    if (rc == STORE_OK)
        rc = store_lock(view_change(change, mount), &inner);
    arena_done(&arena);
    return rc;
}

static enum store_rc view_unlock(struct store_change *change, const struct lock *lock)
{
    const struct mount *mount = view_find(view_of(change->store), lock->root);
    struct arena arena = {0};
    struct lock inner = *lock;
    if (!mount)
        return STORE_NOT_FOUND;
    inner.root = view_enter(&arena, mount, lock->root);
    enum store_rc rc = store_unlock(view_change(change, mount), &inner);
    arena_done(&arena);
    return rc;
}

/* No log tells of several stores: a collection that holds mounts has none. */
static struct change_log *view_changes(struct store *store, struct arena *arena,
                                       struct res_path path, struct res_path *inside_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    if (!mount || !mount->is_synced || view_has_below(view, path))
        return NULL;
    return store_changes(mount->store, arena, view_enter(arena, mount, path), inside_out);
}

static struct acl_place view_acls(struct store *store, struct arena *arena, struct res_path path)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    struct acl_place place = {NULL, path, false};
    if (mount && mount->store->traits.has_acls)
        place = store_acls(mount->store, arena, view_enter(arena, mount, path));
    place.has_others_below |= view_has_below(view, path);
    return place;
}

static bool view_is_aside(struct store *store, struct res_path path)
{
    const struct mount *mount = view_find(view_of(store), path);
    struct arena arena = {0};
    bool is_aside = mount && mount->store->traits.keeps_removed &&
                    store_is_aside(mount->store, view_enter(&arena, mount, path));
    arena_done(&arena);
    return is_aside;
}

/* What is kept in one mount may be from another of the same store. */
static bool leave_anywhere(const struct view *view, struct arena *arena, const struct mount *mount,
                           struct res_path *path)
{
    struct res_path real = *path;
    bool is_shown = view_leave(arena, mount, real, path);
    for (size_t i = 0; i < view->count && !is_shown; i++)
        is_shown = view->mounts[i].store == mount->store &&
                   mount_shows(view, arena, &view->mounts[i], real, path);
    return is_shown;
}

static enum store_rc view_kept(struct store *store, struct arena *arena, struct res_path path,
                               struct store_kept *kept_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    if (!mount)
        return STORE_NOT_FOUND;
    enum store_rc rc =
        store_kept(view_store(view, mount), arena, view_enter(arena, mount, path), kept_out);
    if (rc == STORE_OK && !leave_anywhere(view, arena, mount, &kept_out->from))
        return STORE_NOT_FOUND; /* of a mount that is not in view */
    return rc;
}

static enum store_rc view_keeping(struct store *store, struct arena *arena, struct res_path path,
                                  struct res_path *trash_out, struct res_path *versions_out)
{
    const struct view *view = view_of(store);
    const struct mount *mount = view_find(view, path);
    if (!mount)
        return STORE_NOT_FOUND;
    enum store_rc rc =
        store_keeping(mount->store, arena, view_enter(arena, mount, path), trash_out, versions_out);
    bool is_shown = rc == STORE_OK && mount_shows(view, arena, mount, *trash_out, trash_out) &&
                    mount_shows(view, arena, mount, *versions_out, versions_out);
    return rc == STORE_OK && !is_shown ? STORE_NOT_FOUND : rc;
}

static bool view_is_read_only(struct store *store, struct res_path path)
{
    const struct mount *mount = view_find(view_of(store), path);
    return !mount || mount->is_read_only || store_is_read_only(mount->store, mount->base);
}

static enum store_folding view_folds(struct store *store, struct res_path path)
{
    const struct mount *mount = view_find(view_of(store), path);
    return mount ? store_folds(mount->store, mount->base) : STORE_FOLDS_NOTHING;
}

/* --- the whole --- */

static void view_close(struct store *store)
{
    (void)store; /* the arena's */
}

static const struct store_ops view_ops = {
    .name = "mount",
    .close = view_close,
    .locate = view_locate,
    .stat = view_stat,
    .tag = view_tag,
    .hashes = view_hashes,
    .note_hashes = view_note_hashes,
    .open = view_open,
    .list = view_list,
    .upload = view_upload,
    .resumables = view_resumables,
    .mkcol = view_mkcol,
    .remove = view_remove,
    .copy = view_copy,
    .move = view_move,
    .may_have_props = view_may_have_props,
    .props = view_props,
    .patch = view_patch,
    .has_locks = view_has_locks,
    .locks = view_locks,
    .lock = view_lock,
    .unlock = view_unlock,
    .quota = view_quota,
    .changes = view_changes,
    .acls = view_acls,
    .is_aside = view_is_aside,
    .kept = view_kept,
    .keeping = view_keeping,
    .make_room = view_make_room,
    .is_read_only = view_is_read_only,
    .folds = view_folds,
    .begin = view_begin_change,
    .end = view_end_change,
    .part = view_upload_part,
};

void mount_add_traits(struct store_traits *to, const struct mount *mount)
{
    store_traits_add(to, &mount->store->traits);
    to->quota_blocks |= mount->quota_bytes != 0; /* somebody counts */
}

struct store *mount_view(struct arena *arena, const struct mount *mounts, size_t count)
{
    struct view *view = ARENA_NEW(arena, struct view);
    view->base.ops = &view_ops;
    view->base.traits.keeps_versions = true;
    for (size_t i = 0; i < count; i++) {
        mount_add_traits(&view->base.traits, &mounts[i]);
        view->base.traits.keeps_versions &= mounts[i].store->traits.keeps_versions;
    }
    view->arena = arena;
    view->mounts = mounts;
    view->count = count;
    return &view->base;
}
