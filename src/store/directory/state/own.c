/* Whose the state directory is, and the files in it.
 *
 * davit may run as root, and what it serves may belong to somebody who would like to have something
 * of root's removed or overwritten. He can make ".davit" before davit does, and put links in it. So
 * each directory and file of our own is opened without following a link, and is refused unless it
 * belongs to us or to root; what others may write to is closed to them. In a directory that is ours
 * alone, nobody can change a name between our look and SQLite's open: SQLite's own NOFOLLOW would
 * refuse the path that we give it, by way of /proc.
 *
 * Some file systems (FAT, many of FUSE, shares of Windows) keep no owners: everything belongs to
 * whoever mounted them, and whoever may write there may write everywhere. There it is not asked. */
#include "store/directory/state/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

/* As statfs(2) names them: FAT, exFAT, NTFS (three drivers), FUSE, SMB, NFS (which may call root
 * nobody). */
static const unsigned without_owners[] = {0x4d44,     0x2011bab0, 0x5346544e, 0x7366746e,
                                          0x65735546, 0xff534d42, 0xfe534d42, 0x6969};

static bool keeps_owners(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(without_owners); i++) {
        if ((unsigned)fs.f_type == without_owners[i])
            return false;
    }
    return true;
}

/* What is open is ours alone, or is made so. */
static bool check_owner(int fd, const struct stat *st, const char *name, struct err *err)
{
    enum { OTHERS_BITS = 022 };
    if (!keeps_owners(fd))
        return true;
    if (st->st_uid != geteuid() && st->st_uid != 0)
        return err_set(err, 0,
                       "'%s' belongs to user %u, but davit keeps its state only in what is its own "
                       "(see --state)",
                       name, st->st_uid);
    if (!(st->st_mode & OTHERS_BITS))
        return true;
    if (fchmod(fd, st->st_mode & 07777 & ~(mode_t)OTHERS_BITS) < 0)
        return err_sys(err, errno, "'%s' is writable by others, and cannot be closed to them",
                       name);
    log_line(LOG_WARN, "'%s' was writable by others; it has been closed to them", name);
    return true;
}

int own_directory_open(int at_fd, const char *name, bool is_named_so, struct err *err)
{
    struct stat st;
    if (mkdirat(at_fd, name, 0700) < 0 && errno != EEXIST) {
        err_sys(err, errno,
                "cannot create davit's state directory '%s' (see --state and --read-only)", name);
        return -1;
    }
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_named_so ? 0 : O_NOFOLLOW);
    int fd = openat(at_fd, name, flags);
    if (fd < 0) {
        bool is_link = errno == ELOOP || errno == ENOTDIR;
        err_sys(err, errno, "cannot open davit's state directory '%s'%s", name,
                is_link ? ", which must be a directory, not a link" : "");
        return -1;
    }
    bool is_fine = (fstat(fd, &st) == 0 || err_sys(err, errno, "cannot look at '%s'", name)) &&
                   check_owner(fd, &st, name, err);
    if (is_fine && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        is_fine = err_sys(
            err, errno,
            "cannot write to davit's state directory '%s' (see --state and --read-only)", name);
    if (is_fine)
        return fd;
    fd_close(fd);
    return -1;
}

/* Two servers that write would know nothing of each other's locks, and clear each other's staging
 * area. EWOULDBLOCK alone says that there is one: some network file systems lock no directories. */
bool own_directory_claim(int fd, const char *name, struct err *err)
{
    return flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK ||
           err_set(err, 0, "another davit is using '%s'", name);
}

bool own_file_check(int dir_fd, const char *name, struct err *err)
{
    struct stat st;
    int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(dir_fd, name, flags);
    if (fd < 0)
        return errno == ENOENT ||
               err_sys(err, errno, "cannot open '%s' in davit's state directory", name);
    bool is_fine = fstat(fd, &st) == 0 || err_sys(err, errno, "cannot look at '%s'", name);
    if (is_fine && (!S_ISREG(st.st_mode) || st.st_nlink > 1))
        is_fine = err_set(
            err, 0, "'%s' in davit's state directory is not a regular file, or has other names",
            name);
    is_fine = is_fine && check_owner(fd, &st, name, err);
    if (is_fine && (st.st_mode & 077))
        (void)fchmod(fd, 0600); /* it fails where the file system keeps no modes */
    fd_close(fd);
    return is_fine;
}
