/* The table answers all questions; the journal (journal.c) is what is left of it when the process
 * has ended.
 *
 *   record  = kind (1), text (a token; of the first record, the boot), and of a lock that is put:
 *             flags (1), timeout (4), expiry by the wall clock (8), root, owner, principal, expiry
 *             since the boot (8)
 *
 * Time. What is in memory counts by a clock that nobody can set. After a restart in the same boot
 * of the machine it goes on by that; after another boot there is only the wall clock, and a lock
 * gets at most what it was granted, should that have been set back.
 *
 * One exception to the journal's invariant that the file says what the table says, or more recent:
 * locks whose resources are gone leave the table although the file cannot be written (is_behind).
 * It is then made anew before there can be another resource at their place.
 *
 * Where whole frames follow one that is damaged, they are taken, too, since each says all of a
 * lock. A removal that is lost leaves a lock that expires; the other way round somebody's lock
 * would be gone without a word. The table has a change before it is flushed. That harms nobody:
 * others may see a lock that is refused after all, or one gone whose removal was never
 * acknowledged. */
#include "store/lock_journal.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { FRAME_BYTES = 512 /* mostly less */, BATCH_LOCKS = 512 };

enum record_kind { RECORD_BOOT = 'b', RECORD_PUT = 'p', RECORD_REMOVE = 'r' };

enum { FLAG_EXCLUSIVE = 1, FLAG_INFINITE = 2 };

struct lock_journal {
    struct journal *journal;
    struct lock_table *table;
    bool is_flushed;
    atomic_bool is_behind;
};

/* --- time --- */

static int64_t wall_of_expiry(int64_t expires_ms)
{
    int64_t wall_ms;
    bool is_beyond =
        __builtin_add_overflow(expires_ms - clock_boot_ms(), clock_wall_ms(), &wall_ms);
    return is_beyond ? INT64_MAX : wall_ms;
}

static int64_t cap_expiry(int64_t expires_ms, uint32_t timeout_s)
{
    int64_t latest_ms = clock_boot_ms() + (int64_t)timeout_s * 1000;
    return expires_ms < latest_ms ? expires_ms : latest_ms;
}

int64_t lock_expiry_of_wall(int64_t wall_ms, uint32_t timeout_s)
{
    int64_t left_ms;
    if (__builtin_sub_overflow(wall_ms, clock_wall_ms(), &left_ms) || left_ms < 0)
        left_ms = 0;
    return cap_expiry(left_ms > INT64_MAX / 2 ? INT64_MAX : clock_boot_ms() + left_ms, timeout_s);
}

/* --- records --- */

static void add_frame(struct buf *to, enum record_kind kind, const struct lock *lock)
{
    size_t head = frame_begin(to);
    buf_add_char(to, (char)kind);
    frame_add_text(to, lock->token);
    if (kind == RECORD_PUT) {
        buf_add_char(to, (char)((lock->is_exclusive ? FLAG_EXCLUSIVE : 0) |
                                (lock->is_infinite ? FLAG_INFINITE : 0)));
        frame_add_number(to, lock->timeout_s, 4);
        frame_add_number(to, (uint64_t)wall_of_expiry(lock->expires_ms), 8);
        frame_add_text(to, path_str(lock->root));
        frame_add_text(to, lock->owner_xml);
        frame_add_text(to, lock->principal);
        frame_add_number(to, (uint64_t)lock->expires_ms, 8);
    }
    frame_end(to, head);
}

