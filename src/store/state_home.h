/* store/state_home.h: the directory in which a backend keeps its own state. Other programs may
 * remove it while it is in use (`rsync --delete`, `git clean`): who finds that asks for it to be
 * made again, and then writes there anew what it has in memory. */
#pragma once

#include <sys/stat.h>

#include "base/base.h"

struct state_home {
    int fd; /* the same number as long as the home lives, whatever directory is behind it */
    /* Makes the directory again where it has no name any more. False: it cannot, and that was
     * logged. Any thread. NULL: nobody can. */
    bool (*restore)(struct state_home *home);
};

/* What is open has lost its last name. */
static inline bool state_home_is_gone(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

static inline bool state_home_restore(struct state_home *home)
{
    return !state_home_is_gone(home->fd) || (home->restore && home->restore(home));
}
