/* sync/files.h: a mount's files under the paths that sync clients know: dav's own handler, over a
 * store that shows the mount there. */
#pragma once

#include "sync/service.h"

/* The handler's operations: dav's, but for what comes before and behind them. */
struct handler_ops sync_files_ops(void);

/* How much of a path stands before what is in the mount, by whichever of its paths for whoever
 * asks; 0: it is nobody's, or somebody else's. Where nobody signs in all are the same, whatever
 * they are called. */
size_t sync_files_prefix(const struct exchange *x, struct res_path path);

/* The files of that user are what is seen, as below remote.php/dav/files. False: he is somebody
 * else than who asks. */
NODISCARD bool sync_see_files(struct exchange *x, struct str user);
