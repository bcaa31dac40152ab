/* Start-up: what a crash left behind is finished or removed before the first request.
 *
 *   intents   copies and moves that were under way: tree/follow.c sees from the disk whether they
 *             were done, and their properties go where the resource is
 *   strays    what was staged beside its target in another mount, by the names in the database
 *   locks     from the journal into the table; those that have expired, or whose resource never
 *             came, go
 *   staging   emptied last: what is in it was promised to nobody
 *
 * A read-only store changes none of this and takes what it finds as it is. */
#include "store/directory/recover.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/read.h"
#include "store/directory/resolve.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/own.h"
#include "store/directory/state/state.h"
#include "store/directory/tree/follow.h"
#include "store/directory/tree/remove.h"
#include "store/directory/tree/walk.h"
#include "store/lock_journal.h"
#include "store/lock_table.h"
#include "store/silent.h"

/* --- staged files --- */

static void remove_staged(struct dir_store *dir, int dir_fd, const char *name)
{
    struct store_visitor visitor = silent_visitor();
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
        return err_sys(err, errno, "cannot open the staging directory");
    dir_entries_init(&entries, fd);
    while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK)
        remove_staged(dir, fd, entry.name.at);
    dir_entries_done(&entries);
    return rc == STORE_END || err_set(err, 0, "cannot read the staging directory");
}

