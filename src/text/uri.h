/* text/uri.h: the URIs that stand in HTTP fields (RFC 3986 §4.3, RFC 9110 §4.2). */
#pragma once

#include "base/buf.h"

/* Views into the text that was parsed. */
struct uri {
    struct str scheme; /* empty for a path alone */
    struct str host;   /* without the brackets of an IPv6 literal; empty without an authority */
    struct str port;   /* digits; empty when not given */
    struct str path;   /* raw; "/" where an absolute URI has none */
    struct str query;  /* without the '?' */
};

/* Accepts RFC 4918 §8.3's Simple-ref: an absolute URI with an authority, or a path that begins
 * with a single '/'. Refuses fragments, white space, control characters, a bad port and user
 * information (RFC 9110 §4.2.4). */
NODISCARD bool uri_parse(struct str text, struct uri *uri_out);

/* The same of a Destination, in which clients send more than they may: what can be meant in one way
 * only is taken. In a path that is a space and |, ^, {, } and a backquote as they are; user
 * information is left out. */
NODISCARD bool uri_parse_lenient(struct str text, struct uri *uri_out);

/* "host" or "host:port" as in a Host field (RFC 9110 §7.2). */
NODISCARD bool uri_parse_authority(struct str text, struct str *host_out, struct str *port_out);

/* Appends both as they stand in a URI: an IPv6 address in brackets; no port where it is empty. */
void uri_add_authority(struct buf *to, struct str host, struct str port);

/* The port, or that of the scheme where it is empty: of http, unless it is https. */
struct str uri_port_of(struct str scheme, struct str port);

/* Whether the text, which may have percent escapes, means the other, which has none: a query's
 * name, however it is written (RFC 3986 §6.2.2.2). */
bool uri_means(struct str encoded, struct str plain);

/* Both name the same place when http and https, and the default ports 80 and 443, count as the
 * same: a TLS-terminating proxy before us changes exactly these. */
bool uri_same_authority(struct str host_a, struct str port_a, struct str host_b, struct str port_b);
