/* store/trash/trash.h: a store around another that keeps what is deleted or overwritten, for a
 * while: promises 33 to 38. Whatever it keeps lies in the store inside, in a collection that is
 * beside all else and not listed with it. */
#pragma once

#include "store/store.h"
#include "store/trash/options.h"

/* Takes the store inside; gives. */
NODISCARD struct store *trash_store_new(struct store **inner, const struct trash_options *options);