/* Names beside a target on another file system; only ours, whatever the database says. */
static void remove_stray(struct dir_store *dir, struct str path)
{
    struct dir_name name;
    struct str last = path_name((struct res_path){path.at, path.len});
    if (!str_starts(last, STR(DIR_STAGED_PREFIX)) ||
        dir_name_of((struct res_path){path.at, path.len}, &name) != STORE_OK)
        return;
    char *slash = strrchr(name.text, '/'); /* what was noted is absolute */
    if (!slash)
        return;
    *slash = '\0';
    int fd = open(slash == name.text ? "/" : name.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    remove_staged(dir, fd, slash + 1);
    fd_close(fd);
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

/* The tokens of the locks that it takes away. */
static enum store_rc read_intent_locks(struct state_db *db, struct arena *arena,
                                       struct dir_transfer *transfer)
{
    struct lock_list *locks = &transfer->locks;
    size_t cap = 0;
    enum store_rc rc;
    sqlite3_stmt *statement = state_prepare(db, SQL_INTENT_LOCKS_OF);
    if (statement)
        (void)sqlite3_bind_int64(statement, 1, transfer->intent); /* the step would fail */
    while ((rc = state_step(statement)) == STORE_OK) {
        if (locks->count == cap) {
            cap = cap ? cap * 2 : 16;
            struct lock *items = arena_alloc(arena, cap * sizeof(*items));
            if (locks->count)
                memcpy(items, locks->items, locks->count * sizeof(*items));
            locks->items = items;
        }
        locks->items[locks->count++].token = arena_str(arena, state_column(statement, 0));
    }
    return rc == STORE_END ? STORE_OK : rc;
}

/* Reads all rows before anything is changed; the list lives in the arena. */
static enum store_rc read_leftovers(struct dir_store *dir, struct state_db *db, struct arena *arena,
                                    struct intent **intents_out)
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
    for (struct intent *intent = *intents_out; intent && !dir->is_read_only;
         intent = intent->next) {
        rc = read_intent_locks(db, arena, &intent->transfer);
        if (rc != STORE_OK)
            return rc;
    }
    statement = state_prepare(db, SQL_STRAYS_ALL);
    while ((rc = state_step(statement)) == STORE_OK) {
        if (!dir->is_read_only)
            remove_stray(dir, state_column(statement, 0));
    }
    return rc == STORE_END ? STORE_OK : rc;
}

static enum store_rc forget_strays(struct state_change *change, struct state_db *db)
{
    (void)change; /* it says nothing more */
    return state_run(state_prepare(db, SQL_STRAYS_REMOVE));
}

/* --- locks --- */

/* Those that are in the database: davit kept them there before it had a journal. */
static enum store_rc read_old_locks(const struct dir_store *dir, struct state_db *db,
                                    bool *are_there_out)
{
    enum store_rc rc = state_step(state_prepare(db, SQL_HAS_LOCKS));
    *are_there_out = rc == STORE_OK;
    if (rc != STORE_OK)
        return rc == STORE_END ? STORE_OK : rc;
    sqlite3_stmt *statement = state_prepare(db, SQL_LOCKS_ALL);
    while ((rc = state_step(statement)) == STORE_OK) {
        struct str root = state_column(statement, 1);
        struct lock lock = {
            .token = state_column(statement, 0),
            .root = {root.at, root.len},
            .is_exclusive = sqlite3_column_int(statement, 2) != 0,
            .is_infinite = sqlite3_column_int(statement, 3) != 0,
            .owner_xml = state_column(statement, 4),
            .principal = state_column(statement, 5),
            .timeout_s = (uint32_t)sqlite3_column_int64(statement, 6),
        };
        lock.expires_ms = lock_expiry_of_wall(sqlite3_column_int64(statement, 7), lock.timeout_s);
        lock_table_put(dir->kept->locks, &lock);
    }
    return rc == STORE_END ? STORE_OK : rc;
}

static enum store_rc drop_old_locks(struct state_change *change, struct state_db *db)
{
    (void)change; /* it says nothing more */
    return state_run(state_prepare(db, SQL_LOCKS_DROP));
}

/* One look at each member of a collection that stays open from one lock to the next. */
struct members_look {
    struct dir_store *dir;
    struct res_path parent;
    int parent_fd; /* -1: it cannot be opened, or none was yet */
};

/* Whether it is there: at once for most, and for what is a link, or not there, by dir_stat(). */
static bool is_absent(struct members_look *look, struct res_path path)
{
    struct store_stat stat;
    struct stat st;
    struct dir_name name;
    struct str last = path_name(path);
    if (look->parent_fd < 0 || !path_eq(look->parent, path_parent(path))) {
        fd_close(look->parent_fd);
        look->parent = path_parent(path);
        look->parent_fd = dir_open_beneath(look->dir, look->parent, O_PATH | O_DIRECTORY);
    }
    if (look->parent_fd >= 0 &&
        dir_name_of((struct res_path){last.at, last.len}, &name) == STORE_OK &&
        fstatat(look->parent_fd, name.text, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        (S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        return false;
    return dir_stat(&look->dir->base, path, 0, &stat) == STORE_NOT_FOUND;
}

/* A crash between the two halves of LOCK on an unmapped URL leaves a lock without a resource, and
 * one in the middle of a DELETE does so, too. They come in the order of their paths. */
static void drop_dead_locks(struct dir_store *dir)
{
    struct arena arena = {0};
    struct lock_list locks;
    struct members_look look = {.dir = dir, .parent_fd = -1};
    (void)lock_table_expire(dir->kept->locks, clock_boot_ms()); /* how many is no matter */
    lock_table_query(dir->kept->locks, &arena, PATH_ROOT, LOCKS_WITHIN, &locks);
    for (size_t i = 0; i < locks.count; i++) {
        if (is_absent(&look, locks.items[i].root))
            (void)lock_table_remove(dir->kept->locks,
                                    locks.items[i].token); /* it may have expired */
    }
    fd_close(look.parent_fd);
    arena_done(&arena);
}

/* The journal is begun anew, so it holds what came from the database before that lets go of it. */
static bool load_locks(struct dir_store *dir, struct err *err)
{
    struct state_change drop = {.run = drop_old_locks};
    struct state_db *db = state_read(dir->kept->state);
    bool has_old = false;
    enum store_rc rc = db ? read_old_locks(dir, db, &has_old) : STORE_FAILED;
    state_read_end(dir->kept->state, db);
    if (rc != STORE_OK)
        return err_set(err, 0, "cannot read the state database");
    if (!dir->is_read_only && !own_file_check(dir->kept->home.fd, JOURNAL_NAME, err))
        return false;
    bool is_damaged;
    if (!lock_journal_read(dir->kept->home.fd, dir->kept->locks, &is_damaged, err))
        return false;
    drop_dead_locks(dir);
    if (dir->is_read_only)
        return true;
    enum journal_open how = (dir->durability == DURABILITY_FLUSH ? JOURNAL_FLUSHES : 0) |
                            (is_damaged ? JOURNAL_KEEPS_OLD : 0);
    dir->kept->journal = lock_journal_open(&dir->kept->home, dir->kept->locks, how, err);
    if (!dir->kept->journal)
        return false;
    return !has_old || state_write(dir->kept->state, &drop) == STORE_OK ||
           err_set(err, 0, "cannot change the state database");
}

/* --- the whole --- */

static enum store_rc finish_intents(struct dir_store *dir, struct intent *intents)
{
    struct state_change strays = {.run = forget_strays};
    enum store_rc rc = STORE_OK;
    for (struct intent *intent = intents; intent && rc == STORE_OK; intent = intent->next)
        rc = dir_transfer_recover(dir, &intent->transfer, intent->inode);
    return rc == STORE_OK ? state_write(dir->kept->state, &strays) : rc;
}

bool dir_recover(struct dir_store *dir, struct err *err)
{
    struct arena arena = {0};
    struct intent *intents = NULL;
    if (!load_locks(dir, err))
        return false;
    struct state_db *db = state_read(dir->kept->state);
    enum store_rc rc = db ? read_leftovers(dir, db, &arena, &intents) : STORE_FAILED;
    state_read_end(dir->kept->state, db);
    if (rc == STORE_OK && !dir->is_read_only)
        rc = finish_intents(dir, intents);
    arena_done(&arena);
    if (rc != STORE_OK)
        return err_set(err, 0, "cannot read or change the state database");
    return dir->is_read_only || clear_staging(dir, err);
}
