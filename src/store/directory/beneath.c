/* A path beneath a directory, whatever happens to the tree meanwhile: by openat2(2), or, where that
 * is not to be had, segment by segment.
 *
 * It is not to be had before Linux 5.6 (ENOSYS), and under system call filters that know it from
 * hearsay, or cannot look at its flags: systemd's RestrictSUIDSGID= and all that implies it, as
 * DynamicUser=, systemd-nspawn, older containers (EPERM). One probe at the start tells.
 *
 * The walk opens each segment with O_PATH and O_NOFOLLOW from the one before, so that no step can
 * lead anywhere but to a member of what is held open; a link is never followed by the kernel, but
 * read, and its text put in front of what is left. What it may do is what RESOLVE_BENEATH allows:
 *   (1) an absolute link leads out (EXDEV), and with it every magic link;
 *   (2) ".." comes from links alone, and goes up in `real`, which has the segments that were gone
 *       through and no link in it, and is walked again from the top: so it ends at the top (EXDEV),
 *       and not in a directory that was moved out of the tree meanwhile;
 *   (3) what is opened for more than O_PATH in the end is the inode that was looked at.
 * Where a step finds something else than the one before it, it is EAGAIN, as the kernel's, and
 * the whole is tried again: what others do to a tree is answered by a value, and not asserted.
 *
 * It costs two calls and a half for each segment instead of one for all, so what can go by
 * openat2(2) does.
 *
 * Rejected: to refuse to start. People who harden a service see a server that does not run, and
 * turn off the hardening. */
#include "store/directory/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"

enum { TRIES = 32, LINKS_MAX = 40 /* as the kernel's */, TEXT_BYTES = 4096 /* PATH_MAX */ };

static atomic_bool walks; /* openat2(2) is not to be had */

static bool is_walking(void)
{
    return atomic_load_explicit(&walks, memory_order_relaxed);
}

static int open_by_kernel(int dir_fd, const char *path, int flags, unsigned resolve)
{
    struct open_how how = {.flags = (unsigned)(flags | O_CLOEXEC),
                           .resolve = RESOLVE_NO_MAGICLINKS | resolve};
    return (int)syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
}

void beneath_probe(int dir_fd)
{
    int fd = open_by_kernel(dir_fd, ".", O_PATH | O_DIRECTORY, RESOLVE_BENEATH);
    if (fd >= 0) {
        fd_close(fd);
        return;
    }
    if ((errno == ENOSYS || errno == EPERM) && !atomic_exchange(&walks, true))
        log_line(LOG_WARN,
                 "store: this system does not let davit call openat2(2) (%s; systemd's "
                 "RestrictSUIDSGID= and DynamicUser=, or an old kernel or container): paths are "
                 "resolved step by step instead, which is as safe but slower",
                 strerrordesc_np(errno));
}

bool beneath_is_one_mount(const struct statx *a, const struct statx *b)
{
    return a->stx_dev_major == b->stx_dev_major && a->stx_dev_minor == b->stx_dev_minor &&
           (!(a->stx_mask & STATX_MNT_ID) || a->stx_mnt_id == b->stx_mnt_id);
}

bool beneath_is_same_mount(int fd, int other_fd)
{
    struct statx stx;
    struct statx other;
    return statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &stx) == 0 &&
           statx(other_fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &other) == 0 &&
           beneath_is_one_mount(&stx, &other);
}

/* --- step by step --- */

struct walk {
    int top_fd;
    int flags;
    unsigned resolve;
    int fd; /* where it is; -1: nowhere yet, or any more */
    unsigned link_count;
    size_t real_len;
    char real[TEXT_BYTES]; /* what was gone through, without '/' at its ends */
    char rest[2 * TEXT_BYTES];
};

static int fail(int code)
{
    errno = code;
    return -1;
}

static bool refuse(int code)
{
    errno = code;
    return false;
}

