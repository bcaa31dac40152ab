/* store/origin/change.h: what is changed at an origin by one request. */
#pragma once

#include "store/backend.h"

/* As store_ops.mkcol, store_ops.remove, store_ops.copy and store_ops.move. */
enum store_rc origin_mkcol(struct store_change *change, struct res_path path);
enum store_rc origin_remove(struct store_change *change, struct res_path path,
                            struct store_visitor *visitor);
enum store_rc origin_copy(struct store_change *change, const struct store_transfer *transfer,
                          struct store_visitor *visitor);
enum store_rc origin_move(struct store_change *change, const struct store_transfer *transfer,
                          struct store_visitor *visitor);
