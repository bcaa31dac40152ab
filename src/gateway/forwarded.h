/* gateway/forwarded.h: who has passed a message on, and for whom. */
#pragma once

#include "exchange/exchange.h"

/* By what name the gateway signs Via: no other process has it. */
struct forwarded_name {
    char text[24];
};
struct forwarded_name forwarded_name_new(void);

/* What stands behind it in Via where a transfer between mounts asks, and waits: a comment (RFC 9110
 * §5.6.5). */
#define FORWARDED_TRANSFER "(transfer)"

/* Adds Via, Forwarded and X-Forwarded-For, -Host and -Proto to a request. What came of them before
 * goes on only where it is believed (--trust-proxy). */
void forwarded_add(const struct exchange *x, const struct forwarded_name *name,
                   struct http_fields *to);

/* The value of Via for an answer that came with that one, which may be empty. */
struct str forwarded_via(struct arena *arena, const struct forwarded_name *name,
                         struct str status_line, struct str via);

/* The request has passed here before. */
bool forwarded_is_loop(const struct exchange *x, const struct forwarded_name *name);
