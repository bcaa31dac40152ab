/* sync/url.h: where clients find this server. */
#pragma once

#include "exchange/exchange.h"

/* Appends the URL of the mount that the exchange is in, as its client has come there, without a
 * slash at its end: "https://dav.example.org/cloud". False: it cannot be told, as a client of
 * HTTP/1.0 may say no host. */
NODISCARD bool sync_add_url(const struct exchange *x, struct buf *to);

/* Appends the host that this URL has. */
NODISCARD bool sync_add_host(const struct exchange *x, struct buf *to);
