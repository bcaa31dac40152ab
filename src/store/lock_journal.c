/* The table answers all questions; the journal is what is left of it when the process has ended. A
 * change is one write(2) at the end of a file, or a copy to where it is mapped if nothing has to be
 * flushed (mapped.c). That costs little enough to be made on a loop's thread, where a database's
 * transaction would have to go to a worker.
 *
 *   file    = frame* zeros
 *   frame   = length of the record (4 bytes), checksum of the record (8), record
 *   record  = kind (1), text (a token; of the first record, the boot), and of a lock that is put:
 *             flags (1), timeout (4), expiry by the wall clock (8), root, owner, principal, expiry
 *             since the boot (8); each text with its length (4) before it; numbers little-endian
 *
 * Time. What is in memory counts by a clock that nobody can set. After a restart in the same boot
 * of the machine it goes on by that; after another boot there is only the wall clock, and a lock
 * gets at most what it was granted, should that have been set back.
 *
 * Invariants
 *  (1) What the file says is what the table says, or more recent: under the mutex a change goes
 *      first to the file and then to the table. One exception: locks whose resources are gone leave
 *      the table although the file cannot be written (is_behind). It is then made anew before there
 *      can be another resource at their place.
 *  (2) The file has the blocks for what will be written to it: it is made with zeros at its end. So
 *      a lock can be removed while the disk is full, and to flush a change writes no metadata.
 *  (3) When the zeros are used up, a new file is made of the table and renamed over the old one. It
 *      has room for at least as much again, so that a change costs the same on average however many
 *      locks there are.
 *  (4) After a failed write or flush nobody knows what the file says (is_broken), and a file that
 *      somebody has removed or moved away says nothing: the next change begins with a new one. So
 *      does one that was cut off, as far as that is seen: where it is mapped.
 *  (5) A damaged file is set aside when the new one is complete, which the next start then finds.
 *  (2) to (4) are asserted. To see (1), both would have to be read through; the tests do that.
 *
 * A checksum that is wrong at the end is what a crash leaves of changes that nobody was told of.
 * Where whole frames follow it, the file is damaged: they are taken, too, since each says all of a
 * lock. A removal that is lost leaves a lock that expires; the other way round somebody's lock
 * would be gone without a word.
 *
 * Flushing. Changes that wait while another is being flushed share the next flush: who finds nobody
 * flushing does it for all that has been written until then, as in flush.c. The table has a change
 * before it is flushed. That harms nobody: others may see a lock that is refused after all, or one
 * gone whose removal was never acknowledged. */
#include "store/lock_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/turn.h"
#include "store/mapped.h"

#define JOURNAL_NEW_NAME "locks.journal.new"

enum {
    HEAD_BYTES = 4 + 8,
    RECORD_BYTES_MAX = 1 << 16, /* a path, an owner and a name: bounds a search through noise */
    FRAME_BYTES = 512,          /* mostly less */
    SPARE_BYTES_MIN = 1 << 18,
    BATCH_BYTES = 1 << 16,
    BATCH_LOCKS = 512,
};

enum record_kind { RECORD_BOOT = 'b', RECORD_PUT = 'p', RECORD_REMOVE = 'r' };

enum { FLAG_EXCLUSIVE = 1, FLAG_INFINITE = 2 };

struct lock_journal {
    uint64_t id; /* no other has had it */
    struct state_home *home;
    struct lock_table *table;
    bool is_flushed;
    bool keeps_old; /* the file that is there is damaged, and set aside by the first new one */

    pthread_mutex_t mutex; /* guards what follows, and changes of the table */
    pthread_cond_t flush_over;
    int fd;
    struct state_file file; /* what is open as fd */
    struct mapped mapped;   /* all of the file, where nothing has to be flushed */
    uint64_t len;           /* where the next frame goes */
    uint64_t capacity;      /* how long the file is */
    bool is_broken;
    atomic_bool is_behind;

