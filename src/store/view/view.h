/* store/view/view.h: one tree put together from parts of other stores: several directories under
 * one server, a home for each user, a collection behind a shared link. */
#pragma once

#include "store/view/usage.h"

struct mount {
    struct res_path prefix; /* where it is seen; the root: wherever no other is */
    struct store *store;
    struct res_path base; /* what is seen there: a collection of the store */
    bool is_read_only;
    uint64_t quota_bytes;  /* how much may be in it; 0: as much as fits */
    struct usages *usages; /* who counts that */
};

/* What of calls in the mount may block, its quota included. */
void mount_add_traits(struct store_traits *to, const struct mount *mount);

/* A store that shows the mounts; the longest prefix counts. It borrows them and the stores, and
 * needs no closing: its memory is the arena's. One exchange at a time. */
NODISCARD struct store *mount_view(struct arena *arena, const struct mount *mounts, size_t count);
