/* The database. One connection writes; any number read, each by one thread at a time (WAL lets them
 * see the last commit while the next is being made).
 *
 * Writers share commits: whoever finds no leader becomes it, takes all changes that wait, runs each
 * inside a savepoint of one transaction and commits once. A change that fails is rolled back to its
 * savepoint and does not disturb the others; a commit that fails fails them all.
 *
 * What is owed (tree/owed.c) goes ahead of each batch and must succeed. `owed_mutex` is held from
 * before that until the list says what the database does, so that nobody reads one and believes the
 * other.
 *
 * The file, its log or its index may be removed while they are open (`git clean`), or moved away,
 * and what is committed then is nowhere. So the leader looks before it begins and after it has
 * committed; where a name does not lead to the open file, a copy of all takes its place, and only
 * then is anybody told that he succeeded. No state.db is ever made but as a whole (whole.h): the
 * first, one of what can be read of one that is damaged, and such a copy.
 *
 * How long it takes to open does not depend on how many properties there are: only the first rows
 * are looked at then, the others by a thread (learn()), which ends when it has seen all. What it
 * finds damaged is replaced in the leader's place, between two batches. */
#include "store/directory/state/state.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/directory/state/filter.h"
#include "store/directory/state/own.h"
#include "store/directory/state/salvage.h"
#include "store/directory/state/whole.h"

struct state {
    struct db_options options;
    struct state_db *writer;

    pthread_mutex_t mutex; /* guards the queue and has_leader */
    pthread_cond_t batch_over;
    struct list queue;
    bool has_leader;

    pthread_mutex_t owed_mutex; /* guards owed; comes before `mutex` */
    struct list owed;
    atomic_bool is_owed;
    atomic_uint owed_changes;

    pthread_mutex_t pool_mutex; /* guards readers */
    struct state_db *readers;

    atomic_ullong inode;         /* of the file that is in use */
    struct state_file beside[2]; /* SQLite's own; none: not noted yet. Only for the leader */
    bool is_between; /* another stands ready to take its place, and must; only for the leader */
    struct filter filter;
    pthread_t learner;
    bool has_learner;
    atomic_bool is_mending; /* changed under `mutex` */
    atomic_bool is_closing;
};

#define SET_VERSION "PRAGMA user_version = 2;" /* 1 had a table of locks: recover.c takes it over */

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS prop(path BLOB NOT NULL, ns BLOB NOT NULL, name BLOB NOT NULL,"
    " xml BLOB NOT NULL, UNIQUE(path, ns, name));"
    "CREATE TABLE IF NOT EXISTS intent(id INTEGER PRIMARY KEY, source BLOB NOT NULL,"
    " target BLOB NOT NULL, inode INTEGER NOT NULL, is_copy INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS intent_lock(intent INTEGER NOT NULL, token BLOB NOT NULL,"
    " PRIMARY KEY(intent, token)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS stray(path BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;" SET_VERSION;

/* --- readers --- */

/* While another takes the place of a damaged one, there may be none, and the old one fails. */
static void await_mending(struct state *state)
{
    if (!atomic_load(&state->is_mending))
        return;
    pthread_mutex_lock(&state->mutex);
    while (atomic_load(&state->is_mending))
        pthread_cond_wait(&state->batch_over, &state->mutex);
    pthread_mutex_unlock(&state->mutex);
}

/* One that was opened while another took its place may be the damaged one. */
static struct state_db *open_reader(struct state *state)
{
    struct err err;
    for (;;) {
        await_mending(state);
        unsigned long long inode = atomic_load(&state->inode);
        struct state_db *db = db_open(&state->options, &err);
        if (!atomic_load(&state->is_mending) && atomic_load(&state->inode) == inode) {
            if (!db)
                log_line(LOG_ERROR, "%s", err.text);
            return db;
        }
        db_close(db);
    }
}

struct state_db *state_read(struct state *state)
{
    await_mending(state);
    pthread_mutex_lock(&state->pool_mutex);
    struct state_db *db = state->readers;
    if (db)
        state->readers = db->next;
    pthread_mutex_unlock(&state->pool_mutex);
    if (db && db->file.ino != atomic_load(&state->inode)) { /* of a file that is no longer used */
        db_close(db);
        return state_read(state);
    }
    return db ? db : open_reader(state);
}

void state_read_end(struct state *state, struct state_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < STATE_SQL_COUNT; i++) {
        if (db->statements[i])
            (void)sqlite3_reset(db->statements[i]); /* ends its read transaction */
    }
    pthread_mutex_lock(&state->pool_mutex);
    db->next = state->readers;
    state->readers = db;
    pthread_mutex_unlock(&state->pool_mutex);
}

