/* extension/ordered.h: what lies below a collection, in the order of names, so that a walk can go
 * on where another one has ended. */
#pragma once

#include "dav/walk.h"

struct ordered_level;

struct ordered {
    struct store *store;
    bool is_deep;       /* members of members, too */
    unsigned depth_max; /* collections within collections */
    unsigned wants;     /* of members, as store_list() has it */
    size_t asked;       /* so many members at most are asked for; one at least */
    /* As a walk's, with `owner`. NULL: into all. */
    enum walk_entry (*may_enter)(void *owner, struct res_path path, struct res_path real);
    void *owner;

    /* its own: */
    size_t target_len; /* of the target's path in `path` */
    struct buf path;
    struct buf real;
    struct ordered_level *level; /* the innermost collection that it is in */
    unsigned level_count;
    size_t kept_max; /* members that all levels may keep */
};

/* Begins below `target`, behind the member whose path from there is `after`; the root's: at the
 * first. Any other than OK: the target cannot be
 * listed. */
NODISCARD enum store_rc ordered_begin(struct ordered *ordered, const struct walk_item *target,
                                      struct res_path after);
void ordered_done(struct ordered *ordered); /* one that is zeroed, too */

/* As walk_next(), but for links, which are left out. */
NODISCARD enum store_rc ordered_next(struct ordered *ordered, struct walk_item *item_out);

/* The path from the target of the item that was given last. */
struct res_path ordered_place(const struct ordered *ordered);
