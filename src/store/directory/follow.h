/* store/directory/follow.h: properties and locks follow what davit does to the tree. */
#pragma once

#include "store/directory/dir_priv.h"

/* Forgets what is left of an earlier resource at `path`, before a new one is made there. */
NODISCARD enum store_rc dir_props_clear(struct dir_store *dir, struct res_path path);

/* After a removal: properties and locks of what is no longer there go. */
NODISCARD enum store_rc dir_props_removed(struct dir_store *dir, struct res_path path,
                                          bool is_partial);

struct dir_paths {
    struct res_path *items;
    size_t count;
    size_t cap;
};

/* A copy or move. All but the first three lines is zero at first, and belongs to the functions
 * below; only is_replaced is set by who does it. */
struct dir_transfer {
    struct res_path from, to;
    bool is_copy;
    bool is_shallow;
    bool is_replaced; /* nothing is left of what was at `to`: its properties go too, and the locks
                       * of its members */

    /* Paths within `from`: at their place in `to` something has stayed, which keeps its own. */
    struct dir_paths kept;
    struct arena arena; /* of `kept` */
    int64_t intent;     /* 0: none was noted */
};

/* Before: notes an intent that start-up can finish. `name` in `fd` is what will be put in place. */
NODISCARD enum store_rc dir_transfer_begin(struct dir_store *dir, struct dir_transfer *transfer,
                                           int fd, const char *name);

/* In between, when not all of what was at `to` could be removed: properties and locks of what could
 * go, and what has stayed is noted. */
NODISCARD enum store_rc dir_transfer_keep(struct dir_store *dir, struct dir_transfer *transfer);

/* In between, when nothing is left of what was at `to`, and members will come there one by one:
 * nothing of it is to turn up on them. */
NODISCARD enum store_rc dir_transfer_clear(struct dir_store *dir,
                                           const struct dir_transfer *transfer);

/* After: one or the other; when nothing was changed, it is cancelled. */
NODISCARD enum store_rc dir_transfer_end(struct dir_store *dir,
                                         const struct dir_transfer *transfer);
NODISCARD enum store_rc dir_transfer_cancel(struct dir_store *dir,
                                            const struct dir_transfer *transfer);
void dir_transfer_done(struct dir_transfer *transfer);

/* At start-up: ends or cancels what a crash left open; `inode` is that of the intent. */
NODISCARD enum store_rc dir_transfer_recover(struct dir_store *dir, struct dir_transfer *transfer,
                                             uint64_t inode);
