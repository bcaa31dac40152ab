/* store/directory/directory.h: plain files in a directory, with davit's own state beside them. */
#pragma once

#include "store/store.h"

/* Serves options->root. Its state is in ".davit" inside it, or in options->state_dir. Gives. */
NODISCARD bool directory_store_open(const struct store_options *options, struct store **store_out,
                                    struct err *err);

/* As store_compare_roots(). What cannot be opened is apart. */
NODISCARD enum store_roots directory_compare_roots(const char *root, const char *other);