    bool is_flushing;
    uint64_t written; /* how many changes are in the file */
    uint64_t flushed; /* so many of them are on the disk */
    uint64_t lost;    /* so many were there when a flush failed */
};

/* --- time --- */

/* Of this boot of the machine; empty when it is not known. */
static struct str boot_id(char room[64])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, room, 64);
    fd_close(fd);
    return str_trim(str_of(room, len > 0 ? (size_t)len : 0));
}

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

static uint64_t checksum(struct str bytes) /* FNV-1a */
{
    uint64_t sum = 0xcbf29ce484222325U;
    for (size_t i = 0; i < bytes.len; i++)
        sum = (sum ^ (unsigned char)bytes.at[i]) * 0x100000001b3U;
    return sum;
}

static void store_number(char *at, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        at[i] = (char)(value >> (8 * i));
}

static void add_number(struct buf *to, uint64_t value, unsigned bytes)
{
    store_number(buf_reserve(to, bytes), value, bytes);
    to->len += bytes;
}

static void add_text(struct buf *to, struct str text)
{
    add_number(to, text.len, 4);
    buf_add(to, text);
}

static void add_frame(struct buf *to, enum record_kind kind, const struct lock *lock)
{
    size_t head = to->len;
    add_number(to, 0, 4);
    add_number(to, 0, 8);
    buf_add_char(to, (char)kind);
    add_text(to, lock->token);
    if (kind == RECORD_PUT) {
        buf_add_char(to, (char)((lock->is_exclusive ? FLAG_EXCLUSIVE : 0) |
                                (lock->is_infinite ? FLAG_INFINITE : 0)));
        add_number(to, lock->timeout_s, 4);
        add_number(to, (uint64_t)wall_of_expiry(lock->expires_ms), 8);
        add_text(to, path_str(lock->root));
        add_text(to, lock->owner_xml);
        add_text(to, lock->principal);
        add_number(to, (uint64_t)lock->expires_ms, 8);
    }
    struct str record = str_from(buf_str(to), head + HEAD_BYTES);
    store_number(to->at + head, record.len, 4);
    store_number(to->at + head + 4, checksum(record), 8);
}

/* These take from the front. False: there is not so much. */
static bool take_number(struct str *from, unsigned bytes, uint64_t *value_out)
{
    if (from->len < bytes)
        return false;
    *value_out = 0;
    for (unsigned i = 0; i < bytes; i++)
        *value_out |= (uint64_t)(unsigned char)from->at[i] << (8 * i);
    *from = str_from(*from, bytes);
    return true;
}

static bool take_text(struct str *from, struct str *text_out)
{
    uint64_t len;
    if (!take_number(from, 4, &len) || len > from->len)
        return false;
    *text_out = str_of(from->at, len);
    *from = str_from(*from, len);
    return true;
}

/* False: there is no whole frame. */
static bool take_frame(struct str *from, struct str *record_out)
{
    uint64_t len;
    uint64_t sum;
    struct str rest = *from;
    if (!take_number(&rest, 4, &len) || !take_number(&rest, 8, &sum) || len == 0 ||
        len > rest.len || len > RECORD_BYTES_MAX)
        return false;
    *record_out = str_of(rest.at, len);
    *from = str_from(rest, len);
    return checksum(*record_out) == sum;
}

static bool parse_put(struct str record, bool is_of_this_boot, struct lock *lock)
{
    uint64_t flags;
    uint64_t timeout_s;
    uint64_t wall_ms;
    uint64_t boot_ms;
    struct str root;
    if (!take_number(&record, 1, &flags) || !take_number(&record, 4, &timeout_s) ||
        !take_number(&record, 8, &wall_ms) || !take_text(&record, &root) ||
        !take_text(&record, &lock->owner_xml) || !take_text(&record, &lock->principal))
        return false;
    lock->root = (struct res_path){root.at, root.len};
    lock->is_exclusive = flags & FLAG_EXCLUSIVE;
    lock->is_infinite = flags & FLAG_INFINITE;
    lock->timeout_s = (uint32_t)timeout_s;
    lock->expires_ms = lock_expiry_of_wall((int64_t)wall_ms, lock->timeout_s);
    if (record.len == 0) /* an older davit's: it knew the wall clock only */
        return true;
    if (!take_number(&record, 8, &boot_ms))
        return false;
    if (is_of_this_boot)
        lock->expires_ms = cap_expiry((int64_t)boot_ms, lock->timeout_s);
    return record.len == 0;
}

