/* Two davits that serve one tree would know nothing of each other's locks, and each could move,
 * copy and remove what the other holds by another name. The same directory cannot be served twice:
 * each davit keeps a lock, flock(2), on its root and on its state. But a root may lie in another's.
 *
 * Of the others' locks /proc/locks says which process has them, and /proc/PID/fd leads to the
 * directories: whether those meet with ours is a matter of mounts.c. Where one cannot look into the
 * other's descriptors (another user, another name space of processes), the directories above the
 * root are still tried: one that is locked, and has a state directory, is served. What lies below
 * is then not seen: to look for it would be to walk through all of the tree.
 *
 * A davit that only reads holds no lock, and disturbs nobody. */
#include "store/directory/mounts/neighbours.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "store/directory/entry.h"
#include "store/directory/mounts/mounts.h"

enum { DEPTH_MAX = 4096 };

struct neighbour_lock {
    unsigned long pid;
    dev_t device;
    ino_t inode;
};

/* "4: FLOCK  ADVISORY  WRITE 812 fe:00:1327 0 EOF" */
static bool parse_lock(const char *line, struct neighbour_lock *lock_out)
{
    unsigned major_number;
    unsigned minor_number;
    unsigned long inode;
    if (sscanf(line, "%*u: FLOCK %*s WRITE %lu %x:%x:%lu", &lock_out->pid, &major_number,
               &minor_number, &inode) != 4)
        return false;
    lock_out->device = makedev(major_number, minor_number);
    lock_out->inode = inode;
    return true;
}

static bool is_davit(unsigned long pid)
{
    char path[64];
    char name[32] = "";
    str_print(path, sizeof(path), "/proc/%lu/comm", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t len = read(fd, name, sizeof(name) - 1);
    fd_close(fd);
    return len == 6 && memcmp(name, "davit\n", 6) == 0;
}

/* Whether a descriptor of the process is what is locked, and meets with the root. */
static bool is_met_at(int root_fd, const struct neighbour_lock *lock, const char *number)
{
    char path[128];
    struct stat st;
    (void)snprintf(path, sizeof(path), "/proc/%lu/fd/%s", lock->pid, number); /* fits, or is none */
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_met = fstat(fd, &st) == 0 && st.st_ino == lock->inode && st.st_dev == lock->device &&
                  mounts_meet(root_fd, fd);
    fd_close(fd);
    return is_met;
}

static bool is_met(int root_fd, const struct neighbour_lock *lock)
{
    char path[64];
    struct dir_entries entries;
    struct dir_entry entry;
    bool is_found = false;
    str_print(path, sizeof(path), "/proc/%lu/fd", lock->pid);
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    dir_entries_init(&entries, fd);
    while (!is_found && dir_entries_next(&entries, &entry) == STORE_OK)
        is_found = is_met_at(root_fd, lock, entry.name.at);
    dir_entries_done(&entries);
    return is_found;
}

static bool meets_a_lock(int root_fd)
{
    char line[256];
    struct neighbour_lock lock;
    bool is_found = false;
    FILE *file = fopen("/proc/locks", "re");
    while (file && !is_found && fgets(line, sizeof(line), file)) {
        if (parse_lock(line, &lock) && lock.pid != (unsigned long)getpid() && is_davit(lock.pid))
            is_found = is_met(root_fd, &lock);
    }
    if (file)
        (void)fclose(file); /* read only: nothing to lose */
    return is_found;
}

/* Whether somebody holds the lock of a root. */
static bool is_served_now(int fd)
{
    struct stat st;
    if (fstatat(fd, DIR_STATE_NAME, &st, 0) < 0 || !S_ISDIR(st.st_mode))
        return false;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        return errno == EWOULDBLOCK;
    (void)flock(fd, LOCK_UN); /* or closing does */
    return false;
}

static bool has_served_above(int root_fd)
{
    struct stat st;
    struct stat above;
    bool is_found = false;
    int fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
    for (int i = 0; i < DEPTH_MAX && fd >= 0 && !is_found; i++) {
        int next = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        bool is_top = next < 0 || fstat(fd, &st) < 0 || fstat(next, &above) < 0 ||
                      (st.st_dev == above.st_dev && st.st_ino == above.st_ino);
        is_found = !is_top && is_served_now(next);
        fd_close(fd);
        fd = next;
        if (is_top)
            break;
    }
    fd_close(fd);
    return is_found;
}

bool neighbours_check(int root_fd, const char *name, struct err *err)
{
    if (!meets_a_lock(root_fd) && !has_served_above(root_fd))
        return true;
    return err_set(err, 0,
                   "another davit serves a directory inside '%s', or one that contains it: neither "
                   "would know the other's locks",
                   name);
}
