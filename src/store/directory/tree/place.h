/* store/directory/tree/place.h: what copy.c and move.c share. */
#pragma once

#include "store/directory/tree/follow.h"

/* A copy that is being made among the staged names. */
struct copying {
    struct dir_walk walk; /* through the source */
    int parent_fd;        /* the collection that the copy is for; borrows */
    int staged_fd;        /* the directory it is made in; -1: none yet */
    bool owns_staged_fd;
    char staged[64]; /* its name there */
    bool is_shallow;
    bool keeps_links;
    bool hands_down; /* the collection does, its group: dir_inherit() */
    bool is_full;    /* the disk is */
};

/* Something complete that is to replace what is at `to`: a staged copy, or what is moved. */
struct placing {
    struct dir_store *dir;
    struct store_visitor *visitor;
    int from_fd;
    const char *from_name;
    bool is_staged;      /* nobody is asked about it */
    bool expects_absent; /* nothing is to be replaced */
    bool is_grafted;     /* set: members were moved one by one, */
    bool has_made_to;    /* into a collection that was made for them */
    bool keeps_links;    /* a copy has them as they are */
    int to_fd;
    const char *to_name;
    struct dir_transfer transfer;
};

/* What is there to be copied or moved: NOT_FOUND when it is no resource. Not through links. */
NODISCARD enum store_rc dir_find_member(int parent_fd, const char *name);

/* Copies what is to move to another file system: with its links as they are. */
NODISCARD enum store_rc dir_copy_for_move(const struct placing *placing);

/* There is something at `to`: may it be replaced? EXISTS: nothing was expected there; DENIED: it is
 * no resource, and no client can have meant it. */
NODISCARD enum store_rc dir_may_replace(const struct placing *placing);

/* Puts it in place, durably; properties follow. OK; PARTIAL: less what was reported; any other:
 * nothing has changed. */
NODISCARD enum store_rc dir_place(struct placing *placing);
