/* store/directory/directory.h: plain files in a directory, with davit's own state beside them. */
#pragma once

#include "store/store.h"

/* Serves options->root. Its state is in ".davit" inside it, or in options->state_dir. Gives. */
NODISCARD bool directory_store_open(const struct store_options *options, struct store **store_out,
                                    struct err *err);
