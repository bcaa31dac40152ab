/* store/directory/cache/cache_priv.h: shared by cache.c (what is known of paths), members.c (of the
 * members of collections), learn.c (how that is found out) and watch.c (how the kernel tells of
 * changes). */
#pragma once

#include <pthread.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/list.h"
#include "base/map.h"
#include "store/directory/cache/cache.h"
#include "store/directory/cache/listing.h"

/* Tells of changes: each is there to be taken before the call that made it has returned. */
struct watcher {
    int root_fd;    /* borrowed */
    int inotify_fd; /* -1: none */
    int mounts_fd;  /* what is mounted where */
    int epoll_fd;   /* over both: one system call says that nothing has happened */
    dev_t dev;      /* the only file system that is watched */
    bool is_alone;  /* what davit does not change does not change */
};

/* False: this file system cannot be watched for each change. */
NODISCARD bool watcher_init(struct watcher *watcher, int root_fd, bool is_alone);
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

/* Whether the watch on a directory tells, by its name, of each change to a member of it of which
 * statx(2) has said this. */
bool watcher_tells_by_name(const struct watcher *watcher, const struct statx *stx);

/* Whether somebody may write to an open file now. What is opened for writing later is told, and
 * waits until this descriptor is closed: soon. */
NODISCARD bool watcher_has_writers(int fd);

/* --- cache.c --- */

enum {
    WATCH_BYTES = 1024, /* what the kernel needs for one */
    SEEN_COUNT = 1024,
    TURNS_AWAY = 4,
    NEWS_BYTES = 16384,
};

/* An inode that is watched, under one number; for nodes, for a member of a listing, or both. */
struct watch_number {
    struct map_entry entry;
    int number;
    uint32_t member;         /* of the listing */
    struct listing *listing; /* NULL: none */
    struct list nodes;       /* more than one: hard links */
};

struct cache_node {
    struct map_entry entry; /* by path */
    struct list siblings;
    struct list members;
    struct list age;
    struct list same_watch;
    struct watch_number *watch;
    struct cache_node *parent;
    struct listing *listing; /* NULL: nothing is known of the members as such */
    uint64_t used;           /* when: by the cache's clock */
    bool has_stat;           /* of a directory: not after a change to its members */
    struct store_stat stat;
    struct content_holder held;
    size_t bytes;
    size_t path_len;
    char path[];
};

/* How often something was asked for that is not known, by a hash of its path. */
struct seen {
    uint32_t tag;
    uint32_t count;
    uint32_t other_count; /* how often another path wanted its place */
    uint64_t last;        /* when it was asked for */
};

struct dir_cache {
    uint64_t id;
    const struct dir_root *found;
    struct watcher watcher;
    size_t bytes_max;
    bool has_marks; /* some directories may not tell case apart */
    atomic_uint_fast64_t changes;

    pthread_mutex_t mutex; /* guards what follows */
    struct map by_path;
    struct map by_number;
    struct list ages; /* the longest unused first */
    struct cache_node *root;
    size_t bytes;
    uint64_t generation;
    uint64_t mount_changes;
    uint64_t clock; /* counts what is asked for */
    bool is_over;   /* the root itself has gone */
    struct open_files open_files;
    struct learner *learner;
    struct buf useless; /* numbers of watches that nobody needs, to be given back in time */
    struct seen seen[SEEN_COUNT];
    _Alignas(struct inotify_event) char news[NEWS_BYTES];
};

/* All of these with the mutex held. */

struct cache_node *cache_find_node(const struct dir_cache *cache, struct res_path path);
/* The same, after a look at what has happened; NULL also where the root has gone. */
struct cache_node *cache_find_now(struct dir_cache *cache, struct res_path path);
void cache_look(struct dir_cache *cache);
void cache_touch(struct dir_cache *cache, struct cache_node *node);
/* Drops what was not used since `since`, the longest unused first, until there is room. */
void cache_make_room(struct dir_cache *cache, uint64_t since);
/* All of `path`, from the root down, is watched and known from now on. */
NODISCARD bool cache_learn_way(struct dir_cache *cache, struct res_path path);
/* Notes that a path was asked for. True: so often that it is worth being learned. *before_out is
 * when it was asked for before; 0: nobody knows. */
NODISCARD bool cache_is_asked_often(struct dir_cache *cache, uint64_t hash, uint64_t *before_out);

struct watch_number *cache_find_number(const struct dir_cache *cache, int number);
struct watch_number *cache_take_number(struct dir_cache *cache, int number); /* makes one */
/* Ends the watch when nothing needs it. */
void cache_put_number(struct dir_cache *cache, struct watch_number *watch);

/* --- members.c; with the mutex held --- */

/* Counts what the listing has grown or shrunk by. */
void members_account(struct dir_cache *cache, struct listing *listing);
/* Nothing is known of the member any more but its name. */
void members_forget(struct dir_cache *cache, struct listing *listing, uint32_t index);
/* Something has happened to a name in the listed directory. */
void members_take_event(struct dir_cache *cache, struct cache_node *node,
                        const struct inotify_event *event);
/* Or to what has that name. */
void members_take_change(const struct cache_node *node, struct str name);
/* The node has no listing from now on. */
void members_drop(struct dir_cache *cache, struct cache_node *node);
void members_unref(struct dir_cache *cache, struct listing *listing);

/* --- learn.c --- */

/* That thread runs, or does from now on. With the mutex held. */
NODISCARD bool learner_begin(struct dir_cache *cache);

/* Wishes that the members of `path` were known, in the place of what was not used since `since`.
 * With the mutex held. */
void learner_wish(struct dir_cache *cache, struct res_path path, uint64_t since);
/* There is something in `useless`, or a file that will have to be closed. With the mutex held. */
void learner_wake(struct dir_cache *cache);
void learner_stop(struct dir_cache *cache);
