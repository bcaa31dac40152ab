/* store/directory/entry.h: names, entries and errors of directories, as the kernel has them and as
 * the store does. */
#pragma once

#include <sys/stat.h>

#include "store/types.h"

/* --- errors --- */

/* What an errno means where no link is followed; FAILED for those that only an administrator can
 * mend: these are logged, with `what` was being done. */
enum store_rc dir_rc(int code, const char *what);

/* The same for a flush that fails when the change has been made: UNKNOWN. */
enum store_rc dir_rc_unknown(int code, const char *what);

/* --- names --- */

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

/* --- what an entry is --- */

/* Asks for what a store_stat needs, its owner, and how many names it has; mounts nothing. False:
 * errno says why. */
NODISCARD bool dir_statx(int fd, const char *name, int flags, struct statx *stx_out);
/* The same of a member, not followed, and only what a store_stat needs: a network would perhaps be
 * asked for the rest. */
NODISCARD bool dir_statx_member(int fd, const char *name, struct statx *stx_out);

/* False when it is neither a file nor a directory: no resource. */
NODISCARD bool dir_stat_of(const struct statx *stx, struct store_stat *stat_out);

/* Sets when a file was modified: at `modified_s`, or now when that is NULL. 0 or errno. The part
 * below a second is always that of now: it goes into the version, and makes it a new one. It is
 * whole microseconds, and some nanoseconds more as marks: so many, of what is kept with the file.
 */
enum { DIR_MARK_CREATED = 1 /* created.h */, DIR_MARK_HASHES = 2 /* hashes.h */ };
NODISCARD int dir_set_modified(int fd, const int64_t *modified_s, unsigned marks);
/* The marks of such a time, by its nanoseconds. */
unsigned dir_time_marks(uint32_t nanoseconds);

/* Not through links. */
bool dir_is_directory(int parent_fd, const char *name);
/* Anything at all, links that lead nowhere too. */
bool dir_is_taken(int parent_fd, const char *name);

/* Whether an open collection is the root of a davit, running or not: its state lies in it. */
bool dir_is_served(int fd);

/* --- entries --- */

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
/* Whether another was read by the same call: then what dir_entries_next() has given stays. */
bool dir_entries_has_more(struct dir_entries *entries);
/* OK, END or what failed. Leaves out "." and "..". */
NODISCARD enum store_rc dir_entries_next(struct dir_entries *entries, struct dir_entry *entry_out);
