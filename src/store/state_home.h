/* store/state_home.h: the directory in which a backend keeps its own state. Other programs may
 * remove it while it is in use (`rsync --delete`, `git clean`), or put something in its place: who
 * finds that asks for it to be made again, and then writes there anew what it has in memory. */
#pragma once

#include <sys/stat.h>

#include "base/base.h"

struct state_home {
    int fd;    /* the same number as long as the home lives, whatever directory is behind it */
    int at_fd; /* where `name` is looked up */
    const char *name; /* where the next process looks for the home; NULL: nobody knows */
    /* Makes the directory again where its name does not lead to it any more. False: it cannot, and
     * that was logged. Any thread. NULL: nobody can. */
    bool (*restore)(struct state_home *home);
};

/* Which file one is, and not how it is called. All zeros: none. */
struct state_file {
    dev_t dev;
    ino_t ino;
};

/* None where it is not there. */
struct state_file state_file_of(int fd);
struct state_file state_file_at(int dir_fd, const char *name);

enum { ASIDE_NAME_BYTES = 64 };

/* A name for what is damaged, which nothing has yet: "state.db.damaged-1750000000", by that time or
 * the next. */
void state_aside_name(int dir_fd, const char *name, long long when_s,
                      char aside_out[ASIDE_NAME_BYTES]);

/* What tells a file or directory from those that have had, or have, its content or its inode: it is
 * the same after a reboot, and another for what was copied or restored. The empty name: of `dir_fd`
 * itself. */
uint64_t state_file_mark(int dir_fd, const char *name);

/* What is open has lost its last name. */
static inline bool state_home_is_gone(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

/* Whether the next process finds the file under this name in the home: one stat(2). When nobody can
 * say, it does. */
bool state_home_keeps(const struct state_home *home, const char *name,
                      const struct state_file *file);

/* True: the home is where its name leads to, or is there now. */
bool state_home_restore(struct state_home *home);
