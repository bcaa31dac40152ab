/* server/proxy.h: clients that come through a proxy. */
#pragma once

#include "access/net.h"
#include "http/message.h"

/* Whom to believe. */
struct proxies {
    const struct net *nets;
    size_t count;
};

/* Whether `peer` (an address with its port) is one of them. */
bool proxy_is_trusted(const struct proxies *proxies, struct str peer);

/* Fills in request.forwarded_for and forwarded_proto where a proxy says so that is believed. */
void proxy_believe(const struct proxies *proxies, struct http_stream *stream);
