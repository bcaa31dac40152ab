/* server/secure.h: TLS from start to stop. */
#pragma once

#include "server/config/config.h"
#include "server/listen/port.h"

/* All NULL where there is no certificate. */
struct secure {
    struct tls_server *tls;
    struct worker_pool *handshake_pool;
    struct buf hsts; /* the field's value; empty: none */
};

/* Reads the files, while davit may still read all that it will ever need. `shared` must outlive
 * it. */
NODISCARD bool secure_read(struct secure *secure, const struct server_config *config,
                           struct shared_state *shared, struct err *err);

/* Starts the threads that do the computing of handshakes. */
NODISCARD bool secure_start(struct secure *secure, const struct server_config *config,
                            struct ports *ports, struct err *err);

/* Reads the files again, those that the configuration names now. False: all is as it was, and `err`
 * says why. */
NODISCARD bool secure_reload(struct secure *secure, const struct server_config *config,
                             struct err *err);

/* After the last connection has gone. */
void secure_stop(struct secure *secure);
