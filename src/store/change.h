/* store/change.h: a change that somebody is making: from before the first look that it rests on
 * until the last call that is part of it.
 *
 * Who changes names what it is about (ranges), begins, looks through change->store, makes the calls
 * of store/store.h that take a change, and ends. Between the first and the last, what he has looked
 * at through change->store within his ranges stays so: because nobody else may change it (a claim,
 * store/claim.h), or because the call that changes finds out that somebody has, answers AGAIN, and
 * has changed nothing. Then all of it is done again from its beginning, with a change that is begun
 * anew. What it is with one store is that store's matter; who changes need not know.
 *
 * What a call answers is final: nothing is left for the end, which therefore has no result. */
#pragma once

#include "store/claim.h"
#include "store/types.h"

struct store;

/* What there may be below a collection, for a store that counts bytes itself. */
struct store_room {
    struct res_path base;
    uint64_t quota_bytes; /* 0: as much as fits */
};

enum { CHANGE_RANGES_FEW = 4 };

/* Embedded in who changes, zeroed; stays where it is. */
struct store_change {
    /* Who changes sets these before he begins. */
    struct executor *executor; /* where `begun` runs */
    void (*begun)(struct store_change *change);
    struct str who; /* he is told of where it is asked who has deleted something; or empty */

    /* Set when it has begun. */
    enum store_rc rc; /* OK; or why it has not: UNAVAILABLE, BUSY, AGAIN */
    struct store
        *store; /* what to look through: the store itself, or the change's own view of it */

    /* What it is about; change_add() */
    struct claim_range few[CHANGE_RANGES_FEW];
    struct claim_range *ranges;
    size_t range_count;

    bool is_begun;          /* and not ended */
    struct arena arena;     /* until the end */
    struct store_room room; /* set by a view */
    struct claim claim;     /* of a store whose changes are claims */
    void *own;              /* of a store that is wrapped around another */
};

/* One more range; before it begins. Borrows the path until the end. */
void change_add(struct store_change *change, struct res_path path, enum claim_reach reach,
                bool is_write);

/* Whether its ranges cover the resource, or the tree: for reading, those do that write, too. */
bool change_covers(const struct store_change *change, struct res_path path, enum claim_reach reach,
                   bool is_write);

/* --- for backends --- */

/* It has begun, or failed (change->rc), after begin() has said false. On the executor's thread. */
void change_tell(struct store_change *change);

/* begin() of a store whose changes are claims on their ranges, or on others in their place. */
NODISCARD bool change_claim(struct store_change *change, struct claims *claims,
                            const struct claim_range *ranges);
