/* sync/service.h: a mount as the sync clients of other products know their servers: endpoints that
 * tell them what this server is, and the mount's files under those servers' paths. A handler for
 * each of the two (exchange/handler.h). Read-only while the server runs. */
#pragma once

#include "dav/service.h"

/* What capabilities and status.php say of the protocol's version; below 28 clients leave out much.
 */
#define SYNC_VERSION_MAJOR 28
#define SYNC_VERSION       "28.0.0"

struct sync_service {
    struct handler endpoints; /* sync/endpoints.def */
    struct handler files;     /* WebDAV over the mount's store (sync/files.h) */
    struct handler chunks;    /* what becomes files there (sync/chunk/chunk.h) */
    struct handler_ops files_ops;
    struct handler_ops chunk_ops;
    struct handler bulk; /* many small files at once (sync/bulk/bulk.h) */
    struct handler_ops bulk_ops;
    bool has_bulk;
    struct handler trash; /* what was deleted there (sync/trash.h) */
    struct handler_ops trash_ops;
    struct str trash_name;  /* of the collection that it is in; empty: nothing is kept */
    struct dav_service dav; /* of `files`; its owner is this, and view_seen shows the mount alone */
    const void *owner;      /* the mount, for view_seen */
    struct res_path prefix; /* of the mount: its endpoints begin there */
    unsigned char push_key[32]; /* of tokens for WebSockets (sync/push/pre_auth.h) */
    struct str product;         /* what clients are told that this server is */
};

/* Of an exchange that one of these handlers has. */
const struct sync_service *sync_service_of(const struct exchange *x);

/* Where the endpoint paths begin within the prefix: the rest of x->path. */
struct str sync_path_of(const struct exchange *x);

/* The name under dav/files/: of who has signed in; where nobody can, whatever clients call him. */
struct str sync_user_of(const struct exchange *x);
