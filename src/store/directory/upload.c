/* Uploads. The bytes go to a file without a name (O_TMPFILE) in the collection that it is for: so
 * it is on the right file system, inherits what that directory hands down (group, default ACL), and
 * vanishes by itself when the process dies. Commit gives it its name in one step: linkat(2) for a
 * new resource, which fails if something is there already; for an existing one a link among the
 * staged names and a rename(2) over the old file.
 *
 * Where the file system has no O_TMPFILE, the file has a staged name from the start; start-up
 * removes what a crash left of those.
 *
 * Nothing touches the disk before the first write or, for a small body, before commit: an upload
 * that is refused leaves nothing to undo. */
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "store/directory/tree/follow.h"

/* A file of this size gets its disk blocks at once: no disk runs full in the middle of it. */
enum { PREALLOCATE_BYTES_MIN = 1 << 20 };

#define ACL_ACCESS  "system.posix_acl_access"
#define ACL_DEFAULT "system.posix_acl_default"

struct dir_upload {
    struct store_upload base;
    struct dir_store *dir;
    uint64_t size_bytes;
    struct staged_file staged;
    struct res_path path;
    char path_text[];
};

/* --- staged names --- */

static bool add_stray(struct dir_store *dir, int parent_fd, const char *name);

enum store_rc dir_stage_name(struct dir_store *dir, int parent_fd, char name_out[64], int *fd_out,
                             bool *is_owned_out)
{
    char name[64];
    int fd = dir->staging_fd;
    (void)snprintf(name, sizeof(name), DIR_STAGED_PREFIX "%016llx",
                   (unsigned long long)random_u64()); /* fits */
    if (state_home_is_gone(fd) && !dir_staging_restore(dir))
        return STORE_FAILED;
    bool is_beside = !dir_is_same_mount(parent_fd, dir->staging_fd);
    if (is_beside) { /* mounted below the root: beside the target, noted for start-up */
        fd = fcntl(parent_fd, F_DUPFD_CLOEXEC, 0);
        if (fd < 0)
            return dir_rc(errno, "opening a collection");
    }
    if (is_beside && !add_stray(dir, fd, name)) {
        (void)close(fd); /* a directory: nothing to lose */
        return STORE_FAILED;
    }
    memcpy(name_out, name, sizeof(name));
    *fd_out = fd;
    *is_owned_out = is_beside;
    return STORE_OK;
}

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
    rc = dir_rc(errno, "making a file");
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
    return dir_rc(errno, "making a file");
}

void dir_staged_close(struct staged_file *staged)
{
    if (staged->name[0])
        (void)unlinkat(staged->name_fd, staged->name, 0); /* start-up removes it otherwise */
    if (staged->fd >= 0)
        (void)close(staged->fd); /* what matters was flushed, or is thrown away */
    if (staged->owns_name_fd)
        (void)close(staged->name_fd); /* a directory: nothing to lose */
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
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd); /* fits */
    return linkat(AT_FDCWD, link, to_fd, name, AT_SYMLINK_FOLLOW) < 0 ? errno : 0;
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
    if (code)
        return dir_rc(code, "naming a file");
    staged->name[0] = '\0';
    return STORE_OK;
}

enum store_rc dir_staged_link(struct dir_store *dir, struct staged_file *staged, int parent_fd,
                              const char *name, bool is_new)
{
    if (staged->name[0])
        return rename_staged(staged, parent_fd, name, is_new);
    if (is_new) {
        int code = link_nameless(staged->fd, parent_fd, name);
        return code ? dir_rc(code, "naming a file") : STORE_OK;
    }
    enum store_rc rc =
        dir_stage_name(dir, parent_fd, staged->name, &staged->name_fd, &staged->owns_name_fd);
    if (rc != STORE_OK)
        return rc;
    int code = link_nameless(staged->fd, staged->name_fd, staged->name);
    if (code) {
        staged->name[0] = '\0';
        return dir_rc(code, "staging a file");
    }
    return rename_staged(staged, parent_fd, name, false);
}

/* --- writing --- */

