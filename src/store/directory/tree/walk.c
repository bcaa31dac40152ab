#include "store/directory/tree/walk.h"

#include "store/directory/entry.h"

size_t dir_walk_down(struct dir_walk *walk, struct str name)
{
    size_t len = walk->path.len;
    if (len)
        buf_add_char(&walk->path, '/');
    buf_add(&walk->path, name);
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

static unsigned refuse_nothing(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* whatever it is */
    return 0;
}

static bool may_refuse_nothing(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* whatever it is */
    return false;
}

static void hear_nothing(struct store_visitor *visitor, struct res_path path, bool is_collection,
                         enum store_rc rc, unsigned reason)
{
    (void)visitor, (void)path, (void)is_collection, (void)rc, (void)reason; /* nobody asked */
}

struct store_visitor dir_silent_visitor(void)
{
    return (struct store_visitor){refuse_nothing, may_refuse_nothing, hear_nothing};
}
