/* store/memory/memory.h: the smallest backend that keeps the contract: everything in memory,
 * nothing after the end of the process. The tests' oracle. */
#pragma once

#include "store/store.h"

/* options->root and ->state_dir are not looked at. Gives. */
NODISCARD bool memory_store_open(const struct store_options *options, struct store **store_out,
                                 struct err *err);
