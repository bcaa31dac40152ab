/* Properties and locks must follow what davit does to the tree, and must not turn up on a resource
 * that later gets the same path. The functions here are what the tree operations call for that.
 *
 * After an operation that was only partly done, what is on disk decides: the properties of a path
 * go, or follow, when the resource is no longer there.
 *
 * A lock is of a URL: one that is rooted at the destination of a copy or move stays for what comes
 * there, while those of members go with them (docs/decisions/0018-lock-of-a-destination.md).
 *
 * A change of the tree and one of the database cannot be one step. What is removed leaves rows for
 * a moment, which do no harm: whatever is made at a path clears it first. A copy or move writes
 * down its intent before, where there is anything to follow or to forget, with the inode number of
 * what it is going to put in place: start-up sees from what is there whether it did. (What was
 * grafted member by member is then decided for each path alone.) */
#include "store/directory/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static bool is_there(const struct dir_store *dir, struct res_path path)
{
    int fd = dir_open_beneath(dir, path, O_PATH);
    if (fd < 0)
        return errno != ENOENT && errno != ENOTDIR; /* when in doubt, nothing is thrown away */
    (void)close(fd);                                /* O_PATH: nothing to lose */
    return true;
}

static void add_path(struct arena *arena, struct dir_paths *paths, struct res_path path)
{
    if (paths->count == paths->cap) {
        paths->cap = paths->cap ? paths->cap * 2 : 16;
        struct res_path *items = arena_alloc(arena, paths->cap * sizeof(*items));
        if (paths->count)
            memcpy(items, paths->items, paths->count * sizeof(*items));
        paths->items = items;
    }
    paths->items[paths->count++] = path_copy(arena, path);
}

static bool has_path(const struct dir_paths *paths, struct res_path path)
{
    for (size_t i = 0; i < paths->count; i++) {
        if (path_eq(paths->items[i], path))
            return true;
    }
    return false;
}

/* The paths at `tree` and below it that have dead properties. */
static enum store_rc find_paths(struct dir_store *dir, struct res_path tree, struct arena *arena,
                                struct dir_paths *paths)
{
    enum store_rc rc;
    if (!dir->state || !state_has_any_props(dir->state))
        return STORE_OK;
    struct state_db *db = state_read(dir->state);
    if (!db)
        return STORE_FAILED;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROPS_WITHIN);
    state_bind_tree(statement, 1, tree);
    while ((rc = state_step(statement)) == STORE_OK) {
        struct str path = state_column(statement, 0);
        add_path(arena, paths, (struct res_path){path.at, path.len});
    }
    state_read_end(dir->state, db);
    return rc == STORE_END ? STORE_OK : rc;
}

/* What is to happen: to rows in one transaction, to locks just before it. */
struct follow {
    struct state_change change;
    struct dir_store *dir;
    struct arena arena;     /* of the lists */
    struct dir_paths gone;  /* their properties go */
    struct dir_paths moved; /* their properties follow the transfer */
    struct lock_list locks; /* to go */
    const struct dir_transfer *transfer;
};

static enum store_rc run_on_paths(struct state_db *db, enum state_sql sql, struct res_path first,
                                  const struct res_path *second)
{
    sqlite3_stmt *statement = state_prepare(db, sql);
    state_bind(statement, 1, path_str(first));
    if (second)
        state_bind(statement, 2, path_str(*second));
    return state_run(statement);
}

static enum store_rc forget_intent(struct state_db *db, int64_t intent)
{
    sqlite3_stmt *statement = state_prepare(db, SQL_INTENT_REMOVE);
    if (statement)
        (void)sqlite3_bind_int64(statement, 1, intent); /* the step would fail */
    return state_run(statement);
}

/* The properties of one path go where the resource went. */
static enum store_rc follow_path(struct follow *follow, struct state_db *db, struct res_path path)
{
    const struct dir_transfer *transfer = follow->transfer;
    struct res_path to = path_rebase(&follow->arena, path, transfer->from, transfer->to);
    bool has_stayed = transfer->is_copy || is_there(follow->dir, path);
    bool is_taken = has_path(&transfer->kept, path);
    if (is_taken && !has_stayed)
        return run_on_paths(db, SQL_PROPS_REMOVE, path, NULL);
    if (is_taken || (has_stayed && !transfer->is_copy) || !is_there(follow->dir, to))
        return STORE_OK;
    state_note_props(follow->dir->state, to);
    enum store_rc rc = run_on_paths(db, SQL_PROPS_REMOVE, to, NULL);
    if (rc != STORE_OK)
        return rc;
    return run_on_paths(db, transfer->is_copy ? SQL_PROPS_COPY : SQL_PROPS_RENAME, path, &to);
}

