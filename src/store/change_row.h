/* store/change_row.h: what the change log says of a change. */
#pragma once

#include "text/path.h"

enum change_kind {
    CHANGE_OF_ONE,   /* the resource itself: made, changed, or gone without anything in it */
    CHANGE_CAME,     /* it is there with all below it, and nothing was there before */
    CHANGE_WENT,     /* it is gone with all below it */
    CHANGE_REPLACED, /* it is there or not, with anything below it or not, and something else was */
};

/* What a change has left at its place, for who is told by others that something has happened there.
 */
enum {
    LEFT_UNKNOWN,
    LEFT_NOTHING, /* it is gone */
    LEFT_NEW,     /* it has come, in one step and with nothing in it */
    LEFT_MOVED,   /* a collection has come from elsewhere, if in one step, with all that is in it */
    LEFT_SEEN,    /* what a walk through the tree has seen there */
    /* Any other: the version of a file. */
};

struct change_row {
    struct res_path path;
    enum change_kind kind;
    uint64_t left;
};

/* The newest of what is known of a place: numbers of changes; 0: none. */
struct change_state {
    struct res_path path;
    uint64_t seq;    /* of it, and of all below it */
    uint64_t own;    /* of itself */
    uint64_t whole;  /* all below it is other than before that */
    uint64_t went;   /* and was gone then */
    uint64_t broken; /* here or below, something went and is there again */
    bool keeps_tag;  /* it is, or was, a collection */
    bool is_seen;    /* its own: by a walk of this process */
};
