/* A store around another, in which nothing that is deleted or overwritten is gone at once. All of
 * it is made of what the contract promises: what is kept lies in the store inside, in a collection
 * of its own (store/trash/spot.h draws it), and comes there by a move or a copy. So whatever the
 * store inside promises of those (one step, dead properties, what a crash leaves) holds for what is
 * kept, in any store, and none of them knows of it. An administrator finds it as files.
 *
 * This file looks: each path is one of the store inside, but within a member of the trash, where
 * what was deleted stands in the place of the collection that holds it and its record. What changes
 * something is in the files beside: change.c (what a change is about), keep.c (what is deleted),
 * versions.c (what is overwritten), tree.c, upload.c, and sweep.c (what goes).
 *
 * Invariants
 *  (1) the trash is there, whether it has been made yet or not, and is listed with nothing else;
 *  (2) no record, and no version but under .versions, is seen by any path;
 *  (3) nothing is made in it but by keeping.
 *
 * Rejected: to do it in the directory store. It would have to be done in each, and what a store
 * does to move a tree would be done twice in that one. */
#include "store/trash/trash.h"

#include "base/mem.h"
#include "store/trash/kept_priv.h"
#include "store/wrapper.h"

static struct store *inner_of(struct store *store)
{
    return trash_of(store)->inner;
}

/* The path inside. */
static struct res_path real_of(struct store *store, struct arena *arena, struct res_path path)
{
    struct spot spot = trash_spot(trash_of(store), arena, path);
    return spot_real(arena, &spot, path);
}

/* --- paths --- */

/* What a path within a member of the trash has come to. */
static bool show_kept(struct arena *arena, const struct spot *spot, struct res_path real,
                      struct res_path *real_out)
{
    struct res_path kept = path_join(arena, spot->slot, SPOT_KEPT);
    if (!path_is_within(real, kept))
        return false;
    *real_out = path_rebase(arena, real, kept, spot->slot);
    return true;
}

static enum store_rc trash_locate(struct store *store, struct arena *arena, struct res_path path,
                                  enum locate_what what, struct res_path *real_out)
{
    struct trash_store *trash = trash_of(store);
    struct spot spot = trash_spot(trash, arena, path);
    struct res_path real;
    enum store_rc rc =
        store_locate(trash->inner, arena, spot_real(arena, &spot, path), what, &real);
    if (rc != STORE_OK)
        return rc;
    enum spot_zone zone = trash_spot(trash, arena, real).zone;
    *real_out = real;
    if (spot.zone == ZONE_KEPT && zone == ZONE_KEPT)
        return show_kept(arena, &spot, real, real_out) ? STORE_OK : STORE_DENIED;
    /* By a link, or another spelling, nobody comes where he would not by the path itself. */
    return zone == spot.zone || zone == ZONE_OUTSIDE || zone == ZONE_TRASH ? STORE_OK
                                                                           : STORE_DENIED;
}

/* --- looking --- */

static enum store_rc trash_stat(struct store *store, struct res_path path, unsigned wants,
                                struct store_stat *stat_out)
{
    struct trash_store *trash = trash_of(store);
    struct arena arena = {0};
    struct spot spot = trash_spot(trash, &arena, path);
    enum store_rc rc = store_stat(trash->inner, spot_real(&arena, &spot, path), wants, stat_out);
    if (rc == STORE_NOT_FOUND && spot.zone == ZONE_TRASH) {
        *stat_out = store_stat_unknown(true);
        rc = STORE_OK;
    }
    arena_done(&arena);
    return rc;
}

static enum store_rc trash_tag(struct store *store, struct arena *arena, struct res_path path,
                               struct str *tag_out)
{
    return store_tag(inner_of(store), arena, real_of(store, arena, path), tag_out);
}

static void trash_hashes(struct store *store, struct res_path path, const struct store_stat *stat,
                         struct content_hashes *hashes_out)
{
    struct arena arena = {0};
    store_hashes(inner_of(store), real_of(store, &arena, path), stat, hashes_out);
    arena_done(&arena);
}

