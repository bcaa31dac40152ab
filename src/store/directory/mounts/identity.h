/* store/directory/mounts/identity.h: whether two ends of a COPY or MOVE are one thing, whatever
 * they are called. */
#pragma once

#include "base/base.h"

/* A member, which may be missing, of an open collection. */
struct dir_end {
    int parent_fd;
    const char *name;
};

enum dir_relation {
    RELATION_APART,
    RELATION_FREE,    /* apart, and there is nothing at `to` */
    RELATION_RESPELT, /* one member of one collection, in two spellings */
    RELATION_WITHIN,  /* `to` lies in `from` */
    RELATION_MET,     /* one thing, or `from` lies in `to` */
};

/* How they lie to each other beneath the root. Not through links in the last segment. */
NODISCARD enum dir_relation dir_relate(int root_fd, const struct dir_end *from,
                                       const struct dir_end *to);
