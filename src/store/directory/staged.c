/* What is being made and has no place yet, and how it comes to its place in one step.
 *
 * A file is made without a name (O_TMPFILE) in the collection that it is for: so it is on the right
 * file system, inherits what that directory hands down (group, default ACL), and vanishes by itself
 * when the process dies. It gets its name by linkat(2) where that is new, which fails if something
 * is there already, and otherwise by a link among the staged names and a rename(2) over the old
 * file. Where the file system has no O_TMPFILE, the file has a staged name from the start; start-up
 * removes what a crash left of those. A tree has a staged name in any case.
 *
 * A rename is what makes a change visible in one step, so what is staged must be where that goes to
 * its target from (mounts/border.c). That is the staging directory, or else the collection that it
 * is for: then the name is noted in the database, since start-up would not look there.
 *
 * All that replace something meet in the staging directory, so one at a time does (`naming`). The
 * kernel would let them wait for each other as well, twice each, and much of what they do would be
 * to go to sleep and to wake.
 *
 * Where nothing is expected at the target, the kernel sees to it that nothing is replaced, whatever
 * another program makes there at this moment. Where it cannot (RENAME_NOREPLACE is missing on
 * network file systems and old kernels), a file is given its name by link(2), which fails if there
 * is something. A directory goes by a plain rename: that replaces nothing but an empty directory.
 */
#include "store/directory/staged.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"
#include "store/directory/beneath.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/mounts/border.h"
#include "store/directory/resolve.h"
#include "store/directory/state/kept.h"
#include "store/directory/state/own.h"
#include "store/directory/state/state.h"

/* --- the staging directory --- */

bool dir_is_own_in_state(const struct dir_store *dir)
{
    return beneath_is_same_mount(dir->root_fd, dir->kept->home.fd);
}

int dir_own_open(const struct dir_store *dir, const char *name, struct err *err)
{
    if (dir_is_own_in_state(dir))
        return own_directory_open(dir->kept->home.fd, name, false, err);
    int inside_fd = own_directory_open(dir->root_fd, DIR_STATE_NAME, false, err);
    if (inside_fd < 0)
        return -1;
    int fd = own_directory_open(inside_fd, name, false, err);
    fd_close(inside_fd);
    return fd;
}

/* Staged trees have nothing to do with each other, and go to different places. ext4 makes a tree
 * near the directory that it is made in, where that has not this flag: all copies would crowd in
 * one region of the disk. Without a journal ext4 also makes no inode of one that was freed a minute
 * ago, and looks for another from the region's beginning each time: a copy after the removal of a
 * few others takes 20 times as long. Best effort: other file systems do not know the flag. */
static void spread_trees(int staging_fd)
{
    int flags;
    if (ioctl(staging_fd, FS_IOC_GETFLAGS, &flags) < 0 || (flags & FS_TOPDIR_FL))
        return;
    flags |= FS_TOPDIR_FL;
    (void)ioctl(staging_fd, FS_IOC_SETFLAGS, &flags);
}

int dir_staging_open(const struct dir_store *dir, struct err *err)
{
    int fd = dir_own_open(dir, "staging", err);
    if (fd >= 0)
        spread_trees(fd);
    return fd;
}

/* It has been removed: makes it again. False: logged. */
static bool restore_staging(struct dir_store *dir)
{
    struct err err;
    bool is_fine = state_home_restore(&dir->kept->home);
    pthread_mutex_lock(&dir->kept->mutex);
    if (is_fine && state_home_is_gone(dir->staging_fd)) {
        int fd = dir_staging_open(dir, &err);
        is_fine = fd >= 0 && dup3(fd, dir->staging_fd, O_CLOEXEC) >= 0;
        if (fd < 0)
            log_line(LOG_ERROR, "the staging directory was removed: %s", err.text);
        else
            fd_close(fd); /* the duplicate holds it */
    }
    pthread_mutex_unlock(&dir->kept->mutex);
    return is_fine;
}

/* --- staged names --- */

struct stray {
    struct state_change change;
    struct str path;
    enum state_sql sql;
};

static enum store_rc change_stray(struct state_change *change, struct state_db *db)
{
    struct stray *stray = CONTAINER_OF(change, struct stray, change);
    sqlite3_stmt *statement = state_prepare(db, stray->sql);
    state_bind(statement, 1, stray->path);
    return state_run(statement);
}

/* Notes an absolute file name that start-up is to remove if it is still there. Notes are never
 * taken back while running: at worst start-up finds nothing under them. */
