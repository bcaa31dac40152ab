/* store/registry.h: backends by name. */
#pragma once

#include "store/store.h"

/* Opens the backend `name`. False: there is none of that name, or it cannot be opened. Gives. */
NODISCARD bool store_open(const char *name, const struct store_options *options,
                          struct store **store_out, struct err *err);

/* Of plain files. What cannot be opened is apart. */
NODISCARD enum store_roots store_compare_roots(const char *root, const char *other);
