/* store/origin/props.h: dead properties at an origin. */
#pragma once

#include "store/backend.h"

/* As store_ops.props and store_ops.patch. */
enum store_rc origin_props(struct store *store, struct res_path path,
                           struct store_prop_visitor *visitor);
enum store_rc origin_patch(struct store_change *change, struct res_path path,
                           const struct store_patch *patch);
