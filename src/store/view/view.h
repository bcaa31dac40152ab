/* store/view/view.h: one tree put together from parts of other stores: several directories under
 * one server, a home for each user, a collection behind a shared link. */
#pragma once

#include "store/view/mount.h"

/* What of calls in the mount may block, its quota included. */
void mount_add_traits(struct store_traits *to, const struct mount *mount);

/* A store that shows the mounts; the longest prefix counts. It borrows them and the stores, and
 * needs no closing: its memory is the arena's. One exchange at a time. */
NODISCARD struct store *mount_view(struct arena *arena, const struct mount *mounts, size_t count);
