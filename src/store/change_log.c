/* A change is in the log before it is made, and counts when it has been made.
 *
 * Before: so that whatever crash comes, no change was made of which the log does not know. What was
 * begun and not ended is taken for made by the next start, perhaps in part; to tell somebody of a
 * change that there was not costs him a look.
 * After: who asks for a tag and then for what is there must not be given the new tag and the old
 * state, or he never asks again. So a change has a number when it is over, and the order of the
 * numbers is that in which changes could be seen.
 *
 * The file (store/journal.c) has these records; a number is eight bytes, unless it says otherwise:
 *   head   'h', which tree, which file, head, horizon, floor, boot
 *   run    'u', its id, its first number
 *   state  'n', flags (1), seq, own, whole, went, broken, path
 *   begin  'b', its id, how many rows (1), of each: kind (1), path
 *   expect 'x', which mounting, paths of collections (change_expected.c)
 *   end    'e', its id, the first number, outcome (1)
 *   clean  'c'; it was closed, and is on the disk with all that was changed
 *
 * A process is a run: numbers are told with its id. So a state that comes back with the whole file
 * system, or whose end a crash has cut off, never gives a number twice: what follows is of another
 * run, and a number behind the end of a run is not known. What was begun and not ended is of the
 * other run, too: it may have had a number, and that in another order. With a log that is lost all
 * runs are. So they are with one that is the copy of a file, since the tree has gone on without it.
 *
 * The loss of power. Where changes are flushed, it is on the disk first where they are expected;
 * what was begun and ended since may be missing, so that what has changed there is not known, nor
 * the moments that were told. Where they are not flushed, the tree may have what the log has not,
 * and the log what the tree has not: if the machine was booted since, and the log not closed
 * before, it begins anew: it is on the disk that it is open before anything is changed, and all
 * changes are before it is closed. Where others make changes, too, it begins anew in any case.
 *
 * No change fails because of the log. Where it cannot be written it is removed, which goes on a
 * full disk, too, and all that was told is not known any more; it is kept again as soon as that is
 * possible. Only what can be neither written nor removed refuses the change: it would not know it.
 *
 * Invariants
 *  (1) what a moment knows is in the file: it is put there before the index has it;
 *  (2) numbers are given in the journal, and the index is changed there under `mutex` as well,
 *      which nobody holds while he waits for a disk: who reads needs that alone. */
#include "store/change_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/change_expected.h"
#include "store/change_runs.h"
#include "store/journal.h"

#define NEW_NAME CHANGES_NAME ".new"

enum { FRAMES_BYTES = 512, LEFT_COUNT = 4096 };

enum record_kind {
    RECORD_HEAD = 'h',
    RECORD_RUN = 'u',
    RECORD_STATE = 'n',
    RECORD_BEGIN = 'b',
    RECORD_EXPECT = 'x',
    RECORD_END = 'e',
    RECORD_CLEAN = 'c',
};

/* What the newest of the changes whose paths meet in one place has left. */
struct left {
    uint64_t path; /* its hash */
    uint64_t seq;
    uint64_t what;
};

struct change_log {
    struct journal *journal; /* NULL: in memory alone */
    struct state_home *home;
    bool is_flushed;
    bool has_others;
    bool outlives_boots; /* flushed, and without others: it is believed after any crash */
    uint64_t tree;
    atomic_bool is_settled; /* all that was changed is on the disk */

    /* In the journal. */
    struct expected expected;
    uint64_t expected_at; /* how many changes are in the file with that; 0: it is not there yet */

    pthread_mutex_t mutex; /* guards what follows */
    uint64_t last_id;      /* of notes */
    struct change_index *index;
    struct list notes; /* begun and not ended */
    struct listeners listeners;
    struct runs runs;
    uint64_t asked;
    struct left *left; /* LEFT_COUNT of them, by path; NULL: nobody wants to know */
};

/* --- records --- */

static size_t begin_record(struct buf *to, enum record_kind kind)
{
    size_t head = frame_begin(to);
    buf_add_char(to, (char)kind);
    return head;
}

