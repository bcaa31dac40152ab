/* store/directory/resolve.h: from a resource's path to what the kernel knows. */
#pragma once

#include "store/directory/dir.h"
#include "store/directory/entry.h"

/* beneath_open() from the root: not through links, and not what is reserved. The descriptor, or -1
 * and errno. */
NODISCARD int dir_open_beneath(const struct dir_store *dir, struct res_path path, int flags);

/* The same of a path that has not been located: ELOOP also where it is not spelled as listed. */
NODISCARD int dir_open_unlocated(const struct dir_store *dir, struct res_path path, int flags);

/* The path that an open descriptor has now, beneath the root; memory from the arena. False when it
 * has none. */
bool dir_path_of_fd(const struct dir_store *dir, int fd, struct arena *arena,
                    struct res_path *path_out);

/* The collection that holds `path`, for changes to its last segment, *name_out. NO_PARENT: there is
 * none; DENIED for the root, and always when the store is read-only. Gives *fd_out: close it. */
NODISCARD enum store_rc dir_open_parent(const struct dir_store *dir, struct res_path path,
                                        int *fd_out, struct dir_name *name_out);

/* The same of a path whose collection is open as `fd`. */
NODISCARD enum store_rc dir_name_beside(const struct dir_store *dir, int fd, struct res_path path,
                                        struct dir_name *name_out);

NODISCARD enum store_rc dir_locate(struct store *store, struct arena *arena, struct res_path path,
                                   enum locate_what what, struct res_path *real_out);
