/* store/gather.h: what a store shows piece by piece, for who wants it whole, or its size. */
#pragma once

#include "store/store.h"

/* All dead properties. Gives memory from the arena. */
NODISCARD enum store_rc store_gather_props(struct store *store, struct arena *arena,
                                           struct res_path path, struct store_props *props_out);

/* How much of a quota the dead properties at `path` take; 0 where they cannot be looked at. Of
 * those only that are named in `patch`; NULL: of all. */
uint64_t store_prop_bytes(struct store *store, struct res_path path,
                          const struct store_patch *patch);

/* The same of one property. */
static inline uint64_t prop_bytes(const struct store_prop *prop)
{
    return prop->ns.len + prop->name.len + prop->xml.len;
}
