/* exchange/service.h: what all exchanges share. Read-only while the server runs. */
#pragma once

#include "access/access.h"
#include "base/limits.h"
#include "text/uri.h"

struct client_rules;
struct gateway_loop;
struct handler;
struct handler_mount;
struct refs;

/* A name by which clients know this server, besides the Host that they send (--public-url). */
struct public_name {
    struct str host;
    struct str port;
    bool is_https;
};

/* The origin of a page (RFC 6454); the port is empty where it is the scheme's own. */
struct web_origin {
    struct str scheme;
    struct str host;
    struct str port;
};

/* What pages may do with what is stored at a path and below it. */
struct content_place {
    struct res_path prefix;
    bool is_active;                   /* it is a site: its own pages may run scripts */
    const struct web_origin *origins; /* of pages that may do what their readers may (CORS) */
    size_t origin_count;
    bool is_for_all; /* any page may read what everybody may */
};

/* The option compress. */
enum compress_what {
    COMPRESS_ANSWERS, /* that are made here */
    COMPRESS_FILES,   /* and text that is stored */
    COMPRESS_NOTHING,
};

struct service {
    const struct limits *limits;
    const struct access *access; /* NULL: everyone may do everything */
    const struct handler_mount *mounts;
    size_t mount_count;
    /* COPY and MOVE from one handler's paths to another's (handler_ops.transfers); NULL: nobody
     * does that. What it asks other servers for has this in its Via; empty: it asks none. */
    const struct handler *between;
    struct str between_mark;
    const struct public_name *public_names;
    size_t public_name_count;
    const struct content_place *places;
    size_t place_count; /* 0: nothing is allowed to any page */
    int spool_dir_fd;   /* where long answers go that must be complete before they are sent */
    bool is_read_only;
    enum compress_what compress;
    const struct client_rules *clients; /* what is said of programs; NULL: nothing */
    struct refs *users; /* who goes on when his exchange is over holds it: that loop's */
    const struct service *const
        *in_force;                 /* of that loop, on its thread: this, or what came after */
    struct gateway_loop *gateways; /* of the loop that the request is on; NULL: there are none */
    bool has_links;                /* there may be shared links (exchange/sign_in.c) */
};