static bool parse_put(struct str record, bool is_of_this_boot, struct lock *lock)
{
    uint64_t flags;
    uint64_t timeout_s;
    uint64_t wall_ms;
    uint64_t boot_ms;
    struct str root;
    if (!frame_take_number(&record, 1, &flags) || !frame_take_number(&record, 4, &timeout_s) ||
        !frame_take_number(&record, 8, &wall_ms) || !frame_take_text(&record, &root) ||
        !frame_take_text(&record, &lock->owner_xml) || !frame_take_text(&record, &lock->principal))
        return false;
    lock->root = (struct res_path){root.at, root.len};
    lock->is_exclusive = flags & FLAG_EXCLUSIVE;
    lock->is_infinite = flags & FLAG_INFINITE;
    lock->timeout_s = (uint32_t)timeout_s;
    lock->expires_ms = lock_expiry_of_wall((int64_t)wall_ms, lock->timeout_s);
    if (record.len == 0) /* an older davit's: it knew the wall clock only */
        return true;
    if (!frame_take_number(&record, 8, &boot_ms))
        return false;
    if (is_of_this_boot)
        lock->expires_ms = cap_expiry((int64_t)boot_ms, lock->timeout_s);
    return record.len == 0;
}

struct reading {
    struct lock_table *table;
    bool is_of_this_boot;
};

/* False: it is no record that this davit writes. */
static bool replay(void *arg, struct str record)
{
    struct reading *reading = arg;
    struct lock lock = {0};
    uint64_t kind;
    if (!frame_take_number(&record, 1, &kind) || !frame_take_text(&record, &lock.token))
        return false;
    if (kind == RECORD_BOOT) {
        char room[BOOT_ID_BYTES];
        reading->is_of_this_boot = lock.token.len && str_eq(lock.token, boot_id(room));
        return record.len == 0;
    }
    if (kind == RECORD_PUT && parse_put(record, reading->is_of_this_boot, &lock)) {
        lock_table_put(reading->table, &lock);
        return true;
    }
    if (kind != RECORD_REMOVE || record.len)
        return false;
    (void)lock_table_remove(reading->table, lock.token); /* it may have expired */
    return true;
}

/* --- the file --- */

static void write_boot(struct buf *to)
{
    char room[BOOT_ID_BYTES];
    struct lock boot = {.token = boot_id(room)};
    add_frame(to, RECORD_BOOT, &boot);
}

static void write_lock(const struct lock *lock, void *arg)
{
    struct journal_making *making = arg;
    add_frame(journal_room(making), RECORD_PUT, lock);
    journal_written(making);
}

static void write_table(void *owner, struct journal_making *making)
{
    const struct lock_journal *journal = owner;
    write_boot(journal_room(making));
    lock_table_each(journal->table, write_lock, making);
}

static const struct journal_kind lock_kind = {JOURNAL_NAME, JOURNAL_NAME ".new", true, replay,
                                              write_table};

bool lock_journal_read(int dir_fd, struct lock_table *table, bool *is_damaged_out, struct err *err)
{
    struct reading reading = {.table = table};
    struct frames_found found;
    *is_damaged_out = false;
    if (!journal_read(dir_fd, &lock_kind, &reading, &found, err))
        return false;
    *is_damaged_out = found.is_damaged;
    if (found.is_damaged)
        log_line(LOG_ERROR,
                 JOURNAL_NAME " is damaged: %zu locks were saved, %zu bytes are unreadable",
                 lock_table_count(table), found.skipped);
    else if (found.skipped)
        log_line(LOG_WARN, JOURNAL_NAME ": an incomplete entry at its end is ignored");
    return true;
}

/* In the journal. What has been appended is in a file that says all. */
static enum store_rc append(struct lock_journal *journal, struct str frames)
{
    enum store_rc rc = journal_append(journal->journal, frames);
    if (rc == STORE_OK)
        atomic_store(&journal->is_behind, false);
    return rc;
}

/* --- changes --- */

/* A lock that was refused after all is in the file: the removal behind it is for a process that
 * ends before there is a new file. */
static void take_back(struct lock_journal *journal, const struct lock *lock)
{
    struct buf frame = {0};
    (void)lock_table_remove(journal->table, lock->token); /* it is there */
    add_frame(&frame, RECORD_REMOVE, lock);
    (void)journal_append_quickly(journal->journal, buf_str(&frame)); /* else it is made anew */
    buf_done(&frame);
}

