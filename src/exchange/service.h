/* dav/service.h: what all exchanges share. Read-only while the server runs. */
#pragma once

#include "access/access.h"
#include "base/limits.h"
#include "http/media_type.h"
#include "store/store.h"
#include "text/uri.h"

struct home;

/* A name by which clients know this server, besides the Host that they send (--public-url). */
struct public_name {
    struct str host;
    struct str port;
    bool is_https;
};

/* Whether what is stored at a path and below it is a site, whose pages may run scripts. */
struct content_place {
    struct res_path prefix;
    bool is_active;
};

/* A collection that is seen under another prefix. */
struct link_view {
    const struct principal *principal;
    struct res_path prefix;
};

struct dav_service {
    struct store *store; /* what everybody sees, unless there is a view */
    /* What this principal sees, and his homes (dav/home.h); NULL: `store`. Asks the stores, but for
     * who has not signed in. Memory from the arena. */
    struct store *(*view)(const struct dav_service *service, const struct principal *principal,
                          struct arena *arena, struct home **homes_out);
    /* Of a shared link: what is in the collection that its token is for. NULL: no links. */
    struct store *(*view_link)(const struct dav_service *service, const struct link_view *link,
                               struct arena *arena, struct home **homes_out);
    const struct limits *limits;
    const struct media_types *media_types;
    bool is_read_only;
    bool allows_infinity; /* PROPFIND with Depth: infinity on a collection */
    const struct public_name *public_names;
    size_t public_name_count;
    const struct content_place *places;
    size_t place_count;          /* 0: nothing is active */
    const struct access *access; /* NULL: everyone may do everything */
    bool hides_lock_tokens;      /* from who does not hold them */
    int spool_dir_fd; /* where long answers go that must be complete before they are sent */
};
