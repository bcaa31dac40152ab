/* check/model/outcome.h: what is to be said of a link: redirects followed to their end, and the
 * fragment looked up. */
#pragma once

#include "check/model/site.h"

/* What else is asked of links than that they answer. */
struct outcome_rules {
    unsigned redirects_max;
    bool with_fragments;
    bool tells_moved; /* a permanent redirect has a verdict of its own */
};

struct outcome {
    enum verdict verdict;
    enum redirect_kind redirect_kind; /* of the first hop */
    uint32_t end;                     /* where it leads */
    uint32_t moved_to;                /* and to where it has moved for good; TARGET_NONE: nowhere */
    uint32_t hops;
    struct str fragment; /* of a place: what is looked for there, decoded; empty: nothing */
};

/* Of a target, whatever fragment is wanted of it. */
struct outcome target_outcome(const struct site *site, const struct outcome_rules *rules,
                              uint32_t id);
struct outcome place_outcome(const struct site *site, const struct outcome_rules *rules,
                             const struct place *place);
