/* check/url/url.h: URLs as browsers read them (the URL Standard), not as a URI grammar has them. */
#pragma once

#include "base/buf.h"

/* The special schemes: those that browsers know the form of. */
enum url_scheme { URL_OTHER, URL_HTTP, URL_HTTPS, URL_WS, URL_WSS, URL_FTP, URL_FILE };

/* A zeroed struct url is an empty one; it may be parsed into again and again. */
struct url {
    enum url_scheme kind;
    struct buf scheme; /* lower case */
    struct buf username;
    struct buf password;
    struct buf host; /* ASCII: domains as IDNA has them, IPv6 with its brackets */
    struct buf path; /* begins with '/' unless it is opaque or empty */
    struct buf query;
    struct buf fragment;
    struct str site_root; /* see url_set_site() */
    bool is_of_site;
    int port; /* -1: none, or the scheme's own */
    bool has_host;
    bool has_query;
    bool has_fragment;
    bool is_opaque; /* as in mailto:, tel:, data: */
};

void url_done(struct url *url);
void url_copy(struct url *to, const struct url *from);

/* How the characters of a query become bytes: those of the page that the link stands in (URL
 * Standard, "percent-encode after encoding"). NULL stands for UTF-8. */
struct url_encoder {
    void (*encode)(struct url_encoder *encoder, struct buf *to, struct str utf8);
};

/* Reads `text`, which is UTF-8 (other bytes count as U+FFFD), against `base` (NULL: it must be
 * absolute). `url` must not be `base`. False: it is no URL; `url` then holds rubbish. */
NODISCARD bool url_parse(struct url *url, struct str text, const struct url *base,
                         struct url_encoder *encoder);

/* A local document will be one of a web site, whose root is the folder `root`: the path of a URL,
 * without a slash at its end. What is relative to it then is what it will be there: "/x" is beneath
 * the root, and "//host/x" is on another host, by https:. Borrows the root for as long as the URL
 * and its copies are used. */
void url_set_site(struct url *file, struct str root);

/* Appends it; without its fragment when it is to name a resource. */
void url_format(const struct url *url, struct buf *to, bool with_fragment);

/* "https://host:port" of a URL with a host: what a robots.txt and a pace are about. */
void url_format_origin(const struct url *url, struct buf *to);

/* The port that is meant; 0: none. */
unsigned url_port(const struct url *url);

bool url_is_http(const struct url *url);
