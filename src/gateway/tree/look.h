/* gateway/tree/look.h: a gateway's mount in the listing of the collection above it. */
#pragma once

#include "exchange/exchange.h"
#include "exchange/handler.h"
#include "exchange/look.h"

/* As handler_ops.look: asks the origin, unless it is known not to answer. */
struct look *gateway_look(struct exchange *x, const struct handler_mount *mount,
                          const struct look_wish *wish);