static bool add_stray(struct dir_store *dir, int parent_fd, const char *name)
{
    struct dir_name parent;
    char path[sizeof(parent.text) + 64];
    struct str text = dir_path_text(parent_fd, &parent);
    if (text.len == 0)
        return false;
    int len = snprintf(path, sizeof(path), "%s/%s", parent.text, name);
    struct stray stray = {
        .change.run = change_stray, .path = str_of(path, (size_t)len), .sql = SQL_STRAY_ADD};
    return state_write(dir->kept->state, &stray.change) == STORE_OK;
}

static void make_name(char name_out[64])
{
    uint64_t number;
    random_name_bytes(&number, sizeof(number));
    str_print(name_out, 64, DIR_STAGED_PREFIX "%016llx", (unsigned long long)number);
}

enum store_rc dir_stage_name(struct dir_store *dir, int parent_fd, char name_out[64], int *fd_out,
                             bool *is_owned_out)
{
    char name[64];
    int fd = dir->staging_fd;
    make_name(name);
    if (state_home_is_gone(fd) && !restore_staging(dir))
        return STORE_FAILED;
    bool is_beside = !border_lets_pass(dir->staging_fd, NULL, parent_fd);
    if (is_beside) { /* beside the target, noted for start-up */
        fd = fcntl(parent_fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            return dir_rc(errno, "cannot open a collection");
    }
    if (is_beside && !add_stray(dir, fd, name)) {
        fd_close(fd);
        return STORE_FAILED;
    }
    memcpy(name_out, name, sizeof(name));
    *fd_out = fd;
    *is_owned_out = is_beside;
    return STORE_OK;
}

/* --- names that are given --- */

int dir_rename_if_free(int from_fd, const char *from_name, int to_fd, const char *to_name)
{
    if (renameat2(from_fd, from_name, to_fd, to_name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL)
        return errno;
    /* A file system without RENAME_NOREPLACE. */
    if (dir_is_taken(to_fd, to_name))
        return EEXIST;
    return renameat(from_fd, from_name, to_fd, to_name) < 0 ? errno : 0;
}

/* A file gets a second name and loses the first. Where there are no second names, that nothing is
 * there is seen a moment before. */
static int link_new(int from_fd, const char *from_name, int to_fd, const char *to_name)
{
    if (linkat(from_fd, from_name, to_fd, to_name, 0) < 0)
        return errno == EEXIST ? EEXIST : dir_rename_if_free(from_fd, from_name, to_fd, to_name);
    if (unlinkat(from_fd, from_name, 0) == 0)
        return 0;
    int code = errno;
    (void)unlinkat(to_fd, to_name, 0); /* ours alone; it can be removed if it could be made */
    return code;
}

int dir_rename_new(int from_fd, const char *from_name, int to_fd, const char *to_name)
{
    if (renameat2(from_fd, from_name, to_fd, to_name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL)
        return errno;
    if (!dir_is_directory(from_fd, from_name))
        return link_new(from_fd, from_name, to_fd, to_name);
    int code = dir_rename_if_free(from_fd, from_name, to_fd, to_name);
    return code == ENOTDIR || code == ENOTEMPTY ? EEXIST : code;
}

/* --- staged files --- */

void dir_inherit(int parent_fd, int fd)
{
    struct stat parent;
    struct stat own;
    /* The set-group-ID bit of a directory hands its group to what is made in it, and itself to
     * directories; what comes from the staging directory must be given both. Best effort, as for
     * any other maker of files. */
    if (fstat(parent_fd, &parent) < 0 || !(parent.st_mode & S_ISGID) || fstat(fd, &own) < 0)
        return;
    (void)!fchown(fd, (uid_t)-1, parent.st_gid);
    if (S_ISDIR(own.st_mode))
        (void)fchmod(fd, (own.st_mode & 07777) | S_ISGID); /* as above */
}

static enum store_rc open_named(struct dir_store *dir, int parent_fd, struct staged_file *staged)
{
    enum store_rc rc =
        dir_stage_name(dir, parent_fd, staged->name, &staged->name_fd, &staged->owns_name_fd);
    if (rc != STORE_OK)
        return rc;
    staged->fd =
        openat(staged->name_fd, staged->name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0666);
    if (staged->fd >= 0) {
        dir_inherit(parent_fd, staged->fd);
        return STORE_OK;
    }
    rc = dir_rc(errno, "cannot make a file");
    staged->name[0] = '\0';
    dir_staged_close(staged);
    return rc;
}

enum store_rc dir_staged_open(struct dir_store *dir, int parent_fd, struct staged_file *staged_out)
{
    *staged_out = (struct staged_file){.fd = -1, .name_fd = -1};
    staged_out->fd = openat(parent_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
    if (staged_out->fd >= 0)
        return STORE_OK;
    /* What file systems and old kernels say that have no O_TMPFILE. */
    if (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL || errno == ENOENT ||
        errno == EBADF)
        return open_named(dir, parent_fd, staged_out);
    return dir_rc(errno, "cannot make a file");
}

void dir_staged_close(struct staged_file *staged)
{
    if (staged->name[0])
        (void)unlinkat(staged->name_fd, staged->name, 0); /* start-up removes it otherwise */
    fd_close(staged->fd); /* what matters was flushed, or is thrown away */
    if (staged->owns_name_fd)
        fd_close(staged->name_fd);
    *staged = (struct staged_file){.fd = -1, .name_fd = -1};
}

static int link_nameless(int fd, int to_fd, const char *name)
{
    char link[64];
    /* Since Linux 6.10 for whoever has opened the file, and before for root only: ENOENT. */
    if (linkat(fd, "", to_fd, name, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOENT)
        return errno;
    str_print(link, sizeof(link), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, link, to_fd, name, AT_SYMLINK_FOLLOW) < 0 ? errno : 0;
}

bool dir_staged_has_name(int fd, int parent_fd, const char *name)
{
    struct stat ours;
    struct stat there;
    return fstat(fd, &ours) == 0 && fstatat(parent_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

/* The file has a staged name: moves it to its place. */
static enum store_rc rename_staged(struct staged_file *staged, int parent_fd, const char *name,
                                   bool is_new)
{
    int code = 0;
    if (is_new)
        code = dir_rename_new(staged->name_fd, staged->name, parent_fd, name);
    else if (renameat(staged->name_fd, staged->name, parent_fd, name) < 0)
        code = errno;
    if (code && is_new && dir_staged_has_name(staged->fd, parent_fd, name))
        return STORE_OK; /* it is there; its other name goes when it is closed, or at start-up */
    if (code)
        return dir_rc(code, "cannot name a file");
    staged->name[0] = '\0';
    return STORE_OK;
}

static enum store_rc link_over(struct staged_file *staged, int parent_fd, const char *name)
{
    int code = link_nameless(staged->fd, staged->name_fd, staged->name);
    if (!code)
        return rename_staged(staged, parent_fd, name, false);
    staged->name[0] = '\0';
    return dir_rc(code, "cannot stage a file");
}

/* The staging directory has been removed, or is in another mount. */
static enum store_rc replace_otherwise(struct dir_store *dir, struct staged_file *staged,
                                       int parent_fd, const char *name)
{
    enum store_rc rc =
        dir_stage_name(dir, parent_fd, staged->name, &staged->name_fd, &staged->owns_name_fd);
    if (rc != STORE_OK)
        return rc;
    if (staged->owns_name_fd) /* beside the target, perhaps on a file system that hangs */
        return link_over(staged, parent_fd, name);
    pthread_mutex_lock(&dir->naming);
    rc = link_over(staged, parent_fd, name);
    pthread_mutex_unlock(&dir->naming);
    return rc;
}

/* What was made in its collection has been encrypted as all that is there, and counted to the same
 * project: no border but that of a mount keeps it out of the staging directory, and the kernel says
 * so before anything is done. So that is not looked for. */
static enum store_rc replace(struct dir_store *dir, struct staged_file *staged, int parent_fd,
                             const char *name)
{
    make_name(staged->name);
    staged->name_fd = dir->staging_fd;
    pthread_mutex_lock(&dir->naming);
    int code = link_nameless(staged->fd, staged->name_fd, staged->name);
    enum store_rc rc = code ? STORE_FAILED : rename_staged(staged, parent_fd, name, false);
    pthread_mutex_unlock(&dir->naming);
    if (!code)
        return rc;
    staged->name[0] = '\0';
    return code == EXDEV || code == ENOENT ? replace_otherwise(dir, staged, parent_fd, name)
                                           : dir_rc(code, "cannot stage a file");
}

enum store_rc dir_staged_link(struct dir_store *dir, struct staged_file *staged, int parent_fd,
                              const char *name, bool is_new)
{
    if (staged->name[0])
        return rename_staged(staged, parent_fd, name, is_new);
    if (!is_new)
        return replace(dir, staged, parent_fd, name);
    int code = link_nameless(staged->fd, parent_fd, name);
    return code ? dir_rc(code, "cannot name a file") : STORE_OK;
}
