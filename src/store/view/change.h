/* store/view/change.h: a change on a view: one on each of its stores that it is about. */
#pragma once

#include "store/view/mounts.h"

/* What to look through at what is in the mount: its store, or what a change has in its place. */
struct store *view_store(const struct view *view, const struct mount *mount);

/* The part of a change on the view that is about the mount's store, with the mount's room. */
struct store_change *view_change(struct store_change *change, const struct mount *mount);

/* As store_ops.begin and store_ops.end. */
bool view_begin_change(struct store *store, struct store_change *change);
void view_end_change(struct store_change *change);
