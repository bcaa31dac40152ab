/* store/directory/tree_priv.h: shared by tree_copy.c and tree_move.c. */
#pragma once

#include "store/directory/dir_priv.h"

/* A copy that is being made among the staged names. */
struct copying {
    struct dir_walk walk; /* through the source */
    int parent_fd;        /* the collection that the copy is for; borrows */
    int staged_fd;        /* the directory it is made in */
    bool owns_staged_fd;
    char staged[64]; /* its name there */
    bool is_deep;
    bool is_full; /* the disk is */
};

NODISCARD enum store_rc dir_copying_init(struct copying *copying, struct dir_store *dir,
                                         struct res_path from, int parent_fd,
                                         struct store_visitor *visitor);
/* Also removes what is still among the staged. */
void dir_copying_done(struct copying *copying);

/* Copies `from_name` in `from_fd` to the staged name. OK: there is a copy, less the members that
 * were reported; REFUSED: there is none, because of what was reported. */
NODISCARD enum store_rc dir_copying_run(struct copying *copying, int from_fd,
                                        const char *from_name);

/* Something complete that is to replace what is at `to`: a staged copy, or what is moved. */
struct placing {
    struct dir_store *dir;
    struct store_visitor *visitor;
    int from_fd;
    const char *from_name;
    struct res_path from; /* at == NULL: staged; nobody is asked about its members */
    int to_fd;
    const char *to_name;
    struct res_path to;
    bool is_across; /* set: nothing was done, since `to` is on another file system */
};

/* OK: in place; PARTIAL: less what was reported. Locks and dead properties of what was replaced
 * are gone. */
NODISCARD enum store_rc dir_place(struct placing *placing);