struct reading {
    struct lock_table *table;
    size_t count;    /* of records that were taken */
    size_t skipped;  /* bytes of what is no record */
    bool is_damaged; /* there are records behind it */
    bool is_of_this_boot;
};

/* False: it is no record that this davit writes. */
static bool replay(struct reading *reading, struct str record)
{
    struct lock lock = {0};
    uint64_t kind;
    if (!take_number(&record, 1, &kind) || !take_text(&record, &lock.token))
        return false;
    if (kind == RECORD_BOOT) {
        char room[64];
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

/* --- reading --- */

static bool is_zeros(struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.at[i])
            return false;
    }
    return true;
}

/* Whether a whole frame begins somewhere in the bytes; then they begin with it. */
static bool find_frame(struct str *bytes)
{
    struct str record;
    for (size_t i = 1; i < bytes->len; i++) {
        struct str rest = str_from(*bytes, i);
        if (take_frame(&rest, &record)) {
            *bytes = str_from(*bytes, i);
            return true;
        }
    }
    return false;
}

static void replay_all(struct reading *reading, struct str bytes)
{
    struct str record;
    for (;;) {
        struct str rest = bytes;
        bool is_frame = take_frame(&rest, &record);
        if (is_frame && replay(reading, record)) {
            reading->count++;
            bytes = rest;
            continue;
        }
        rest = bytes;
        reading->is_damaged = reading->is_damaged || is_frame; /* of no kind that is known */
        if (is_zeros(bytes))
            return;
        bool has_more = find_frame(&bytes);
        reading->skipped += has_more ? rest.len - bytes.len : rest.len;
        reading->is_damaged = reading->is_damaged || has_more;
        if (!has_more)
            return;
    }
}

/* A file, and no link to one. -1: `err` says why. */
static int open_journal(int dir_fd, const char *name, struct err *err)
{
    struct stat st;
    int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        err_sys(err, errno, "cannot open %s", name);
        return -1;
    }
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        return fd;
    fd_close(fd);
    err_set(err, 0, "%s is not a regular file", name);
    return -1;
}

