/* server/guarded_open.h: opening with root's rights what nobody but root can have put there. */
#pragma once

#include "base/files.h"

/* A regular file. -1 and errno; ENOTSUP: somebody else could have put something else in its place.
 */
NODISCARD int guarded_open(const char *path, enum file_use use);

/* Whether nobody but root can have written what guarded_open() reads there, either. */
NODISCARD bool guarded_is_roots(const char *path);
