/* base/fd.h: the end of descriptors. */
#pragma once

#include <errno.h>
#include <unistd.h>

#include "base/base.h"

/* Closes a descriptor with which nothing can be lost any more: of a directory or a mere place
 * (O_PATH), of what was only read, or of what has been flushed or is thrown away. Who has written
 * and not flushed calls close(), which may have something to say. -1 is fine. */
static inline void fd_close(int fd)
{
    int rc = fd >= 0 ? close(fd) : 0;
    assert(rc == 0 || errno != EBADF); /* closed twice: the second time it may be another's */
}
