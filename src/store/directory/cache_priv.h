/* store/directory/cache_priv.h: shared by cache.c (what is known) and watch.c (how the kernel tells
 * of changes). */
#pragma once

#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/base.h"

/* Tells of changes: each is there to be taken before the call that made it has returned. */
struct watcher {
    int root_fd;    /* borrowed */
    int inotify_fd; /* -1: none */
    int mounts_fd;  /* what is mounted where */
    int epoll_fd;   /* over both: one system call says that nothing has happened */
    dev_t dev;      /* the only file system that is watched */
};

/* False: this file system cannot be watched for each change. */
NODISCARD bool watcher_init(struct watcher *watcher, int root_fd);
void watcher_done(struct watcher *watcher);

/* Watches what is open; the same number for the same inode. -1: it cannot be watched. */
NODISCARD int watcher_add(const struct watcher *watcher, int fd, bool is_directory);
void watcher_remove(const struct watcher *watcher, int number);

enum watcher_news { NEWS_NONE, NEWS_EVENTS, NEWS_ALL /* nothing that was known is sure */ };

/* What has happened. EVENTS: *len_out bytes of struct inotify_event; call again until NONE. */
NODISCARD enum watcher_news watcher_take(const struct watcher *watcher, char *buffer, size_t size,
                                         size_t *len_out);

/* Opens `path` (a text with a NUL) beneath the root, through no link, and says what it is. -1: it
 * cannot be, or is on another file system. */
NODISCARD int watcher_open(const struct watcher *watcher, const char *path, int flags,
                           struct statx *stx_out);

/* Whether somebody may write to an open file now. What is opened for writing later is told. */
NODISCARD bool watcher_has_writers(int fd);
