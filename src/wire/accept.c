/* A socket that was accepted passes through up to three hands:
 *
 *   wire_accept() -> handshake.c (TLS) -> h1_conn.c -> h2_conn.c
 *
 * each of them optional but the last of its way. What goes from hand to hand is a struct incoming;
 * what the handshake told of the peer travels with its channel. Each hand knows the next ones, and
 * what all of them share (wire.h) knows none. */
#include "wire/accept.h"

#include "base/metrics/metrics.h"
#include "io/tls_channel.h"
#include "wire/h1_conn.h"
#include "wire/handshake.h"

void wire_accept(struct wire *wire, int fd, const struct socket_address *peer,
                 struct endpoint *endpoint, struct share *share)
{
    char text[ADDRESS_TEXT_BYTES];
    struct err err;
    struct incoming incoming = {.endpoint = endpoint, .peer = text};
    bool has_tls = endpoint && endpoint->tls;
    wire->conn_count++;
    metric_add(METRIC_CONNECTIONS_ACCEPTED, 0, 1);
    metric_add(METRIC_CONNECTIONS, 0, 1);
    /* Who opens on a channel sets itself as its owner; nothing happens on it before. */
    incoming.channel = has_tls ? channel_of_tls(endpoint->tls, wire->loop, fd, &err)
                               : channel_of_socket(wire->loop, fd, NULL, &err);
    if (!incoming.channel) {
        if (share)
            budget_give(&share->connections, 1);
        wire_conn_gone(wire); /* out of descriptors or memory: the peer sees a closed connection */
        return;
    }
    incoming.channel->share = share;
    address_format(peer, text);
    if (has_tls)
        handshake_open(wire, &incoming);
    else
        h1_conn_open(wire, &incoming);
}
