/* io/tls_channel.h: a channel over TLS. It begins with a handshake; when that is through, it is a
 * channel like any other. */
#pragma once

#include "io/channel.h"
#include "io/tls.h"

enum tls_protocol { TLS_HTTP_1, TLS_HTTP_2 };

/* A channel over an accepted socket, before its handshake. Takes fd, also when it fails. The server
 * must outlive it. Gives; NULL: `err` says why. */
NODISCARD struct channel *channel_of_tls(struct tls_server *server, struct loop *loop, int fd,
                                         struct err *err);

/* Whether anything has come that the handshake waits for. */
bool tls_channel_can_handshake(const struct channel *channel);

/* The handshake may take a millisecond of computing, so another thread may do it: between lend and
 * take back the channel belongs to that thread alone; events are noted meanwhile, and `ready` rings
 * afterwards if there were any. */
void tls_channel_lend(struct channel *channel);
void tls_channel_take_back(struct channel *channel);

/* Goes on with the handshake. OK: it is through; AGAIN; FAILED: it is over, and `err` says why. */
NODISCARD enum channel_rc tls_channel_handshake(struct channel *channel, struct err *err);

/* What the client chose (ALPN, RFC 7301). */
enum tls_protocol tls_channel_protocol(const struct channel *channel);

/* After a handshake that failed: the client spoke HTTP in the clear, as somebody does who wrote
 * http:// for https://. */
bool tls_channel_got_http(const struct channel *channel);
/* Then: the socket, for a channel in the clear; what the client has sent so far is lost. Frees the
 * channel, and clears the pointer. Gives. */
NODISCARD int tls_channel_give_socket(struct channel **channel);
