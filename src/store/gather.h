/* store/gather.h: what a store shows piece by piece, for who wants it whole. */
#pragma once

#include "store/store.h"

/* All dead properties. Gives memory from the arena. */
NODISCARD enum store_rc store_gather_props(struct store *store, struct arena *arena,
                                           struct res_path path, struct store_props *props_out);
