/* store/directory/props.h: dead properties. */
#pragma once

#include "store/directory/dir.h"

bool dir_may_have_props(struct store *store, struct res_path path);
NODISCARD enum store_rc dir_props(struct store *store, struct res_path path,
                                  struct store_prop_visitor *visitor);
NODISCARD enum store_rc dir_patch(struct store *store, struct res_path path,
                                  const struct store_patch *patch);
