/* store/directory/dir.h: shared by the files of the directory backend. */
#pragma once

#include <sys/stat.h>

#include "store/backend.h"
#include "store/directory/cache/cache.h"
#include "store/directory/entry.h"
#include "store/directory/flush.h"
#include "store/directory/mounts/mounts.h"
#include "store/directory/root.h"
#include "store/directory/spelling/spell.h"
#include "store/directory/state/kept.h"

struct dir_store {
    struct store base;
    struct dir_root *root;
    int root_fd;
    struct dir_kept *kept;
    int staging_fd; /* in the mount of root_fd; -1 when read-only */
    bool is_read_only;
    enum store_durability durability;
    const struct limits *limits;
    struct flush *flush;
    struct dir_cache *cache; /* NULL: none */
    struct folds *folds;
    struct dir_mounts *mounts;
};

static inline struct dir_store *dir_of(struct store *store)
{
    return CONTAINER_OF(store, struct dir_store, base);
}

/* --- resolve.c --- */

/* openat2(2) beneath the root: not through links, and not what is reserved. The descriptor, or -1
 * and errno. */
NODISCARD int dir_open_beneath(const struct dir_store *dir, struct res_path path, int flags);

/* The same of a path that has not been located: ELOOP also where it is not spelled as listed. */
NODISCARD int dir_open_unlocated(const struct dir_store *dir, struct res_path path, int flags);

/* The path that an open descriptor has now, beneath the root; memory from the arena. False when it
 * has none. */
bool dir_path_of_fd(const struct dir_store *dir, int fd, struct arena *arena,
                    struct res_path *path_out);

/* Whether rename(2) can go from one directory to the other: not between file systems, and not
 * between two mounts of one. */
bool dir_is_same_mount(int fd, int other_fd);

/* The collection that holds `path`, for changes to its last segment, *name_out. NO_PARENT: there is
 * none; DENIED for the root, and always when the store is read-only. Gives *fd_out: close it. */
NODISCARD enum store_rc dir_open_parent(const struct dir_store *dir, struct res_path path,
                                        int *fd_out, struct dir_name *name_out);

NODISCARD enum store_rc dir_locate(struct store *store, struct arena *arena, struct res_path path,
                                   enum locate_what what, struct res_path *real_out);

/* --- read.c --- */

NODISCARD enum store_rc dir_stat(struct store *store, struct res_path path,
                                 struct store_stat *stat_out);
NODISCARD enum store_rc dir_content_open(struct store *store, struct res_path path,
                                         struct store_content **content_out);
NODISCARD enum store_rc dir_list(struct store *store, struct res_path path,
                                 struct store_cursor **cursor_out);

/* --- upload.c --- */

NODISCARD enum store_rc dir_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                                   struct store_upload **upload_out);

/* --- props.c --- */

bool dir_may_have_props(struct store *store, struct res_path path);
NODISCARD enum store_rc dir_props(struct store *store, struct res_path path,
                                  struct store_prop_visitor *visitor);
NODISCARD enum store_rc dir_patch(struct store *store, struct res_path path,
                                  const struct store_patch *patch);

/* --- locks.c --- */

bool dir_has_locks(struct store *store);
NODISCARD enum store_rc dir_locks(struct store *store, struct arena *arena, struct res_path path,
                                  enum lock_query query, struct lock_list *locks_out);
NODISCARD enum store_rc dir_lock(struct store *store, const struct lock *lock);
NODISCARD enum store_rc dir_unlock(struct store *store, struct str token);

/* --- recover.c --- */

/* What a crash left behind: finishes intents, removes what was staged, loads the locks. */
NODISCARD bool dir_recover(struct dir_store *dir, struct err *err);
