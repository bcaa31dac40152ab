/* store/view/apart.h: whether two places in two stores are one, by another name. */
#pragma once

#include "store/view/guide.h"
#include "store/view/mounts.h"

struct apart {
    struct store_change *change; /* of the view */
    struct str mark;             /* a name that is nowhere; what is to hold it is in the ranges */
    struct steps steps;          /* what the change has done until now */
};

/* Whether `place` is `inner`, or a collection above it, up to `outer`. OK: it is none; SAME: it is;
 * DENIED: nobody knows, since no mark can be made there; any other: it has failed, for now. */
NODISCARD enum store_rc apart_check(const struct apart *apart, struct res_path place,
                                    struct res_path inner, struct res_path outer);

/* The same of the collections above the source's mount, which nobody can look at: whether there
 * is in `place`, where the mount's base says, what is like the source. */
NODISCARD enum store_rc apart_check_base(const struct apart *apart, struct res_path place,
                                         const struct mount *mount, struct res_path from,
                                         const struct store_stat *from_stat);

/* Whether two names may be one's. */
bool apart_may_be_one(struct str name, struct str other);