static enum store_rc open_staged(struct dir_upload *upload)
{
    int parent_fd;
    struct dir_name name;
    if (upload->staged.fd >= 0)
        return STORE_OK;
    if (path_is_root(upload->path))
        return STORE_IS_COLLECTION;
    enum store_rc rc = dir_open_parent(upload->dir, upload->path, &parent_fd, &name);
    if (rc != STORE_OK)
        return rc;
    rc = dir_staged_open(upload->dir, parent_fd, &upload->staged);
    (void)close(parent_fd); /* a directory: nothing to lose */
    if (rc != STORE_OK || upload->size_bytes == UINT64_MAX ||
        upload->size_bytes < PREALLOCATE_BYTES_MIN)
        return rc;
    if (fallocate(upload->staged.fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)upload->size_bytes) < 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return STORE_NO_SPACE; /* any other failure: the file system cannot, and writes will do */
    return STORE_OK;
}

static unsigned upload_write(struct sink *sink, struct str bytes)
{
    struct dir_upload *upload = CONTAINER_OF(sink, struct dir_upload, base.sink);
    enum store_rc rc = open_staged(upload);
    while (rc == STORE_OK && bytes.len) {
        ssize_t done = write(upload->staged.fd, bytes.at, bytes.len);
        if (done >= 0)
            bytes = str_from(bytes, (size_t)done);
        else if (errno != EINTR)
            rc = dir_rc(errno, "writing a file");
    }
    return rc;
}

static const struct sink_ops upload_sink_ops = {.name = "directory", .write = upload_write};

/* --- commit --- */

static bool is_carried(const char *attribute)
{
    return strncmp(attribute, "user.", 5) == 0 || strcmp(attribute, ACL_ACCESS) == 0 ||
           strcmp(attribute, ACL_DEFAULT) == 0;
}

/* 0 or errno. `path` NULL: from the descriptor. */
static int carry_one(int from_fd, const char *path, int to_fd, const char *attribute)
{
    struct buf value = {0};
    char *room = buf_reserve(&value, XATTR_SIZE_MAX);
    ssize_t len = path ? lgetxattr(path, attribute, room, XATTR_SIZE_MAX)
                       : fgetxattr(from_fd, attribute, room, XATTR_SIZE_MAX);
    int code = len < 0 || fsetxattr(to_fd, attribute, value.at, (size_t)len, 0) < 0 ? errno : 0;
    buf_done(&value);
    return code == ENODATA || code == ENOTSUP ? 0 : code; /* it has just gone; or it is not known */
}

static ssize_t list_attributes(int from_fd, const char *path, char *room, size_t size)
{
    return path ? llistxattr(path, room, size) : flistxattr(from_fd, room, size);
}

enum store_rc dir_carry_attributes(int from_fd, const char *name, int to_fd)
{
    struct buf names = {0};
    char room[32 + 256];
    const char *path = name ? room : NULL;
    int code = 0;
    bool has_acl = false;
    if (name)
        (void)snprintf(room, sizeof(room), "/proc/self/fd/%d/%s", from_fd, name); /* fits */
    ssize_t len = list_attributes(from_fd, path, NULL, 0);
    if (len > 0)
        len = list_attributes(from_fd, path, buf_reserve(&names, XATTR_LIST_MAX), XATTR_LIST_MAX);
    for (ssize_t at = 0; at < len && !code; at += (ssize_t)strlen(names.at + at) + 1) {
        const char *attribute = names.at + at;
        has_acl = has_acl || strcmp(attribute, ACL_ACCESS) == 0;
        code = is_carried(attribute) ? carry_one(from_fd, path, to_fd, attribute) : 0;
    }
    if (!has_acl) /* what the collection hands down to new files is not the old one's */
        (void)fremovexattr(to_fd, ACL_ACCESS); /* mostly there is none */
    buf_done(&names);
    return code ? dir_rc(code, "setting a file's attributes") : STORE_OK;
}

/* What the new file takes over from the one that it replaces, `name` in `parent_fd`. The mode is
 * the last: it says what of an ACL holds. */
static enum store_rc take_over(struct dir_upload *upload, int parent_fd, const char *name,
                               const struct statx *old)
{
    int fd = upload->staged.fd;
    if (!S_ISREG(old->stx_mode))
        return STORE_DENIED;
    enum store_rc rc = dir_carry_attributes(parent_fd, name, fd);
    if (rc != STORE_OK)
        return rc;
    if (fchmod(fd, old->stx_mode & 0777) < 0)
        return dir_rc(errno, "setting a file's mode");
    if (geteuid() == 0) /* as root, a new file would not be its owner's any more */
        (void)!fchown(fd, old->stx_uid, old->stx_gid);
    return STORE_OK;
}

