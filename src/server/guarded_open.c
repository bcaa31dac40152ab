/* Root must not open what somebody else has put there: "access.log" in a directory of the server's
 * user may be a link to /etc/passwd by now. So the path is walked name by name, links included, and
 * each name on the way must be one that only root can change: it stands in a directory that belongs
 * to root and that nobody else may write to, or in one like /tmp, where only its owner can replace
 * it, and that is root. Then nothing can change between looking and opening, either.
 *
 * Rejected: realpath(3) and a look at the directories of what it says. A link in a directory of
 * somebody else's leads to a path that is above suspicion. */
#include "server/guarded_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

enum { LINKS_MAX = 16 };

struct walk {
    enum file_use use;
    int dir_fd;
    struct stat dir;
    char rest[PATH_MAX]; /* of the path; begins with a name */
    int links;
};

static int fail(int code)
{
    errno = code;
    return -1;
}

/* Goes on in another directory. Takes `fd`, which may be -1. */
static bool enter(struct walk *walk, int fd)
{
    fd_close(walk->dir_fd);
    walk->dir_fd = fd;
    return fd >= 0 && fstat(fd, &walk->dir) == 0;
}

static bool enter_path(struct walk *walk, const char *path)
{
    return enter(walk, openat(walk->dir_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

/* Whether only root can say what is there under that name; `entry` NULL: nothing is yet. */
static bool is_roots(const struct walk *walk, const struct stat *entry)
{
    bool is_shared = walk->dir.st_mode & (S_IWGRP | S_IWOTH);
    bool is_sticky = walk->dir.st_mode & S_ISVTX;
    return walk->dir.st_uid == 0 && (!is_shared || (is_sticky && (!entry || entry->st_uid == 0)));
}

/* Puts what a link says in front of the rest. */
static bool follow(struct walk *walk, const char *name, const char *behind)
{
    char text[PATH_MAX];
    char rest[PATH_MAX];
    ssize_t len = readlinkat(walk->dir_fd, name, text, sizeof(text) - 1);
    if (len < 0)
        return false;
    text[len] = '\0';
    int whole = snprintf(rest, sizeof(rest), "%s/%s", text, behind);
    if (whole >= (int)sizeof(rest) || ++walk->links > LINKS_MAX) {
        errno = ELOOP;
        return false;
    }
    size_t skipped = strspn(rest, "/");
    memcpy(walk->rest, rest + skipped, (size_t)whole - skipped + 1);
    return text[0] != '/' || enter_path(walk, "/");
}

static int open_last(const struct walk *walk, const char *name, const struct stat *entry)
{
    struct stat stat;
    int how = walk->use == FILE_READ ? O_RDONLY : O_WRONLY | O_APPEND;
    if (!entry && walk->use == FILE_APPEND)
        how |= O_CREAT | O_EXCL;
    int fd = openat(walk->dir_fd, name, how | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
    if (fd < 0 || (fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)))
        return fd;
    fd_close(fd);
    return fail(ENOTSUP);
}

/* One name. True: go on. False: *fd_out is what was opened, or -1 and errno. */
static bool guarded_open_step(struct walk *walk, int *fd_out)
{
    char name[NAME_MAX + 1];
    struct stat entry;
    size_t len = strcspn(walk->rest, "/");
    const char *behind = walk->rest + len + strspn(walk->rest + len, "/");
    bool is_last = *behind == '\0';
    *fd_out = -1;
    if (len == 0 || len > NAME_MAX) {
        errno = len ? ENAMETOOLONG : EISDIR;
        return false;
    }
    memcpy(name, walk->rest, len);
    name[len] = '\0';
    bool is_there = fstatat(walk->dir_fd, name, &entry, AT_SYMLINK_NOFOLLOW) == 0;
    if (!is_there && (errno != ENOENT || !is_last || walk->use == FILE_READ))
        return false;
    if (!is_roots(walk, is_there ? &entry : NULL)) {
        errno = ENOTSUP;
        return false;
    }
    if (is_there && S_ISLNK(entry.st_mode))
        return follow(walk, name, behind);
    if (is_last) {
        *fd_out = open_last(walk, name, is_there ? &entry : NULL);
        return false;
    }
    memmove(walk->rest, behind, strlen(behind) + 1);
    return enter_path(walk, name);
}

int guarded_open(const char *path, enum file_use use)
{
    struct walk walk = {.use = use, .dir_fd = -1};
    int fd = -1;
    size_t skipped = strspn(path, "/");
    int whole = snprintf(walk.rest, sizeof(walk.rest), "%s", path + skipped);
    if (whole >= (int)sizeof(walk.rest))
        return fail(ENAMETOOLONG);
    if (enter(&walk, open(skipped ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC))) {
        while (guarded_open_step(&walk, &fd))
            ;
    }
    int code = errno;
    fd_close(walk.dir_fd);
    errno = code;
    return fd;
}

bool guarded_is_roots(const char *path)
{
    struct stat stat;
    int fd = guarded_open(path, FILE_READ);
    bool is_roots_own = fd >= 0 && fstat(fd, &stat) == 0 && stat.st_uid == 0 &&
                        !(stat.st_mode & (S_IWGRP | S_IWOTH));
    fd_close(fd);
    return is_roots_own;
}
