/* dav/walk.h: a resource and what lies below it, one after the other. */
#pragma once

#include "exchange/destination.h"
#include "store/store.h"

struct walk_item {
    struct res_path path; /* as in the URL; valid until the next step */
    struct res_path real; /* as located; likewise */
    struct store_stat stat;
    enum store_rc rc;   /* OK; or why it cannot be looked at, or its members cannot be listed */
    bool is_listing_rc; /* `rc` is about its members: `stat` holds */
    bool is_link;       /* and is given as what it leads to */
    bool is_mount;      /* a collection, whatever `rc` is: a mount of a view begins there */
    bool is_of_part;    /* a member of a collection of which a part is shown */
    bool is_part;       /* of who walks: a part of the collection is shown */
};

/* What a walk does with a collection. */
enum walk_entry {
    WALK_PASSES_BY,
    WALK_ENTERS,
    WALK_ENTERS_PART, /* its members are marked */
};

struct walk_level;
struct walk;

struct walk {
    struct store *store;
    unsigned depth_max; /* collections within collections */
    enum depth depth;
    struct buf path;
    struct buf real;
    struct arena arena;       /* of an item that is a link */
    struct walk_level *level; /* the innermost collection that is being listed */
    unsigned level_count;
    struct store_stat target;
    bool has_given_target;
    /* Whether to go into a collection, or to look at what a link leads to; NULL: into all. Set
     * after walk_init(). */
    enum walk_entry (*may_enter)(struct walk *walk, struct res_path path, struct res_path real);
    unsigned wants; /* of members, as store_list() has it; likewise */
};

/* Begins at `path`, which is there and is what `target` says. */
void walk_init(struct walk *walk, struct store *store, const struct walk_item *target,
               enum depth depth, unsigned depth_max);
void walk_done(struct walk *walk);

/* OK: the next item; END: there is none; any other: a listing broke off, and the walk is over. */
NODISCARD enum store_rc walk_next(struct walk *walk, struct walk_item *item_out);

/* Whether the next step asks nothing of the store that may block. */
bool walk_is_quick(const struct walk *walk);