static void add_head(struct buf *to, const struct change_log *log)
{
    char room[BOOT_ID_BYTES];
    struct change_bounds bounds = change_index_bounds(log->index);
    struct str boot = log->has_others ? STR_NONE : boot_id(room);
    size_t head = begin_record(to, RECORD_HEAD);
    frame_add_number(to, log->tree, 8);
    frame_add_number(to, state_file_mark(log->home->fd, NEW_NAME), 8);
    frame_add_number(to, bounds.head, 8);
    frame_add_number(to, bounds.horizon, 8);
    frame_add_number(to, bounds.floor, 8);
    /* Empty: that does not matter. One that is not known is no other's. */
    frame_add_text(to, log->outlives_boots ? STR_NONE : boot.len ? boot : STR("?"));
    frame_end(to, head);
}

static void add_run(struct buf *to, const struct run *run)
{
    size_t head = begin_record(to, RECORD_RUN);
    frame_add_number(to, run->id, 8);
    frame_add_number(to, run->first, 8);
    frame_end(to, head);
}

static void add_state(const struct change_state *state, void *arg)
{
    struct buf *to = arg;
    size_t head = begin_record(to, RECORD_STATE);
    frame_add_number(to, state->keeps_tag, 1);
    frame_add_number(to, state->seq, 8);
    frame_add_number(to, state->own, 8);
    frame_add_number(to, state->whole, 8);
    frame_add_number(to, state->went, 8);
    frame_add_number(to, state->broken, 8);
    frame_add_text(to, path_str(state->path));
    frame_end(to, head);
}

static void add_begin(struct buf *to, const struct change_note *note)
{
    size_t head = begin_record(to, RECORD_BEGIN);
    frame_add_number(to, note->id, 8);
    frame_add_number(to, note->row_count, 1);
    for (size_t i = 0; i < note->row_count; i++) {
        frame_add_number(to, note->rows[i].kind, 1);
        frame_add_text(to, path_str(note->rows[i].path));
    }
    frame_end(to, head);
}

static void add_expected(struct buf *to, const struct change_log *log)
{
    if (!log->expected.count)
        return;
    size_t head = begin_record(to, RECORD_EXPECT);
    expected_write(&log->expected, to);
    frame_end(to, head);
}

static void add_end(struct buf *to, uint64_t id, uint64_t first, enum change_outcome outcome)
{
    size_t head = begin_record(to, RECORD_END);
    frame_add_number(to, id, 8);
    frame_add_number(to, first, 8);
    frame_add_number(to, outcome, 1);
    frame_end(to, head);
}

/* All of it at once, so that nobody who reads waits until it is written. */
static void write_table(void *owner, struct journal_making *making)
{
    struct change_log *log = owner;
    struct buf *to = journal_room(making);
    pthread_mutex_lock(&log->mutex);
    add_head(to, log);
    for (size_t i = 0; i < log->runs.count; i++)
        add_run(to, &log->runs.items[i]);
    change_index_each(log->index, add_state, to);
    add_expected(to, log);
    LIST_EACH (&log->notes, link)
        add_begin(to, CONTAINER_OF(link, struct change_note, link));
    pthread_mutex_unlock(&log->mutex);
    journal_written(making);
}

/* --- reading --- */

/* A change that was begun, while the file is read. */
struct begun {
    struct change_note note;
    struct arena arena; /* of its paths */
};

struct reading {
    struct change_log *log;
    uint64_t file;
    struct change_bounds bounds;
    bool has_head;
    bool is_restored; /* the states are complete */
    bool is_of_this_boot;
    bool is_clean;
    struct list begun;
    struct buf lost; /* collections in which more may have been changed, as texts of a frame */
};

