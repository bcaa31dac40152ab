/* store/directory/others/watches.h: the directories of a tree that the kernel tells us of, each by
 * its path. One thread. */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "text/path.h"

struct watched {
    struct map_entry by_path;
    struct map_entry by_number;
    struct list siblings, members;
    struct list items; /* what has happened in it: news.h; whoever drops it drops these */
    struct list unread;
    int number;
    uint64_t since; /* what came after this change is told by the kernel */
    bool is_dirty;  /* something has happened since the snapshot has it */
    bool is_patchy; /* a collection in it may not be watched, though it could be */
    uint64_t mark;  /* which directory it is */
    size_t path_len;
    char *path;
};

struct watches {
    int root_fd; /* borrowed */
    int fd;      /* of inotify(7); -1: nothing can be watched */
    size_t max;
    bool is_full; /* there was one too many; whoever makes room says when to try again */
    struct map by_path, by_number;
};

void watches_init(struct watches *watches, int root_fd, size_t max);
void watches_done(struct watches *watches);

struct watched *watches_find(const struct watches *watches, struct res_path path);
struct watched *watches_find_number(const struct watches *watches, int number);

/* Watches an open directory, which nothing is known of yet. NULL: it cannot be: there are too
 * many, its file system does not tell of changes, it has another path, or what it lies in is not
 * watched itself. */
struct watched *watches_add(struct watches *watches, struct res_path path, int fd);

/* The one of an open directory, whatever path it is known by; NULL: it is not watched. */
struct watched *watches_find_open(const struct watches *watches, int fd);

/* It has another path now, and so has all that is in it; there nothing was watched. Each is dirty.
 * False, and nothing has changed: something in it may not be watched, or what it has come to. */
NODISCARD bool watches_move(struct watches *watches, struct watched *top, struct res_path path);

/* Ends it for the directory and all that is in it. What hangs on them has been removed. */
void watches_drop(struct watches *watches, struct watched *top);

/* Something may have happened in each since the snapshot has it. */
void watches_make_dirty(struct watches *watches);

/* The innermost one that is left in it: to be dropped first. */
struct watched *watches_innermost(struct watched *top);

static inline struct res_path watched_path(const struct watched *watched)
{
    return (struct res_path){watched->path, watched->path_len};
}