bool lock_journal_read(int dir_fd, struct lock_table *table, bool *is_damaged_out, struct err *err)
{
    struct buf bytes = {0};
    struct reading reading = {.table = table};
    ssize_t got;
    int fd = open_journal(dir_fd, JOURNAL_NAME, err);
    bool is_new = fd < 0 && err->code == ENOENT; /* (5) */
    if (is_new)
        fd = open_journal(dir_fd, JOURNAL_NEW_NAME, err);
    *is_damaged_out = false;
    if (fd < 0)
        return err->code == ENOENT;
    do {
        got = read(fd, buf_reserve(&bytes, BATCH_BYTES), BATCH_BYTES);
        bytes.len += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    if (got < 0) {
        log_line(LOG_ERROR, "cannot read " JOURNAL_NAME ": %s", strerrordesc_np(errno));
        reading.is_damaged = true;
    }
    fd_close(fd);
    replay_all(&reading, buf_str(&bytes));
    if (reading.count == 0 && (reading.skipped || bytes.len == 0))
        reading.is_damaged = true; /* it is made whole, with a record in it */
    buf_done(&bytes);
    *is_damaged_out = reading.is_damaged && !is_new;
    if (*is_damaged_out)
        log_line(LOG_ERROR,
                 JOURNAL_NAME " is damaged: %zu locks were saved, %zu bytes are unreadable",
                 lock_table_count(table), reading.skipped);
    else if (reading.skipped)
        log_line(LOG_WARN, JOURNAL_NAME ": an incomplete entry at its end is ignored");
    return true;
}

/* --- writing --- */

/* 0 or errno. */
static int write_at(int fd, struct str bytes, uint64_t offset)
{
    while (bytes.len) {
        ssize_t done = pwrite(fd, bytes.at, bytes.len, (off_t)offset);
        if (done < 0 && errno != EINTR)
            return errno;
        bytes = str_from(bytes, done > 0 ? (size_t)done : 0);
        offset += done > 0 ? (uint64_t)done : 0;
    }
    return 0;
}

/* A new file while it is written. */
struct making {
    int fd;
    struct buf batch;
    uint64_t len; /* of what has left the batch */
    int code;
    bool is_in_place;
};

static void write_batch(struct making *making)
{
    if (!making->code)
        making->code = write_at(making->fd, buf_str(&making->batch), making->len);
    making->len += making->batch.len;
    buf_clear(&making->batch);
}

static void write_boot(struct making *making)
{
    char room[64];
    struct lock boot = {.token = boot_id(room)};
    add_frame(&making->batch, RECORD_BOOT, &boot);
}

static void write_lock(const struct lock *lock, void *arg)
{
    struct making *making = arg;
    add_frame(&making->batch, RECORD_PUT, lock);
    if (making->batch.len >= BATCH_BYTES)
        write_batch(making);
}

static void write_zeros(struct making *making, uint64_t count)
{
    while (count) {
        size_t some = (size_t)u64_min(count, BATCH_BYTES);
        memset(buf_reserve(&making->batch, some), 0, some);
        making->batch.len += some;
        write_batch(making);
        count -= some;
    }
}

/* 0 or errno. */
static int set_aside(int dir_fd)
{
    char name[64];
    long long when = (long long)(clock_wall_ms() / 1000);
    do {
        str_print(name, sizeof(name), JOURNAL_NAME ".damaged-%lld", when++);
    } while (state_file_at(dir_fd, name).ino);
    if (renameat(dir_fd, JOURNAL_NAME, dir_fd, name) < 0)
        return errno;
    log_line(LOG_ERROR, "the damaged " JOURNAL_NAME " is kept as %s", name);
    return 0;
}

/* Writes the table to a new file with `room` at its end. Its length is *len_out; 0 or errno. */
static int make_file(const struct lock_journal *journal, struct making *making, uint64_t room,
                     uint64_t *len_out)
{
    int dir_fd = journal->home->fd;
    (void)unlinkat(dir_fd, JOURNAL_NEW_NAME, 0); /* of a crash; mostly there is none */
    making->fd =
        openat(dir_fd, JOURNAL_NEW_NAME, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0600);
    if (making->fd < 0)
        return errno;
    write_boot(making);
    lock_table_each(journal->table, write_lock, making);
    write_batch(making);
    *len_out = making->len;
    write_zeros(making, u64_max(making->len, SPARE_BYTES_MIN) + room);
    int code = making->code;
    if (!code && journal->is_flushed && fdatasync(making->fd) < 0)
        code = errno;
    if (!code && journal->keeps_old)
        code = set_aside(dir_fd);
    if (!code && renameat(dir_fd, JOURNAL_NEW_NAME, dir_fd, JOURNAL_NAME) < 0)
        code = errno;
    making->is_in_place = !code;
    if (!code && journal->is_flushed && fsync(dir_fd) < 0)
        code = errno;
    return code;
}

/* Makes a new file of the table. 0 or errno; then the one that has the name is in use. */
static int renew(struct lock_journal *journal, uint64_t room)
{
    struct making making = {.fd = -1};
    uint64_t len = 0;
    while (journal->is_flushing) /* who does uses the descriptor */
        pthread_cond_wait(&journal->flush_over, &journal->mutex);
    if (!state_home_restore(journal->home))
        return ENOENT;
    int code = make_file(journal, &making, room, &len);
    buf_done(&making.batch);
    int unused_fd = making.is_in_place ? journal->fd : making.fd;
    fd_close(unused_fd); /* nothing in it is needed */
    if (making.is_in_place) {
        mapped_close(&journal->mapped);
        if (!journal->is_flushed) /* or else it is written by calls */
            (void)!mapped_open(&journal->mapped, making.fd, making.len);
        journal->fd = making.fd;
        journal->file = state_file_of(making.fd);
        journal->len = len;
        journal->capacity = making.len;
        assert(journal->capacity - len >= len + room); /* (3) */
    }
    journal->is_broken = journal->is_broken || code;
    if (code)
        return code;
    journal->flushed = journal->written;
    journal->is_broken = false;
    atomic_store(&journal->is_behind, false);
    return 0;
}

static enum store_rc rc_of(int code)
{
    if (code == 0)
        return STORE_OK;
    if (code == ENOSPC || code == EDQUOT)
        return STORE_NO_SPACE;
    if (code == EROFS)
        return STORE_READ_ONLY;
    log_line(LOG_ERROR, JOURNAL_NAME ": %s", strerrordesc_np(code));
    return STORE_FAILED;
}

/* Whether the next process reads this file. A loop looks once in a turn (base/turn.h). */
static bool is_kept(const struct lock_journal *journal)
{
    static _Thread_local struct {
        uint64_t id;
        uint64_t turn;
    } last_look;
    uint64_t turn = turn_current();
    if (turn && last_look.turn == turn && last_look.id == journal->id)
        return true;
    bool is = state_home_keeps(journal->home, JOURNAL_NAME, &journal->file);
    last_look.id = is ? journal->id : 0;
    last_look.turn = turn;
    return is;
}

/* 0 or errno. EFAULT: the file is not what it was. */
static int write_frames(struct lock_journal *journal, struct str frames)
{
    if (journal->mapped.at)
        return mapped_write(&journal->mapped, journal->len, frames) ? 0 : EFAULT;
    return write_at(journal->fd, frames, journal->len);
}

/* With the mutex held. */
static enum store_rc append(struct lock_journal *journal, struct str frames)
{
    bool is_full = frames.len > journal->capacity - journal->len;
    journal->is_broken = journal->is_broken || !is_kept(journal);
    int code = journal->is_broken || is_full ? renew(journal, frames.len) : 0;
    if (code)
        return rc_of(code);
    assert(!journal->is_broken && frames.len <= journal->capacity - journal->len); /* (2), (4) */
    code = write_frames(journal, frames);
    journal->is_broken = code != 0;
    if (code == EFAULT && !(code = renew(journal, frames.len))) {
        code = write_frames(journal, frames);
        journal->is_broken = code != 0;
    }
    if (!code) {
        journal->len += frames.len;
        journal->written++;
    }
    return rc_of(code);
}

/* With the mutex held: returns when the first `count` changes are on the disk, if they have to be.
 */
static enum store_rc flush(struct lock_journal *journal, uint64_t count)
{
    while (journal->is_flushed && journal->flushed < count && journal->lost < count) {
        if (journal->is_flushing) {
            pthread_cond_wait(&journal->flush_over, &journal->mutex);
            continue;
        }
        uint64_t goal = journal->written;
        journal->is_flushing = true;
        pthread_mutex_unlock(&journal->mutex);
        int code = fdatasync(journal->fd) < 0 ? errno : 0;
        pthread_mutex_lock(&journal->mutex);
        journal->is_flushing = false;
        *(code ? &journal->lost : &journal->flushed) = goal;
        journal->is_broken = journal->is_broken || code;
        pthread_cond_broadcast(&journal->flush_over);
        (void)rc_of(code); /* logs it once; who waits is told by `lost` */
    }
    /* A new file of what is in the table says the same, if it can be made. */
    if (journal->is_flushed && journal->flushed < count)
        (void)rc_of(renew(journal, 0)); /* logs it; `flushed` tells */
    return !journal->is_flushed || journal->flushed >= count ? STORE_OK : STORE_FAILED;
}

/* --- changes --- */

/* A lock that was refused after all is in the file: the removal behind it is for a process that
 * ends before there is a new file. */
static void take_back(struct lock_journal *journal, const struct lock *lock)
{
    struct buf frame = {0};
    (void)lock_table_remove(journal->table, lock->token); /* it is there */
    add_frame(&frame, RECORD_REMOVE, lock);
    if (frame.len <= journal->capacity - journal->len && !write_frames(journal, buf_str(&frame)))
        journal->len += frame.len;
    buf_done(&frame);
}

enum store_rc lock_journal_put(struct lock_journal *journal, const struct lock *lock)
{
    struct buf frame = {0};
    (void)buf_reserve(&frame, FRAME_BYTES); /* once, for most */
    add_frame(&frame, RECORD_PUT, lock);
    pthread_mutex_lock(&journal->mutex);
    bool is_new = journal->is_flushed && !lock_table_has(journal->table, lock->token);
    enum store_rc rc = append(journal, buf_str(&frame));
    if (rc == STORE_OK) {
        lock_table_put(journal->table, lock);
        rc = flush(journal, journal->written);
        if (rc != STORE_OK && is_new)
            take_back(journal, lock);
    }
    pthread_mutex_unlock(&journal->mutex);
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
    pthread_mutex_lock(&journal->mutex);
    for (size_t at = 0; at < locks->count && rc == STORE_OK; at += BATCH_LOCKS)
        rc = remove_batch(journal, locks->items + at, size_min(locks->count - at, BATCH_LOCKS));
    if (rc == STORE_OK && locks->count && flush(journal, journal->written) != STORE_OK)
        rc = STORE_UNKNOWN; /* they are gone, until a crash brings them back */
    pthread_mutex_unlock(&journal->mutex);
    return rc;
}

void lock_journal_forget(struct lock_journal *journal, const struct lock_list *locks)
{
    if (lock_journal_remove(journal, locks) == STORE_OK)
        return;
    pthread_mutex_lock(&journal->mutex);
    for (size_t i = 0; i < locks->count; i++)
        (void)lock_table_remove(journal->table, locks->items[i].token); /* it may be gone */
    journal->is_broken = true;
    atomic_store(&journal->is_behind, true);
    pthread_mutex_unlock(&journal->mutex);
}

enum store_rc lock_journal_settle(struct lock_journal *journal)
{
    if (!atomic_load(&journal->is_behind))
        return STORE_OK;
    pthread_mutex_lock(&journal->mutex);
    int code = atomic_load(&journal->is_behind) ? renew(journal, 0) : 0;
    pthread_mutex_unlock(&journal->mutex);
    return rc_of(code);
}

/* --- life --- */

struct lock_journal *lock_journal_open(struct state_home *home, struct lock_table *table,
                                       enum journal_open how, struct err *err)
{
    struct lock_journal *journal = MEM_NEW(struct lock_journal);
    static atomic_ullong count;
    journal->id = atomic_fetch_add(&count, 1) + 1;
    journal->home = home;
    journal->table = table;
    journal->is_flushed = how & JOURNAL_FLUSHES;
    journal->keeps_old = how & JOURNAL_KEEPS_OLD;
    journal->fd = -1;
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_cond_init(&journal->flush_over, NULL);
    int code = renew(journal, 0);
    journal->keeps_old = false;
    if (!code)
        return journal;
    err_sys(err, code, "cannot write " JOURNAL_NAME);
    lock_journal_close(journal);
    return NULL;
}

void lock_journal_close(struct lock_journal *journal)
{
    if (!journal)
        return;
    pthread_mutex_lock(&journal->mutex);
    if (journal->fd >= 0 && !is_kept(journal) && lock_table_count(journal->table))
        (void)rc_of(renew(journal, 0)); /* what cannot be kept is said */
    pthread_mutex_unlock(&journal->mutex);
    mapped_close(&journal->mapped);
    fd_close(journal->fd); /* what had to be flushed was */
    pthread_cond_destroy(&journal->flush_over);
    pthread_mutex_destroy(&journal->mutex);
    mem_free(journal);
}