static void trash_note_hashes(struct store *store, struct res_path path,
                              const struct store_stat *stat, const struct content_hashes *hashes)
{
    struct arena arena = {0};
    store_note_hashes(inner_of(store), real_of(store, &arena, path), stat, hashes);
    arena_done(&arena);
}

static enum store_rc trash_open(struct store *store, struct res_path path,
                                struct store_content **content_out)
{
    struct arena arena = {0};
    enum spot_zone zone = trash_spot(trash_of(store), &arena, path).zone;
    enum store_rc rc =
        store_content_open(inner_of(store), real_of(store, &arena, path), content_out);
    arena_done(&arena);
    return rc == STORE_NOT_FOUND && zone == ZONE_TRASH ? STORE_IS_COLLECTION : rc;
}

/* --- listing --- */

/* The members of a collection that has a trash, without that; or of a trash, each as what it holds.
 */
struct trash_cursor {
    struct store_cursor base;
    struct trash_store *trash;
    struct store_cursor *inner; /* NULL: the trash has not been made */
    enum spot_zone zone;
    struct arena arena; /* of one member */
    struct arena path_arena;
    struct res_path path;
};

/* Whether the member is one; of a trash it is then as what it holds. */
static bool shows(struct trash_cursor *cursor, struct store_member *member)
{
    bool shows_aside = cursor->base.wants & WANTS_ASIDE;
    int64_t us;
    if (cursor->zone == ZONE_OUTSIDE)
        return !str_eq(member->name, cursor->trash->options.name);
    if (str_eq(member->name, SPOT_VERSIONS))
        return shows_aside;
    if (!moment_parse(member->name, &us))
        return false;
    struct res_path slot = path_join(&cursor->arena, cursor->path, member->name);
    member->rc = store_stat(cursor->trash->inner, path_join(&cursor->arena, slot, SPOT_KEPT),
                            cursor->base.wants, &member->stat);
    return member->rc != STORE_NOT_FOUND && member->rc != STORE_NO_PARENT;
}

static enum store_rc trash_cursor_next(struct store_cursor *base, struct store_member *member_out)
{
    struct trash_cursor *cursor = CONTAINER_OF(base, struct trash_cursor, base);
    enum store_rc rc = STORE_END;
    while (cursor->inner && (rc = store_cursor_next(cursor->inner, member_out)) == STORE_OK) {
        arena_reset(&cursor->arena);
        if (shows(cursor, member_out))
            return STORE_OK;
    }
    return rc;
}

static void trash_cursor_close(struct store_cursor *base)
{
    struct trash_cursor *cursor = CONTAINER_OF(base, struct trash_cursor, base);
    store_cursor_close(&cursor->inner);
    arena_done(&cursor->arena);
    arena_done(&cursor->path_arena);
    mem_free(cursor);
}

static const struct store_cursor_ops cursor_ops = {trash_cursor_next, trash_cursor_close};

static enum store_rc trash_list(struct store *store, struct res_path path, unsigned wants,
                                struct store_cursor **cursor_out)
{
    struct trash_store *trash = trash_of(store);
    struct arena arena = {0};
    struct spot spot = trash_spot(trash, &arena, path);
    struct store_cursor *inner = NULL;
    bool has_trash = spot.zone == ZONE_OUTSIDE && spot.base.at && !spot.rest.len;
    enum store_rc rc = store_list(trash->inner, spot_real(&arena, &spot, path), wants, &inner);
    arena_done(&arena);
    if (rc == STORE_NOT_FOUND && spot.zone == ZONE_TRASH)
        rc = STORE_OK;
    if (rc != STORE_OK)
        return rc;
    if (spot.zone != ZONE_TRASH && (!has_trash || (wants & WANTS_ASIDE))) {
        *cursor_out = inner;
        return STORE_OK;
    }
    struct trash_cursor *cursor = MEM_NEW(struct trash_cursor);
    cursor->base.ops = &cursor_ops;
    cursor->base.is_quick = spot.zone == ZONE_OUTSIDE && inner->is_quick;
    cursor->trash = trash;
    cursor->inner = inner;
    cursor->zone = spot.zone;
    cursor->path = path_copy(&cursor->path_arena, path);
    *cursor_out = &cursor->base;
    return STORE_OK;
}