/* Keeps errno. */
static void close_path(int fd)
{
    int code = errno;
    fd_close(fd);
    errno = code;
}

static void leave(struct walk *walk)
{
    close_path(walk->fd);
    walk->fd = -1;
}

static bool go_to_top(struct walk *walk)
{
    leave(walk);
    walk->fd = openat(walk->top_fd, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return walk->fd >= 0;
}

/* The segment becomes where it is. Takes fd. */
static bool enter(struct walk *walk, int fd, const char *segment)
{
    size_t len = strlen(segment);
    leave(walk);
    walk->fd = fd;
    if (walk->real_len + len + 2 > sizeof(walk->real))
        return refuse(ENAMETOOLONG);
    if (walk->real_len)
        walk->real[walk->real_len++] = '/';
    memcpy(walk->real + walk->real_len, segment, len + 1);
    walk->real_len += len;
    return true;
}

/* Invariant (2): the parent of where it is, from the top. */
static bool go_up(struct walk *walk)
{
    char before[TEXT_BYTES];
    if (walk->real_len == 0)
        return refuse(EXDEV);
    memcpy(before, walk->real, walk->real_len + 1);
    char *last = strrchr(before, '/');
    *(last ? last : before) = '\0';
    walk->real_len = 0;
    if (!go_to_top(walk))
        return false;
    for (char *save = NULL, *segment = strtok_r(before, "/", &save); segment;
         segment = strtok_r(NULL, "/", &save)) {
        int fd = openat(walk->fd, segment, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0) /* it was there a moment ago */
            return refuse(EAGAIN);
        if (!enter(walk, fd, segment))
            return false;
    }
    return true;
}

/* Puts the text of the link in front of what is left. */
static bool follow(struct walk *walk, int link_fd)
{
    char text[2 * TEXT_BYTES];
    ssize_t len = readlinkat(link_fd, "", text, TEXT_BYTES);
    size_t rest_len = strlen(walk->rest);
    if (len < 0)
        return false;
    if (text[0] == '/')
        return refuse(EXDEV);
    if (++walk->link_count > LINKS_MAX)
        return refuse(ELOOP);
    if ((size_t)len + 1 + rest_len + 1 > sizeof(walk->rest))
        return refuse(ENAMETOOLONG);
    text[len] = '/';
    memmove(walk->rest + len + 1, walk->rest, rest_len + 1);
    memcpy(walk->rest, text, (size_t)len + 1);
    return true;
}

/* What was looked at as fd, opened as is asked for. */
static int open_last(const struct walk *walk, int fd, const char *segment)
{
    struct stat seen;
    struct stat opened;
    if (fstat(fd, &seen) < 0)
        return -1;
    int last_fd = openat(walk->fd, segment, walk->flags | O_NOFOLLOW | O_CLOEXEC);
    if (last_fd < 0)
        return fail(errno == ELOOP || errno == ENOENT ? EAGAIN : errno);
    bool is_same = fstat(last_fd, &opened) == 0 && opened.st_dev == seen.st_dev &&
                   opened.st_ino == seen.st_ino;
    if (is_same)
        return last_fd;
    fd_close(last_fd);
    return fail(EAGAIN);
}

/* What is left, without the '/' before it: whether there is a segment, cut off as *segment_out. */
static bool next_segment(struct walk *walk, char segment_out[TEXT_BYTES])
{
    const char *at = walk->rest + strspn(walk->rest, "/");
    size_t len = strcspn(at, "/");
    assert(len < TEXT_BYTES); /* neither a path nor the text of a link is as long */
    if (len == 0)
        return false;
    memcpy(segment_out, at, len);
    segment_out[len] = '\0';
    at += len + strspn(at + len, "/");
    memmove(walk->rest, at, strlen(at) + 1);
    return true;
}

enum step { STEP_ON, STEP_FAILED, STEP_DONE };

/* Why the walk must not go to fd, which is where the segment leads; 0: it may. */
static int judge(const struct walk *walk, int fd, mode_t mode, bool is_last)
{
    bool follows_none =
        (walk->resolve & RESOLVE_NO_SYMLINKS) || (is_last && (walk->flags & O_NOFOLLOW));
    bool takes_link = is_last && (walk->flags & O_PATH) && (walk->flags & O_NOFOLLOW);
    if (S_ISLNK(mode))
        return follows_none && !takes_link ? ELOOP : 0;
    if ((walk->resolve & RESOLVE_NO_XDEV) && !beneath_is_same_mount(walk->top_fd, fd))
        return EXDEV;
    bool is_fine = S_ISDIR(mode) || (is_last && !(walk->flags & O_DIRECTORY));
    return is_fine ? 0 : ENOTDIR;
}

/* Goes to fd. Takes it. STEP_DONE: *fd_out is what was asked for. */
static enum step go_to(struct walk *walk, int fd, const char *segment, int *fd_out)
{
    struct stat st;
    bool is_last = walk->rest[0] == '\0';
    int code = fstat(fd, &st) < 0 ? errno : judge(walk, fd, st.st_mode, is_last);
    if (code) {
        close_path(fd);
        errno = code;
        return STEP_FAILED;
    }
    if (S_ISLNK(st.st_mode) && !(is_last && (walk->flags & O_NOFOLLOW))) {
        bool is_fine = follow(walk, fd);
        close_path(fd);
        return is_fine ? STEP_ON : STEP_FAILED;
    }
    if (!is_last)
        return enter(walk, fd, segment) ? STEP_ON : STEP_FAILED;
    *fd_out = walk->flags & O_PATH ? fd : open_last(walk, fd, segment);
    if (*fd_out != fd)
        close_path(fd);
    return *fd_out < 0 ? STEP_FAILED : STEP_DONE;
}

static int open_by_walk(int dir_fd, const char *path, int flags, unsigned resolve)
{
    struct walk walk = {.top_fd = dir_fd, .flags = flags, .resolve = resolve, .fd = -1};
    char segment[TEXT_BYTES];
    int fd = -1;
    enum step end = STEP_ON;
    if (path[0] == '/')
        return fail(EXDEV);
    if (strlen(path) >= TEXT_BYTES)
        return fail(ENAMETOOLONG);
    memcpy(walk.rest, path, strlen(path) + 1);
    if (!go_to_top(&walk))
        return -1;
    while (end == STEP_ON && next_segment(&walk, segment)) {
        if (strcmp(segment, ".") == 0)
            continue;
        if (strcmp(segment, "..") == 0) {
            end = go_up(&walk) ? STEP_ON : STEP_FAILED;
            continue;
        }
        int next_fd = openat(walk.fd, segment, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        end = next_fd < 0 ? STEP_FAILED : go_to(&walk, next_fd, segment, &fd);
    }
    if (end == STEP_ON) /* it ends in a directory that it is in */
        fd = openat(walk.fd, ".", flags | O_CLOEXEC);
    leave(&walk);
    return fd;
}

int beneath_open(int dir_fd, const char *path, int flags, unsigned resolve)
{
    int fd = -1;
    assert(!(flags & O_CREAT));
    for (int i = 0; i < TRIES; i++) {
        fd = is_walking() ? open_by_walk(dir_fd, path, flags, resolve)
                          : open_by_kernel(dir_fd, path, flags, RESOLVE_BENEATH | resolve);
        /* EAGAIN: something moved while it was looked at; nobody can vouch for the result. */
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return fd;
}

int beneath_step(int dir_fd, const char *name)
{
    int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    if (!is_walking())
        return open_by_kernel(dir_fd, name, flags, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
    int fd = openat(dir_fd, name, flags);
    if (fd < 0 || beneath_is_same_mount(dir_fd, fd))
        return fd;
    fd_close(fd);
    return fail(EXDEV);
}