enum store_rc lock_journal_put(struct lock_journal *journal, const struct lock *lock)
{
    struct buf frame = {0};
    (void)buf_reserve(&frame, FRAME_BYTES); /* once, for most */
    add_frame(&frame, RECORD_PUT, lock);
    journal_enter(journal->journal);
    bool is_new = journal->is_flushed && !lock_table_has(journal->table, lock->token);
    enum store_rc rc = append(journal, buf_str(&frame));
    if (rc == STORE_OK) {
        lock_table_put(journal->table, lock);
        rc = journal_flush(journal->journal);
        if (rc != STORE_OK && is_new)
            take_back(journal, lock);
    }
    journal_leave(journal->journal);
    buf_done(&frame);
    return rc;
}

/* What is in one write(2) goes from the table before the next: a new file may be made in between.
 */
static enum store_rc remove_batch(struct lock_journal *journal, const struct lock *locks,
                                  size_t count)
{
    struct buf frames = {0};
    for (size_t i = 0; i < count; i++)
        add_frame(&frames, RECORD_REMOVE, &locks[i]);
    enum store_rc rc = append(journal, buf_str(&frames));
    for (size_t i = 0; i < count && rc == STORE_OK; i++)
        (void)lock_table_remove(journal->table, locks[i].token); /* it may have expired */
    buf_done(&frames);
    return rc;
}

enum store_rc lock_journal_remove(struct lock_journal *journal, const struct lock_list *locks)
{
    enum store_rc rc = STORE_OK;
    journal_enter(journal->journal);
    for (size_t at = 0; at < locks->count && rc == STORE_OK; at += BATCH_LOCKS)
        rc = remove_batch(journal, locks->items + at, size_min(locks->count - at, BATCH_LOCKS));
    if (rc == STORE_OK && locks->count && journal_flush(journal->journal) != STORE_OK)
        rc = STORE_UNKNOWN; /* they are gone, until a crash brings them back */
    journal_leave(journal->journal);
    return rc;
}

void lock_journal_forget(struct lock_journal *journal, const struct lock_list *locks)
{
    if (lock_journal_remove(journal, locks) == STORE_OK)
        return;
    journal_enter(journal->journal);
    for (size_t i = 0; i < locks->count; i++)
        (void)lock_table_remove(journal->table, locks->items[i].token); /* it may be gone */
    journal_give_up(journal->journal);
    atomic_store(&journal->is_behind, true);
    journal_leave(journal->journal);
}

enum store_rc lock_journal_settle(struct lock_journal *journal)
{
    if (!atomic_load(&journal->is_behind))
        return STORE_OK;
    journal_enter(journal->journal);
    enum store_rc rc =
        atomic_load(&journal->is_behind) ? journal_renew(journal->journal) : STORE_OK;
    if (rc == STORE_OK)
        atomic_store(&journal->is_behind, false);
    journal_leave(journal->journal);
    return rc;
}

/* --- life --- */

struct lock_journal *lock_journal_open(struct state_home *home, struct lock_table *table,
                                       enum journal_open how, struct err *err)
{
    struct lock_journal *journal = MEM_NEW(struct lock_journal);
    journal->table = table;
    journal->is_flushed = how & JOURNAL_FLUSHES;
    journal->journal = journal_open(home, &lock_kind, journal, how, err);
    if (journal->journal)
        return journal;
    mem_free(journal);
    return NULL;
}

void lock_journal_close(struct lock_journal *journal)
{
    if (!journal)
        return;
    journal_enter(journal->journal);
    if (!journal_is_kept(journal->journal) && lock_table_count(journal->table))
        (void)!journal_renew(journal->journal); /* what cannot be kept is said */
    journal_leave(journal->journal);
    journal_close(journal->journal);
    mem_free(journal);
}