/* --- properties and locks --- */

static bool trash_may_have_props(struct store *store, struct res_path path)
{
    struct arena arena = {0};
    bool may = store_may_have_props(inner_of(store), real_of(store, &arena, path));
    arena_done(&arena);
    return may;
}

static enum store_rc trash_props(struct store *store, struct res_path path,
                                 struct store_prop_visitor *visitor)
{
    struct arena arena = {0};
    enum store_rc rc = store_props(inner_of(store), real_of(store, &arena, path), visitor);
    arena_done(&arena);
    return rc;
}

static bool trash_has_locks(struct store *store)
{
    return store_has_locks(inner_of(store));
}

/* Nothing of what is kept is locked. */
static enum store_rc trash_locks(struct store *store, struct arena *arena, struct res_path path,
                                 enum lock_query query, struct lock_list *locks_out)
{
    return store_locks(inner_of(store), arena, real_of(store, arena, path), query, locks_out);
}

/* --- changing one resource --- */

static bool is_aside(struct store *store, struct res_path path)
{
    struct arena arena = {0};
    enum spot_zone zone = trash_spot(trash_of(store), &arena, path).zone;
    arena_done(&arena);
    return zone != ZONE_OUTSIDE;
}

static enum store_rc trash_mkcol(struct store_change *change, struct res_path path)
{
    struct store_stat stat;
    if (!is_aside(change->store, path))
        return store_mkcol(wrapper_inside(change), path);
    return trash_stat(change->store, path, 0, &stat) == STORE_OK ? STORE_EXISTS : STORE_DENIED;
}

static enum store_rc trash_patch(struct store_change *change, struct res_path path,
                                 const struct store_patch *patch)
{
    return is_aside(change->store, path) ? STORE_DENIED
                                         : store_patch(wrapper_inside(change), path, patch);
}

static enum store_rc trash_lock(struct store_change *change, const struct lock_wish *wish)
{
    return is_aside(change->store, wish->lock->root) ? STORE_DENIED
                                                     : store_lock(wrapper_inside(change), wish);
}

static enum store_rc trash_unlock(struct store_change *change, const struct lock *lock)
{
    return store_unlock(wrapper_inside(change), lock);
}

static enum store_rc trash_resumables(struct store *store, struct res_path near,
                                      struct resumables **of_out)
{
    return store_resumables(inner_of(store), near, of_out);
}

/* --- what is known of the whole --- */

static enum store_rc trash_quota(struct store *store, struct res_path path,
                                 struct store_quota *quota_out)
{
    struct arena arena = {0};
    struct spot spot = trash_spot(trash_of(store), &arena, path);
    struct res_path real = spot.zone == ZONE_TRASH ? spot.base : spot_real(&arena, &spot, path);
    enum store_rc rc = store_quota(inner_of(store), real, quota_out);
    arena_done(&arena);
    return rc;
}

static enum store_rc trash_used(struct store *store, struct res_path path, uint64_t *bytes_out)
{
    struct arena arena = {0};
    enum store_rc rc = store_used(inner_of(store), real_of(store, &arena, path), bytes_out);
    arena_done(&arena);
    return rc;
}

static struct change_log *trash_changes(struct store *store, struct arena *arena,
                                        struct res_path path, struct res_path *inside_out)
{
    (void)arena; /* paths are the same */
    *inside_out = path;
    return is_aside(store, path) ? NULL : store->log;
}

static struct acl_place trash_acls(struct store *store, struct arena *arena, struct res_path path)
{
    return store_acls(inner_of(store), arena, real_of(store, arena, path));
}

static bool trash_is_read_only(struct store *store, struct res_path path)
{
    return store_is_read_only(inner_of(store), path);
}

