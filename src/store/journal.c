/* What a table says is kept in a file, at whose end each change is put first. That is one write(2),
 * or a copy to where the file is mapped if nothing has to be flushed (mapped.c). It costs little
 * enough to be done on a loop's thread, where a database's transaction would have to go to a
 * worker.
 *
 *   file = frame* zeros
 *
 * Invariants
 *  (1) What the file says is what the table says, or more recent: under the mutex a change goes
 *      first to the file and then to the table. Who cannot keep to that gives the file up.
 *  (2) The file has the blocks for what will be written to it: it is made with zeros at its end. So
 *      a change can be made while the disk is full, and to flush one writes no metadata.
 *  (3) When the zeros are used up, a new file is made of the table and renamed over the old one. It
 *      has room for at least as much again, so that a change costs the same on average however much
 *      the table says.
 *  (4) After a failed write or flush nobody knows what the file says (is_broken), and a file that
 *      somebody has removed or moved away says nothing: the next change begins with a new one. So
 *      does one that was cut off, as far as that is seen: where it is mapped.
 *  (5) A damaged file is set aside when the new one is complete, which the next start then finds.
 *  (2) to (4) are asserted. To see (1), both would have to be read through; the tests do that.
 *
 * A checksum that is wrong at the end is what a crash leaves of changes that nobody was told of.
 *
 * Flushing. Changes that wait while another is being flushed share the next flush: who finds nobody
 * flushing does it for all that has been written until then, as in flush.c. The table has a change
 * before it is flushed. */
#include "store/journal.h"

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
#include "store/record/mapped.h"

enum { SPARE_BYTES_MIN = 1 << 18, BATCH_BYTES = JOURNAL_BLOCK_BYTES };

struct journal {
    uint64_t id; /* no other has had it */
    struct state_home *home;
    const struct journal_kind *kind;
    void *owner;
    bool is_flushed;
    bool is_lasting; /* a new file is flushed, whatever its changes are */
    bool keeps_old;  /* the file that is there is damaged, and set aside by the first new one */

    pthread_mutex_t mutex; /* guards what follows, and the owner's table */
    pthread_cond_t flush_over;
    int fd;
    struct state_file file; /* what is open as fd */
    struct mapped mapped;   /* all of the file, where nothing has to be flushed */
    uint64_t len;           /* where the next frame goes */
    uint64_t capacity;      /* how long the file is */
    bool is_broken;

    bool is_flushing;
    uint64_t written; /* how many changes are in the file */
    uint64_t flushed; /* so many of them are on the disk */
    uint64_t lost;    /* so many were there when a flush failed */
};

struct str boot_id(char room[BOOT_ID_BYTES])
{
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd < 0 ? 0 : read(fd, room, BOOT_ID_BYTES);
    fd_close(fd);
    return str_trim(str_of(room, len > 0 ? (size_t)len : 0));
}

/* --- reading --- */

/* A file, and no link to one. -1: `err` says why. */
static int open_file(int dir_fd, const char *name, struct err *err)
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

bool journal_read(int dir_fd, const struct journal_kind *kind, void *reader,
                  struct frames_found *found_out, struct err *err)
{
    struct buf bytes = {0};
    ssize_t got;
    int fd = open_file(dir_fd, kind->name, err);
    bool is_new = kind->takes_new && fd < 0 && err->code == ENOENT; /* (5) */
    if (is_new)
        fd = open_file(dir_fd, kind->new_name, err);
    *found_out = (struct frames_found){0};
    if (fd < 0)
        return err->code == ENOENT;
    do {
        got = read(fd, buf_reserve(&bytes, BATCH_BYTES), BATCH_BYTES);
        bytes.len += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && errno == EINTR));
    int code = got < 0 ? errno : 0;
    fd_close(fd);
    if (code)
        log_line(LOG_ERROR, "cannot read %s: %s", kind->name, strerrordesc_np(code));
    *found_out = frames_replay(buf_str(&bytes), kind->take, reader);
    found_out->is_damaged |= code != 0;
    if (found_out->count == 0 && (found_out->skipped || bytes.len == 0))
        found_out->is_damaged = true; /* it is made whole, with a record in it */
    found_out->is_damaged &= !is_new;
    buf_done(&bytes);
    return true;
}