/* --- writers --- */

/* Whether a name leads to another file than the one that is open, or to none. What is committed is
 * in the log at first; the index tells other connections of it. */
static bool has_moved(struct state *state)
{
    static const char *const names[] = {STATE_NAME "-wal", STATE_NAME "-shm"};
    bool has = state->is_between ||
               !state_home_keeps(state->options.home, STATE_NAME, &state->writer->file);
    for (size_t i = 0; i < ARRAY_LEN(names) && !has; i++) {
        if (!state->beside[i].ino)
            state->beside[i] = state_file_at(state->options.home->fd, names[i]);
        else
            has = !state_home_keeps(state->options.home, names[i], &state->beside[i]);
    }
    return has;
}

/* Puts what the open database says back to where it was. Only the leader, between two batches. */
static bool put_back(struct state *state)
{
    struct err err = {0};
    char text[96];
    int dir_fd = state->options.home->fd;
    str_print(text, sizeof(text), "VACUUM INTO 'file:/proc/self/fd/%d/" STATE_NEW_NAME "'", dir_fd);
    if (!state_home_restore(state->options.home) || !whole_begin(dir_fd, &err) ||
        !db_run(state->writer->handle, text) || !whole_put(dir_fd, NULL, &state->is_between, &err))
        return false;
    struct state_db *writer = db_open(&state->options, &err);
    if (!writer || !db_run(writer->handle, "PRAGMA journal_mode = WAL")) {
        db_close(writer);
        return false;
    }
    db_close(state->writer);
    state->writer = writer;
    atomic_store(&state->inode, writer->file.ino);
    memset(state->beside, 0, sizeof(state->beside));
    log_line(LOG_WARN,
             STATE_NAME " was removed or replaced while it was in use; it has been written again");
    return true;
}

/* What is committed is kept: true. */
static bool is_kept(struct state *state)
{
    if (!has_moved(state) || put_back(state))
        return true;
    log_line(LOG_ERROR,
             STATE_NAME " was removed or replaced while it was in use, and cannot be made again");
    return false;
}

/* False: it cannot be told apart from the others, and all of them must be rolled back. */
static bool run_change(struct state *state, struct state_change *change)
{
    sqlite3 *handle = state->writer->handle;
    change->rc = db_run(handle, "SAVEPOINT change") ? STORE_OK : STORE_FAILED;
    if (change->rc != STORE_OK)
        return true;
    change->rc = change->run(change, state->writer);
    if (sqlite3_get_autocommit(handle)) /* SQLite has rolled all of it back: a full disk */
        return false;
    bool is_apart = change->rc == STORE_OK || db_run(handle, "ROLLBACK TO change");
    return db_run(handle, "RELEASE change") && is_apart;
}

/* Runs one after the other. OK, unless all of it has to be rolled back: also when one that must
 * succeed does not. */
static enum store_rc run_changes(struct state *state, struct list *changes, bool must_succeed)
{
    LIST_EACH (changes, link) {
        struct state_change *change = CONTAINER_OF(link, struct state_change, link);
        if (!run_change(state, change) || (must_succeed && change->rc != STORE_OK))
            return change->rc == STORE_OK ? STORE_FAILED : change->rc;
    }
    return STORE_OK;
}

static void owed_are_made(struct state *state)
{
    if (list_is_empty(&state->owed))
        return;
    LIST_EACH (&state->owed, link) {
        struct state_change *change = CONTAINER_OF(link, struct state_change, link);
        list_remove(link);
        change->made(change);
    }
    atomic_store(&state->is_owed, false);
    atomic_fetch_add(&state->owed_changes, 1);
}

/* A commit that could not be flushed stands in the log all the same, and who reads that after a
 * crash would take it for made. The next commit writes over it, so there is one at once, of
 * nothing; tried again, since whatever it has written by then is enough. */
static void write_over(sqlite3 *handle)
{
    enum { TRIES = 8 };
    int code = SQLITE_ERROR;
    for (int i = 0; i < TRIES && code != SQLITE_OK; i++) /* why it fails has just been logged */
        code = sqlite3_exec(handle, SET_VERSION, NULL, NULL, NULL);
}

