/* store/view/tree.h: operations on trees, within a mount and from one to another. */
#pragma once

#include "store/view/mounts.h"

/* As store_ops.copy and store_ops.move. */
enum store_rc view_copy(struct store_change *change, const struct store_transfer *copy,
                        struct store_visitor *visitor);
enum store_rc view_move(struct store_change *change, const struct store_transfer *move,
                        struct store_visitor *visitor);
