/* Where resumable uploads lie:
 *
 *   uploads/
 *     OWNER/          a hash of the principal's name
 *       ID/
 *         info        record.c
 *         content     what has come in order; from here it is renamed to its place
 *         joined      which pieces are in it (piece.c)
 *         iKEY-NEXT.NAME   pieces that are not
 *     .new-…, .old-…  half made, half removed: goes at the next start
 *
 * An upload comes and goes whole: it is made under another name and renamed, and renamed before it
 * is removed. Nothing of it is in memory between calls, and nothing is held open; so there may be
 * as many as the disk has room for, and `davit upload` in another process sees the same.
 *
 * The two agree by a lock (flock) on `info`, shared while a call or an append is about it: who
 * removes one from outside takes it for himself alone, and goes on to the next where he cannot. Who
 * opens one looks, when he has the lock, whether it is still there. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/map.h"
#include "base/random.h"
#include "store/resumable/engine_priv.h"
#include "store/state_home.h"

/* --- names --- */

uint64_t owner_mark(struct str owner)
{
    static const uint64_t key[2] = {0x6461766974, 0x75706c6f6164};
    return hash_bytes_with(key, owner) | 1;
}

bool id_is_fine(struct str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.at[i];
        if (!char_is_digit(c) && !char_is_alpha(c) && c != '-' && c != '_')
            return false;
    }
    return id.len > 0 && id.len <= RESUMABLE_ID_BYTES_MAX;
}

void temp_name(char name_out[40], const char *prefix)
{
    str_print(name_out, 40, "%s%016llx", prefix, (unsigned long long)random_u64());
}

bool shelf_is_there(struct resumables *of)
{
    if (!state_home_is_gone(of->fd))
        return true;
    int fd = of->options.reopen ? of->options.reopen(of->options.arg) : -1;
    bool is_fine = fd >= 0 && dup3(fd, of->fd, O_CLOEXEC) >= 0;
    fd_close(fd); /* the duplicate holds it */
    return is_fine;
}