static bool read_head(struct reading *reading, struct str record)
{
    char room[BOOT_ID_BYTES];
    uint64_t tree;
    uint64_t file;
    struct str booted;
    struct change_bounds *bounds = &reading->bounds;
    if (reading->has_head || !frame_take_number(&record, 8, &tree) ||
        !frame_take_number(&record, 8, &file) || !frame_take_number(&record, 8, &bounds->head) ||
        !frame_take_number(&record, 8, &bounds->horizon) ||
        !frame_take_number(&record, 8, &bounds->floor) || !frame_take_text(&record, &booted))
        return false;
    reading->has_head = true;
    reading->is_of_this_boot = booted.len == 0 || str_eq(booted, boot_id(room));
    return tree == reading->log->tree && file == reading->file &&
           bounds->floor <= bounds->horizon && bounds->horizon <= bounds->head;
}

static bool read_run(struct reading *reading, struct str record)
{
    struct run run;
    return frame_take_number(&record, 8, &run.id) && frame_take_number(&record, 8, &run.first) &&
           runs_restore(&reading->log->runs, &run);
}

static bool read_state(struct reading *reading, struct str record)
{
    uint64_t keeps_tag;
    struct str path;
    struct change_state state = {0};
    if (reading->is_restored || !frame_take_number(&record, 1, &keeps_tag) ||
        !frame_take_number(&record, 8, &state.seq) || !frame_take_number(&record, 8, &state.own) ||
        !frame_take_number(&record, 8, &state.whole) ||
        !frame_take_number(&record, 8, &state.went) ||
        !frame_take_number(&record, 8, &state.broken) || !frame_take_text(&record, &path))
        return false;
    state.keeps_tag = keeps_tag;
    state.path = (struct res_path){path.at, path.len};
    change_index_restore(reading->log->index, &state);
    return true;
}

static struct begun *find_begun(struct reading *reading, uint64_t id)
{
    LIST_EACH (&reading->begun, link) {
        struct begun *begun = CONTAINER_OF(link, struct begun, note.link);
        if (begun->note.id == id)
            return begun;
    }
    return NULL;
}

static void free_begun(struct begun *begun)
{
    list_remove(&begun->note.link);
    arena_done(&begun->arena);
    mem_free(begun);
}

static bool read_row(struct begun *begun, struct str *record)
{
    uint64_t kind;
    struct str path;
    struct change_row *row = &begun->note.rows[begun->note.row_count++];
    if (!frame_take_number(record, 1, &kind) || kind > CHANGE_REPLACED ||
        !frame_take_text(record, &path))
        return false;
    *row =
        (struct change_row){.path = path_copy(&begun->arena, (struct res_path){path.at, path.len}),
                            .kind = (enum change_kind)kind};
    return true;
}

static bool read_begin(struct reading *reading, struct str record)
{
    uint64_t id;
    uint64_t count;
    if (!frame_take_number(&record, 8, &id) || !frame_take_number(&record, 1, &count) ||
        count > NOTE_ROWS_MAX)
        return false;
    if (find_begun(reading, id)) /* a new file was made when it came */
        return true;
    struct begun *begun = MEM_NEW(struct begun);
    begun->note.id = id;
    list_append(&reading->begun, &begun->note.link);
    for (uint64_t i = 0; i < count; i++) {
        if (!read_row(begun, &record))
            return false;
    }
    return true;
}

static void note_left(struct change_log *log, const struct change_row *row,
                      enum change_outcome outcome)
{
    uint64_t hash = hash_bytes(path_str(row->path));
    log->left[hash % LEFT_COUNT] =
        (struct left){hash, change_index_head(log->index),
                      outcome == OUTCOME_ALL ? row->left : (uint64_t)LEFT_UNKNOWN};
}

/* What is not known may be anything that a tree operation leaves when it breaks off. */
static void add_rows(struct change_log *log, const struct change_note *note,
                     enum change_outcome outcome)
{
    for (size_t i = 0; i < note->row_count && outcome != OUTCOME_NOTHING; i++) {
        struct change_row row = note->rows[i];
        if (outcome == OUTCOME_UNKNOWN && row.kind != CHANGE_OF_ONE)
            row.kind = CHANGE_REPLACED;
        change_index_add(log->index, &row);
        listeners_tell(&log->listeners, row.path, row.kind != CHANGE_OF_ONE);
        if (log->left)
            note_left(log, &row, outcome);
    }
}

