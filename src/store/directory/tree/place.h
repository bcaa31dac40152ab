/* store/directory/tree/place.h: puts something complete in its place: what COPY and MOVE share. */
#pragma once

#include "store/directory/tree/follow.h"

/* Something complete that is to replace what is at `to`: a staged copy, or what is moved. */
struct placing {
    struct dir_store *dir;
    struct store_visitor *visitor;
    int from_fd;
    const char *from_name;
    mode_t from_mode;    /* what it is: as of dir_find_member() */
    bool is_staged;      /* nobody is asked about it */
    bool expects_absent; /* nothing is to be replaced */
    bool is_tried;       /* what is there stays: EXISTS, and there is another way */
    bool is_grafted;     /* set: members were moved one by one, */
    bool has_made_to;    /* into a collection that was made for them */
    bool meets_border;   /* set: nothing has changed, since no rename goes there */
    bool keeps_links;    /* a copy has them as they are */
    bool shares_content; /* a copy of a file is a second name, where there can be one */
    int to_fd;
    const char *to_name;
    struct dir_transfer transfer;
};

/* What there is to be copied, moved or placed at from_name: NOT_FOUND when it is no resource. Not
 * through links. */
NODISCARD enum store_rc dir_find_member(struct placing *placing);

/* There is something at `to`: may it be replaced? EXISTS: nothing was expected there; DENIED: it is
 * no resource, and no client can have meant it. */
NODISCARD enum store_rc dir_may_replace(const struct placing *placing);

/* Puts it in place, durably; properties follow. OK; PARTIAL: less what was reported; any other:
 * nothing has changed. */
NODISCARD enum store_rc dir_place(struct placing *placing);

/* Asks the visitor about one of the two ends alone: `path`, which is `name` in `fd`. False:
 * refused, and that has been reported. */
NODISCARD bool dir_placing_may(const struct placing *placing, struct res_path path, int fd,
                               const char *name);
