/* store/directory/tree/copy.h: copies trees. */
#pragma once

#include "store/directory/dir.h"

struct placing;

NODISCARD enum store_rc dir_copy(struct store *store, const struct store_transfer *transfer,
                                 struct store_visitor *visitor);

/* Copies what is to move to another file system: with its links as they are. */
NODISCARD enum store_rc dir_copy_for_move(const struct placing *placing);
