/* dav/lock/permit.h: may this request change that resource (RFC 4918 §7)? */
#pragma once

#include "exchange/exchange.h"
#include "store/store.h"

enum permit_reach {
    PERMIT_SELF,   /* its content and properties */
    PERMIT_MEMBER, /* also its being a member: it is made, removed or renamed (§7.4) */
};

/* Whether a lock is of whoever asks, or he may break it. */
bool lock_is_own(const struct exchange *x, const struct lock *lock);

/* 423 with lock-token-submitted, naming the locks whose tokens are missing. `real` as located; the
 * result lives in the arena. */
NODISCARD struct dav_result lock_permit(const struct exchange *x, struct arena *arena,
                                        struct res_path real, enum permit_reach reach);

/* Whether one of the locks that cover `real` is of whoever asks, submitted or not. */
NODISCARD bool lock_is_held(const struct exchange *x, struct arena *arena, struct res_path real);

/* Whether some lock at `real` or below it lacks its token. The arena is for what is looked at. */
NODISCARD bool lock_obstructs_within(const struct exchange *x, struct arena *arena,
                                     struct res_path real);

/* Appends <D:href>…</D:href> for a lock's root. */
void lock_add_root_href(struct buf *to, struct store *store, const struct lock *lock);

/* The same for each of them; several shared locks on one resource have one root. */
void lock_add_root_hrefs(struct buf *to, struct store *store, const struct lock_list *locks);
