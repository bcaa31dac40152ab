/* dav/prop/synced.h: what sync clients are told of a resource besides its properties. */
#pragma once

#include "exchange/exchange.h"
#include "store/store.h"

/* Whether who asks is such a client. */
bool synced_is_told(const struct exchange *x);

/* Adds the fields by which a client that has made a resource, or replaced one, need not ask for
 * its properties: its id, its tag, what may be done with it. Nothing where none of these asks.
 * `real`: where x->path leads. */
void synced_tell(struct exchange *x, struct res_path real, const struct store_stat *stat);
