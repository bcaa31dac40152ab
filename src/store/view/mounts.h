/* store/view/mounts.h: the mounts of a view, and paths on their two sides. */
#pragma once

#include "store/backend.h"
#include "store/view/mount.h"

struct view_part;

struct view {
    struct store base;
    struct arena *arena;
    const struct mount *mounts;
    size_t count;

    struct store_change *whole; /* that has been begun */
    struct view_part *parts;    /* of it, one a store, in the order of the stores' addresses */
    size_t part_count;
    size_t begun_count;
};

struct view *view_of(struct store *store);

/* NULL: no mount covers the path. */
const struct mount *view_find(const struct view *view, struct res_path path);

/* It begins below the path. */
bool mount_is_below(const struct mount *mount, struct res_path path);

/* The name in the collection that leads to the mount, if not at once; empty: none does. And whether
 * one of the first `count` mounts has that name there. */
struct str mount_member_of(const struct mount *mount, struct res_path collection);
bool view_has_member(const struct view *view, struct res_path collection, struct str name,
                     size_t count);

/* Some mount begins at the path; below it; at it or below it. */
bool view_begins_at(const struct view *view, struct res_path path);
bool view_has_below(const struct view *view, struct res_path path);
bool view_has_within(const struct view *view, struct res_path path);

/* Why what holds a mount cannot be taken away: MOUNT, or, of the root, DENIED. */
enum store_rc view_pins(struct res_path path);

/* The path within the mount's store, and back; the latter false where it is not in the mount. */
struct res_path view_enter(struct arena *arena, const struct mount *mount, struct res_path path);
NODISCARD bool view_leave(struct arena *arena, const struct mount *mount, struct res_path real,
                          struct res_path *path_out);

/* As view_leave(); false also where another mount stands before it. */
NODISCARD bool mount_shows(const struct view *view, struct arena *arena, const struct mount *mount,
                           struct res_path real, struct res_path *path_out);
