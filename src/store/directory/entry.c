/* What the kernel knows of a directory and what the store makes of it: names, entries, the
 * attributes of each, and errors. Nothing here knows a store: the cache, the mounts and the
 * spellings are built on it, as well as the operations.
 *
 * A version is worked out from what statx(2) says, so that nothing needs to be kept for it. Content
 * changes its size or its mtime, or comes as a new file. An inode number may be used again for a
 * new file of the same size, and the kernel's own times move in steps of milliseconds: what is
 * uploaded is given a time of its own (dir_set_modified). Where a file system keeps coarser times,
 * the birth time tells apart what it can. The ctime is left out, because a rename changes it, and
 * then a client's tag would go stale. */
#include "store/directory/entry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "text/unicode.h"

enum { ENTRIES_BYTES = 32768 };

/* --- errors --- */

enum store_rc dir_rc(int code, const char *what)
{
    switch (code) {
    case ENOENT:
    case ENOTDIR:
        return STORE_NOT_FOUND;
    case EEXIST:
    case ENOTEMPTY:
        return STORE_EXISTS;
    case EISDIR:
        return STORE_IS_COLLECTION;
    case ELOOP: /* a link, where none is followed */
        return STORE_ALIAS;
    case EACCES:
    case EPERM:
    case EXDEV: /* a link that leaves the root */
    case EBUSY: /* a mount point */
    case ETXTBSY:
        return STORE_DENIED;
    case EROFS:
        return STORE_READ_ONLY;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return STORE_NO_SPACE;
    case ENAMETOOLONG:
        return STORE_NAME_TOO_LONG;
    case EINVAL: /* a name that this file system cannot hold */
    case EILSEQ:
        return STORE_DENIED;
    case EMFILE:
    case ENFILE:
    case ENOMEM:
        log_line(LOG_ERROR, "store: %s: %s", what, strerrordesc_np(code));
        return STORE_BUSY;
    default:
        log_line(LOG_ERROR, "store: %s: %s", what, strerrordesc_np(code));
        return STORE_FAILED;
    }
}

enum store_rc dir_rc_unknown(int code, const char *what)
{
    log_line(LOG_ERROR, "store: %s: %s; it is not known whether the change will last", what,
             strerrordesc_np(code));
    return STORE_UNKNOWN;
}

/* --- names --- */

/* Whether the ASCII characters in it begin as our names do: most names differ in the first. */
static bool resembles_reserved(struct str name)
{
    static const char state_name[] = DIR_STATE_NAME;
    size_t count = 0;
    for (size_t i = 0; i < name.len && count < sizeof(state_name) - 1; i++) {
        if ((unsigned char)name.at[i] >= 0x80) /* perhaps one that cannot be seen */
            continue;
        if (char_lower(name.at[i]) != state_name[count++])
            return false;
    }
    return count == sizeof(state_name) - 1;
}

bool dir_is_reserved_name(struct str name)
{
    struct arena arena = {0};
    if (!resembles_reserved(name))
        return false;
    struct str loose = unicode_form(&arena, name, UNICODE_LOOSE);
    while (loose.len && strchr(". ", loose.at[loose.len - 1])) /* some file systems drop these */
        loose.len--;
    bool is_reserved =
        str_eq(loose, STR(DIR_STATE_NAME)) || str_starts(loose, STR(DIR_STAGED_PREFIX));
    arena_done(&arena);
    return is_reserved;
}

bool dir_is_reserved(struct res_path path)
{
    struct str rest = path_str(path);
    while (rest.len) {
        if (dir_is_reserved_name(str_cut(&rest, '/')))
            return true;
    }
    return false;
}

enum store_rc dir_name_of(struct res_path path, struct dir_name *name_out)
{
    if (path.len >= sizeof(name_out->text))
        return STORE_NAME_TOO_LONG;
    if (path.len)
        memcpy(name_out->text, path.at, path.len);
    else
        name_out->text[path.len++] = '.';
    name_out->text[path.len] = '\0';
    return STORE_OK;
}

struct str dir_path_text(int fd, struct dir_name *name_out)
{
    char link[64];
    str_print(link, sizeof(link), "/proc/self/fd/%d", fd);
    ssize_t len = readlink(link, name_out->text, sizeof(name_out->text));
    if (len <= 0 || len == (ssize_t)sizeof(name_out->text))
        return STR_NONE;
    name_out->text[len] = '\0';
    return str_of(name_out->text, (size_t)len);
}

/* --- what an entry is --- */

#define MEMBER_MASK (STATX_TYPE | STATX_MODE | STATX_SIZE | STATX_MTIME | STATX_BTIME | STATX_INO)

/* Looking must not mount what an automounter would put there: a listing would mount all of them. */
#define LOOK_FLAGS (AT_NO_AUTOMOUNT | AT_STATX_SYNC_AS_STAT)

