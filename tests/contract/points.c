#include "points.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

static enum point_mode armed_mode; /* set while nobody else is at work */
static atomic_uint armed_at;
static atomic_uint count;
static atomic_bool was_flush;
static atomic_bool was_collection;

void points_arm(unsigned n, enum point_mode mode)
{
    armed_mode = mode;
    count = 0;
    was_flush = false;
    was_collection = false;
    armed_at = n;
}

bool points_was_flush(void)
{
    return was_flush;
}

bool points_ended_with_collection(void)
{
    return was_collection;
}

unsigned points_count(void)
{
    return count;
}

/* True: the call is to fail. */
static bool is_point(const char *name, bool is_of_state)
{
    unsigned at = atomic_fetch_add(&count, 1) + 1;
    bool is_full = armed_at && armed_mode == POINT_FULL && at >= armed_at && is_of_state;
    bool is_next = armed_at && armed_mode == POINT_FAIL_TWICE && at == armed_at + 1;
    if (at != armed_at && !is_full && !is_next)
        return false;
    if (armed_mode == POINT_DIE)
        _exit(POINT_DEAD);
    if (armed_mode == POINT_FULL && !is_full)
        return false;
    was_flush = was_flush || strstr(name, "sync") != NULL;
    errno = EIO;
    return true;
}

/* WRAP(type, name, parameters, arguments, what a failure returns, whether it writes state) */
#define WRAP(type, name, parameters, arguments, failure, is_of_state)                              \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return is_point(#name, is_of_state) ? (failure) : __real_##name arguments;                 \
    }

WRAP(int, mkdirat, (int fd, const char *name, mode_t mode), (fd, name, mode), -1, false)
WRAP(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags), -1, false)
WRAP(int, renameat, (int from_fd, const char *from, int to_fd, const char *to),
     (from_fd, from, to_fd, to), -1, false)
WRAP(int, renameat2, (int from_fd, const char *from, int to_fd, const char *to, unsigned flags),
     (from_fd, from, to_fd, to, flags), -1, false)
WRAP(int, linkat, (int from_fd, const char *from, int to_fd, const char *to, int flags),
     (from_fd, from, to_fd, to, flags), -1, false)
WRAP(int, symlinkat, (const char *target, int fd, const char *name), (target, fd, name), -1, false)
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode), -1, false)
WRAP(int, futimens, (int fd, const struct timespec times[2]), (fd, times), -1, false)
WRAP(int, fdatasync, (int fd), (fd), -1, false)
WRAP(int, syncfs, (int fd), (fd), -1, false)

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    struct stat st;
    was_collection = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
    return is_point("fsync", false) ? -1 : __real_fsync(fd);
}

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    bool is_log = fd == STDERR_FILENO; /* which changes nothing */
    return !is_log && is_point("write", false) ? -1 : __real_write(fd, bytes, len);
}

/* As the linker sees them: offsets have 64 bits. */
WRAP(ssize_t, pwrite64, (int fd, const void *bytes, size_t len, off_t at), (fd, bytes, len, at), -1,
     true)
WRAP(int, ftruncate64, (int fd, off_t len), (fd, len), -1, false)
WRAP(ssize_t, copy_file_range,
     (int from, off_t *from_at, int to, off_t *to_at, size_t len, unsigned flags),
     (from, from_at, to, to_at, len, flags), -1, false)
WRAP(int, sqlite3_step, (sqlite3_stmt * statement), (statement), SQLITE_IOERR,
     !sqlite3_stmt_readonly(statement))
WRAP(int, sqlite3_exec,
     (sqlite3 * db, const char *sql, int (*row)(void *, int, char **, char **), void *arg,
      char **error),
     (db, sql, row, arg, error), SQLITE_IOERR, strncmp(sql, "ROLLBACK", 8) != 0)
