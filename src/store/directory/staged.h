/* store/directory/staged.h: what is being made and has no place yet, and how it comes there. */
#pragma once

#include "store/directory/dir.h"

/* Whether it is in the state directory, or else in one beneath the root. */
bool dir_is_own_in_state(const struct dir_store *dir);

/* A directory of ours in the mount of the root, made where it is missing: in the state directory if
 * that is there. -1: `err` says why. Gives. */
NODISCARD int dir_own_open(const struct dir_store *dir, const char *name, struct err *err);

/* The directory for what is staged, made where it is missing. -1: `err` says why. Gives. */
NODISCARD int dir_staging_open(const struct dir_store *dir, struct err *err);

/* A name of its own in the staging directory, or beside the target where no rename comes from
 * there. *fd_out is the directory; *is_owned_out: to be closed by the caller. */
NODISCARD enum store_rc dir_stage_name(struct dir_store *dir, int parent_fd, char name_out[64],
                                       int *fd_out, bool *is_owned_out);

/* rename(2) that replaces nothing, as far as the file system can say: 0 or errno. */
NODISCARD int dir_rename_if_free(int from_fd, const char *from_name, int to_fd,
                                 const char *to_name);

/* rename(2) that replaces nothing, whatever comes to the target at this moment: 0, EEXIST, or
 * another errno. */
NODISCARD int dir_rename_new(int from_fd, const char *from_name, int to_fd, const char *to_name);

/* A file that is being made and has no name yet, or only one among the staged. */
struct staged_file {
    int fd;
    char name[64]; /* empty: it has none (O_TMPFILE) */
    int name_fd;   /* the directory that `name` is in; borrowed or owned */
    bool owns_name_fd;
};
/* Makes one that can become a member of `parent_fd`. */
NODISCARD enum store_rc dir_staged_open(struct dir_store *dir, int parent_fd,
                                        struct staged_file *staged_out);
/* Gives it its name in one step; replaces a file there unless `is_new`. */
NODISCARD enum store_rc dir_staged_link(struct dir_store *dir, struct staged_file *staged,
                                        int parent_fd, const char *name, bool is_new);
/* Whether the file is what `name` in parent_fd is. */
bool dir_staged_has_name(int fd, int parent_fd, const char *name);
void dir_staged_close(struct staged_file *staged);

/* Takes over what a new member gets from its collection: the group, where that is inherited. */
void dir_inherit(int parent_fd, int fd);
