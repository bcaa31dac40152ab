/* Answers that are kept lie beside the resumable uploads, whose place is there in each store that
 * keeps anything, and whose sweeper removes what is over:
 *
 *   uploads/answers/
 *     OWNER/        as of uploads
 *       NAME        a hash of owner and name: frames (store/record/frame.h)
 *
 *   file  = HEAD, RECORD ..., END
 *   HEAD  = boot, hash of what was asked, owner, name, note
 *
 * Who is at an answer has the file open with a lock (flock) of his own; those who read one that is
 * whole share it. A process that dies lets go, and so a crash leaves nothing that has to be told
 * from what is under way.
 *
 * A file is written at its end only, and read up to the last frame that is whole. So of an answer
 * that was cut off there is a beginning. It is all that was added, if the machine has not gone down
 * since: records are not flushed, the first and the END are.
 *
 * Rejected: rows in state.db, which not every store has, and which would be a transaction for each
 * record; and a resumable upload that is never committed, whose front ends would offer it to their
 * clients. */
#include "store/resumable/answers.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "store/answers.h"
#include "store/record/frame.h"
#include "store/resumable/engine_priv.h"

#define ANSWERS_NAME "answers"

enum { FRAME_HEAD = 1, FRAME_RECORD, FRAME_END };
enum { NAME_CHARS = 32, READ_BYTES = 2 * FRAME_RECORD_BYTES_MAX, OPENS_MAX = 8 };

struct kept_answer {
    struct resumables *of;
    int owner_fd;
    int fd;
    char name[NAME_CHARS + 1];
    struct buf read; /* what was read ahead */
    size_t taken;    /* of it */
    uint64_t end;    /* behind the last whole frame that was taken */
    bool is_over;    /* no more is read */
    bool has_end;
};

/* --- names --- */

static void add_hex(struct buf *to, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        buf_add_hex(to, (unsigned char)bytes.at[i], 2);
}

/* False: this machine's libcrypto does not hash. */
static bool set_name(struct kept_answer *answer, const struct answer_wish *wish)
{
    char room[CONTENT_HASH_BYTES_MAX];
    struct buf text = {0}, hex = {0};
    buf_add(&text, wish->owner);
    buf_add_char(&text, '\0');
    buf_add(&text, wish->name);
    struct str hash = content_hash_of(CONTENT_SHA256, buf_str(&text), room);
    add_hex(&hex, str_first(hash, NAME_CHARS / 2));
    if (hash.len)
        memcpy(answer->name, hex.at, NAME_CHARS);
    buf_done(&text);
    buf_done(&hex);
    return hash.len != 0;
}

/* Gives; -1: errno. */
static int open_directory(int at_fd, const char *name, bool is_flushed)
{
    if (mkdirat(at_fd, name, 0700) == 0 && is_flushed && fsync(at_fd) < 0)
        return -1;
    return openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum store_rc open_owner(struct kept_answer *answer, struct str owner)
{
    struct resumables *of = answer->of;
    char name[MARK_CHARS + 1];
    if (!shelf_is_there(of))
        return STORE_FAILED;
    str_print(name, sizeof(name), "%016llx", (unsigned long long)owner_mark(owner));
    int all_fd = open_directory(of->fd, ANSWERS_NAME, of->options.is_flushed);
    if (all_fd >= 0)
        answer->owner_fd = open_directory(all_fd, name, of->options.is_flushed);
    int code = errno;
    fd_close(all_fd);
    return answer->owner_fd >= 0 ? STORE_OK : resumable_rc(code, "cannot open a directory");
}

/* --- how many, and how long --- */

static bool is_old(const struct resumables *of, const struct stat *st)
{
    return st->st_mtime + (int64_t)of->options.limits->idempotency_seconds < clock_wall_ms() / 1000;
}

/* True: it has gone. Somebody may be at it, and then it stays. */
static bool remove_old(const struct resumables *of, int owner_fd, const char *name)
{
    struct stat st;
    bool is_gone = false;
    int fd = openat(owner_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &st) == 0 && is_old(of, &st))
        is_gone = unlinkat(owner_fd, name, 0) == 0; /* otherwise it is tried again */
    fd_close(fd);
    return is_gone;
}

