/* Properties and locks must follow what davit does to the tree, and must not turn up on a resource
 * that later gets the same path. The functions here are what the tree operations call for that.
 *
 * After an operation that was only partly done, what is on disk decides: the properties of a path
 * go, or follow, when the resource is no longer there.
 *
 * A lock is of a URL: one that is rooted at the destination of a copy or move stays for what comes
 * there, while those of members go with them (docs/decisions/0018-lock-of-a-destination.md).
 *
 * All that is needed of the database is read before the tree changes, when a failure can still be
 * told. What is to be written to it afterwards is written, or owed (owed.c): once the tree has
 * changed, nothing here can fail. Locks go from the table at once; if the journal cannot be told,
 * it is written anew before anything is made where they were.
 *
 * What is removed leaves rows for a moment, which do no harm: whatever is made at a path clears it
 * first. A copy or move writes down its intent before, where there is anything to follow or to
 * forget, with the inode number of what it is going to put in place: start-up sees from what is
 * there whether it did. (What was grafted member by member is then decided for each path alone.) It
 * names the locks that it will take away, so that a later one at the same place is not taken for
 * one of them. */
#include "store/directory/tree/follow.h"

#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"

#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/props.h"
#include "store/directory/resolve.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/state.h"
#include "store/directory/tree/owed.h"
#include "store/lock_journal.h"
#include "store/lock_table.h"

static bool is_there(const struct dir_store *dir, struct res_path path)
{
    int fd = dir_open_beneath(dir, path, O_PATH);
    if (fd < 0)
        return errno != ENOENT && errno != ENOTDIR; /* when in doubt, nothing is thrown away */
    fd_close(fd);
    return true;
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
    if (!dir->kept->state || !state_may_have_props_within(dir->kept->state, tree))
        return STORE_OK;
    struct state_db *db = state_read(dir->kept->state);
    if (!db)
        return STORE_FAILED;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROPS_WITHIN);
    state_bind_tree(statement, 1, tree);
    while ((rc = state_step(statement)) == STORE_OK) {
        struct str path = state_column(statement, 0);
        dir_paths_add(arena, paths, (struct res_path){path.at, path.len});
    }
    state_read_end(dir->kept->state, db);
    return rc == STORE_END ? STORE_OK : rc;
}

/* Those of `paths` that go: all, or those of what is no longer there. */
static void add_gone(struct dir_rows *rows, const struct dir_paths *paths, bool is_partial)
{
    for (size_t i = 0; i < paths->count; i++) {
        if (!is_partial || !is_there(rows->dir, paths->items[i]))
            dir_paths_add(&rows->arena, &rows->gone, paths->items[i]);
    }
}

/* The same for the locks within `tree`. */
static void forget_locks(const struct dir_store *dir, struct res_path tree, bool is_partial)
{
    struct arena arena = {0};
    struct lock_list found;
    size_t count = 0;
    if (!lock_table_has_within(dir->kept->locks, tree))
        return;
    lock_table_query(dir->kept->locks, &arena, tree, LOCKS_WITHIN, &found);
    for (size_t i = 0; i < found.count; i++) {
        if (!is_partial || !is_there(dir, found.items[i].root))
            found.items[count++] = found.items[i];
    }
    found.count = count;
    lock_journal_forget(dir->kept->journal, &found);
    arena_done(&arena);
}

/* --- what is made and removed --- */

/* OK: it has rows; END: it has none, as nearly all that may have some. A change that deletes none
 * costs a commit all the same. */
static enum store_rc find_any_row(struct dir_store *dir, struct res_path path)
{
    if (!dir->kept->state || !state_may_have_props(dir->kept->state, path))
        return STORE_END;
    struct state_db *db = state_read(dir->kept->state);
    if (!db)
        return STORE_FAILED;
    sqlite3_stmt *statement = state_prepare(db, SQL_PROPS_OF);
    state_bind(statement, 1, path_str(path));
    enum store_rc rc = state_step(statement);
    state_read_end(dir->kept->state, db);
    return rc;
}

enum store_rc dir_follow_clear(struct dir_store *dir, struct res_path path)
{
    struct dir_rows rows = {.dir = dir, .from = path, .to = path};
    enum store_rc rc = dir_owed_settle(dir, path);
    if (rc == STORE_OK)
        rc = lock_journal_settle(dir->kept->journal);
    if (rc == STORE_OK)
        rc = find_any_row(dir, path);
    if (rc != STORE_OK)
        return rc == STORE_END ? STORE_OK : rc;
    dir_paths_add(&rows.arena, &rows.gone, path);
    return dir_rows_write(&rows);
}

