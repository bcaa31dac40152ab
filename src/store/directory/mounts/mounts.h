/* store/directory/mounts/mounts.h: what is mounted at and below a root, and which of it shows a
 * part of the tree a second time. Any thread. */
#pragma once

#include "text/path.h"

struct dir_cache;
struct dir_mounts;

/* Borrows root_fd, and the cache, which may be NULL and tells when to look again. Gives. */
NODISCARD struct dir_mounts *mounts_open(int root_fd, struct dir_cache *cache);
void mounts_close(struct dir_mounts *mounts);

/* A part of the tree that has two names: what is at `at` and below it is at `first` as well. Where
 * there is no second name, both are the root. */
struct dir_alias {
    struct res_path at;
    struct res_path first; /* stands for both */
};

/* Quick. What follows is as of now, or of a later look. */
void mounts_look(struct dir_mounts *mounts);

/* Quick. Of the part that `path`, which goes through no link, is in. Gives memory from the arena.
 */
struct dir_alias mounts_alias(struct dir_mounts *mounts, struct arena *arena, struct res_path path);

/* Whether something can be reached, and changed, from both of two open directories. */
bool mounts_meet(int root_fd, int other_fd);
