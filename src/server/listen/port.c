#include "server/listen/port.h"

#include <errno.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/log.h"

void ports_init(struct ports *ports)
{
    *ports = (struct ports){0};
    for (size_t i = 0; i < LISTENERS_MAX; i++)
        ports->at[i].fd = -1;
}

bool ports_open(struct ports *ports, const struct server_config *config, struct err *err)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct listener_config *listener = &config->listeners[i];
        struct port *port = &ports->at[ports->count];
        port->kind = listener->kind;
        if (socket_listen(&listener->address, &port->fd, &port->bound, err))
            ports->count++;
        else if (!listener->may_lack || (err->code != EAFNOSUPPORT && err->code != EADDRNOTAVAIL))
            return false;
    }
    return true;
}

void ports_secure(struct ports *ports, struct tls_server *tls, struct worker_pool *handshake_pool)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->at[i].kind == LISTEN_MAIN)
            ports->at[i].endpoint = (struct endpoint){.tls = tls, .handshake_pool = handshake_pool};
    }
}

void ports_tell(const struct ports *ports)
{
    static const char *const purposes[] = {[LISTEN_MAIN] = "",
                                           [LISTEN_PLAIN] = "",
                                           [LISTEN_REDIRECT] = " to send clients to https",
                                           [LISTEN_METRICS] = " to tell metrics"};
    char text[ADDRESS_TEXT_BYTES];
    struct buf lines = {0};
    for (size_t i = 0; i < ports->count; i++) {
        const struct port *port = &ports->at[i];
        address_format(&port->bound, text);
        buf_addf(&lines, "listening on %s://%s/%s\n", port->endpoint.tls ? "https" : "http", text,
                 purposes[port->kind]);
    }
    fputs(buf_c(&lines), stderr);
    buf_done(&lines);
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->at[i].kind == LISTEN_METRICS && !address_is_loopback(&ports->at[i].bound))
            log_line(LOG_WARN, "metrics can be read from other machines, without signing in");
    }
}

void ports_shut(const struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        (void)shutdown(ports->at[i].fd, SHUT_RD); /* 0 or ENOTCONN */
}

void ports_close(struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++) {
        fd_close(ports->at[i].fd);
        ports->at[i].fd = -1;
    }
}

struct port *port_of_endpoint(struct endpoint *endpoint)
{
    return CONTAINER_OF(endpoint, struct port, endpoint);
}

unsigned ports_tls_number(const struct ports *ports)
{
    for (size_t i = 0; i < ports->count; i++) {
        if (ports->at[i].endpoint.tls)
            return address_port(&ports->at[i].bound);
    }
    return 0;
}
