/* The paths of a mount that is served to sync clients. They have no choice of them: where the
 * server is /cloud, they ask for /cloud/status.php and /cloud/remote.php/dav/files/NAME. So these
 * names stand before members of the mount's tree that are called the same; under remote.php those
 * are seen all the same. */
#include "sync/mount.h"

#include "base/random.h"
#include "sync/bulk/bulk.h"
#include "sync/chunk/chunk.h"
#include "sync/endpoint.h"
#include "sync/files.h"
#include "sync/trash.h"

static const struct {
    const char *path;
    size_t handler; /* of a service */
} places[SYNC_MOUNTS_MAX] = {
    {"status.php", offsetof(struct sync_service, endpoints)},
    {"index.php", offsetof(struct sync_service, endpoints)},
    {"ocs", offsetof(struct sync_service, endpoints)},
    {"remote.php", offsetof(struct sync_service, endpoints)},
    {"remote.php/webdav", offsetof(struct sync_service, files)},
    {"remote.php/dav/files", offsetof(struct sync_service, files)},
    {"remote.php/dav/uploads", offsetof(struct sync_service, chunks)},
    {"remote.php/dav/trashbin", offsetof(struct sync_service, trash)},
    {"remote.php/dav/bulk", offsetof(struct sync_service, bulk)},
};

size_t sync_mount(struct sync_service *sync, struct arena *arena,
                  struct handler_mount rows_out[SYNC_MOUNTS_MAX])
{
    sync->files_ops = sync_files_ops();
    sync->endpoints = (struct handler){&sync_endpoint_ops, sync, false};
    sync->bulk_ops = sync_bulk_ops();
    sync->bulk = (struct handler){&sync->bulk_ops, &sync->dav, true};
    sync->chunk_ops = sync_chunk_ops();
    sync->chunks = (struct handler){&sync->chunk_ops, &sync->dav, true};
    sync->trash_ops = sync_trash_ops();
    sync->trash = (struct handler){&sync->trash_ops, &sync->dav, true};
    sync->files = (struct handler){&sync->files_ops, &sync->dav, true};
    sync->dav.owner = sync;
    random_bytes(sync->push_key, sizeof(sync->push_key));
    for (size_t i = 0; i < SYNC_MOUNTS_MAX; i++)
        rows_out[i] = (struct handler_mount){
            path_join(arena, sync->prefix, str_of_c(places[i].path)),
            (const void *)((const char *)sync + places[i].handler),
        };
    return SYNC_MOUNTS_MAX;
}
