/* tests/unit/io/tls_peer.h: a TLS channel and a client of it, on a socket pair and one thread. What
 * epoll would tell the channel, meet() tells it. */
#pragma once

#include <openssl/ssl.h>

#include "io/tls_channel.h"

/* A directory of its own for each test, with the files in it. */
struct tls_files {
    char dir[64];
    struct buf path; /* of the last path_of() */
};

void files_init(struct tls_files *files);
void files_done(struct tls_files *files);
/* Valid until the next test: names are copied, and never freed before files_done(). */
const char *file_of(struct tls_files *files, const char *name, struct str content);
/* Makes NAME.crt and NAME.key for a host; `days` from when the clock says it is. */
void pair_of(struct tls_files *files, const char *name, const char *host, unsigned days,
             struct tls_pair_files *pair_out);

struct peer {
    struct loop *loop;
    struct task ready;
    struct channel *channel;
    SSL_CTX *context; /* the client's */
    SSL *client;
    int client_fd;
    struct err err; /* of a handshake that failed */
};

/* A client that checks no certificate. What is to be changed about it is changed before shake_hands(). */
void peer_init(struct peer *peer, struct tls_server *server);
void peer_done(struct peer *peer);

/* Tells the channel what its socket says. */
void meet(struct peer *peer);

/* Both sides of the handshake, until both are through (true) or one has failed. */
bool shake_hands(struct peer *peer);

/* Until `want` bytes were received, or the end; what came is added to `into`. */
void client_read(struct peer *peer, size_t want, struct buf *into);
void client_take(struct peer *peer, struct buf *into); /* what there is */
void channel_read(struct peer *peer, size_t want, struct buf *into);

/* Sends all of it from one side while the other receives. */
void client_to_channel(struct peer *peer, struct str bytes, struct buf *into);
void channel_to_client(struct peer *peer, struct str bytes, size_t step, struct buf *into);

/* What the client learnt: the common name of the certificate. */
struct str client_sees(struct peer *peer, char to[128]);
