/* store/view/mount.h: a part of a store, and where it is seen. */
#pragma once

#include "store/view/usage.h"

struct mount {
    struct res_path prefix; /* where it is seen; the root: wherever no other is */
    struct store *store;
    struct res_path base; /* what is seen there: a collection of the store */
    bool is_read_only;
    bool is_synced;        /* what has changed in it is told, where its store knows */
    uint64_t quota_bytes;  /* how much may be in it; 0: as much as fits */
    struct usages *usages; /* who counts that */
};
