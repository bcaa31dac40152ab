/* sync/mount.h: where the endpoints and files of a mount are for sync clients. */
#pragma once

#include "sync/service.h"

/* The rows of a mount table by which the mount is served so; says how many. What is sync->dav, the
 * owner, prefix and product are there already; memory from the arena. */
enum { SYNC_MOUNTS_MAX = 9 };
size_t sync_mount(struct sync_service *sync, struct arena *arena,
                  struct handler_mount rows_out[SYNC_MOUNTS_MAX]);
