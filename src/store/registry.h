/* store/registry.h: backends by name. */
#pragma once

#include "store/store.h"

/* Opens the backend `name`. False: there is none of that name, or it cannot be opened. Gives. */
NODISCARD bool store_open(const char *name, const struct store_options *options,
                          struct store **store_out, struct err *err);
