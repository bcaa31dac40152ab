/* store/memory/tree.h: operations on whole trees. */
#pragma once

#include "store/memory/state.h"

NODISCARD enum store_rc memory_remove(struct store_change *change, struct res_path path,
                                      struct store_visitor *visitor);
NODISCARD enum store_rc memory_copy(struct store_change *change,
                                    const struct store_transfer *transfer,
                                    struct store_visitor *visitor);
NODISCARD enum store_rc memory_move(struct store_change *change,
                                    const struct store_transfer *transfer,
                                    struct store_visitor *visitor);
