/* store/view/quota.h: how much may be in a mount. */
#pragma once

#include "store/view/mounts.h"

/* As store_ops.quota and store_ops.make_room. */
bool view_make_room(struct store *store, struct res_path path, uint64_t bytes);
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
