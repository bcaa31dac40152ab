/* store/view/view_priv.h: what the parts of a view share. */
#pragma once

#include "store/backend.h"
#include "store/view/view.h"

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

/* A mount begins below the path; at it or below it. */
bool view_has_below(const struct view *view, struct res_path path);
bool view_has_within(const struct view *view, struct res_path path);

/* The path within the mount's store, and back; the latter false where it is not in the mount. */
struct res_path view_enter(struct arena *arena, const struct mount *mount, struct res_path path);
NODISCARD bool view_leave(struct arena *arena, const struct mount *mount, struct res_path real,
                          struct res_path *path_out);

/* As view_leave(); false also where another mount stands before it. */
NODISCARD bool mount_shows(const struct view *view, struct arena *arena, const struct mount *mount,
                           struct res_path real, struct res_path *path_out);

/* What to look through at what is in the mount: its store, or what a change has in its place. */
struct store *view_store(const struct view *view, const struct mount *mount);

/* The part of a change on the view that is about the mount's store, with the mount's room. */
struct store_change *view_change(struct store_change *change, const struct mount *mount);

enum store_rc view_quota(struct store *store, struct res_path path, struct store_quota *quota_out);

/* As store_ops.patch and store_ops.upload, within the mount's quota; `change` is the store's. */
NODISCARD enum store_rc mount_patch(const struct mount *mount, struct store_change *change,
                                    struct res_path real, const struct store_patch *patch);
enum store_rc mount_upload(const struct mount *mount, struct res_path real, uint64_t size_bytes,
                           struct store_upload **upload_out);

/* What a tree operation within one store means for quotas. */
struct view_budget {
    struct store *store; /* of both, to be looked through */
    const struct mount *from;
    const struct mount *to; /* NULL: what is at `from` is removed */
    bool is_move;
    uint64_t bytes; /* of what is copied or moved */
    uint64_t replaced_bytes;
    uint64_t taken_bytes;
};

/* The caller has set store and from. */
void budget_remove(struct view_budget *budget, struct res_path real);

/* The caller has set store, from, to and is_move. OVER_QUOTA: there is no room for it. */
enum store_rc budget_transfer(struct view_budget *budget, struct res_path from_real,
                              struct res_path to_real, bool is_deep);

/* After the operation has come to `rc`. */
void budget_settle(const struct view_budget *budget, enum store_rc rc);

bool view_begin_change(struct store *store, struct store_change *change);
void view_end_change(struct store_change *change);

enum store_rc view_remove(struct store_change *change, struct res_path path,
                          struct store_visitor *visitor);
enum store_rc view_copy(struct store_change *change, const struct store_transfer *copy,
                        struct store_visitor *visitor);
enum store_rc view_move(struct store_change *change, const struct store_transfer *move,
                        struct store_visitor *visitor);
