/* store/view_priv.h: what the parts of a view share. */
#pragma once

#include "store/view.h"

enum { VIEW_STORES_MAX = CLAIM_RANGES_MAX };

/* The part of a claim that is about one store. */
struct view_claim {
    struct claim claim;
    struct store *store;
    struct view *view;
};

struct view {
    struct store base;
    struct arena *arena;
    const struct mount *mounts;
    size_t count;

    struct view_claim parts[VIEW_STORES_MAX]; /* in the order of their stores' addresses */
    size_t part_count;
    size_t held_count;
    struct claim *whole;
};

struct view *view_of(struct store *store);

/* NULL: no mount covers the path. */
const struct mount *view_find(const struct view *view, struct res_path path);

/* A mount begins below the path; at it or below it. */
bool view_has_below(const struct view *view, struct res_path path);
bool view_has_within(const struct view *view, struct res_path path);

/* The path within the mount's store, and back; the latter false where it is not in the mount. */
struct res_path view_enter(struct arena *arena, const struct mount *mount, struct res_path path);
NODISCARD bool view_leave(struct arena *arena, const struct mount *mount, struct res_path real,
                          struct res_path *path_out);

/* The same as view_enter(), where nothing leads out of the mount on the way: DENIED otherwise. */
NODISCARD enum store_rc view_reach(struct arena *arena, const struct mount *mount,
                                   struct res_path path, struct res_path *real_out);

bool view_take_claim(struct store *store, struct claim *claim);
void view_release_claim(struct store *store, struct claim *claim);

enum store_rc view_remove(struct store *store, struct res_path path, struct store_visitor *visitor);
enum store_rc view_copy(struct store *store, struct res_path from, struct res_path to, bool is_deep,
                        struct store_visitor *visitor);
enum store_rc view_move(struct store *store, struct res_path from, struct res_path to,
                        struct store_visitor *visitor);