static enum store_rc commit(sqlite3 *handle)
{
    enum store_rc rc = db_rc(sqlite3_exec(handle, "COMMIT", NULL, NULL, NULL), handle, "COMMIT");
    if (rc != STORE_OK && (sqlite3_get_autocommit(handle) || db_run(handle, "ROLLBACK")))
        write_over(handle);
    return rc;
}

static void run_batch(struct state *state, struct list *batch)
{
    bool is_ready = is_kept(state);
    sqlite3 *handle = state->writer->handle;
    bool is_over = sqlite3_get_autocommit(handle) || db_run(handle, "ROLLBACK");
    enum store_rc rc =
        is_ready && is_over && db_run(handle, "BEGIN IMMEDIATE") ? STORE_OK : STORE_FAILED;
    if (rc == STORE_OK)
        rc = run_changes(state, &state->owed, true);
    if (rc == STORE_OK)
        rc = run_changes(state, batch, false);
    if (rc == STORE_OK)
        rc = commit(handle);
    if (rc == STORE_OK)
        owed_are_made(state);
    else if (!sqlite3_get_autocommit(handle))
        (void)!db_run(handle, "ROLLBACK"); /* or the next batch will */
    assert(rc != STORE_OK || list_is_empty(&state->owed));
    if (rc == STORE_OK && is_kept(state))
        return;
    if (rc == STORE_OK) /* the open database has it, and may yet be put back */
        rc = STORE_UNKNOWN;
    LIST_EACH (batch, link) {
        struct state_change *change = CONTAINER_OF(link, struct state_change, link);
        if (change->rc == STORE_OK)
            change->rc = rc;
    }
}

/* With the mutex held, and nobody leading: runs `work` on a batch as the leader. */
static void lead(struct state *state, struct list *batch,
                 void (*work)(struct state *state, struct list *batch))
{
    state->has_leader = true;
    pthread_mutex_unlock(&state->mutex);
    pthread_mutex_lock(&state->owed_mutex);
    work(state, batch);
    pthread_mutex_unlock(&state->owed_mutex);
    pthread_mutex_lock(&state->mutex);
    state->has_leader = false;
    LIST_EACH (batch, link) {
        list_remove(link);
        CONTAINER_OF(link, struct state_change, link)->is_done = true;
    }
    pthread_cond_broadcast(&state->batch_over);
}

static void lead_queue(struct state *state)
{
    struct list batch;
    list_init(&batch);
    list_splice(&batch, &state->queue);
    lead(state, &batch, run_batch);
}

enum store_rc state_write(struct state *state, struct state_change *change)
{
    change->is_done = false;
    change->rc = STORE_OK;
    pthread_mutex_lock(&state->mutex);
    list_append(&state->queue, &change->link);
    while (!change->is_done) {
        if (state->has_leader)
            pthread_cond_wait(&state->batch_over, &state->mutex);
        else
            lead_queue(state);
    }
    pthread_mutex_unlock(&state->mutex);
    return change->rc;
}

/* --- what is owed --- */

void state_owe(struct state *state, struct state_change *change)
{
    pthread_mutex_lock(&state->owed_mutex);
    list_append(&state->owed, &change->link);
    atomic_store(&state->is_owed, true);
    atomic_fetch_add(&state->owed_changes, 1);
    pthread_mutex_unlock(&state->owed_mutex);
}

bool state_is_owed(struct state *state)
{
    return atomic_load(&state->is_owed);
}

unsigned state_owed_changes(struct state *state)
{
    return atomic_load(&state->owed_changes);
}

unsigned state_each_owed(struct state *state, void (*fn)(struct state_change *change, void *arg),
                         void *arg)
{
    unsigned changes = atomic_load(&state->owed_changes);
    if (!state_is_owed(state))
        return changes;
    pthread_mutex_lock(&state->owed_mutex);
    changes = atomic_load(&state->owed_changes);
    LIST_EACH (&state->owed, link)
        fn(CONTAINER_OF(link, struct state_change, link), arg);
    pthread_mutex_unlock(&state->owed_mutex);
    return changes;
}

/* --- the filter --- */

bool state_may_have_props(struct state *state, struct res_path path)
{
    return atomic_load(&state->is_mending) || filter_may_have(&state->filter, path);
}

bool state_may_have_props_within(struct state *state, struct res_path tree)
{
    return atomic_load(&state->is_mending) || filter_may_have_within(&state->filter, tree);
}

