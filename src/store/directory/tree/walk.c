#include "store/directory/tree/walk.h"

#include "store/directory/entry.h"

size_t dir_walk_down(struct dir_walk *walk, struct str name)
{
    size_t len = walk->path.len;
    path_step(&walk->path, len, name);
    walk->depth++;
    return len;
}

void dir_walk_up(struct dir_walk *walk, size_t len)
{
    walk->path.len = len;
    walk->depth--;
}

struct res_path dir_walk_path(const struct dir_walk *walk)
{
    return (struct res_path){walk->path.at, walk->path.len};
}

bool dir_walk_fail(struct dir_walk *walk, bool is_collection, enum store_rc rc, unsigned reason)
{
    walk->failures++;
    walk->visitor->failed(walk->visitor, dir_walk_path(walk), is_collection, rc, reason);
    return false;
}

bool dir_walk_may(struct dir_walk *walk, int parent_fd, const char *name)
{
    unsigned reason = walk->visitor->refuse(walk->visitor, dir_walk_path(walk));
    return reason == 0 ||
           dir_walk_fail(walk, dir_is_directory(parent_fd, name), STORE_REFUSED, reason);
}
