/* sync/trash.h: what was deleted in a mount, under the paths where sync clients look for it. */
#pragma once

#include "sync/service.h"

/* The handler's operations: dav's, but for what comes before them. */
struct handler_ops sync_trash_ops(void);