static enum store_folding trash_folds(struct store *store, struct res_path path)
{
    return store_folds(inner_of(store), path);
}

static bool trash_is_lost(struct store *store)
{
    return store_is_lost(inner_of(store));
}

/* --- what is kept --- */

static enum store_rc trash_kept(struct store *store, struct arena *arena, struct res_path path,
                                struct store_kept *kept_out)
{
    struct trash_store *trash = trash_of(store);
    struct spot spot = trash_spot(trash, arena, path);
    int64_t gone_us = 0;
    if (spot.zone == ZONE_KEPT)
        return keep_read(trash, arena, &spot, kept_out);
    if (spot.zone != ZONE_VERSIONS || !spot.rest.len)
        return STORE_NOT_FOUND;
    struct res_path from = path_join(arena, spot.base, spot.rest);
    bool is_version = moment_parse(path_name(from), &gone_us);
    *kept_out = (struct store_kept){
        .from = is_version ? path_parent(from) : from,
        .gone_us = gone_us,
        .is_version = is_version,
        .is_member = !is_version,
    };
    return STORE_OK;
}

static enum store_rc trash_keeping(struct store *store, struct arena *arena, struct res_path path,
                                   struct res_path *trash_out, struct res_path *versions_out)
{
    struct spot spot = trash_spot(trash_of(store), arena, path);
    if (!spot.base.at)
        return STORE_NOT_FOUND;
    *trash_out = spot.trash;
    *versions_out = spot.zone == ZONE_OUTSIDE ? spot_versions(arena, &spot)
                                              : path_join(arena, spot.trash, SPOT_VERSIONS);
    return STORE_OK;
}

/* --- life --- */

static void trash_close(struct store *store)
{
    struct trash_store *trash = trash_of(store);
    sweeper_stop_trash(trash);
    trash->inner->log = trash->base.log; /* who opened it closes it */
    store_close(&trash->inner);
    pthread_cond_destroy(&trash->rings);
    pthread_mutex_destroy(&trash->mutex);
    mem_free(trash);
}

static const struct store_ops trash_ops = {
    .name = "trash",
    .close = trash_close,
    .locate = trash_locate,
    .stat = trash_stat,
    .tag = trash_tag,
    .hashes = trash_hashes,
    .note_hashes = trash_note_hashes,
    .open = trash_open,
    .list = trash_list,
    .upload = trash_upload,
    .mkcol = trash_mkcol,
    .remove = trash_remove,
    .copy = trash_copy,
    .move = trash_move,
    .may_have_props = trash_may_have_props,
    .props = trash_props,
    .patch = trash_patch,
    .has_locks = trash_has_locks,
    .locks = trash_locks,
    .lock = trash_lock,
    .unlock = trash_unlock,
    .quota = trash_quota,
    .used = trash_used,
    .changes = trash_changes,
    .acls = trash_acls,
    .is_aside = is_aside,
    .kept = trash_kept,
    .keeping = trash_keeping,
    .make_room = trash_make_room,
    .resumables = trash_resumables,
    .is_read_only = trash_is_read_only,
    .folds = trash_folds,
    .is_lost = trash_is_lost,
    .begin = trash_begin,
    .end = wrapper_end,
};

struct store *trash_store_new(struct store **inner, const struct trash_options *options)
{
    struct trash_store *trash = MEM_NEW(struct trash_store);
    trash->base.ops = &trash_ops;
    trash->base.traits = (*inner)->traits;
    trash->base.traits.keeps_removed = true;
    trash->base.traits.quota_blocks = true; /* who finds that there is no room has it made */
    /* What changes is noted as it was asked for: how something is kept is nobody's news. */
    trash->base.log = (*inner)->log;
    (*inner)->log = NULL;
    trash->inner = *inner;
    trash->options = *options;
    *inner = NULL;
    pthread_mutex_init(&trash->mutex, NULL);
    pthread_cond_init(&trash->rings, NULL);
    sweeper_start_trash(trash);
    return &trash->base;
}
