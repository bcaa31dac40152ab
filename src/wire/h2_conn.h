/* wire/h2_conn.h: an HTTP/2 connection (RFC 9113). */
#pragma once

#include "wire/wire.h"

/* How the client begins, to the last byte (RFC 9113 §3.4). */
#define H2_PREFACE STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

/* Serves requests on a channel until either side ends it. `first_bytes` were received on it before,
 * and are the client's first. Takes the channel. */
void h2_conn_open(struct wire *wire, struct incoming *incoming, struct str first_bytes);