enum store_rc dir_removal_begin(struct dir_store *dir, struct dir_removal *removal)
{
    enum store_rc rc = dir_owed_settle(dir, removal->path);
    if (rc == STORE_OK)
        rc = find_paths(dir, removal->path, &removal->arena, &removal->marked);
    if (rc != STORE_OK)
        dir_removal_done(removal);
    return rc;
}

void dir_removal_end(struct dir_store *dir, struct dir_removal *removal, bool is_partial,
                     bool is_known)
{
    struct dir_rows rows = {.dir = dir, .from = removal->path, .to = removal->path};
    forget_locks(dir, removal->path, is_partial);
    if (is_known)
        add_gone(&rows, &removal->marked, is_partial);
    dir_rows_follow(&rows);
    dir_removal_done(removal);
}

void dir_removal_done(struct dir_removal *removal)
{
    arena_done(&removal->arena);
}

/* --- copies and moves --- */

struct intent_change {
    struct state_change change;
    struct dir_transfer *transfer;
    uint64_t inode;
};

static enum store_rc add_intent_lock(struct state_db *db, int64_t intent, struct str token)
{
    sqlite3_stmt *statement = state_prepare(db, SQL_INTENT_LOCK_ADD);
    if (!statement)
        return STORE_FAILED;
    (void)sqlite3_bind_int64(statement, 1, intent); /* this cannot fail in range */
    state_bind(statement, 2, token);
    return state_run(statement);
}

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
    for (size_t i = 0; i < transfer->locks.count && rc == STORE_OK; i++)
        rc = add_intent_lock(db, transfer->intent, transfer->locks.items[i].token);
    return rc;
}

/* Reads what there is to follow and to forget. */
static enum store_rc find_ends(struct dir_store *dir, struct dir_transfer *transfer)
{
    enum store_rc rc = STORE_OK;
    if (!transfer->is_shallow)
        rc = find_paths(dir, transfer->from, &transfer->arena, &transfer->sources);
    else if (dir_may_have_props(&dir->base, transfer->from))
        dir_paths_add(&transfer->arena, &transfer->sources, transfer->from);
    if (rc == STORE_OK)
        rc = find_paths(dir, transfer->to, &transfer->arena, &transfer->targets);
    return rc;
}

/* RFC 4918 §7.6: what comes to `to` comes under the lock that is rooted there. But for a link: a
 * lock is kept under the path of what it locks, and under that of a link nobody would find it. */
static void find_replaced_locks(const struct dir_store *dir, struct dir_transfer *transfer,
                                mode_t mode)
{
    struct lock_list *locks = &transfer->locks;
    size_t count = 0;
    if (!(S_ISLNK(mode) ? lock_table_has_within : lock_table_has_below)(dir->kept->locks,
                                                                        transfer->to))
        return;
    lock_table_query(dir->kept->locks, &transfer->arena, transfer->to, LOCKS_WITHIN, locks);
    for (size_t i = 0; i < locks->count; i++) {
        if (S_ISLNK(mode) || !path_eq(locks->items[i].root, transfer->to))
            locks->items[count++] = locks->items[i];
    }
    locks->count = count;
}

enum store_rc dir_transfer_begin(struct dir_store *dir, struct dir_transfer *transfer, int fd,
                                 const char *name, mode_t mode)
{
    struct stat st;
    enum store_rc rc = dir_owed_settle(dir, transfer->from);
    if (rc == STORE_OK)
        rc = dir_owed_settle(dir, transfer->to);
    if (rc == STORE_OK)
        rc = lock_journal_settle(dir->kept->journal);
    if (rc == STORE_OK)
        rc = find_ends(dir, transfer);
    if (rc != STORE_OK)
        return rc;
    find_replaced_locks(dir, transfer, mode);
    if (!transfer->sources.count && !transfer->targets.count && !transfer->locks.count)
        return STORE_OK;
    if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return dir_rc(errno, "cannot look at a resource");
    struct intent_change self = {{.run = add_intent}, transfer, st.st_ino};
    rc = state_write(dir->kept->state, &self.change);
    if (rc != STORE_OK)
        transfer->intent = 0;
    return rc;
}

