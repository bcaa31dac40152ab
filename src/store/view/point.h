/* store/view/point.h: a collection that a view shows, and that is in no store: what is there is
 * another handler's (exchange/handler.h). As a mount, which is read-only, it is a member of the
 * collection above it; more is known of it nowhere in a store. */
#pragma once

#include "store/handle.h"

/* One for all; needs no closing. */
struct store *point_store(void);
