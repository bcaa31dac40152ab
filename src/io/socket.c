/* Addresses as text and sockets that listen. Only numbers are taken for an address, and what means
 * the same everywhere ("localhost"): looking up a name would block, and which of its addresses a
 * server then serves would be anybody's guess.
 *
 * Addresses are kept in a sockaddr_storage and reached through as_in() and as_in6(), the only
 * casts. An IPv6 socket listens for IPv6 alone (IPV6_V6ONLY), so that "[::]:80" and "0.0.0.0:80"
 * can be listed side by side and mean what they say on every system; a mapped address that reaches
 * us all the same, from a socket that was handed in, is written as the IPv4 one that it is.
 *
 * Sockets are non-blocking and close-on-exec from birth: with an fcntl(2) afterwards a child could
 * be forked in between. Nagle's delay is off, because answers are gathered before they are sent. */
#include "io/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "base/fd.h"

enum { BACKLOG = 1024 };

static struct sockaddr_in *as_in(struct socket_address *address)
{
    return (struct sockaddr_in *)(void *)&address->storage;
}

static struct sockaddr_in6 *as_in6(struct socket_address *address)
{
    return (struct sockaddr_in6 *)(void *)&address->storage;
}

bool address_parse(const char *text, struct socket_address *address_out, struct err *err)
{
    struct socket_address address = {0};
    struct str whole = str_of_c(text);
    size_t colon = str_index_last(whole, ':');
    struct str host = str_first(whole, colon);
    uint64_t port;
    char host_text[INET6_ADDRSTRLEN] = "";
    bool is_v6 = host.len >= 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
    if (is_v6)
        host = str_of(host.at + 1, host.len - 2);
    if (!str_parse_u64(str_from(whole, colon + 1), &port) || port > 65535 ||
        host.len >= sizeof(host_text))
        return err_set(err, 0, "'%s' is not ADDRESS:PORT", text);
    memcpy(host_text, host.at, host.len);
    int rc;
    if (is_v6) {
        struct sockaddr_in6 *in6 = as_in6(&address);
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        address.len = sizeof(*in6);
        rc = inet_pton(AF_INET6, host_text, &in6->sin6_addr);
    } else {
        struct sockaddr_in *in = as_in(&address);
        in->sin_family = AF_INET;
        in->sin_port = htons((uint16_t)port);
        address.len = sizeof(*in);
        rc = inet_pton(AF_INET, host_text, &in->sin_addr);
    }
    if (rc != 1)
        return err_set(err, 0, "'%s' does not begin with an IP address (IPv6: [::1]:8080)", text);
    *address_out = address;
    return true;
}

bool address_parse_both(const char *text, struct socket_address addresses_out[2])
{
    struct err err; /* of no interest: address_parse() says what is wrong */
    char v4[64];
    char v6[64];
    bool is_local = str_starts_nocase(str_of_c(text), STR("localhost:"));
    if (!is_local && text[0] != ':')
        return false;
    const char *port = strchr(text, ':') + 1;
    (void)snprintf(v4, sizeof(v4), "%s:%s", is_local ? "127.0.0.1" : "0.0.0.0", port);
    (void)snprintf(v6, sizeof(v6), "[%s]:%s", is_local ? "::1" : "::", port); /* cut: no port */
    return address_parse(v4, &addresses_out[0], &err) && address_parse(v6, &addresses_out[1], &err);
}

size_t address_format(const struct socket_address *address, char to[ADDRESS_TEXT_BYTES])
{
    struct socket_address copy = *address;
    char host[INET6_ADDRSTRLEN] = "?";
    int len;
    if (copy.storage.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = as_in6(&copy);
        if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
            (void)inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], host, sizeof(host)); /* fits */
            len = snprintf(to, ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(in6->sin6_port));
        } else {
            (void)inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host)); /* fits */
            len = snprintf(to, ADDRESS_TEXT_BYTES, "[%s]:%u", host, ntohs(in6->sin6_port));
        }
    } else {
        const struct sockaddr_in *in = as_in(&copy);
        (void)inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host)); /* fits */
        len = snprintf(to, ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(in->sin_port));
    }
    assert(len > 0 && len < ADDRESS_TEXT_BYTES);
    return (size_t)len;
}

size_t address_network(const struct socket_address *address, char to[ADDRESS_NETWORK_BYTES])
{
    enum { IPV4_BYTES = 4 };
    struct socket_address copy = *address;
    const struct in6_addr *in6 = &as_in6(&copy)->sin6_addr;
    bool is_v6 = copy.storage.ss_family == AF_INET6;
    bool is_mapped = is_v6 && IN6_IS_ADDR_V4MAPPED(in6);
    size_t len = is_v6 && !is_mapped ? ADDRESS_NETWORK_BYTES : IPV4_BYTES;
    const void *from = is_mapped ? (const void *)&in6->s6_addr[12] : in6->s6_addr;
    if (!is_v6)
        from = &as_in(&copy)->sin_addr;
    memcpy(to, from, len);
    return len;
}

unsigned address_port(const struct socket_address *address)
{
    struct socket_address copy = *address;
    return ntohs(copy.storage.ss_family == AF_INET6 ? as_in6(&copy)->sin6_port
                                                    : as_in(&copy)->sin_port);
}

bool address_is_loopback(const struct socket_address *address)
{
    struct socket_address copy = *address;
    if (copy.storage.ss_family == AF_INET6) {
        const struct in6_addr *v6 = &as_in6(&copy)->sin6_addr;
        return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
    }
    return ntohl(as_in(&copy)->sin_addr.s_addr) >> 24 == 127;
}

/* Between programs of one machine nothing is congested. BBR paces all the same: for each packet a
 * timer is set, and what that does is charged to whoever is running (docs/decisions/0049). Reno is
 * always there, and what is accepted takes it over. */
void socket_spare_pacing(int fd, const struct socket_address *address)
{
    static const char name[] = "reno";
    if (address_is_loopback(address))
        (void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, sizeof(name) - 1); /* or slower */
}

bool socket_listen(const struct socket_address *wanted, int *fd_out,
                   struct socket_address *address_out, struct err *err)
{
    char text[ADDRESS_TEXT_BYTES];
    address_format(wanted, text);
    int fd = socket(wanted->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(err, errno, "cannot open a socket for %s", text);
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* only eases a restart */
    if (wanted->storage.ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)); /* bind would tell */
    socket_spare_pacing(fd, wanted);
    struct socket_address bound = {.len = sizeof(bound.storage)};
    if (bind(fd, (const struct sockaddr *)&wanted->storage, wanted->len) < 0 ||
        listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&bound.storage, &bound.len) < 0) {
        err_sys(err, errno, "cannot listen on %s", text);
        fd_close(fd);
        return false;
    }
    *fd_out = fd;
    *address_out = bound;
    return true;
}

int socket_accept(int listen_fd, struct socket_address *peer_out)
{
    struct socket_address peer = {.len = sizeof(peer.storage)};
    int fd = accept4(listen_fd, (struct sockaddr *)&peer.storage, &peer.len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0)
        return -1;
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* only a delay is at stake */
    *peer_out = peer;
    return fd;
}
