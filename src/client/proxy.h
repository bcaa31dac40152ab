/* client/proxy.h: which proxy leads to a server, as the environment says. */
#pragma once

#include "base/str.h"

struct proxy {
    const char *url;  /* NULL: none */
    const char *name; /* of the variable; NULL: the user has named it */
};

/* Borrows the environment. */
struct proxies {
    struct proxy http;
    struct proxy https;
    const char *except; /* no_proxy; NULL: nothing */
};

/* What a user names goes before the environment; "" stands for no proxy. */
void proxies_read(struct proxies *proxies, const char *named);

/* Whether no_proxy names the server: its name, a domain or a network that it is in, or all. `port`
 * and `host` are as they stand in a URL; IPv6 has its brackets. */
bool proxy_is_spared(const char *except, struct str host, struct str port);

/* "proxy.example.org:3128": without what signs in there. */
struct str proxy_place(const struct proxy *proxy);