static enum store_rc run_follow(struct state_change *change, struct state_db *db)
{
    struct follow *follow = CONTAINER_OF(change, struct follow, change);
    enum store_rc rc = STORE_OK;
    for (size_t i = 0; i < follow->gone.count && rc == STORE_OK; i++)
        rc = run_on_paths(db, SQL_PROPS_REMOVE, follow->gone.items[i], NULL);
    for (size_t i = 0; i < follow->moved.count && rc == STORE_OK; i++)
        rc = follow_path(follow, db, follow->moved.items[i]);
    if (rc == STORE_OK && follow->transfer && follow->transfer->intent)
        rc = forget_intent(db, follow->transfer->intent);
    return rc;
}

/* Finds the properties within `tree` that go: all, or those of what is no longer there. */
static enum store_rc find_gone(struct follow *follow, struct res_path tree, bool is_partial)
{
    struct dir_paths paths = {0};
    enum store_rc rc = find_paths(follow->dir, tree, &follow->arena, &paths);
    for (size_t i = 0; i < paths.count; i++) {
        if (!is_partial || !is_there(follow->dir, paths.items[i]))
            add_path(&follow->arena, &follow->gone, paths.items[i]);
    }
    return rc;
}

/* Which of the locks rooted within a tree go. */
enum which_locks {
    LOCKS_ALL,
    LOCKS_OF_GONE, /* those of what is no longer there */
    LOCKS_BELOW,   /* all but those rooted at the tree itself */
};

static bool goes(const struct follow *follow, struct res_path tree, struct res_path root,
                 enum which_locks which)
{
    if (which == LOCKS_BELOW)
        return !path_eq(root, tree);
    return which == LOCKS_ALL || !is_there(follow->dir, root);
}

static void find_locks(struct follow *follow, struct res_path tree, enum which_locks which)
{
    struct lock_list found;
    struct lock_list *locks = &follow->locks;
    if (!lock_table_has_within(follow->dir->locks, tree))
        return;
    lock_table_query(follow->dir->locks, &follow->arena, tree, LOCKS_WITHIN, &found);
    struct lock *items = arena_alloc(&follow->arena, (locks->count + found.count) * sizeof(*items));
    if (locks->count)
        memcpy(items, locks->items, locks->count * sizeof(*items));
    locks->items = items;
    for (size_t i = 0; i < found.count; i++) {
        if (goes(follow, tree, found.items[i].root, which))
            items[locks->count++] = found.items[i];
    }
}

/* Ends the follow in any case; carries it out when finding has succeeded. The locks go first: as
 * long as the intent is there, start-up removes those of what was replaced. */
static enum store_rc follow_run(struct follow *follow, enum store_rc rc)
{
    bool has_intent = follow->transfer && follow->transfer->intent;
    follow->change.run = run_follow;
    if (rc == STORE_OK && follow->locks.count)
        rc = lock_journal_remove(follow->dir->journal, &follow->locks);
    if (rc == STORE_OK && (follow->gone.count || follow->moved.count || has_intent))
        rc = state_write(follow->dir->state, &follow->change);
    arena_done(&follow->arena);
    return rc;
}

enum store_rc dir_props_removed(struct dir_store *dir, struct res_path path, bool is_partial)
{
    struct follow follow = {.dir = dir};
    enum store_rc rc = find_gone(&follow, path, is_partial);
    find_locks(&follow, path, is_partial ? LOCKS_OF_GONE : LOCKS_ALL);
    return follow_run(&follow, rc);
}

enum store_rc dir_props_clear(struct dir_store *dir, struct res_path path)
{
    struct follow follow = {.dir = dir};
    if (!dir->state || !state_may_have_props(dir->state, path))
        return STORE_OK;
    add_path(&follow.arena, &follow.gone, path);
    return follow_run(&follow, STORE_OK);
}

/* --- copies and moves --- */

struct intent_change {
    struct state_change change;
    struct dir_transfer *transfer;
    uint64_t inode;
};

static enum store_rc add_intent(struct state_change *change, struct state_db *db)
{
    struct intent_change *self = CONTAINER_OF(change, struct intent_change, change);
    struct dir_transfer *transfer = self->transfer;
    sqlite3_stmt *statement = state_prepare(db, SQL_INTENT_ADD);
    if (!statement)
        return STORE_FAILED;
    state_bind(statement, 1, path_str(transfer->from));
    state_bind(statement, 2, path_str(transfer->to));
    (void)sqlite3_bind_int64(statement, 3, (int64_t)self->inode); /* these cannot fail in range */
    (void)sqlite3_bind_int(statement, 4, transfer->is_copy);
    enum store_rc rc = state_run(statement);
    transfer->intent = sqlite3_last_insert_rowid(db->handle);
    return rc;
}