int shelf_open_owner(struct resumables *of, uint64_t mark, bool makes)
{
    char name[MARK_CHARS + 1];
    str_print(name, sizeof(name), "%016llx", (unsigned long long)mark);
    if (makes && mkdirat(of->fd, name, 0700) == 0 && of->options.is_flushed && fsync(of->fd) < 0)
        return -1;
    return openat(of->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* --- coming --- */

/* No disk runs full in the middle of it. */
static enum store_rc reserve(int fd, uint64_t bytes)
{
    if (bytes == 0 || bytes > INT64_MAX)
        return bytes ? STORE_NO_SPACE : STORE_OK;
    if (fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)bytes) < 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return STORE_NO_SPACE; /* any other failure: the file system cannot, and writes will do */
    return STORE_OK;
}

static enum store_rc make_content(struct resumables *of, int dir_fd, uint64_t bytes)
{
    int fd = openat(dir_fd, "content", O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return resumable_rc(errno, "cannot make a file");
    enum store_rc rc = reserve(fd, bytes);
    if (rc == STORE_OK)
        rc = flush_bytes(of, fd);
    fd_close(fd);
    return rc;
}

static enum store_rc make_info(struct resumables *of, int dir_fd, struct record *record)
{
    int fd = openat(dir_fd, "info", O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return resumable_rc(errno, "cannot make a file");
    enum store_rc rc = record_write(fd, record);
    if (rc == STORE_OK)
        rc = record_note(fd, record, note_kind_of(of));
    if (rc == STORE_OK && of->options.is_flushed && fsync(fd) < 0)
        rc = resumable_rc(errno, "cannot flush");
    fd_close(fd);
    return rc;
}

static enum store_rc fill(struct resumables *of, const char *name, struct record *record,
                          uint64_t reserved_bytes)
{
    int dir_fd = openat(of->fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0)
        return resumable_rc(errno, "cannot open a directory");
    enum store_rc rc = make_content(of, dir_fd, reserved_bytes);
    if (rc == STORE_OK)
        rc = make_info(of, dir_fd, record);
    if (rc == STORE_OK && of->options.is_flushed && fsync(dir_fd) < 0)
        rc = resumable_rc(errno, "cannot flush");
    fd_close(dir_fd);
    return rc;
}

/* What is refused is not there: where its directory cannot be moved away, it loses what makes it an
 * upload. */
static void take_back(struct resumables *of, int owner_fd, const char *id, const char *name)
{
    char info[RESUMABLE_ID_BYTES_MAX + 9];
    if (renameat(owner_fd, id, of->fd, name) == 0)
        return;
    str_print(info, sizeof(info), "%s/info", id);
    if (unlinkat(owner_fd, info, 0) < 0)
        log_line(LOG_WARN, "resumable uploads: one that was refused stays until it expires: %s",
                 strerrordesc_np(errno));
    else
        (void)!shelf_remove(of, owner_fd, id); /* what is left is no upload */
}

static enum store_rc put_in_place(struct resumables *of, const char *name,
                                  const struct record *record)
{
    char id[RESUMABLE_ID_BYTES_MAX + 1];
    struct str text = record->told.wish.id;
    memcpy(id, text.at, text.len);
    id[text.len] = '\0';
    int owner_fd = shelf_open_owner(of, owner_mark(record->told.wish.owner), true);
    if (owner_fd < 0)
        return resumable_rc(errno, "cannot make a directory");
    enum store_rc rc = STORE_OK;
    if (faccessat(owner_fd, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        rc = STORE_EXISTS;
    else if (renameat(of->fd, name, owner_fd, id) < 0) /* of an owner one is made at a time */
        rc = resumable_rc(errno, "cannot name a directory");
    else if (of->options.is_flushed && fsync(owner_fd) < 0) {
        rc = resumable_rc(errno, "cannot flush");
        take_back(of, owner_fd, id, name);
    }
    fd_close(owner_fd);
    return rc;
}

enum store_rc shelf_make(struct resumables *of, struct record *record, uint64_t reserved_bytes)
{
    char name[40];
    temp_name(name, ".new-");
    if (mkdirat(of->fd, name, 0700) < 0)
        return resumable_rc(errno, "cannot make a directory");
    enum store_rc rc = fill(of, name, record, reserved_bytes);
    if (rc == STORE_OK)
        rc = put_in_place(of, name, record);
    if (rc != STORE_OK)
        (void)!shelf_remove(of, of->fd, name); /* or the next start does */
    return rc;
}

/* --- going --- */

static int open_members(int dir_fd, DIR **members_out)
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *members_out = fd >= 0 ? fdopendir(fd) : NULL;
    if (!*members_out)
        fd_close(fd);
    return *members_out ? 0 : -1;
}

static void clear(int dir_fd, const char *but)
{
    DIR *members;
    struct dirent *member;
    if (open_members(dir_fd, &members) < 0)
        return;
    while ((member = readdir(members))) {
        if (strcmp(member->d_name, but) != 0)
            (void)unlinkat(dir_fd, member->d_name, 0); /* "." and ".." stay; others at a start */
    }
    (void)closedir(members); /* it was only read */
}

void shelf_clear(int dir_fd)
{
    clear(dir_fd, "info");
}

enum store_rc shelf_remove(struct resumables *of, int owner_fd, const char *name)
{
    char old[40];
    temp_name(old, ".old-");
    if (renameat(owner_fd, name, of->fd, old) < 0)
        return resumable_rc(errno, "cannot remove a directory");
    int fd = openat(of->fd, old, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        clear(fd, "");
    fd_close(fd);
    if (unlinkat(of->fd, old, AT_REMOVEDIR) < 0) /* the next start tries again */
        log_line(LOG_WARN, "resumable uploads: cannot remove what is left of one: %s",
                 strerrordesc_np(errno));
    return STORE_OK;
}

bool shelf_holds_alone(int info_fd)
{
    struct stat st;
    return flock(info_fd, LOCK_EX | LOCK_NB) == 0 && fstat(info_fd, &st) == 0 && st.st_nlink > 0;
}

/* --- all of them --- */

static void show_one(struct shelf_visitor *visitor, int owner_fd, const char *name)
{
    char info[RESUMABLE_ID_BYTES_MAX + 9];
    char content[sizeof(info)];
    struct record record;
    if (!id_is_fine(str_of_c(name)))
        return;
    str_print(info, sizeof(info), "%s/info", name);
    str_print(content, sizeof(content), "%s/content", name);
    int fd = openat(owner_fd, info, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && record_read(fd, visitor->arena, &record) == STORE_OK) {
        (void)!record_hold(&record, owner_fd, content); /* else what was noted is all there is */
        visitor->show(visitor, owner_fd, name, fd, &record);
    }
    fd_close(fd);
}

static void visit_owner(struct resumables *of, uint64_t mark, struct shelf_visitor *visitor)
{
    DIR *members;
    struct dirent *member;
    int fd = shelf_open_owner(of, mark, false);
    if (fd < 0)
        return;
    if (open_members(fd, &members) == 0) {
        while ((member = readdir(members)))
            show_one(visitor, fd, member->d_name);
        (void)closedir(members); /* it was only read */
    }
    fd_close(fd);
}

void shelf_visit(struct resumables *of, uint64_t mark, struct shelf_visitor *visitor)
{
    DIR *owners;
    struct dirent *owner;
    if (mark) {
        visit_owner(of, mark, visitor);
        return;
    }
    if (open_members(of->fd, &owners) < 0)
        return;
    while ((owner = readdir(owners))) {
        uint64_t other;
        if (str_parse_hex(str_of_c(owner->d_name), &other))
            visit_owner(of, other, visitor);
    }
    (void)closedir(owners); /* it was only read */
}

/* --- the end of their time --- */

int64_t expires_s(const struct resumables *of, const struct record *record)
{
    uint64_t lasts_s = record->told.is_done ? DONE_S : of->options.limits->upload_seconds;
    lasts_s = u64_min(u64_max(lasts_s, TOUCHED_S_MIN), INT32_MAX);
    return record->touched_s + (int64_t)lasts_s;
}

bool is_expired(const struct resumables *of, const struct record *record)
{
    return expires_s(of, record) < clock_wall_ms() / 1000;
}

/* --- how much there is --- */

struct counting {
    struct shelf_visitor visitor;
    struct resumables *of;
    struct holdings sum;
};

static void count_one(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                      struct record *record)
{
    struct counting *counting = CONTAINER_OF(visitor, struct counting, visitor);
    struct holdings held = held_by(record);
    (void)owner_fd, (void)name, (void)info_fd; /* what the record says is enough */
    if (!is_expired(counting->of, record)) {
        counting->sum.count += held.count;
        counting->sum.bytes += held.bytes;
    }
    arena_reset(visitor->arena);
}

struct holdings shelf_holdings(struct holders *holders, uint64_t mark)
{
    struct resumables *of = CONTAINER_OF(holders, struct resumables, holders);
    struct arena arena = {0};
    struct counting counting = {.visitor = {.show = count_one, .arena = &arena}, .of = of};
    shelf_visit(of, mark, &counting.visitor);
    arena_done(&arena);
    return counting.sum;
}

/* --- all of them go --- */

struct removing {
    struct shelf_visitor visitor;
    struct resumables *of;
};

static void remove_one(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                       struct record *record)
{
    (void)info_fd, (void)record; /* whatever it is */
    (void)!shelf_remove(CONTAINER_OF(visitor, struct removing, visitor)->of, owner_fd, name);
}

void shelf_remove_all(struct resumables *of)
{
    struct arena arena = {0};
    struct removing removing = {.visitor = {.show = remove_one, .arena = &arena}, .of = of};
    DIR *owners;
    struct dirent *owner;
    shelf_visit(of, 0, &removing.visitor);
    if (open_members(of->fd, &owners) == 0) {
        while ((owner = readdir(owners)))
            (void)unlinkat(of->fd, owner->d_name, AT_REMOVEDIR); /* what is not empty stays */
        (void)closedir(owners);                                  /* it was only read */
    }
    arena_done(&arena);
}

/* --- after a crash --- */

static void tidy_one(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                     struct record *record)
{
    DIR *members;
    struct dirent *member;
    (void)info_fd;
    int fd = openat(owner_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && record->told.is_done) {
        shelf_clear(fd);
    } else if (fd >= 0 && open_members(fd, &members) == 0) {
        while ((member = readdir(members))) {
            if (str_starts(str_of_c(member->d_name), STR(".part-")))
                (void)unlinkat(fd, member->d_name, 0); /* or it goes with the upload */
        }
        (void)closedir(members); /* it was only read */
    }
    fd_close(fd);
    arena_reset(visitor->arena);
}

void shelf_recover(struct resumables *of)
{
    struct arena arena = {0};
    struct shelf_visitor visitor = {.show = tidy_one, .arena = &arena};
    DIR *members;
    struct dirent *member;
    shelf_visit(of, 0, &visitor);
    arena_done(&arena);
    if (open_members(of->fd, &members) < 0)
        return;
    while ((member = readdir(members))) {
        if (str_starts(str_of_c(member->d_name), STR(".new-")) ||
            str_starts(str_of_c(member->d_name), STR(".old-")))
            (void)!shelf_remove(of, of->fd, member->d_name); /* or it is logged */
    }
    (void)closedir(members); /* it was only read */
}