static enum store_rc set_modified(int fd, const struct store_commit *options)
{
    int code = dir_set_modified(fd, options->sets_modified ? &options->modified_s : NULL);
    if (!code || !options->sets_modified) /* the kernel's own time will do */
        return STORE_OK;
    return dir_rc(code, "setting a file's time");
}

/* True: a new file is gone again. */
static bool take_name_back(int fd, int parent_fd, const char *name)
{
    struct stat ours;
    struct stat there;
    return fstat(fd, &ours) == 0 && fstatat(parent_fd, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           ours.st_dev == there.st_dev && ours.st_ino == there.st_ino &&
           unlinkat(parent_fd, name, 0) == 0;
}

static enum store_rc make_visible(struct dir_upload *upload, const struct store_commit *options,
                                  int parent_fd, const char *name)
{
    struct dir_store *dir = upload->dir;
    struct statx old;
    enum store_rc rc = STORE_OK;
    bool is_new = !dir_statx(parent_fd, name, AT_SYMLINK_NOFOLLOW, &old);
    if (is_new && errno != ENOENT)
        return dir_rc(errno, "looking at a resource");
    if (!is_new && S_ISDIR(old.stx_mode))
        return STORE_IS_COLLECTION;
    if (!is_new && options->expects_absent)
        return STORE_EXISTS;
    if (!is_new)
        rc = take_over(upload, parent_fd, name, &old);
    if (rc == STORE_OK)
        rc = set_modified(upload->staged.fd, options);
    if (rc != STORE_OK)
        return rc;
    int code = is_new ? flush_content(dir->flush, upload->staged.fd)
                      : flush_wait(dir->flush, upload->staged.fd);
    if (code)
        return dir_rc(code, "flushing a file");
    rc = is_new ? dir_follow_clear(dir, upload->path) : dir_owed_settle(dir, upload->path);
    if (rc == STORE_OK)
        rc = dir_staged_link(dir, &upload->staged, parent_fd, name, is_new);
    if (rc != STORE_OK)
        return rc;
    code = is_new ? flush_named(dir->flush, upload->staged.fd, parent_fd)
                  : flush_wait(dir->flush, parent_fd);
    if (code && is_new && take_name_back(upload->staged.fd, parent_fd, name))
        return dir_rc(code, "flushing a file");
    return code ? dir_rc_unknown(code, "flushing a file") : STORE_OK;
}

static enum store_rc upload_commit(struct store_upload *self, const struct store_commit *options,
                                   struct store_stat *stat_out)
{
    struct dir_upload *upload = CONTAINER_OF(self, struct dir_upload, base);
    struct dir_name name;
    struct statx stx;
    int parent_fd;
    enum store_rc rc = open_staged(upload);
    if (rc != STORE_OK)
        return rc;
    rc = dir_open_parent(upload->dir, upload->path, &parent_fd, &name);
    if (rc != STORE_OK)
        return rc;
    rc = make_visible(upload, options, parent_fd, name.text);
    cache_note_change(upload->dir->cache);
    if (rc == STORE_OK && !dir_statx(upload->staged.fd, "", AT_EMPTY_PATH, &stx))
        rc = dir_rc(errno, "looking at a file");
    (void)close(parent_fd); /* a directory: nothing to lose */
    if (rc == STORE_OK)
        (void)!dir_stat_of(&stx, stat_out); /* a regular file: we made it */
    return rc;
}

static void upload_close(struct store_upload *self)
{
    struct dir_upload *upload = CONTAINER_OF(self, struct dir_upload, base);
    dir_staged_close(&upload->staged);
    mem_free(upload);
}

static const struct store_upload_ops upload_ops = {.commit = upload_commit, .close = upload_close};

enum store_rc dir_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                         struct store_upload **upload_out)
{
    struct dir_upload *upload = mem_new(1, sizeof(*upload) + path.len + 1);
    upload->base.ops = &upload_ops;
    upload->base.sink.ops = &upload_sink_ops;
    upload->dir = dir_of(store);
    upload->size_bytes = size_bytes;
    upload->staged = (struct staged_file){.fd = -1, .name_fd = -1};
    if (path.len)
        memcpy(upload->path_text, path.at, path.len);
    upload->path = (struct res_path){upload->path_text, path.len};
    *upload_out = &upload->base;
    return STORE_OK;
}
