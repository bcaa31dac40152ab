/* store/slow/slow.h: a backend around another in which every call may block, for tests: what runs
 * where it must not run ends the program, also where the storage would have answered at once. */
#pragma once

#include "store/store.h"

/* Wraps `inner`. Takes it; gives. No byte of an upload arrives while there is a file named `hold`,
 * which is borrowed; NULL: never. */
NODISCARD struct store *slow_store_new(struct store *inner, const char *hold);

struct store *slow_store_inner(struct store *store);
