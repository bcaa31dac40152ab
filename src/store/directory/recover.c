/* Start-up: what a crash left behind is finished or removed before the first request.
 *
 *   intents   copies and moves that were under way: follow.c sees from the disk whether they were
 *             done, and their properties go where the resource is
 *   strays    what was staged beside its target in another mount, by the names in the database
 *   locks     into the table; those that have expired, or whose resource never came, go
 *   staging   emptied last: what is in it was promised to nobody
 *
 * A read-only store changes none of this and takes what it finds as it is. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/directory/follow.h"

/* --- staged files --- */

static void remove_staged(struct dir_store *dir, int dir_fd, const char *name)
{
    struct store_visitor visitor = dir_silent_visitor();
    struct dir_walk walk = {.dir = dir, .visitor = &visitor};
    (void)!dir_remove_tree(&walk, dir_fd, name); /* what stays is tried again next time */
    buf_done(&walk.path);
}

static bool clear_staging(struct dir_store *dir, struct err *err)
{
    struct dir_entries entries;
    struct dir_entry entry;
    enum store_rc rc;
    int fd = openat(dir->staging_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(err, errno, "opening the staging directory");
    dir_entries_init(&entries, fd);
    while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK)
        remove_staged(dir, fd, entry.name.at);
    dir_entries_done(&entries);
    return rc == STORE_END || err_set(err, 0, "the staging directory cannot be read");
}

/* Names beside a target on another file system; only ours, whatever the database says. */
static void remove_stray(struct dir_store *dir, struct str path)
{
    struct dir_name name;
    struct str last = path_name((struct res_path){path.at, path.len});
    if (str_starts(last, STR(DIR_STAGED_PREFIX)) &&
        dir_name_of((struct res_path){path.at, path.len}, &name) == STORE_OK)
        remove_staged(dir, AT_FDCWD, name.text);
}

/* --- what the database says was under way --- */

struct intent {
    struct dir_transfer transfer;
    uint64_t inode;
    struct intent *next;
};

static struct res_path copy_column(sqlite3_stmt *statement, int column, struct arena *arena)
{
    struct str bytes = state_column(statement, column);
    return path_copy(arena, (struct res_path){bytes.at, bytes.len});
}

static bool load_lock(struct dir_store *dir, sqlite3_stmt *statement)
{
    struct str root = state_column(statement, 1);
    struct lock lock = {
        .token = state_column(statement, 0),
        .root = {root.at, root.len},
        .is_exclusive = sqlite3_column_int(statement, 2) != 0,
        .is_infinite = sqlite3_column_int(statement, 3) != 0,
        .owner_xml = state_column(statement, 4),
        .principal = state_column(statement, 5),
        .timeout_s = (uint32_t)sqlite3_column_int64(statement, 6),
        .expires_ms = sqlite3_column_int64(statement, 7),
    };
    struct store_stat stat;
    /* A crash between the two halves of LOCK on an unmapped URL: the lock is there, the resource
     * is not, and nobody was told of either. */
    if (lock.expires_ms <= clock_wall_ms() ||
        dir_stat(&dir->base, lock.root, &stat) == STORE_NOT_FOUND)
        return false;
    lock_table_put(dir->locks, &lock);
    return true;
}

/* Reads all rows before anything is changed; the lists live in the arena. */
static enum store_rc read_leftovers(struct dir_store *dir, struct state_db *db, struct arena *arena,
                                    struct intent **intents_out, struct lock_list *dead_locks_out)
{
    enum store_rc rc;
    struct intent **last = intents_out;
    sqlite3_stmt *statement = state_prepare(db, SQL_INTENTS_ALL);
    while ((rc = state_step(statement)) == STORE_OK) {
        struct intent *intent = ARENA_NEW(arena, struct intent);
        intent->transfer.intent = sqlite3_column_int64(statement, 0);
        intent->transfer.from = copy_column(statement, 1, arena);
        intent->transfer.to = copy_column(statement, 2, arena);
        intent->inode = (uint64_t)sqlite3_column_int64(statement, 3);
        intent->transfer.is_copy = sqlite3_column_int(statement, 4) != 0;
        *last = intent;
        last = &intent->next;
    }
    if (rc != STORE_END)
        return rc;
    statement = state_prepare(db, SQL_STRAYS_ALL);
    while ((rc = state_step(statement)) == STORE_OK) {
        if (!dir->is_read_only)
            remove_stray(dir, state_column(statement, 0));
    }
    if (rc != STORE_END)
        return rc;
    dead_locks_out->items = arena_alloc(arena, dir->limits->lock_count * sizeof(struct lock));
    statement = state_prepare(db, SQL_LOCKS_ALL);
    while ((rc = state_step(statement)) == STORE_OK) {
        if (!load_lock(dir, statement) && dead_locks_out->count < dir->limits->lock_count)
            dead_locks_out->items[dead_locks_out->count++].token =
                arena_str(arena, state_column(statement, 0));
    }
    return rc;
}

static enum store_rc forget_strays(struct state_change *change, struct state_db *db)
{
    (void)change; /* it says nothing more */
    return state_run(state_prepare(db, SQL_STRAYS_REMOVE));
}

bool dir_recover(struct dir_store *dir, struct err *err)
{
    struct arena arena = {0};
    struct intent *intents = NULL;
    struct lock_list dead_locks = {0};
    struct state_change strays = {.run = forget_strays};
    struct state_db *db = state_read(dir->state);
    enum store_rc rc = STORE_FAILED;
    if (db)
        rc = read_leftovers(dir, db, &arena, &intents, &dead_locks);
    state_read_end(dir->state, db);
    rc = rc == STORE_END ? STORE_OK : rc;
    if (!dir->is_read_only) {
        for (struct intent *intent = intents; intent && rc == STORE_OK; intent = intent->next)
            rc = dir_transfer_recover(dir, &intent->transfer, intent->inode);
        for (size_t i = 0; i < dead_locks.count && rc == STORE_OK; i++) {
            rc = dir_unlock(&dir->base, dead_locks.items[i].token);
            rc = rc == STORE_NOT_FOUND ? STORE_OK : rc;
        }
        if (rc == STORE_OK)
            rc = state_write(dir->state, &strays);
    }
    arena_done(&arena);
    if (rc != STORE_OK)
        return err_set(err, 0, "the state database cannot be read or changed");
    return dir->is_read_only || clear_staging(dir, err);
}
