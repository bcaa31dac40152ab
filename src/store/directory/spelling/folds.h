/* store/directory/spelling/folds.h: which file systems take several names for one. */
#pragma once

#include "store/store.h"
#include "text/unicode.h"

struct err;
struct folds;

/* How a directory tells names apart. */
struct fold_kind {
    bool is_exact;          /* by their bytes */
    bool lists_another;     /* a new name is listed in another form than it was given */
    enum unicode_form form; /* in this one, then */
};

/* Finds out about the file system of the root: by a trial in staging_fd, which is on it, or where
 * that is -1 by what is there. Borrows root_fd until freed. False: `err` says why it cannot be
 * served, and what to do. Gives. */
NODISCARD bool folds_open(int root_fd, int staging_fd, struct folds **folds_out, struct err *err);
/* NULL is fine. */
void folds_free(struct folds *folds);

/* Whether the root's own file system tells all names apart; others mounted below may not. */
bool folds_root_is_exact(const struct folds *folds);

/* Whether only those of its directories do not that are marked so. */
bool folds_root_has_marks(const struct folds *folds);

/* About an open directory (O_PATH will do). */
struct fold_kind folds_of(struct folds *folds, int dir_fd);

/* Whether a directory is marked not to tell case apart. Who may not read it cannot see that: no.
 * Where it cannot be opened at this moment it may be: yes. */
bool folds_is_marked(int dir_fd);

/* What has been found by now. */
enum store_folding folds_found(const struct folds *folds);
