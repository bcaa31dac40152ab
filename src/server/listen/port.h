/* server/listen/port.h: the sockets that the server listens on. */
#pragma once

#include "server/config/config.h"
#include "wire/wire.h"

struct port {
    struct endpoint endpoint;
    enum listener_kind kind;
    int fd;                      /* -1: not open */
    struct socket_address bound; /* what it is really bound to */
};

struct ports {
    struct port at[LISTENERS_MAX];
    size_t count;
};

void ports_init(struct ports *ports);

/* Opens what the configuration names. `tls` and `handshake_pool` are NULL where there is no TLS. */
NODISCARD bool ports_open(struct ports *ports, const struct server_config *config, struct err *err);

/* Lets what is to speak TLS do so. Borrows both as long as connections come. */
void ports_secure(struct ports *ports, struct tls_server *tls, struct worker_pool *handshake_pool);

/* A line for each on standard error, all at once: who reads the first can rely on the others. */
void ports_tell(const struct ports *ports);

/* Who comes now is told that nobody is here. */
void ports_shut(const struct ports *ports);
void ports_close(struct ports *ports);

/* Of a connection's endpoint. */
struct port *port_of_endpoint(struct endpoint *endpoint);

/* The port number of the first that speaks TLS; 0: there is none. */
unsigned ports_tls_number(const struct ports *ports);
