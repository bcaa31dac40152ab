/* The state directory: whose it is, and what is done when it goes.
 *
 * Whose. davit may run as root, and what it serves may belong to somebody who would like to have
 * something of root's removed or overwritten. He can make ".davit" before davit does, and put links
 * in it. So each directory and file of our own is opened without following a link, and is refused
 * unless it belongs to us or to root; what others may write to is closed to them. In a directory
 * that is ours alone, nobody can change a name between our look and SQLite's open: SQLite's own
 * NOFOLLOW would refuse the path that we give it, by way of /proc.
 *
 * Some file systems (FAT, many of FUSE, shares of Windows) keep no owners: everything belongs to
 * whoever mounted them, and whoever may write there may write everywhere. There it is not asked.
 *
 * Gone. `rsync --delete` and `git clean` remove the directory of a running server, and somebody may
 * move it away. What is written where nobody will look is lost, so who is about to write looks
 * first whether the name still leads to his file (one stat), and asks for the directory to be made
 * again (`restore`): it gets the old descriptor's number, which is all that the journal and the
 * database know of it. What was in memory is written there anew. */
#include "store/directory/state/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/directory/entry.h"

/* --- whose it is --- */

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
                       "'%s' belongs to user %u: davit keeps its state only in what is its own "
                       "(see --state)",
                       name, st->st_uid);
    if (!(st->st_mode & OTHERS_BITS))
        return true;
    if (fchmod(fd, st->st_mode & 07777 & ~(mode_t)OTHERS_BITS) < 0)
        return err_sys(err, errno,
                       "'%s' can be written to by others, and closing it to them failed", name);
    log_line(LOG_WARN, "'%s' could be written to by others: closed to them", name);
    return true;
}

int own_directory_open(int at_fd, const char *name, bool is_named_so, struct err *err)
{
    struct stat st;
    if (mkdirat(at_fd, name, 0700) < 0 && errno != EEXIST) {
        (void)err_sys(err, errno,
                      "making davit's state directory '%s' (see --state and --read-only)",
                      name); /* -1 says it */
        return -1;
    }
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (is_named_so ? 0 : O_NOFOLLOW);
    int fd = openat(at_fd, name, flags);
    if (fd < 0) {
        bool is_link = errno == ELOOP || errno == ENOTDIR;
        (void)err_sys(err, errno, "opening davit's state directory '%s'%s", name,
                      is_link ? ", which must be a directory and no link" : ""); /* as above */
        return -1;
    }
    bool is_fine = (fstat(fd, &st) == 0 || err_sys(err, errno, "looking at '%s'", name)) &&
                   check_owner(fd, &st, name, err);
    if (is_fine && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        is_fine =
            err_sys(err, errno,
                    "writing to davit's state directory '%s' (see --state and --read-only)", name);
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

bool own_file_check(int dir_fd, const char *name, bool is_made, struct err *err)
{
    struct stat st;
    int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | (is_made ? O_CREAT : 0);
    int fd = openat(dir_fd, name, flags, 0600);
    if (fd < 0)
        return (errno == ENOENT && !is_made) ||
               err_sys(err, errno, "opening '%s' in davit's state directory", name);
    bool is_fine = fstat(fd, &st) == 0 || err_sys(err, errno, "looking at '%s'", name);
    if (is_fine && (!S_ISREG(st.st_mode) || st.st_nlink > 1))
        is_fine =
            err_set(err, 0, "'%s' in davit's state directory is no file, or has other names", name);
    is_fine = is_fine && check_owner(fd, &st, name, err);
    if (is_fine && (st.st_mode & 077))
        (void)fchmod(fd, 0600); /* it fails where the file system keeps no modes */
    fd_close(fd);
    return is_fine;
}

/* --- gone --- */

static bool restore(struct state_home *home)
{
    struct dir_kept *kept = CONTAINER_OF(home, struct dir_kept, home);
    struct err err;
    pthread_mutex_lock(&kept->mutex);
    struct state_file file = state_file_of(home->fd);
    bool is_fine = !state_home_is_gone(home->fd) && state_home_keeps(home, ".", &file);
    if (!is_fine) { /* or else somebody else was faster */
        int fd = own_directory_open(kept->at_fd, kept->name, !kept->is_inside, &err);
        is_fine = fd >= 0 && own_directory_claim(fd, kept->name, &err) &&
                  (dup3(fd, home->fd, O_CLOEXEC) >= 0 ||
                   err_sys(&err, errno, "opening '%s'", kept->name));
        fd_close(fd); /* the duplicate holds it */
        if (is_fine)
            log_line(LOG_WARN, "'%s' was removed or replaced while it was in use: made again",
                     kept->name);
        else
            log_line(LOG_ERROR, "'%s' was removed while it was in use: %s", kept->name, err.text);
    }
    pthread_mutex_unlock(&kept->mutex);
    return is_fine;
}

/* --- life --- */

struct dir_kept *kept_open(int root_fd, const char *state_dir, bool is_read_only, struct err *err)
{
    struct dir_kept *kept = MEM_NEW(struct dir_kept);
    const char *name = state_dir ? state_dir : DIR_STATE_NAME;
    atomic_init(&kept->refs, 1);
    pthread_mutex_init(&kept->mutex, NULL);
    kept->is_inside = state_dir == NULL;
    kept->name = mem_copy_text(name, strlen(name));
    kept->locks = lock_table_new();
    kept->claims = claims_new();
    kept->at_fd = kept->is_inside ? fcntl(root_fd, F_DUPFD_CLOEXEC, 0) : AT_FDCWD;
    kept->home = (struct state_home){.fd = -1, .at_fd = kept->at_fd, .name = kept->name};
    if (is_read_only) { /* what is there is read, and may be a link */
        kept->home.fd = openat(kept->at_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return kept;
    }
    kept->home.restore = restore;
    kept->home.fd = own_directory_open(kept->at_fd, name, !kept->is_inside, err);
    if (kept->home.fd >= 0 && own_directory_claim(kept->home.fd, name, err))
        return kept;
    kept_unref(kept);
    return NULL;
}

bool kept_is_at(const struct dir_kept *kept, const char *state_dir)
{
    return state_dir && !kept->is_inside && strcmp(kept->name, state_dir) == 0;
}

struct dir_kept *kept_ref(struct dir_kept *kept)
{
    atomic_fetch_add(&kept->refs, 1);
    return kept;
}

void kept_unref(struct dir_kept *kept)
{
    if (!kept || atomic_fetch_sub(&kept->refs, 1) != 1)
        return;
    state_close(kept->state);
    lock_journal_close(kept->journal);
    lock_table_free(kept->locks);
    claims_free(kept->claims);
    fd_close(kept->home.fd); /* which releases the lock on it */
    fd_close(kept->at_fd);
    pthread_mutex_destroy(&kept->mutex);
    mem_free(kept->name);
    mem_free(kept);
}
