/* server/monitor/monitor.h: who watches the server from outside: what is counted of each request,
 * and the pages of the listener that tells it. */
#pragma once

#include "gateway/gateway.h"
#include "server/names.h"

/* What the pages are about, at the moment. */
struct monitor {
    const struct gateways *gateways;
    const struct known_names *names;
    int64_t started_s; /* wall clock */
};

/* Answers a request to that listener: /metrics, /origins, /livez, /readyz. */
void monitor_answer(const struct monitor *monitor, struct http_stream *stream);

/* Counts a request to any other. */
void monitor_count(const struct http_stream *stream, bool is_complete);