bool dir_statx(int fd, const char *name, int flags, struct statx *stx_out)
{
    return statx(fd, name, flags | LOOK_FLAGS, MEMBER_MASK | STATX_UID | STATX_GID | STATX_NLINK,
                 stx_out) == 0;
}

bool dir_statx_member(int fd, const char *name, struct statx *stx_out)
{
    return statx(fd, name, AT_SYMLINK_NOFOLLOW | LOOK_FLAGS, MEMBER_MASK, stx_out) == 0;
}

/* A bijective mixer (the finaliser of SplitMix64): unlike inputs give unlike outputs. */
static uint64_t mix(uint64_t value)
{
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9U;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebU;
    return value ^ value >> 31;
}

static uint64_t nanoseconds(const struct statx_timestamp *time)
{
    return (uint64_t)time->tv_sec * 1000000000U + time->tv_nsec;
}

static uint64_t version_of(const struct statx *stx)
{
    uint64_t version = mix(stx->stx_ino);
    version = mix(version + stx->stx_size);
    version = mix(version + nanoseconds(&stx->stx_mtime));
    if (stx->stx_mask & STATX_BTIME)
        version = mix(version + nanoseconds(&stx->stx_btime));
    return version;
}

/* An inode's number is given again when the file has gone, but not its birth with it. */
static uint64_t id_of(const struct statx *stx)
{
    uint64_t id = mix(stx->stx_ino);
    if (stx->stx_mask & STATX_BTIME)
        id = mix(id + nanoseconds(&stx->stx_btime));
    return id ? id : 1;
}

unsigned dir_time_marks(uint32_t nanoseconds)
{
    uint32_t rest = nanoseconds % 1000;
    return rest <= (DIR_MARK_CREATED | DIR_MARK_HASHES) ? rest : 0;
}

int dir_set_modified(int fd, const int64_t *modified_s, unsigned marks)
{
    int64_t now_us = clock_wall_us();
    int64_t below_s = now_us % 1000000 * 1000 + marks;
    struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {modified_s ? *modified_s : now_us / 1000000, below_s},
    };
    return futimens(fd, times) < 0 ? errno : 0;
}

bool dir_stat_of(const struct statx *stx, struct store_stat *stat_out)
{
    bool is_collection = S_ISDIR(stx->stx_mode);
    if (!is_collection && !S_ISREG(stx->stx_mode))
        return false;
    *stat_out = (struct store_stat){
        .is_collection = is_collection,
        .is_executable = !is_collection && (stx->stx_mode & S_IXUSR),
        .may_have_hashes =
            !is_collection && (dir_time_marks(stx->stx_mtime.tv_nsec) & DIR_MARK_HASHES),
        .size_bytes = is_collection ? 0 : stx->stx_size,
        .version = version_of(stx),
        .modified_s = stx->stx_mtime.tv_sec,
        .created_s = stx->stx_mask & STATX_BTIME ? stx->stx_btime.tv_sec : -1,
        .id = id_of(stx),
    };
    return true;
}

bool dir_is_directory(int parent_fd, const char *name)
{
    struct stat st;
    return fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool dir_is_taken(int parent_fd, const char *name)
{
    return faccessat(parent_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool dir_is_served(int fd)
{
    struct stat st;
    return fstatat(fd, DIR_STATE_NAME, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* --- entries --- */

void dir_entries_init(struct dir_entries *entries, int fd)
{
    *entries = (struct dir_entries){.fd = fd, .buffer = mem_new(1, ENTRIES_BYTES)};
}

void dir_entries_done(struct dir_entries *entries)
{
    fd_close(entries->fd);
    mem_free(entries->buffer);
}

static const struct dirent64 *entry_at(const struct dir_entries *entries)
{
    return (const void *)(entries->buffer + entries->at);
}

bool dir_entries_has_more(struct dir_entries *entries)
{
    while (entries->at < entries->len) {
        struct str name = str_of_c(entry_at(entries)->d_name);
        if (!str_eq(name, STR(".")) && !str_eq(name, STR("..")))
            return true;
        entries->at += entry_at(entries)->d_reclen;
    }
    return false;
}

enum store_rc dir_entries_next(struct dir_entries *entries, struct dir_entry *entry_out)
{
    while (!dir_entries_has_more(entries)) {
        ssize_t got = getdents64(entries->fd, entries->buffer, ENTRIES_BYTES);
        if (got < 0 && errno == ENOENT)
            return STORE_END; /* the directory was removed meanwhile: no member is left */
        if (got < 0)
            return dir_rc(errno, "cannot read a directory");
        if (got == 0)
            return STORE_END;
        entries->len = (size_t)got;
        entries->at = 0;
    }
    const struct dirent64 *entry = entry_at(entries);
    entries->at += entry->d_reclen;
    *entry_out = (struct dir_entry){str_of_c(entry->d_name), entry->d_type};
    return STORE_OK;
}