static bool read_end(struct reading *reading, struct str record)
{
    uint64_t id;
    uint64_t first;
    uint64_t outcome;
    struct change_log *log = reading->log;
    if (!frame_take_number(&record, 8, &id) || !frame_take_number(&record, 8, &first) ||
        !frame_take_number(&record, 1, &outcome) || outcome > OUTCOME_UNKNOWN)
        return false;
    struct begun *begun = find_begun(reading, id);
    if (!begun || first != change_index_head(log->index) + 1)
        return false;
    add_rows(log, &begun->note, (enum change_outcome)outcome);
    free_begun(begun);
    return true;
}

static bool read_expected(struct reading *reading, struct str record)
{
    struct str mounting;
    struct str collections;
    if (!expected_read(record, &mounting, &collections))
        return false;
    buf_clear(&reading->lost);
    if (expected_is_lost(&reading->log->expected, mounting))
        buf_add(&reading->lost, collections);
    return true;
}

/* The states come first; what follows goes on from there. */
static void restored(struct reading *reading)
{
    if (!reading->is_restored)
        change_index_restored(reading->log->index, &reading->bounds);
    reading->is_restored = true;
}

static bool read_record(void *arg, struct str record)
{
    struct reading *reading = arg;
    uint64_t kind;
    if (!frame_take_number(&record, 1, &kind) || reading->has_head == (kind == RECORD_HEAD))
        return false;
    if (kind != RECORD_HEAD && kind != RECORD_RUN && kind != RECORD_STATE)
        restored(reading);
    reading->is_clean = kind == RECORD_CLEAN;
    switch (kind) {
    case RECORD_HEAD:
        return read_head(reading, record);
    case RECORD_RUN:
        return read_run(reading, record);
    case RECORD_STATE:
        return read_state(reading, record);
    case RECORD_BEGIN:
        return read_begin(reading, record);
    case RECORD_END:
        return read_end(reading, record);
    case RECORD_EXPECT:
        return read_expected(reading, record);
    default:
        return kind == RECORD_CLEAN;
    }
}

static const struct journal_kind change_kind = {CHANGES_NAME, NEW_NAME, false, read_record,
                                                write_table};

/* --- life --- */

/* Nothing that was told is known any more. */
static void begin_anew(struct change_log *log)
{
    change_index_forget(log->index);
    log->runs.count = 0;
    runs_begin(&log->runs, change_index_head(log->index));
    listeners_tell(&log->listeners, PATH_ROOT, true);
}