void state_note_props(struct state *state, struct res_path path)
{
    filter_note(&state->filter, path);
}

/* --- life --- */

/* Even to read a database in WAL mode, SQLite writes beside it. Where it cannot, it must be told
 * that nobody else can: which is so when there is no log of one who does. */
static bool is_immutable(int dir_fd)
{
    return faccessat(dir_fd, ".", W_OK, AT_EACCESS) != 0 &&
           faccessat(dir_fd, STATE_NAME "-wal", F_OK, AT_EACCESS) != 0;
}

/* Nobody else's file, under none of the names that SQLite uses. */
static bool check_files(int dir_fd, struct err *err)
{
    return own_file_check(dir_fd, STATE_NAME, err) &&
           own_file_check(dir_fd, STATE_NAME "-wal", err) &&
           own_file_check(dir_fd, STATE_NAME "-shm", err) &&
           own_file_check(dir_fd, STATE_NAME "-journal", err);
}

/* The first rows of the index and of the table. END: there are no others. */
static enum store_rc learn_first(struct state *state, struct state_db *db)
{
    filter_begin(&state->filter);
    enum store_rc rc = filter_learn(&state->filter, db);
    return rc == STORE_OK ? filter_learn(&state->filter, db) : rc;
}

/* Opens the database, and looks at its first rows. On failure the writer is NULL. */
static bool make_ready(struct state *state, struct err *err)
{
    state->writer = db_open(&state->options, err);
    if (!state->writer)
        return false;
    bool is_ready = state->options.is_read_only ||
                    (db_run(state->writer->handle, "PRAGMA journal_mode = WAL") &&
                     db_run(state->writer->handle, schema));
    atomic_store(&state->inode, state->writer->file.ino);
    enum store_rc rc = is_ready ? learn_first(state, state->writer) : STORE_FAILED;
    if (rc == STORE_OK || rc == STORE_END)
        return true;
    err_set(err, db_code(state->writer->handle),
            STATE_NAME " is damaged, or belongs to another program");
    db_close(state->writer);
    state->writer = NULL;
    return false;
}