/* --- a new file --- */

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

/* While it is written. */
struct journal_making {
    int fd;
    struct buf batch;
    uint64_t len; /* of what has left the batch */
    int code;
    bool is_in_place;
};

static void write_batch(struct journal_making *making)
{
    if (!making->code)
        making->code = write_at(making->fd, buf_str(&making->batch), making->len);
    making->len += making->batch.len;
    buf_clear(&making->batch);
}

struct buf *journal_room(struct journal_making *making)
{
    return &making->batch;
}

void journal_written(struct journal_making *making)
{
    if (making->batch.len >= BATCH_BYTES)
        write_batch(making);
}

/* At least so many. */
static void write_zeros(struct journal_making *making, uint64_t count)
{
    uint64_t beyond = (making->len + count) % JOURNAL_BLOCK_BYTES;
    count += beyond ? JOURNAL_BLOCK_BYTES - beyond : 0;
    while (count) {
        size_t some = (size_t)u64_min(count, BATCH_BYTES);
        memset(buf_reserve(&making->batch, some), 0, some);
        making->batch.len += some;
        write_batch(making);
        count -= some;
    }
}

/* 0 or errno. */
static int set_aside(int dir_fd, const char *name)
{
    char aside[ASIDE_NAME_BYTES];
    state_aside_name(dir_fd, name, (long long)(clock_wall_ms() / 1000), aside);
    if (renameat(dir_fd, name, dir_fd, aside) < 0)
        return errno;
    log_line(LOG_ERROR, "the damaged %s is kept as %s", name, aside);
    return 0;
}

/* Writes the table to a new file with `room` at its end. Its length is *len_out; 0 or errno. */
static int make_file(const struct journal *journal, struct journal_making *making, uint64_t room,
                     uint64_t *len_out)
{
    const struct journal_kind *kind = journal->kind;
    bool is_flushed = journal->is_flushed || journal->is_lasting;
    int dir_fd = journal->home->fd;
    (void)unlinkat(dir_fd, kind->new_name, 0); /* of a crash; mostly there is none */
    making->fd =
        openat(dir_fd, kind->new_name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR | O_CLOEXEC, 0600);
    if (making->fd < 0)
        return errno;
    kind->write_table(journal->owner, making);
    write_batch(making);
    *len_out = making->len;
    write_zeros(making, u64_max(making->len, SPARE_BYTES_MIN) + room);
    int code = making->code;
    if (!code && is_flushed && fdatasync(making->fd) < 0)
        code = errno;
    if (!code && journal->keeps_old)
        code = set_aside(dir_fd, kind->name);
    if (!code && renameat(dir_fd, kind->new_name, dir_fd, kind->name) < 0)
        code = errno;
    making->is_in_place = !code;
    if (!code && is_flushed && fsync(dir_fd) < 0)
        code = errno;
    return code;
}

/* Makes a new file of the table. 0 or errno; then the one that has the name is in use. */
static int renew(struct journal *journal, uint64_t room)
{
    struct journal_making making = {.fd = -1};
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
    return 0;
}

static enum store_rc rc_of(const struct journal *journal, int code)
{
    if (code == 0)
        return STORE_OK;
    if (code == ENOSPC || code == EDQUOT)
        return STORE_NO_SPACE;
    if (code == EROFS)
        return STORE_READ_ONLY;
    log_line(LOG_ERROR, "%s: %s", journal->kind->name, strerrordesc_np(code));
    return STORE_FAILED;
}

