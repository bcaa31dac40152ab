#include "store/state_home.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include "base/str.h"

static struct state_file file_of(const struct stat *st)
{
    return (struct state_file){st->st_dev, st->st_ino};
}

struct state_file state_file_of(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? file_of(&st) : (struct state_file){0};
}

struct state_file state_file_at(int dir_fd, const char *name)
{
    struct stat st;
    return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 ? file_of(&st)
                                                                : (struct state_file){0};
}

void state_aside_name(int dir_fd, const char *name, long long when_s,
                      char aside_out[ASIDE_NAME_BYTES])
{
    do {
        str_print(aside_out, ASIDE_NAME_BYTES, "%s.damaged-%lld", name, when_s++);
    } while (state_file_at(dir_fd, aside_out).ino);
}

/* Inodes are used again, and those of all file systems begin with the same number. Where no time of
 * birth is known, they have to do. */
uint64_t state_file_mark(int dir_fd, const char *name)
{
    struct statx stx;
    int flags = AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW;
    if (statx(dir_fd, name, flags, STATX_INO | STATX_BTIME, &stx) < 0)
        return 0;
    uint64_t born_s = stx.stx_mask & STATX_BTIME ? (uint64_t)stx.stx_btime.tv_sec : 0;
    uint64_t born_ns = stx.stx_mask & STATX_BTIME ? stx.stx_btime.tv_nsec : 0;
    return stx.stx_ino ^ (born_s * 1000000000 + born_ns) * 0x9e3779b97f4a7c15U;
}

static bool is_found(int dir_fd, const char *name, const struct state_file *file)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, 0) < 0)
        return errno != ENOENT && errno != ENOTDIR;
    return st.st_dev == file->dev && st.st_ino == file->ino;
}

bool state_home_keeps(const struct state_home *home, const char *name,
                      const struct state_file *file)
{
    char path[PATH_MAX];
    size_t home_len = home->name ? strlen(home->name) : 0;
    size_t name_len = strlen(name);
    if (!home_len || home_len + name_len + 2 > sizeof(path))
        return is_found(home->fd, name, file);
    memcpy(path, home->name, home_len);
    path[home_len] = '/';
    memcpy(path + home_len + 1, name, name_len + 1);
    return is_found(home->at_fd, path, file);
}

bool state_home_restore(struct state_home *home)
{
    struct state_file file = state_file_of(home->fd);
    bool is_there = !state_home_is_gone(home->fd) && state_home_keeps(home, ".", &file);
    return is_there || (home->restore && home->restore(home));
}
