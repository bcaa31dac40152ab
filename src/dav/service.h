/* dav/service.h: stores that are served by the methods of WebDAV: a handler (exchange/handler.h),
 * and what all its requests share. Read-only while the server runs. */
#pragma once

#include "exchange/exchange.h"
#include "exchange/handler.h"
#include "http/media_type.h"
#include "store/store.h"

struct home;
struct upload_place;

struct dav_service {
    struct handler stores;     /* of what there is */
    struct handler principals; /* of users and groups (dav/principal.h) */
    struct handler between;    /* of transfers from one handler to another */
    const void *owner;         /* whose the views are, for them */
    struct store *store;       /* what everybody sees, unless there is a view */
    /* What this principal sees, and his homes (dav/home.h); NULL: `store`. Asks the stores, but for
     * who has not signed in. Memory from the arena. */
    struct store *(*view)(const struct dav_service *dav, const struct principal *principal,
                          struct arena *arena, struct home **homes_out);
    /* The same of who stands between handlers, whose stores are of an exchange, which alone may ask
     * them; without what a look has found out of reach. NULL: `view`. It gives NULL where too many
     * do so already. */
    struct store *(*view_between)(const struct dav_service *dav, struct exchange *x,
                                  struct home **homes_out);
    /* What is seen under another prefix (x->seen): what is in the collection that a shared link is
     * for, or in the mount whose files have other paths, too. NULL: nothing is. */
    struct store *(*view_seen)(const struct dav_service *dav, const struct exchange *x,
                               struct home **homes_out);
    /* Of all that anybody may see: before he has signed in, and what he sees has been found, it
     * must be known where to look for it. */
    struct store_traits traits;
    const struct media_types *media_types;
    struct str id_suffix; /* of ids that sync clients are told: where they are from; may be empty */
    const struct upload_place *upload_places; /* what uploads are offered where */
    size_t upload_place_count;
    bool has_looks;         /* mounts of other handlers may be members of collections */
    bool offers_archives;   /* collections as zip and tar, for who asks (extension/archive/) */
    bool allows_infinity;   /* PROPFIND with Depth: infinity on a collection */
    bool hides_lock_tokens; /* from who does not hold them */
};

/* The handler of stores, for who stands over it, and what its `enter` consists of, besides making
 * homes. */
extern const struct handler_ops dav_store_ops;
enum stage_end dav_see(struct exchange *x);
enum stage_end dav_locate(struct exchange *x);

/* What the handler of an exchange shares. */
const struct dav_service *dav_service_of(const struct exchange *x);

/* Sets dav->between, by which service->between is answered. */
void dav_stand_between(struct dav_service *dav);

/* The rows of a mount table by which all paths are served; says how many. */
enum { DAV_MOUNTS_MAX = 2 };
size_t dav_mount(struct dav_service *dav, const struct access *access,
                 struct handler_mount rows_out[DAV_MOUNTS_MAX]);
