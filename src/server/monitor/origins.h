/* server/monitor/origins.h: how each origin of a gateway is, and what has come of its requests, as
 * a table for people and as JSON. */
#pragma once

#include "gateway/gateway.h"

void origins_add_text(struct buf *to, const struct gateways *gateways);
void origins_add_json(struct buf *to, const struct gateways *gateways);

/* How many are down: their circuit is not closed, or the last request was not answered. */
size_t origins_down(const struct gateways *gateways);
