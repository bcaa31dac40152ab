/* access/net.h: addresses of clients, and networks that they are in. */
#pragma once

#include "base/str.h"

enum { NET_BYTES = 16 };

struct net {
    unsigned char bytes[NET_BYTES]; /* IPv4 as ::ffff:0:0/96 */
    unsigned bits;
};

/* As IPv6; IPv4 as ::ffff:a.b.c.d. Says how many bits such an address has. 0: it is none, and `to`
 * is in no network. */
unsigned net_read_address(struct str text, unsigned char to[NET_BYTES]);

/* "10.0.0.0/8"; without bits a single address. */
NODISCARD bool net_parse(struct str text, struct net *out);

/* Who stands behind an address: an IPv4 one itself, of an IPv6 one its first `bytes`, since a host
 * has 2^64 of them, and what is no address as it is. In `to`, or `address`. */
struct str net_of(struct str address, unsigned bytes, unsigned char to[NET_BYTES]);

bool net_has(const struct net *net, const unsigned char address[NET_BYTES]);
