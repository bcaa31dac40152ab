/* store/origin/origin.h: an origin as a store: what is behind a gateway, by requests to it.
 *
 * For one exchange, on whose behalf it asks: with its Via and Forwarded, with the client's
 * credentials where the gateway passes them on, and with those lock tokens of its If field that are
 * about this origin. All calls block on the origin, on workers (traits); of a origin that does not
 * answer they come back when the gateway's time-outs say so, and where its circuit is open at once:
 * UNAVAILABLE, BAD_ORIGIN or NO_ANSWER. Which promises it cannot keep docs/store-contract.md says.
 *
 * Its paths are those of the origin: the mount of a view that shows a gateway is
 *
 *     {.prefix = gateway->place->outer, .store = store, .base = gateway->place->inner,
 *      .is_read_only = gateway->is_read_only}
 */
#pragma once

#include "exchange/exchange.h"
#include "gateway/gateway.h"
#include "store/store.h"

/* Needs no closing: it is in the exchange's arena. Borrows the gateway. The exchange's service has
 * its loop's gateways. */
NODISCARD struct store *origin_store_new(struct exchange *x, const struct gateway *gateway);

/* Whether both are one server, and are asked as the same user: then one store is for both. */
bool origin_is_shared(const struct gateway *gateway, const struct gateway *other);

/* Whether both are one server. */
bool origin_is_same(const struct gateway *gateway, const struct gateway *other);
