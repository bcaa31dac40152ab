/* store/directory/tree/move.h: moves trees. */
#pragma once

#include "store/directory/dir.h"

NODISCARD enum store_rc dir_move(struct store *store, const struct store_transfer *transfer,
                                 struct store_visitor *visitor);
