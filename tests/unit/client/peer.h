/* tests/unit/client/peer.h: a server on the loopback interface that does what a script says, one
 * line after the other, on a thread of its own:
 *
 *   a        accepts one that says something s TEXT   sends it
 *   h        reads a head                    d TEXT   sends it a byte at a time
 *   r N      reads N bytes                   x N      sends N times "x"
 *   w N      waits N milliseconds            c        closes the connection
 *   g        waits for peer_go()
 *
 * A connection that goes ends no script: what cannot be sent or read then is left out. */
#pragma once

#include <pthread.h>

#include "base/buf.h"

struct peer {
    const char *const *script; /* ended by NULL */
    char url[64];              /* "http://127.0.0.1:PORT" */
    pthread_t thread;
    int listen_fd;
    int fd;         /* -1: no connection */
    struct buf got; /* all that was read; after peer_end() */
    pthread_mutex_t mutex;
    pthread_cond_t has_changed;
    unsigned goes;
};

void peer_begin(struct peer *peer, const char *const *script);
void peer_go(struct peer *peer);
/* Waits for the script to end. */
void peer_end(struct peer *peer);
void peer_free(struct peer *peer);
