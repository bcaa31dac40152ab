/* io/socket.h: addresses and listening sockets. */
#pragma once

#include <sys/socket.h>

#include "base/err.h"
#include "base/str.h"

struct socket_address {
    struct sockaddr_storage storage;
    socklen_t len;
};

/* Room for "[IPv6 address]:port" and a NUL. */
enum { ADDRESS_TEXT_BYTES = 64 };

/* Reads "127.0.0.1:8080" or "[::1]:8080"; the port may be 0. */
NODISCARD bool address_parse(const char *text, struct socket_address *address_out, struct err *err);

/* What "localhost:8080", or ":8080" for all addresses of the machine, stands for: one of IPv4, and
 * one of IPv6. False: it is none of these. */
bool address_parse_both(const char *text, struct socket_address addresses_out[2]);

/* "127.0.0.1:8080"; an IPv4-mapped IPv6 address is written as IPv4. Returns its length. */
size_t address_format(const struct socket_address *address, char to[ADDRESS_TEXT_BYTES]);

/* What stands for one client: an IPv4 address, or the network of an IPv6 one (its first 64 bits).
 * Returns its length. */
enum { ADDRESS_NETWORK_BYTES = 8 };
size_t address_network(const struct socket_address *address, char to[ADDRESS_NETWORK_BYTES]);

unsigned address_port(const struct socket_address *address);

/* Reached from this machine only. */
bool address_is_loopback(const struct socket_address *address);

/* Of a new socket, that is to listen there or to connect to it: connections within this machine are
 * not paced. */
void socket_spare_pacing(int fd, const struct socket_address *address);

/* Opens a non-blocking listening socket and reports the address it really has. */
NODISCARD bool socket_listen(const struct socket_address *wanted, int *fd_out,
                             struct socket_address *address_out, struct err *err);

/* Accepts one connection, non-blocking and without Nagle's delay. -1: none, errno says why. */
NODISCARD int socket_accept(int listen_fd, struct socket_address *peer_out);
