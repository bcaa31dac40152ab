/* server/monitor/page.h: what is counted, as text for Prometheus and its kind. */
#pragma once

#include "gateway/gateway.h"

enum page_format {
    PAGE_PROMETHEUS, /* its text format 0.0.4, which everything reads */
    PAGE_OPENMETRICS,
};

/* Of the server, which was started then (wall clock), and of the origins of these gateways. */
void page_add(struct buf *to, enum page_format format, const struct gateways *gateways,
              int64_t started_s);