enum store_rc dir_transfer_begin(struct dir_store *dir, struct dir_transfer *transfer, int fd,
                                 const char *name)
{
    struct arena arena = {0};
    struct dir_paths paths = {0};
    struct stat st;
    enum store_rc rc = find_paths(dir, transfer->from, &arena, &paths);
    if (rc == STORE_OK)
        rc = find_paths(dir, transfer->to, &arena, &paths);
    arena_done(&arena);
    if (rc != STORE_OK || (!paths.count && !lock_table_has_below(dir->locks, transfer->to)))
        return rc;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return dir_rc(errno, "looking at a resource");
    struct intent_change self = {{.run = add_intent}, transfer, st.st_ino};
    rc = state_write(dir->state, &self.change);
    if (rc != STORE_OK)
        transfer->intent = 0;
    return rc;
}

enum store_rc dir_transfer_keep(struct dir_store *dir, struct dir_transfer *transfer)
{
    struct dir_paths paths = {0};
    enum store_rc rc = dir_props_removed(dir, transfer->to, true);
    if (rc == STORE_OK)
        rc = find_paths(dir, transfer->from, &transfer->arena, &paths);
    if (transfer->is_shallow) /* it is copied without a look at whether it has any */
        add_path(&transfer->arena, &paths, transfer->from);
    for (size_t i = 0; i < paths.count; i++) {
        struct res_path to =
            path_rebase(&transfer->arena, paths.items[i], transfer->from, transfer->to);
        if (is_there(dir, to))
            add_path(&transfer->arena, &transfer->kept, paths.items[i]);
    }
    return rc;
}

enum store_rc dir_transfer_clear(struct dir_store *dir, const struct dir_transfer *transfer)
{
    struct follow follow = {.dir = dir};
    enum store_rc rc = find_gone(&follow, transfer->to, false);
    find_locks(&follow, transfer->to, LOCKS_BELOW);
    return follow_run(&follow, rc);
}

/* A lock is kept under the path of what it locks: under that of a link nobody would find it. */
static bool holds_resource(const struct dir_store *dir, struct res_path path)
{
    struct statx stx;
    int fd = dir_open_beneath(dir, path, O_PATH | O_NOFOLLOW);
    bool is_known = fd >= 0 && dir_statx(fd, "", AT_EMPTY_PATH, &stx);
    if (fd >= 0)
        (void)close(fd); /* O_PATH: nothing to lose */
    return is_known && (S_ISREG(stx.stx_mode) || S_ISDIR(stx.stx_mode));
}

/* RFC 4918 §7.6: what has come to `to` comes under the lock that is rooted there. */
static void find_replaced_locks(struct follow *follow, struct res_path to)
{
    if (lock_table_has_within(follow->dir->locks, to))
        find_locks(follow, to, holds_resource(follow->dir, to) ? LOCKS_BELOW : LOCKS_ALL);
}

enum store_rc dir_transfer_end(struct dir_store *dir, const struct dir_transfer *transfer)
{
    struct follow follow = {.dir = dir, .transfer = transfer};
    enum store_rc rc = STORE_OK;
    if (transfer->is_replaced) {
        rc = find_gone(&follow, transfer->to, false);
        find_replaced_locks(&follow, transfer->to);
    }
    if (!transfer->is_copy)
        find_locks(&follow, transfer->from, LOCKS_OF_GONE);
    if (transfer->is_shallow && dir_may_have_props(&dir->base, transfer->from))
        add_path(&follow.arena, &follow.moved, transfer->from);
    else if (rc == STORE_OK && !transfer->is_shallow)
        rc = find_paths(dir, transfer->from, &follow.arena, &follow.moved);
    return follow_run(&follow, rc);
}

enum store_rc dir_transfer_cancel(struct dir_store *dir, const struct dir_transfer *transfer)
{
    struct follow follow = {.dir = dir, .transfer = transfer};
    return follow_run(&follow, STORE_OK);
}

void dir_transfer_done(struct dir_transfer *transfer)
{
    arena_done(&transfer->arena);
}

enum store_rc dir_transfer_recover(struct dir_store *dir, struct dir_transfer *transfer,
                                   uint64_t inode)
{
    struct statx stx;
    int fd = dir_open_beneath(dir, transfer->to, O_PATH | O_NOFOLLOW);
    transfer->is_replaced =
        fd >= 0 && dir_statx(fd, "", AT_EMPTY_PATH, &stx) && stx.stx_ino == inode;
    if (fd >= 0)
        (void)close(fd); /* O_PATH: nothing to lose */
    enum store_rc rc = STORE_OK;
    if (!transfer->is_replaced) /* of what stood in its way, some may have been removed */
        rc = dir_props_removed(dir, transfer->to, true);
    if (rc != STORE_OK)
        return rc;
    if (transfer->is_copy && !transfer->is_replaced)
        return dir_transfer_cancel(dir, transfer);
    return dir_transfer_end(dir, transfer);
}
