/* wire/websocket/ws_conn.h: a connection that speaks WebSocket (RFC 6455). */
#pragma once

#include "http/web_socket.h"
#include "wire/wire.h"

/* What comes with a connection from who has answered 101 on it. */
struct ws_opening {
    struct socket_user *user; /* with a place in wire->sockets */
    struct str received;      /* and not looked at: the client's first bytes */
    struct str unsent;        /* the answer, as far as it has not left */
};

/* Speaks on a channel until either side ends it. Takes the channel. */
void ws_conn_open(struct wire *wire, struct incoming *incoming, const struct ws_opening *opening);

/* The connection went before it was one. */
void ws_conn_never(struct wire *wire, struct socket_user *user);
