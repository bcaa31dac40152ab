/* store/directory/tree/walk.h: what all walks that change a tree share. */
#pragma once

#include "store/directory/dir.h"

/* A walk down a tree that changes it. `path` is where the walk is, for reports. */
struct dir_walk {
    struct dir_store *dir;
    struct store_visitor *visitor;
    struct buf path;
    unsigned depth;
    size_t failures;
};
/* One step down; returns the length to come back to with dir_walk_up(). */
size_t dir_walk_down(struct dir_walk *walk, struct str name);
void dir_walk_up(struct dir_walk *walk, size_t len);
struct res_path dir_walk_path(const struct dir_walk *walk);
/* Reports the member the walk is at. Always false. */
bool dir_walk_fail(struct dir_walk *walk, bool is_collection, enum store_rc rc, unsigned reason);
/* Asks the visitor about the member that the walk is at, `name` in `parent_fd`; false when it
 * refuses, and that has been reported. */
NODISCARD bool dir_walk_may(struct dir_walk *walk, int parent_fd, const char *name);
