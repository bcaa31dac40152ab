/* How a change made by anyone becomes known before the next answer.
 *
 * inotify(7) queues an event within the system call that makes the change, so a change that is
 * complete is in the queue. A look at the queue before each use of what is remembered thus sees all
 * of it. What inotify does not tell, or not at once, is dealt with here:
 *
 *   - a file system whose content comes from elsewhere (network, FUSE) is not watched at all, and
 *     only the root's own: a list of those known to be local, since the others cannot be told
 *     apart;
 *   - a file is watched as an inode and not by its directory: a write through another hard link is
 *     the same event;
 *   - stores to a shared mapping make no event. But a mapping that can be written needs a file that
 *     was opened for writing: an opening is an event, and whether it is open so already is what
 *     fcntl(2) answers to whoever wants a read lease. The lease ends when the file is closed, soon;
 *     where there are none to be had (a file of somebody else), the file is not kept;
 *   - something mounted over a directory hides it: /proc/self/mountinfo tells of that.
 *
 * Where nobody else writes (`is_alone`), what is left are changes that davit makes itself, all of
 * them by a name below the root. A directory's watch tells of those with the name that was used: so
 * a file that has no other, and is no mount point, needs no watch of its own.
 *
 * An open for writing that falls into the microseconds of the lease waits that long. The signal
 * that the kernel would send us for it is SIGURG, which is ignored unless somebody asks for it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/directory/beneath.h"
#include "store/directory/cache/cache_priv.h"
#include "store/directory/cache/local.h"
#include "store/directory/entry.h"

enum {
    DIRECTORY_EVENTS = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB |
                       IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
    FILE_EVENTS = IN_MODIFY | IN_ATTRIB | IN_OPEN | IN_DELETE_SELF | IN_MOVE_SELF,
};

static bool add(int epoll_fd, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool watcher_init(struct watcher *watcher, int root_fd, bool is_alone)
{
    struct stat st;
    *watcher =
        (struct watcher){.root_fd = root_fd, .inotify_fd = -1, .mounts_fd = -1, .epoll_fd = -1};
    if (!fs_is_local(root_fd) || fstat(root_fd, &st) < 0)
        return false;
    watcher->dev = st.st_dev;
    watcher->is_alone = is_alone;
    watcher->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watcher->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    watcher->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    bool is_fine = watcher->inotify_fd >= 0 && watcher->mounts_fd >= 0 && watcher->epoll_fd >= 0 &&
                   add(watcher->epoll_fd, watcher->inotify_fd, EPOLLIN) &&
                   add(watcher->epoll_fd, watcher->mounts_fd, EPOLLPRI);
    if (!is_fine)
        watcher_done(watcher);
    return is_fine;
}

static void close_any(int *fd)
{
    fd_close(*fd);
    *fd = -1;
}

void watcher_done(struct watcher *watcher)
{
    close_any(&watcher->epoll_fd);
    close_any(&watcher->mounts_fd);
    close_any(&watcher->inotify_fd);
}

int watcher_add(const struct watcher *watcher, int fd, bool is_directory)
{
    char link[64];
    str_print(link, sizeof(link), "/proc/self/fd/%d", fd);
    uint32_t directory_events = DIRECTORY_EVENTS | (watcher->is_alone ? IN_MODIFY : 0U);
    return inotify_add_watch(watcher->inotify_fd, link,
                             is_directory ? directory_events : FILE_EVENTS);
}

void watcher_remove(const struct watcher *watcher, int number)
{
    (void)inotify_rm_watch(watcher->inotify_fd, number); /* EINVAL: it went with its inode */
}

enum watcher_news watcher_take(const struct watcher *watcher, char *buffer, size_t size,
                               size_t *len_out)
{
    struct epoll_event events[2];
    int count = epoll_wait(watcher->epoll_fd, events, 2, 0);
    if (count < 0)
        return NEWS_ALL;
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == watcher->mounts_fd)
            return NEWS_ALL;
    }
    if (count == 0)
        return NEWS_NONE;
    ssize_t got = read(watcher->inotify_fd, buffer, size);
    if (got < 0)
        return errno == EAGAIN ? NEWS_NONE : NEWS_ALL;
    *len_out = (size_t)got;
    return NEWS_EVENTS;
}

int watcher_open(const struct watcher *watcher, const char *path, int flags, struct statx *stx_out)
{
    int fd =
        beneath_open(watcher->root_fd, *path ? path : ".", flags | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
    if (fd < 0)
        return -1;
    if (dir_statx(fd, "", AT_EMPTY_PATH, stx_out) &&
        makedev(stx_out->stx_dev_major, stx_out->stx_dev_minor) == watcher->dev)
        return fd;
    fd_close(fd);
    return -1;
}

bool watcher_tells_by_name(const struct watcher *watcher, const struct statx *stx)
{
    bool is_no_mount = (stx->stx_attributes_mask & ~stx->stx_attributes) & STATX_ATTR_MOUNT_ROOT;
    return watcher->is_alone && is_no_mount && S_ISREG(stx->stx_mode) && stx->stx_nlink == 1 &&
           makedev(stx->stx_dev_major, stx->stx_dev_minor) == watcher->dev;
}

bool watcher_has_writers(int fd)
{
    /* EAGAIN: there are; any other: nobody can say */
    return fcntl(fd, F_SETSIG, SIGURG) < 0 || fcntl(fd, F_SETLEASE, F_RDLCK) < 0;
}
