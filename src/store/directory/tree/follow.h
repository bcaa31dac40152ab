/* store/directory/tree/follow.h: properties and locks follow what davit does to the tree. */
#pragma once

#include "store/directory/tree/owed.h"

/* Before a new resource is made at `path`: forgets what is left of an earlier one. */
NODISCARD enum store_rc dir_follow_clear(struct dir_store *dir, struct res_path path);

/* A removal. All but `path` is zero at first, and belongs to the functions below. */
struct dir_removal {
    struct res_path path;
    struct dir_paths marked; /* the paths within that have properties */
    struct arena arena;
};

/* Before: any other than OK, and nothing must be removed. */
NODISCARD enum store_rc dir_removal_begin(struct dir_store *dir, struct dir_removal *removal);

/* After: properties and locks of what is no longer there go. is_known: the removal is on the disk.
 * While it is not, the properties stay. */
void dir_removal_end(struct dir_store *dir, struct dir_removal *removal, bool is_partial,
                     bool is_known);

/* Instead, when nothing was removed. */
void dir_removal_done(struct dir_removal *removal);

/* A copy or move. All but the first three lines is zero at first, and belongs to the functions
 * below; only is_replaced is set by who does it. */
struct dir_transfer {
    struct res_path from, to;
    bool is_copy;
    bool is_shallow;
    bool is_replaced; /* nothing is left of what was at `to`: its properties go too, and the locks
                       * of its members */

    /* The paths that have properties, within `from` and within `to`; and those within `from` in
     * whose place in `to` something has stayed, which keeps its own. */
    struct dir_paths sources, targets, kept;
    struct arena arena;     /* of the lists */
    struct lock_list locks; /* those that go with what is replaced */
    int64_t intent;         /* 0: none was noted */
};

/* Before: notes an intent that start-up can finish. `name` in `fd`, of that mode, is what will be
 * put in place. On failure nothing must be changed. */
NODISCARD enum store_rc dir_transfer_begin(struct dir_store *dir, struct dir_transfer *transfer,
                                           int fd, const char *name, mode_t mode);

/* In between, when what was at `to` was removed: properties and locks of what could go; what has
 * stayed is noted. */
void dir_transfer_keep(struct dir_store *dir, struct dir_transfer *transfer);

/* After: one or the other; when nothing was changed, it is cancelled. */
void dir_transfer_end(struct dir_store *dir, const struct dir_transfer *transfer);
void dir_transfer_cancel(struct dir_store *dir, const struct dir_transfer *transfer);
void dir_transfer_done(struct dir_transfer *transfer);

/* At start-up: ends or cancels what a crash left open; `inode` is that of the intent. */
NODISCARD enum store_rc dir_transfer_recover(struct dir_store *dir, struct dir_transfer *transfer,
                                             uint64_t inode);