/* Removes what is old; says how many stay. Takes the descriptor. */
static uint64_t sweep_owner(const struct resumables *of, int owner_fd)
{
    struct dirent *member;
    struct stat st;
    uint64_t count = 0;
    DIR *members = owner_fd >= 0 ? fdopendir(owner_fd) : NULL;
    if (!members) {
        fd_close(owner_fd);
        return 0;
    }
    while ((member = readdir(members))) {
        if (strlen(member->d_name) != NAME_CHARS ||
            fstatat(dirfd(members), member->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        bool is_gone = is_old(of, &st) && remove_old(of, dirfd(members), member->d_name);
        count += !is_gone;
    }
    (void)closedir(members); /* it was only read */
    return count;
}

static int open_in(int at_fd, const char *name)
{
    return openat(at_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

void answers_sweep(const struct resumables *of)
{
    struct dirent *owner;
    int fd = open_in(of->fd, ANSWERS_NAME);
    DIR *owners = fd >= 0 ? fdopendir(fd) : NULL;
    if (!owners) {
        fd_close(fd);
        return;
    }
    while ((owner = readdir(owners))) {
        if (strlen(owner->d_name) == MARK_CHARS)
            (void)sweep_owner(of, open_in(dirfd(owners), owner->d_name)); /* how many there are */
    }
    (void)closedir(owners); /* it was only read */
}

/* --- reading --- */

/* The next frame's record; false: there is no whole one. */
static bool next_frame(struct kept_answer *answer, struct str *record_out)
{
    struct str rest = str_from(buf_str(&answer->read), answer->taken);
    struct str before = rest;
    if (!frame_take(&rest, record_out)) {
        buf_consume(&answer->read, answer->taken);
        answer->taken = 0;
        uint64_t at = answer->end + answer->read.len;
        ssize_t got =
            pread(answer->fd, buf_reserve(&answer->read, READ_BYTES), READ_BYTES, (off_t)at);
        answer->read.len += got > 0 ? (size_t)got : 0;
        before = rest = buf_str(&answer->read);
        if (!frame_take(&rest, record_out))
            return false;
    }
    answer->taken += before.len - rest.len;
    answer->end += before.len - rest.len;
    return true;
}

bool kept_answer_next(struct kept_answer *answer, struct str *record_out)
{
    uint64_t before = answer->end;
    uint64_t kind;
    if (answer->is_over)
        return false;
    bool is_there = next_frame(answer, record_out) && frame_take_number(record_out, 1, &kind);
    if (is_there && kind == FRAME_RECORD)
        return true;
    answer->is_over = true;
    answer->has_end = is_there && kind == FRAME_END;
    if (!answer->has_end)
        answer->end = before;
    buf_done(&answer->read);
    return false;
}

/* To the first record, or behind the last. */
static void rewind_to(struct kept_answer *answer, uint64_t at)
{
    buf_clear(&answer->read);
    answer->taken = 0;
    answer->end = at;
    answer->is_over = false;
}

struct head {
    uint64_t boot;
    struct str asked, owner, name, note;
};

static bool read_head(struct kept_answer *answer, struct arena *arena, struct head *head_out)
{
    struct str record;
    uint64_t kind;
    rewind_to(answer, 0);
    if (!next_frame(answer, &record))
        return false;
    record = arena_str(arena, record);
    return frame_take_number(&record, 1, &kind) && kind == FRAME_HEAD &&
           frame_take_number(&record, 8, &head_out->boot) &&
           frame_take_text(&record, &head_out->asked) &&
           frame_take_text(&record, &head_out->owner) &&
           frame_take_text(&record, &head_out->name) && frame_take_text(&record, &head_out->note);
}

/* Whether its END is there, and all before it. */
static bool is_whole(struct kept_answer *answer)
{
    uint64_t begin = answer->end;
    struct str record;
    while (kept_answer_next(answer, &record))
        ;
    bool has_end = answer->has_end;
    rewind_to(answer, begin);
    return has_end;
}

/* --- writing --- */

static void add_frame(struct buf *to, unsigned kind, struct str record)
{
    size_t head = frame_begin(to);
    frame_add_number(to, kind, 1);
    buf_add(to, record);
    frame_end(to, head);
}

static enum store_rc append(struct kept_answer *answer, struct str frames)
{
    enum store_rc rc = write_at(answer->fd, answer->end, frames);
    if (rc == STORE_OK)
        answer->end += frames.len;
    else
        (void)!ftruncate(answer->fd, (off_t)answer->end); /* half a frame is none, too */
    return rc;
}

static enum store_rc write_head(struct kept_answer *answer, const struct answer_wish *wish)
{
    struct resumables *of = answer->of;
    struct buf head = {0}, frame = {0};
    frame_add_number(&head, record_boot(), 8);
    frame_add_text(&head, wish->asked);
    frame_add_text(&head, wish->owner);
    frame_add_text(&head, wish->name);
    frame_add_text(&head, wish->note);
    add_frame(&frame, FRAME_HEAD, buf_str(&head));
    rewind_to(answer, 0);
    enum store_rc rc =
        ftruncate(answer->fd, 0) == 0 ? STORE_OK : resumable_rc(errno, "cannot cut a file off");
    if (rc == STORE_OK)
        rc = append(answer, buf_str(&frame));
    if (rc == STORE_OK)
        rc = flush_bytes(of, answer->fd);
    if (rc == STORE_OK && of->options.is_flushed && fsync(answer->owner_fd) < 0)
        rc = resumable_rc(errno, "cannot flush");
    buf_done(&head);
    buf_done(&frame);
    answer->is_over = true;
    return rc;
}

enum store_rc kept_answer_add(struct kept_answer *answer, const struct str *records, size_t count)
{
    struct buf frames = {0};
    assert(answer->is_over && !answer->has_end);
    if (ftruncate(answer->fd, (off_t)answer->end) < 0)
        return resumable_rc(errno, "cannot cut a file off");
    for (size_t i = 0; i < count; i++) {
        assert(records[i].len <= ANSWER_RECORD_BYTES_MAX);
        add_frame(&frames, FRAME_RECORD, records[i]);
    }
    enum store_rc rc = append(answer, buf_str(&frames));
    buf_done(&frames);
    return rc;
}

enum store_rc kept_answer_end(struct kept_answer *answer)
{
    struct buf frame = {0};
    if (answer->has_end)
        return STORE_OK;
    add_frame(&frame, FRAME_END, STR_NONE);
    enum store_rc rc = append(answer, buf_str(&frame));
    if (rc == STORE_OK)
        rc = flush_bytes(answer->of, answer->fd);
    buf_done(&frame);
    answer->has_end = rc == STORE_OK;
    return rc;
}

uint64_t kept_answer_bytes(const struct kept_answer *answer)
{
    return answer->end;
}

/* --- from beginning to end --- */

void kept_answer_close(struct kept_answer **closing)
{
    struct kept_answer *answer = *closing;
    *closing = NULL;
    if (!answer)
        return;
    fd_close(answer->fd);
    fd_close(answer->owner_fd);
    buf_done(&answer->read);
    mem_free(answer);
}

void kept_answer_forget(struct kept_answer **forgetting)
{
    struct kept_answer *answer = *forgetting;
    (void)unlinkat(answer->owner_fd, answer->name, 0); /* or it is one that was cut off */
    kept_answer_close(forgetting);
}

/* Opens the file, made where it is missing, with a lock on it. AGAIN: somebody has removed it at
 * this moment. */
static enum store_rc open_locked(struct kept_answer *answer, int lock, bool *is_busy_out)
{
    struct stat st;
    fd_close(answer->fd);
    *is_busy_out = false;
    answer->fd = openat(answer->owner_fd, answer->name,
                        O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (answer->fd < 0)
        return resumable_rc(errno, "cannot open a file");
    if (flock(answer->fd, lock | LOCK_NB) < 0) {
        *is_busy_out = errno == EWOULDBLOCK;
        return *is_busy_out ? STORE_OK : resumable_rc(errno, "cannot lock a file");
    }
    if (fstat(answer->fd, &st) < 0)
        return resumable_rc(errno, "cannot look at a file");
    if (st.st_size && is_old(answer->of, &st) && lock == LOCK_EX && ftruncate(answer->fd, 0) < 0)
        return resumable_rc(errno, "cannot cut a file off");
    return st.st_nlink ? STORE_OK : STORE_AGAIN;
}

static enum store_rc open_file(struct kept_answer *answer, int lock, bool *is_busy_out)
{
    enum store_rc rc = STORE_AGAIN;
    for (int i = 0; i < OPENS_MAX && rc == STORE_AGAIN; i++)
        rc = open_locked(answer, lock, is_busy_out);
    return rc == STORE_AGAIN ? STORE_BUSY : rc;
}

/* With the lock. What there is, if anything is. */
static void look_at(struct kept_answer *answer, struct arena *arena, const struct answer_wish *wish,
                    struct answer_found *found)
{
    struct head head;
    struct stat st;
    found->state = ANSWER_NEW;
    if (fstat(answer->fd, &st) < 0 || is_old(answer->of, &st) || !read_head(answer, arena, &head))
        return;
    found->note = head.note;
    found->is_certain = head.boot == record_boot();
    if (!str_eq(head.owner, wish->owner) || !str_eq(head.name, wish->name) ||
        !str_eq(head.asked, wish->asked))
        found->state = ANSWER_OTHERS;
    else
        found->state = is_whole(answer) ? ANSWER_WHOLE : ANSWER_CUT_OFF;
}

/* One more of the owner's. */
static enum store_rc begin(struct kept_answer *answer, const struct answer_wish *wish)
{
    struct resumables *of = answer->of;
    bool is_full =
        sweep_owner(of, open_in(answer->owner_fd, ".")) > of->options.limits->idempotency_keys;
    enum store_rc rc = is_full ? STORE_NO_SPACE : write_head(answer, wish);
    if (rc != STORE_OK)
        (void)unlinkat(answer->owner_fd, answer->name, 0); /* without a head it is none, too */
    return rc;
}

/* Those who only read share it: so one that is there is looked at first. */
static enum store_rc find(struct kept_answer *answer, struct arena *arena,
                          const struct answer_wish *wish, struct answer_found *found)
{
    bool is_busy;
    enum store_rc rc = open_file(answer, LOCK_SH, &is_busy);
    if (rc == STORE_OK && !is_busy)
        look_at(answer, arena, wish, found);
    if (rc == STORE_OK && !is_busy &&
        (found->state == ANSWER_WHOLE || found->state == ANSWER_OTHERS))
        return STORE_OK;
    if (rc == STORE_OK && !is_busy)
        rc = open_file(answer, LOCK_EX, &is_busy);
    if (rc == STORE_OK && !is_busy) /* somebody may have been at it in between */
        look_at(answer, arena, wish, found);
    if (is_busy)
        found->state = ANSWER_RUNNING;
    return rc;
}

enum store_rc kept_answer_open(struct store *store, struct arena *arena,
                               const struct answer_wish *wish, struct answer_found *found_out)
{
    struct resumables *of;
    enum store_rc rc = store_resumables(store, wish->near, &of);
    *found_out = (struct answer_found){0};
    if (rc != STORE_OK)
        return rc;
    struct kept_answer *answer = MEM_NEW(struct kept_answer);
    *answer = (struct kept_answer){.of = of, .owner_fd = -1, .fd = -1};
    rc = set_name(answer, wish) ? open_owner(answer, wish->owner) : STORE_DENIED;
    if (rc == STORE_OK)
        rc = find(answer, arena, wish, found_out);
    if (rc == STORE_OK && found_out->state == ANSWER_NEW)
        rc = begin(answer, wish);
    bool is_ours =
        rc == STORE_OK && found_out->state != ANSWER_RUNNING && found_out->state != ANSWER_OTHERS;
    if (is_ours)
        found_out->answer = answer;
    else
        kept_answer_close(&answer);
    return rc == STORE_NOT_FOUND ? STORE_FAILED : rc; /* the directory went at this moment */
}

/* --- a store that keeps nothing goes --- */

static void empty(int at_fd, const char *name, void (*remove)(int at_fd, const char *name))
{
    struct dirent *member;
    int fd = open_in(at_fd, name);
    DIR *members = fd >= 0 ? fdopendir(fd) : NULL;
    if (!members) {
        fd_close(fd);
        return;
    }
    while ((member = readdir(members))) {
        if (member->d_name[0] != '.')
            remove(dirfd(members), member->d_name);
    }
    (void)closedir(members);                   /* it was only read */
    (void)unlinkat(at_fd, name, AT_REMOVEDIR); /* what is not empty stays */
}

static void remove_file(int at_fd, const char *name)
{
    (void)unlinkat(at_fd, name, 0); /* likewise */
}

static void remove_owner(int at_fd, const char *name)
{
    empty(at_fd, name, remove_file);
}

void answers_remove_all(const struct resumables *of)
{
    empty(of->fd, ANSWERS_NAME, remove_owner);
}
