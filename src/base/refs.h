/* base/refs.h: a reference count, for the few objects that outlive the one who made them:
 * connections and their turns. One thread only. */
#pragma once

#include "base/base.h"

struct refs {
    unsigned count;
    void (*last)(struct refs *refs); /* called when nobody refers to it any more */
};

static inline void refs_init(struct refs *refs, void (*last)(struct refs *refs))
{
    refs->count = 1;
    refs->last = last;
}

static inline void refs_take(struct refs *refs)
{
    assert(refs->count > 0);
    refs->count++;
}

static inline void refs_drop(struct refs *refs)
{
    assert(refs->count > 0);
    if (--refs->count == 0)
        refs->last(refs);
}
