/* sync/files.h: a mount's files under the paths that sync clients know: dav's own handler, over a
 * store that shows the mount there. */
#pragma once

#include "sync/service.h"

/* The handler's operations: dav's, but for what comes before and behind them. */
struct handler_ops sync_files_ops(void);