static bool is_cut_off(const struct change_log *log)
{
    struct stat st;
    return fstatat(log->home->fd, CHANGES_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_size % JOURNAL_BLOCK_BYTES != 0;
}

/* What was under way, or may have been, counts as made. */
static void add_unknown(struct change_log *log, struct reading *reading)
{
    struct str path;
    struct str lost = buf_str(&reading->lost);
    LIST_EACH (&reading->begun, link)
        add_rows(log, &CONTAINER_OF(link, struct begun, note.link)->note, OUTCOME_UNKNOWN);
    while (!reading->is_clean && frame_take_text(&lost, &path)) {
        struct change_row row = {.path = {path.at, path.len}, .kind = CHANGE_REPLACED};
        struct change_note note = {.rows = {row}, .row_count = 1};
        add_rows(log, &note, OUTCOME_UNKNOWN);
    }
}

static void reading_done(struct reading *reading)
{
    LIST_EACH (&reading->begun, link)
        free_begun(CONTAINER_OF(link, struct begun, note.link));
    buf_done(&reading->lost);
}

/* What there was, and begins the new run. False: it cannot even be opened. Where others make
 * changes, too, somebody may have seen one that was not in the log yet when the process was killed,
 * and that was undone before this one looks: a log that was not closed does not know of it. */
static bool read_log(struct change_log *log, const struct change_log_options *options,
                     struct err *err)
{
    struct frames_found found;
    struct reading reading = {.log = log, .file = state_file_mark(log->home->fd, CHANGES_NAME)};
    list_init(&reading.begun);
    if (!journal_read(log->home->fd, &change_kind, &reading, &found, err))
        return false;
    restored(&reading);
    bool is_all = log->runs.count && !found.is_damaged && !is_cut_off(log) &&
                  (reading.is_clean || (reading.is_of_this_boot && !options->has_others));
    if (is_all) {
        runs_begin(&log->runs, change_index_head(log->index));
        add_unknown(log, &reading);
    }
    reading_done(&reading);
    if (is_all)
        return true;
    if (reading.has_head)
        log_line(LOG_WARN, CHANGES_NAME " is not of this tree, or not all of it is there: who "
                                        "syncs begins anew");
    change_index_free(log->index);
    log->index = change_index_new(options->count_max);
    log->runs.count = 0;
    runs_begin(&log->runs, 0);
    return true;
}

struct change_log *change_log_open(const struct change_log_options *options, struct err *err)
{
    struct change_log *log = MEM_NEW(struct change_log);
    log->home = options->home;
    log->is_flushed = options->is_flushed;
    log->has_others = options->has_others;
    log->outlives_boots = options->is_flushed && !options->has_others;
    log->tree = options->tree;
    log->index = change_index_new(options->count_max);
    list_init(&log->notes);
    if (options->has_others)
        log->left = mem_new(LEFT_COUNT, sizeof(*log->left));
    pthread_mutex_init(&log->mutex, NULL);
    if (log->home)
        expected_init(&log->expected, log->home->fd);
    else
        runs_begin(&log->runs, 0);
    bool is_fine = !log->home || read_log(log, options, err);
    if (is_fine && log->home) {
        unsigned how = JOURNAL_LASTS | (log->outlives_boots ? JOURNAL_FLUSHES : 0U);
        log->journal = journal_open(log->home, &change_kind, log, how, err);
        is_fine = log->journal != NULL;
    }
    if (is_fine)
        return log;
    change_log_close(log);
    return NULL;
}

static void enter(struct change_log *log)
{
    if (log->journal)
        journal_enter(log->journal);
}

static void leave(struct change_log *log)
{
    if (log->journal)
        journal_leave(log->journal);
}

static void write_clean(struct change_log *log)
{
    struct buf frame = {0};
    size_t head = begin_record(&frame, RECORD_CLEAN);
    frame_end(&frame, head);
    journal_enter(log->journal);
    (void)!journal_append_last(log->journal, buf_str(&frame)); /* or the next start says so */
    journal_leave(log->journal);
    buf_done(&frame);
}

void change_log_close(struct change_log *log)
{
    if (!log)
        return;
    assert(list_is_empty(&log->notes) && listeners_are_none(&log->listeners));
    if (log->journal && log->is_settled)
        write_clean(log);
    journal_close(log->journal);
    expected_done(&log->expected);
    change_index_free(log->index);
    pthread_mutex_destroy(&log->mutex);
    mem_free(log->left);
    mem_free(log);
}

/* --- changes --- */

static bool is_removed(int dir_fd, const char *name)
{
    return unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT;
}

bool change_log_remove(int dir_fd, struct err *err)
{
    return (is_removed(dir_fd, change_kind.name) && is_removed(dir_fd, change_kind.new_name)) ||
           err_sys(err, errno, "cannot remove " CHANGES_NAME);
}

/* In the journal, which could not be written: `rc` says why. */
static enum store_rc give_up(struct change_log *log, enum store_rc rc)
{
    struct err err;
    if (!change_log_remove(log->home->fd, &err) || (log->is_flushed && fsync(log->home->fd) < 0))
        return rc;
    journal_give_up(log->journal);
    pthread_mutex_lock(&log->mutex);
    begin_anew(log);
    pthread_mutex_unlock(&log->mutex);
    return STORE_OK;
}

static void unlink_note(struct change_log *log, struct change_note *note)
{
    pthread_mutex_lock(&log->mutex);
    list_remove(&note->link);
    pthread_mutex_unlock(&log->mutex);
}

/* In the journal. When it returns OK, the disk says of the change, or that one is expected. */
static enum store_rc write_begin(struct change_log *log, const struct change_note *note)
{
    struct buf frames = {0};
    bool is_said = !log->outlives_boots ||
                   (log->expected_at && expected_is(&log->expected, note->rows, note->row_count));
    (void)buf_reserve(&frames, FRAMES_BYTES); /* once, for most */
    if (!is_said) {
        log->expected_at = 0;
        expected_add(&log->expected, note->rows, note->row_count);
        add_expected(&frames, log);
    }
    add_begin(&frames, note);
    enum store_rc rc = journal_append(log->journal, buf_str(&frames));
    buf_done(&frames);
    if (!is_said && rc == STORE_OK)
        log->expected_at = journal_count(log->journal);
    return rc == STORE_OK ? journal_flush_to(log->journal, log->expected_at) : rc;
}

enum store_rc change_log_begin(struct change_log *log, struct change_note *note)
{
    enum store_rc rc = STORE_OK;
    enter(log);
    pthread_mutex_lock(&log->mutex);
    note->id = ++log->last_id;
    list_append(&log->notes, &note->link);
    pthread_mutex_unlock(&log->mutex);
    log->is_settled = false;
    if (log->journal && (rc = write_begin(log, note)) != STORE_OK)
        rc = give_up(log, rc);
    if (rc != STORE_OK)
        unlink_note(log, note);
    leave(log);
    return rc;
}

/* An end that is in no file makes what was begun unknown, and what is told from now on too new for
 * whoever reads it. */
static void write_end(struct change_log *log, const struct change_note *note,
                      enum change_outcome outcome)
{
    struct buf frame = {0};
    add_end(&frame, note->id, change_index_head(log->index) + 1, outcome);
    if (!journal_append_quickly(log->journal, buf_str(&frame))) {
        enum store_rc rc = journal_append(log->journal, buf_str(&frame));
        if (rc != STORE_OK)
            (void)!give_up(log, rc);
    }
    buf_done(&frame);
}

void change_log_end(struct change_log *log, struct change_note *note, enum change_outcome outcome)
{
    enter(log);
    if (log->journal)
        write_end(log, note, outcome); /* (1) */
    pthread_mutex_lock(&log->mutex);
    list_remove(&note->link);
    add_rows(log, note, outcome);
    pthread_mutex_unlock(&log->mutex);
    leave(log);
}

void change_log_settle(struct change_log *log, int tree_fd)
{
    log->is_settled = true; /* until the next change begins */
    if (!log->is_flushed && (syncfs(tree_fd) < 0 || syncfs(log->home->fd) < 0))
        log->is_settled = false;
}

/* Where the log can be neither written nor removed, who asks now is told all the same. */
void change_log_found(struct change_log *log, const struct change_row *row)
{
    struct change_note note = {.rows = {*row}, .row_count = 1};
    if (change_log_begin(log, &note) == STORE_OK) {
        change_log_end(log, &note, OUTCOME_ALL);
        return;
    }
    pthread_mutex_lock(&log->mutex);
    add_rows(log, &note, OUTCOME_ALL);
    pthread_mutex_unlock(&log->mutex);
}

static bool is_about(const struct change_note *note, struct res_path path)
{
    for (size_t i = 0; i < note->row_count; i++) {
        if (path_is_within(path, note->rows[i].path))
            return true;
    }
    return false;
}

bool change_log_is_changing(struct change_log *log, struct res_path path)
{
    bool is_changing = false;
    pthread_mutex_lock(&log->mutex);
    LIST_EACH (&log->notes, link)
        is_changing |= is_about(CONTAINER_OF(link, struct change_note, link), path);
    pthread_mutex_unlock(&log->mutex);
    return is_changing;
}

uint64_t change_log_left(struct change_log *log, struct res_path path, uint64_t since)
{
    uint64_t hash = hash_bytes(path_str(path));
    pthread_mutex_lock(&log->mutex);
    struct left left = log->left ? log->left[hash % LEFT_COUNT] : (struct left){0};
    bool is_newest = left.seq >= change_index_told(log->index, path);
    pthread_mutex_unlock(&log->mutex);
    return left.path == hash && left.seq > since && is_newest ? left.what : (uint64_t)LEFT_UNKNOWN;
}

bool change_log_had_members(struct change_log *log, struct res_path path)
{
    pthread_mutex_lock(&log->mutex);
    bool had = change_index_had_members(log->index, path);
    pthread_mutex_unlock(&log->mutex);
    return had;
}

uint64_t change_log_head(struct change_log *log)
{
    pthread_mutex_lock(&log->mutex);
    uint64_t head = change_index_head(log->index);
    pthread_mutex_unlock(&log->mutex);
    return head;
}

uint64_t change_log_asked(struct change_log *log)
{
    pthread_mutex_lock(&log->mutex);
    uint64_t asked = log->asked;
    pthread_mutex_unlock(&log->mutex);
    return asked;
}

void change_log_replace(struct change_log *log, uint64_t tree)
{
    enter(log);
    pthread_mutex_lock(&log->mutex);
    log->tree = tree;
    begin_anew(log);
    pthread_mutex_unlock(&log->mutex);
    enum store_rc rc = log->journal ? journal_renew(log->journal) : STORE_OK;
    if (rc != STORE_OK)
        (void)!give_up(log, rc); /* what is kept is of another tree, or was not closed */
    leave(log);
}

void change_log_forget(struct change_log *log)
{
    change_log_replace(log, log->tree);
}

/* --- questions --- */

struct change_point change_log_tag(struct change_log *log, struct res_path path)
{
    pthread_mutex_lock(&log->mutex);
    uint64_t seq = change_index_tag(log->index, path);
    log->asked++;
    struct change_point point = {runs_find(&log->runs, seq), seq};
    pthread_mutex_unlock(&log->mutex);
    return point;
}

bool change_log_knows(struct change_log *log, struct res_path path, struct change_point since,
                      bool is_deep)
{
    pthread_mutex_lock(&log->mutex);
    bool has_been =
        since.seq <= change_index_head(log->index) && runs_find(&log->runs, since.seq) == since.run;
    bool knows = has_been && change_index_knows(log->index, path, since.seq, is_deep);
    pthread_mutex_unlock(&log->mutex);
    return knows;
}

struct change_point change_log_point(struct change_log *log, uint64_t seq)
{
    pthread_mutex_lock(&log->mutex);
    struct change_point point = {runs_find(&log->runs, seq), seq};
    pthread_mutex_unlock(&log->mutex);
    return point;
}

uint64_t change_log_told(struct change_log *log, struct res_path path)
{
    pthread_mutex_lock(&log->mutex);
    uint64_t told = change_index_told(log->index, path);
    pthread_mutex_unlock(&log->mutex);
    return told;
}

uint64_t change_log_told_below(struct change_log *log, struct res_path path, struct res_path top)
{
    pthread_mutex_lock(&log->mutex);
    uint64_t told = change_index_told_below(log->index, path, top);
    pthread_mutex_unlock(&log->mutex);
    return told;
}

enum store_rc change_log_next(struct change_log *log, struct arena *arena,
                              struct change_query *query, struct change_found *found_out)
{
    enum store_rc rc;
    do {
        pthread_mutex_lock(&log->mutex);
        rc = change_index_next(log->index, arena, query, found_out);
        pthread_mutex_unlock(&log->mutex);
    } while (rc == STORE_AGAIN);
    return rc;
}

/* --- listening --- */

void change_log_listen(struct change_log *log, struct listener *listener, struct res_path path)
{
    pthread_mutex_lock(&log->mutex);
    listeners_add(&log->listeners, listener, path);
    pthread_mutex_unlock(&log->mutex);
}

bool change_log_unlisten(struct change_log *log, struct listener *listener)
{
    pthread_mutex_lock(&log->mutex);
    bool is_to_hear = listeners_remove(&log->listeners, listener);
    pthread_mutex_unlock(&log->mutex);
    return is_to_hear;
}