/* Fills state.db.new: with nothing, or with what can be read of the database that is there. */
static bool make_new(struct state *state, bool is_of_damaged, size_t *count_out, struct err *err)
{
    char file[64];
    sqlite3 *handle = NULL;
    int dir_fd = state->options.home->fd;
    if (!whole_begin(dir_fd, err))
        return false;
    str_print(file, sizeof(file), "file:/proc/self/fd/%d/" STATE_NEW_NAME, dir_fd);
    int code = sqlite3_open_v2(file, &handle,
                               SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_READWRITE, NULL);
    bool is_filled = code == SQLITE_OK && /* what is half done is thrown away */
                     db_run(handle, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF") &&
                     db_run(handle, schema) &&
                     (!is_of_damaged || salvage_rows(dir_fd, handle, count_out));
    bool is_closed = sqlite3_close(handle) == SQLITE_OK;
    return (is_filled && is_closed) || err_set(err, 0, "cannot write " STATE_NEW_NAME);
}

/* Another database in the place of one that is damaged. */
static bool begin_anew(struct state *state, struct err *err)
{
    char name[ASIDE_NAME_BYTES];
    size_t count = 0;
    if (!make_new(state, true, &count, err) ||
        !whole_put(state->options.home->fd, name, &state->is_between, err))
        return false;
    log_line(LOG_ERROR,
             STATE_NAME " was damaged: %zu dead properties were saved; the old file is kept as %s",
             count, name);
    return make_ready(state, err);
}

/* The first one. A log without its database is nothing that SQLite could read. */
static bool begin_first(struct state *state, struct err *err)
{
    char name[ASIDE_NAME_BYTES];
    if (!make_new(state, false, NULL, err) ||
        !whole_put(state->options.home->fd, name, &state->is_between, err))
        return false;
    if (name[0])
        log_line(LOG_ERROR, STATE_NAME " is gone; what was left beside it is kept as %s-wal", name);
    return make_ready(state, err);
}

/* One is never made but as a whole, and is never empty. */
static bool open_writer(struct state *state, struct err *err)
{
    struct stat st = {0};
    int dir_fd = state->options.home->fd;
    if (!whole_finish(dir_fd, err) || !check_files(dir_fd, err))
        return false;
    if (fstatat(dir_fd, STATE_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        return begin_first(state, err);
    if (st.st_size == 0)
        return begin_anew(state, err);
    return make_ready(state, err) || (err->code == EUCLEAN && begin_anew(state, err));
}

/* In the leader's place. Where it fails, the damaged one goes on, unless another has its place
 * already: then all changes fail from now on. */
static void replace_damaged(struct state *state, struct list *batch)
{
    struct err err = {0};
    struct state_db *damaged = state->writer;
    assert(list_is_empty(batch));
    if (begin_anew(state, &err)) {
        memset(state->beside, 0, sizeof(state->beside));
        db_close(damaged);
        return;
    }
    log_line(LOG_ERROR, STATE_NAME " is damaged: %s", err.text);
    state->writer = damaged; /* there is no other: make_ready() leaves none behind */
    atomic_store(&state->inode, damaged->file.ino);
    filter_begin(&state->filter);
}

static void mend(struct state *state)
{
    struct list nothing;
    list_init(&nothing);
    pthread_mutex_lock(&state->mutex);
    while (state->has_leader)
        pthread_cond_wait(&state->batch_over, &state->mutex);
    atomic_store(&state->is_mending, true);
    lead(state, &nothing, replace_damaged);
    atomic_store(&state->is_mending, false);
    pthread_cond_broadcast(&state->batch_over);
    pthread_mutex_unlock(&state->mutex);
}

/* The thread. A second damage is of a new database, and no other would be better. What cannot be
 * read for another reason has been logged; each look goes to the database then. */
static void *learn(void *arg)
{
    struct state *state = arg;
    bool was_mended = false;
    while (!filter_is_learned(&state->filter) && !atomic_load(&state->is_closing)) {
        struct state_db *db = state_read(state);
        enum store_rc rc = db ? filter_learn(&state->filter, db) : STORE_FAILED;
        bool is_fine = rc == STORE_OK || rc == STORE_END;
        bool is_damaged = !is_fine && db && db_code(db->handle) == EUCLEAN;
        state_read_end(state, db);
        if (is_damaged && !was_mended && !state->options.is_read_only)
            mend(state);
        else if (!is_fine)
            break;
        was_mended = was_mended || is_damaged;
    }
    return NULL;
}

/* Without a thread each look goes to the database. */
static void start_learner(struct state *state)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loops' affair */
    state->has_learner = pthread_create(&state->learner, NULL, learn, state) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct state *state_open(struct state_home *home, bool is_read_only,
                         enum store_durability durability, struct err *err)
{
    struct state *state = MEM_NEW(struct state);
    char file[64];
    /* SQLite takes names only; this one leads to what is open. */
    const char *name = is_read_only ? whole_name(home->fd) : STATE_NAME;
    str_print(file, sizeof(file), "file:/proc/self/fd/%d/%s%s", home->fd, name,
              is_read_only && is_immutable(home->fd) ? "?immutable=1" : "");
    state->options.home = home;
    state->options.name = name;
    state->options.file = mem_copy_text(file, strlen(file));
    state->options.is_read_only = is_read_only;
    state->options.durability = durability;
    pthread_mutex_init(&state->mutex, NULL);
    pthread_cond_init(&state->batch_over, NULL);
    pthread_mutex_init(&state->pool_mutex, NULL);
    pthread_mutex_init(&state->owed_mutex, NULL);
    list_init(&state->queue);
    list_init(&state->owed);
    bool is_fine = is_read_only ? make_ready(state, err) : open_writer(state, err);
    if (is_fine && !filter_is_learned(&state->filter))
        start_learner(state);
    if (is_fine)
        return state;
    state_close(state);
    return NULL;
}

void state_close(struct state *state)
{
    if (!state)
        return;
    atomic_store(&state->is_closing, true);
    if (state->has_learner)
        (void)pthread_join(state->learner, NULL); /* it was created: it can be joined */
    if (state->writer && !state->options.is_read_only && filter_has_any(&state->filter))
        (void)is_kept(state); /* it has said what is lost */
    while (state->readers) {
        struct state_db *next = state->readers->next;
        db_close(state->readers);
        state->readers = next;
    }
    owed_are_made(state); /* as far as they could be */
    db_close(state->writer);
    pthread_mutex_destroy(&state->owed_mutex);
    pthread_mutex_destroy(&state->pool_mutex);
    pthread_cond_destroy(&state->batch_over);
    pthread_mutex_destroy(&state->mutex);
    filter_done(&state->filter);
    mem_free(state->options.file);
    mem_free(state);
}
