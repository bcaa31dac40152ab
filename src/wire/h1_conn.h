/* wire/h1_conn.h: an HTTP/1.1 connection (RFC 9112 §9). */
#pragma once

#include "wire/wire.h"

/* Serves requests on `fd` until either side ends it. Takes fd. */
void h1_conn_open(struct wire *wire, int fd, const struct socket_address *peer);

/* For each link of wire->conns: see wire_drain() and wire_abort(). */
void h1_conn_drain(struct list *link);
void h1_conn_abort(struct list *link);
