/* store/directory/spelling/spell.h: names as their directories list them. */
#pragma once

#include "store/directory/spelling/folds.h"

/* Goes down from root_fd, through no link, and takes each name as it is listed where the file
 * system takes several for one, and in the Unicode form that is there elsewhere. What is not there,
 * or behind a link, stays as it is, but for the form in which a new name will be listed. DENIED: it
 * leads to something, and nobody can say what. BUSY, FAILED: nor can the system whether it does.
 * Memory from the arena. */
NODISCARD enum store_rc spell_path(struct folds *folds, int root_fd, struct arena *arena,
                                   struct res_path path, struct res_path *real_out);

/* Whether `name` may be that of a new member of a directory: some become another name on the way to
 * the disk. Nothing is asked where all names are told apart. */
bool spell_may_be_new(struct folds *folds, int parent_fd, const char *name);
