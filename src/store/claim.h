/* store/claim.h: who may change what right now, within this process: what a store in memory or on a
 * directory makes of a change that has begun (store/change.h). It is held from before the first
 * look that the change rests on until the change is made, so that check and change are one step
 * (promise 5).
 *
 * A range is one resource or a whole tree, for reading or for writing. Two ranges conflict when one
 * covers the other's path and either writes. Claims are granted in order, except that one which
 * conflicts with nothing ahead of it need not wait. */
#pragma once

#include "base/executor.h"
#include "text/path.h"

enum claim_reach { CLAIM_SELF, CLAIM_TREE };

struct claim_range {
    struct res_path path; /* borrows until the claim is released */
    enum claim_reach reach;
    bool is_write;
};

/* Embedded in who claims. */
struct claim {
    struct list link;                 /* claims' own */
    const struct claim_range *ranges; /* borrows until it is released */
    size_t range_count;
    struct executor *executor; /* where `granted` runs */
    void (*granted)(struct claim *claim);
    struct job job; /* claims' own */
    bool is_held;
};

struct claims;
NODISCARD struct claims *claims_new(void);
void claims_free(struct claims *claims);

/* True: held at once. False: `granted` will be called on the executor's thread when it is. */
NODISCARD bool claims_take(struct claims *claims, struct claim *claim);

/* Any thread; only what is held. */
void claims_release(struct claims *claims, struct claim *claim);