enum store_rc journal_renew(struct journal *journal)
{
    return rc_of(journal, renew(journal, 0));
}

/* --- changes --- */

void journal_enter(struct journal *journal)
{
    pthread_mutex_lock(&journal->mutex);
}

void journal_leave(struct journal *journal)
{
    pthread_mutex_unlock(&journal->mutex);
}

bool journal_is_kept(const struct journal *journal)
{
    static _Thread_local struct {
        uint64_t id;
        uint64_t turn;
    } last_look;
    uint64_t turn = turn_current();
    if (turn && last_look.turn == turn && last_look.id == journal->id)
        return true;
    bool is = state_home_keeps(journal->home, journal->kind->name, &journal->file);
    last_look.id = is ? journal->id : 0;
    last_look.turn = turn;
    return is;
}

/* 0 or errno. EFAULT: the file is not what it was. */
static int write_frames(struct journal *journal, struct str frames)
{
    if (journal->mapped.at)
        return mapped_write(&journal->mapped, journal->len, frames) ? 0 : EFAULT;
    return write_at(journal->fd, frames, journal->len);
}

enum store_rc journal_append(struct journal *journal, struct str frames)
{
    bool is_full = frames.len > journal->capacity - journal->len;
    journal->is_broken = journal->is_broken || !journal_is_kept(journal);
    int code = journal->is_broken || is_full ? renew(journal, frames.len) : 0;
    if (code)
        return rc_of(journal, code);
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
    return rc_of(journal, code);
}

bool journal_append_quickly(struct journal *journal, struct str frames)
{
    if (frames.len > journal->capacity - journal->len || write_frames(journal, frames) != 0)
        return false;
    journal->len += frames.len;
    return true;
}

enum store_rc journal_append_last(struct journal *journal, struct str frames)
{
    enum store_rc rc = journal_append(journal, frames);
    return rc == STORE_OK ? rc_of(journal, fdatasync(journal->fd) < 0 ? errno : 0) : rc;
}

void journal_give_up(struct journal *journal)
{
    journal->is_broken = true;
}

uint64_t journal_count(const struct journal *journal)
{
    return journal->written;
}

enum store_rc journal_flush(struct journal *journal)
{
    return journal_flush_to(journal, journal->written);
}

enum store_rc journal_flush_to(struct journal *journal, uint64_t count)
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
        (void)rc_of(journal, code); /* logs it once; who waits is told by `lost` */
    }
    /* A new file of what is in the table says the same, if it can be made. */
    if (journal->is_flushed && journal->flushed < count)
        (void)!journal_renew(journal); /* logs it; `flushed` tells */
    return !journal->is_flushed || journal->flushed >= count ? STORE_OK : STORE_FAILED;
}

/* --- life --- */

struct journal *journal_open(struct state_home *home, const struct journal_kind *kind, void *owner,
                             unsigned how, struct err *err)
{
    struct journal *journal = MEM_NEW(struct journal);
    static atomic_ullong count;
    journal->id = atomic_fetch_add(&count, 1) + 1;
    journal->home = home;
    journal->kind = kind;
    journal->owner = owner;
    journal->is_flushed = how & JOURNAL_FLUSHES;
    journal->is_lasting = how & JOURNAL_LASTS;
    journal->keeps_old = how & JOURNAL_KEEPS_OLD;
    journal->fd = -1;
    pthread_mutex_init(&journal->mutex, NULL);
    pthread_cond_init(&journal->flush_over, NULL);
    int code = renew(journal, 0);
    journal->keeps_old = false;
    if (!code)
        return journal;
    err_sys(err, code, "cannot write %s", kind->name);
    journal_close(journal);
    return NULL;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    mapped_close(&journal->mapped);
    fd_close(journal->fd); /* what had to be flushed was */
    pthread_cond_destroy(&journal->flush_over);
    pthread_mutex_destroy(&journal->mutex);
    mem_free(journal);
}
