/* store/directory/tree/remove.h: collections made and removed. */
#pragma once

#include "store/directory/dir.h"

struct dir_walk;

NODISCARD enum store_rc dir_mkcol(struct store *store, struct res_path path);
NODISCARD enum store_rc dir_remove(struct store *store, struct res_path path,
                                   struct store_visitor *visitor);

/* Removes what `name` in `parent_fd` is, with all below it; the walk is at it, and the visitor is
 * asked about all of it. True: it is gone. */
NODISCARD bool dir_remove_tree(struct dir_walk *walk, int parent_fd, const char *name);
