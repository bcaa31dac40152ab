/* store/directory/entry.h: names and entries of directories, as the kernel has them and as the
 * store does. */
#pragma once

#include <sys/stat.h>

#include "store/types.h"

/* --- resolve.c --- */

/* A path as the kernel wants it: "." for the root, with a NUL behind it. */
struct dir_name {
    char text[4096];
};
NODISCARD enum store_rc dir_name_of(struct res_path path, struct dir_name *name_out);

/* The absolute path that an open descriptor has now, by what the kernel says; it borrows *name_out,
 * where a NUL stands behind it. Empty: none, or one that is too long. */
struct str dir_path_text(int fd, struct dir_name *name_out);

/* Names that davit keeps for itself, wherever they are: the state directory, which below the root
 * may be that of another davit that serves a part of the tree, and what is staged beside its target
 * on another file system. In every spelling that some file system takes for them: where they are
 * copied to or mounted is not for us to know. */
#define DIR_STATE_NAME    ".davit"
#define DIR_STAGED_PREFIX ".davit-staged-"
bool dir_is_reserved(struct res_path path);
bool dir_is_reserved_name(struct str name);

/* --- read.c --- */

/* Asks for what a store_stat needs. False: errno says why. */
NODISCARD bool dir_statx(int fd, const char *name, int flags, struct statx *stx_out);

/* False when it is neither a file nor a directory: no resource. */
NODISCARD bool dir_stat_of(const struct statx *stx, struct store_stat *stat_out);

/* Raw directory entries, in large batches. */
struct dir_entries {
    int fd;
    char *buffer;
    size_t len, at;
};
struct dir_entry {
    struct str name;    /* ends in NUL; valid until the next call */
    unsigned char type; /* DT_…; DT_UNKNOWN where the file system does not say */
};
/* Takes fd. */
void dir_entries_init(struct dir_entries *entries, int fd);
void dir_entries_done(struct dir_entries *entries);
/* OK, END or what failed. Leaves out "." and "..". */
NODISCARD enum store_rc dir_entries_next(struct dir_entries *entries, struct dir_entry *entry_out);