void dir_transfer_keep(struct dir_store *dir, struct dir_transfer *transfer)
{
    const struct dir_paths *sources = &transfer->sources;
    struct dir_rows rows = {.dir = dir, .from = transfer->to, .to = transfer->to};
    bool is_partial = !transfer->is_replaced;
    if (is_partial)
        forget_locks(dir, transfer->to, true);
    else
        lock_journal_forget(dir->kept->journal, &transfer->locks);
    add_gone(&rows, &transfer->targets, is_partial);
    dir_rows_follow(&rows);
    for (size_t i = 0; i < sources->count; i++) {
        struct res_path to =
            path_rebase(&transfer->arena, sources->items[i], transfer->from, transfer->to);
        if (is_there(dir, to))
            dir_paths_add(&transfer->arena, &transfer->kept, sources->items[i]);
    }
}

/* The properties of one path go where the resource went. */
static void follow_path(struct dir_rows *rows, const struct dir_transfer *transfer,
                        struct res_path path)
{
    struct res_path to = path_rebase(&rows->arena, path, transfer->from, transfer->to);
    bool has_stayed = transfer->is_copy || is_there(rows->dir, path);
    bool is_taken = has_path(&transfer->kept, path);
    if (is_taken && !has_stayed)
        dir_paths_add(&rows->arena, &rows->gone, path);
    if (is_taken || (has_stayed && !transfer->is_copy) || !is_there(rows->dir, to))
        return;
    dir_paths_add(&rows->arena, &rows->sources, path);
    dir_paths_add(&rows->arena, &rows->targets, to);
}

static struct dir_rows rows_of(struct dir_store *dir, const struct dir_transfer *transfer)
{
    return (struct dir_rows){.dir = dir,
                             .from = transfer->from,
                             .to = transfer->to,
                             .is_copy = transfer->is_copy,
                             .intent = transfer->intent};
}

static void find_rows(struct dir_rows *rows, const struct dir_transfer *transfer)
{
    if (transfer->is_replaced)
        add_gone(rows, &transfer->targets, false);
    for (size_t i = 0; i < transfer->sources.count; i++)
        follow_path(rows, transfer, transfer->sources.items[i]);
}

void dir_transfer_end(struct dir_store *dir, const struct dir_transfer *transfer)
{
    struct dir_rows rows = rows_of(dir, transfer);
    if (transfer->is_replaced) {
        lock_journal_forget(dir->kept->journal, &transfer->locks);
        forget_locks(dir, transfer->to, true); /* should nothing have come there */
    }
    if (!transfer->is_copy)
        forget_locks(dir, transfer->from, true);
    find_rows(&rows, transfer);
    dir_rows_follow(&rows);
}

void dir_transfer_cancel(struct dir_store *dir, const struct dir_transfer *transfer)
{
    struct dir_rows rows = rows_of(dir, transfer);
    dir_rows_follow(&rows);
}

void dir_transfer_done(struct dir_transfer *transfer)
{
    arena_done(&transfer->arena);
}

/* --- start-up --- */

static bool is_in_place(const struct dir_store *dir, const struct dir_transfer *transfer,
                        uint64_t inode)
{
    struct statx stx;
    int fd = dir_open_beneath(dir, transfer->to, O_PATH | O_NOFOLLOW);
    bool is_it = fd >= 0 && dir_statx(fd, "", AT_EMPTY_PATH, &stx) && stx.stx_ino == inode;
    fd_close(fd);
    return is_it;
}

enum store_rc dir_transfer_recover(struct dir_store *dir, struct dir_transfer *transfer,
                                   uint64_t inode)
{
    enum store_rc rc = find_ends(dir, transfer);
    struct dir_rows rows = rows_of(dir, transfer);
    transfer->is_replaced = is_in_place(dir, transfer, inode);
    if (transfer->is_replaced)
        lock_journal_forget(dir->kept->journal, &transfer->locks);
    else /* of what stood in its way, some may have been removed */
        add_gone(&rows, &transfer->targets, true);
    if (transfer->is_replaced || !transfer->is_copy)
        find_rows(&rows, transfer);
    rc = rc == STORE_OK ? dir_rows_write(&rows) : rc;
    arena_done(&rows.arena);
    dir_transfer_done(transfer);
    return rc;
}
