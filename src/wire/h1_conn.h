/* wire/h1_conn.h: an HTTP/1.1 connection (RFC 9112 §9). */
#pragma once

#include "wire/request.h"
#include "wire/wire.h"

/* Serves requests on a channel until either side ends it; a client that begins with the preface of
 * HTTP/2 is handed to h2_conn.h. Takes the channel. */
void h1_conn_open(struct wire *wire, struct incoming *incoming);

/* The same, but says why there is nothing to be had here, and ends. */
void h1_conn_refuse(struct wire *wire, struct incoming *incoming, const struct refusal *refusal);
