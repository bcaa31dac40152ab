/* Uploads. The bytes go to a file that has no place yet (staged.c), in the collection that it is
 * for, and commit gives it its name in one step.
 *
 * Nothing touches the disk before the first write or, for a small body, before commit: an upload
 * that is refused leaves nothing to undo. What comes as a whole and is small is held until then, so
 * that its collection is looked up once. What the new file takes over from the one that it
 * replaces (mode, owner, ACLs, attributes, when it was created) it has before it is seen. */
#include "store/directory/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/directory/beside/attributes.h"
#include "store/directory/beside/created.h"
#include "store/directory/beside/hashes.h"
#include "store/directory/cache/cache.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/flush.h"
#include "store/directory/mounts/border.h"
#include "store/directory/resolve.h"
#include "store/directory/staged.h"
#include "store/directory/tree/follow.h"
#include "store/directory/tree/owed.h"

/* A file of this size gets its disk blocks at once: no disk runs full in the middle of it. */
enum { PREALLOCATE_BYTES_MIN = 1 << 20 };

/* To copy more would cost more than it saves. */
enum { HELD_BYTES_MAX = 8192 };

struct dir_upload {
    struct store_upload base;
    struct dir_store *dir;
    uint64_t size_bytes;
    struct staged_file staged;
    bool is_taken;     /* it was there before, and stays where it is unless it is committed */
    struct buf held;   /* all of the content, not written yet */
    int64_t created_s; /* kept with the file, as is its id; negative: neither is */
    uint64_t id;
    struct res_path path;
    char path_text[];
};

/* --- writing --- */

static enum store_rc open_parent(struct dir_upload *upload, int *fd_out, struct dir_name *name_out)
{
    return path_is_root(upload->path)
               ? STORE_IS_COLLECTION
               : dir_open_parent(upload->dir, upload->path, fd_out, name_out);
}

static enum store_rc open_staged(struct dir_upload *upload, int parent_fd)
{
    if (upload->staged.fd >= 0)
        return STORE_OK;
    enum store_rc rc = dir_staged_open(upload->dir, parent_fd, &upload->staged);
    if (rc != STORE_OK || upload->size_bytes == UINT64_MAX ||
        upload->size_bytes < PREALLOCATE_BYTES_MIN)
        return rc;
    if (fallocate(upload->staged.fd, FALLOC_FL_KEEP_SIZE, 0, (off_t)upload->size_bytes) < 0 &&
        (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return STORE_NO_SPACE; /* any other failure: the file system cannot, and writes will do */
    return STORE_OK;
}

/* For the bytes that come, which are not the whole. */
static enum store_rc open_for_bytes(struct dir_upload *upload)
{
    int parent_fd;
    struct dir_name name;
    if (upload->staged.fd >= 0)
        return STORE_OK;
    enum store_rc rc = open_parent(upload, &parent_fd, &name);
    if (rc != STORE_OK)
        return rc;
    rc = open_staged(upload, parent_fd);
    fd_close(parent_fd);
    return rc;
}

static enum store_rc write_all(const struct dir_upload *upload, struct str bytes)
{
    while (bytes.len) {
        ssize_t done = write(upload->staged.fd, bytes.at, bytes.len);
        if (done >= 0)
            bytes = str_from(bytes, (size_t)done);
        else if (errno != EINTR)
            return dir_rc(errno, "cannot write a file");
    }
    return STORE_OK;
}

/* What cannot be written is not half there if it is tried again. */
static enum store_rc write_held(struct dir_upload *upload)
{
    enum store_rc rc = write_all(upload, buf_str(&upload->held));
    if (rc == STORE_OK)
        buf_done(&upload->held);
    else
        dir_staged_close(&upload->staged);
    return rc;
}

static unsigned upload_write(struct sink *sink, struct str bytes)
{
    struct dir_upload *upload = CONTAINER_OF(sink, struct dir_upload, base.sink);
    bool is_whole = bytes.len == upload->size_bytes && bytes.len <= HELD_BYTES_MAX;
    if (is_whole && upload->staged.fd < 0 && !upload->held.len) {
        buf_add(&upload->held, bytes);
        return STORE_OK;
    }
    enum store_rc rc = open_for_bytes(upload);
    if (rc == STORE_OK)
        rc = write_held(upload);
    return rc == STORE_OK ? write_all(upload, bytes) : rc;
}

/* Where the file system cannot take from a pipe. */
static enum store_rc copy_piped(struct dir_upload *upload, int pipe_fd, size_t len)
{
    char bytes[16384];
    while (len) {
        ssize_t got = read(pipe_fd, bytes, size_min(sizeof(bytes), len));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return dir_rc(got ? errno : EIO, "cannot read from a pipe");
        enum store_rc rc =
            (enum store_rc)upload_write(&upload->base.sink, str_of(bytes, (size_t)got));
        if (rc != STORE_OK)
            return rc;
        len -= (size_t)got;
    }
    return STORE_OK;
}

static unsigned upload_splice(struct sink *sink, int pipe_fd, size_t len)
{
    struct dir_upload *upload = CONTAINER_OF(sink, struct dir_upload, base.sink);
    enum store_rc rc = open_for_bytes(upload);
    while (rc == STORE_OK && len) {
        ssize_t done = splice(pipe_fd, NULL, upload->staged.fd, NULL, len, SPLICE_F_MOVE);
        if (done > 0)
            len -= (size_t)done;
        else if (done == 0 || errno == EINVAL || errno == ENOSYS || errno == EPERM)
            return copy_piped(upload, pipe_fd, len);
        else if (errno != EINTR)
            rc = dir_rc(errno, "cannot write a file");
    }
    return rc;
}

static const struct sink_ops upload_sink_ops = {
    .name = "directory", .write = upload_write, .splice = upload_splice};

/* --- commit --- */

/* The same owner and mode as the old one's; mostly it has them already. The mode is the last: it
 * says what of an ACL holds. */
static enum store_rc take_over_owner(int fd, const struct statx *old)
{
    struct stat own;
    mode_t mode = old->stx_mode & 0777;
    if (fstat(fd, &own) < 0)
        return dir_rc(errno, "cannot look at a file");
    /* As root, a new file would not be its owner's any more. */
    bool is_others = own.st_uid != old->stx_uid || own.st_gid != old->stx_gid;
    if (is_others && geteuid() == 0)
        (void)!fchown(fd, old->stx_uid, old->stx_gid);
    if ((own.st_mode & 07777) != mode && fchmod(fd, mode) < 0)
        return dir_rc(errno, "cannot set a file's mode");
    return STORE_OK;
}

/* When the resource was created, and which one it is, if the new file does not say that itself.
 * `stat`: of the resource until now. */
static void keep_created(struct dir_upload *upload, struct store_stat *stat,
                         const struct store_commit *options)
{
    if (options->sets_created && options->created_s >= 0)
        stat->created_s = options->created_s;
    upload->created_s = created_keep(upload->staged.fd, stat) ? stat->created_s : -1;
    upload->id = stat->id;
}

/* What the new file takes over from the one that it replaces, `name` in `parent_fd`. */
static enum store_rc take_over(struct dir_upload *upload, int parent_fd, const char *name,
                               const struct statx *old, const struct store_commit *options)
{
    int fd = upload->staged.fd;
    struct store_stat stat;
    if (!created_stat(parent_fd, name, old, &stat))
        return STORE_DENIED;
    enum store_rc rc = attributes_carry(parent_fd, name, fd);
    if (rc != STORE_OK)
        return rc;
    keep_created(upload, &stat, options);
    return take_over_owner(fd, old);
}

/* A file that was made in the staging directory, or near it, for a place that was not known yet,
 * becomes as one that is made here: with the mode, the group and the ACL that the collection hands
 * down. */
static enum store_rc become_member(const struct dir_upload *upload, int parent_fd)
{
    struct staged_file like;
    struct statx stx;
    enum store_rc rc = dir_staged_open(upload->dir, parent_fd, &like);
    if (rc != STORE_OK)
        return rc;
    rc = attributes_carry(like.fd, "", upload->staged.fd);
    if (rc == STORE_OK && !dir_statx(like.fd, "", AT_EMPTY_PATH, &stx))
        rc = dir_rc(errno, "cannot look at a file");
    if (rc == STORE_OK)
        rc = take_over_owner(upload->staged.fd, &stx);
    dir_staged_close(&like);
    return rc;
}

/* It replaces nothing. */
static enum store_rc keep_created_anew(struct dir_upload *upload,
                                       const struct store_commit *options)
{
    struct statx stx;
    struct store_stat stat;
    if (!options->sets_created)
        return STORE_OK;
    if (!dir_statx(upload->staged.fd, "", AT_EMPTY_PATH, &stx))
        return dir_rc(errno, "cannot look at a file");
    if (dir_stat_of(&stx, &stat))
        keep_created(upload, &stat, options);
    return STORE_OK;
}

static enum store_rc set_modified(const struct dir_upload *upload,
                                  const struct store_commit *options)
{
    bool has_hashes = options->hashes && !content_hashes_are_none(options->hashes);
    unsigned marks =
        (upload->created_s >= 0 ? DIR_MARK_CREATED : 0U) | (has_hashes ? DIR_MARK_HASHES : 0U);
    int code = dir_set_modified(upload->staged.fd,
                                options->sets_modified ? &options->modified_s : NULL, marks);
    if (!code && has_hashes)
        hashes_keep(upload->staged.fd, options->hashes);
    if (!code || !options->sets_modified) /* the kernel's own time will do */
        return STORE_OK;
    return dir_rc(code, "cannot set a file's time");
}

/* True: a new file is gone again; one that was taken is where it was. */
static bool take_name_back(const struct dir_upload *upload, int parent_fd, const char *name,
                           const char *taken_name)
{
    const struct staged_file *staged = &upload->staged;
    if (!dir_staged_has_name(staged->fd, parent_fd, name))
        return false;
    return upload->is_taken ? dir_rename_new(parent_fd, name, staged->name_fd, taken_name) == 0
                            : unlinkat(parent_fd, name, 0) == 0;
}

/* Its content is complete: the name, and what makes both last. */
static enum store_rc give_name(struct dir_upload *upload, int parent_fd, const char *name,
                               bool is_new)
{
    struct dir_store *dir = upload->dir;
    char taken_name[sizeof(upload->staged.name)];
    memcpy(taken_name, upload->staged.name, sizeof(taken_name));
    int code = is_new ? flush_content(dir->flush, upload->staged.fd)
                      : flush_wait(dir->flush, upload->staged.fd);
    if (code)
        return dir_rc(code, "cannot flush a file");
    enum store_rc rc =
        is_new ? dir_follow_clear(dir, upload->path) : dir_owed_settle(dir, upload->path);
    if (rc == STORE_OK)
        rc = dir_staged_link(dir, &upload->staged, parent_fd, name, is_new);
    if (rc != STORE_OK)
        return rc;
    code = is_new ? flush_named(dir->flush, upload->staged.fd, parent_fd)
                  : flush_wait(dir->flush, parent_fd);
    if (code && is_new && take_name_back(upload, parent_fd, name, taken_name))
        return dir_rc(code, "cannot flush a file");
    return code ? dir_rc_unknown(code, "cannot flush a file") : STORE_OK;
}

/* What the content is to replace. */
struct old_file {
    int fd; /* O_PATH; -1: there is none */
    struct statx stx;
};

/* The old file is held: else the kernel would free its blocks, and perhaps wait for the disk, while
 * others wait for the same names. */
static enum store_rc look_at_old(int parent_fd, const char *name, struct old_file *old_out)
{
    old_out->fd = openat(parent_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (old_out->fd < 0 && errno == ENOENT)
        return STORE_OK;
    if (old_out->fd < 0 || !dir_statx(old_out->fd, "", AT_EMPTY_PATH, &old_out->stx))
        return dir_rc(errno, "cannot look at a resource");
    return S_ISDIR(old_out->stx.stx_mode) ? STORE_IS_COLLECTION : STORE_OK;
}

static enum store_rc compare(const struct old_file *old, const struct store_commit *options)
{
    const struct store_seen *seen = options->seen;
    struct store_stat stat;
    if (old->fd < 0)
        return seen && seen->exists ? STORE_AGAIN : STORE_OK;
    if (options->expects_absent)
        return STORE_EXISTS;
    if (!dir_stat_of(&old->stx, &stat)) /* no resource; of such none was seen */
        return STORE_DENIED;
    bool is_as_seen =
        !seen || (seen->exists && (!seen->has_version || seen->version == stat.version));
    return is_as_seen ? STORE_OK : STORE_AGAIN;
}

static enum store_rc make_visible(struct dir_upload *upload, const struct store_commit *options,
                                  int parent_fd, const char *name)
{
    struct old_file old;
    enum store_rc rc = look_at_old(parent_fd, name, &old);
    if (rc == STORE_OK)
        rc = compare(&old, options);
    if (rc == STORE_OK && old.fd >= 0)
        rc = take_over(upload, parent_fd, name, &old.stx, options);
    else if (rc == STORE_OK && upload->is_taken)
        rc = become_member(upload, parent_fd);
    if (rc == STORE_OK && old.fd < 0)
        rc = keep_created_anew(upload, options);
    if (rc == STORE_OK)
        rc = set_modified(upload, options);
    if (rc == STORE_OK)
        rc = give_name(upload, parent_fd, name, old.fd < 0);
    fd_close(old.fd);
    return rc;
}

static enum store_rc commit_upload(struct dir_upload *upload, const struct store_commit *options,
                                   struct store_stat *stat_out)
{
    struct dir_name name;
    struct statx stx;
    int parent_fd;
    enum store_rc rc = open_parent(upload, &parent_fd, &name);
    if (rc != STORE_OK)
        return rc;
    rc = open_staged(upload, parent_fd);
    if (rc == STORE_OK)
        rc = write_held(upload);
    if (rc == STORE_OK)
        rc = make_visible(upload, options, parent_fd, name.text);
    cache_note_change(upload->dir->cache);
    if (rc == STORE_OK && !dir_statx(upload->staged.fd, "", AT_EMPTY_PATH, &stx))
        rc = dir_rc(errno, "cannot look at a file");
    fd_close(parent_fd);
    if (rc == STORE_OK)
        (void)!dir_stat_of(&stx, stat_out); /* a regular file: we made it */
    if (rc == STORE_OK && upload->created_s >= 0)
        stat_out->created_s = upload->created_s, stat_out->id = upload->id;
    return rc;
}

static enum store_rc upload_commit(struct store_upload *self, struct store_change *change,
                                   const struct store_commit *options, struct store_stat *stat_out)
{
    (void)change; /* it is a claim, which is held */
    return commit_upload(CONTAINER_OF(self, struct dir_upload, base), options, stat_out);
}

static enum store_rc upload_take(struct store_upload *self, const struct store_staged *file)
{
    struct dir_upload *upload = CONTAINER_OF(self, struct dir_upload, base);
    struct staged_file *staged = &upload->staged;
    struct dir_name name;
    int parent_fd;
    assert(staged->fd < 0 && strlen(file->name) < sizeof(staged->name));
    enum store_rc rc = open_parent(upload, &parent_fd, &name);
    if (rc != STORE_OK)
        return rc;
    bool passes = border_lets_pass(file->dir_fd, file->name, parent_fd);
    fd_close(parent_fd);
    if (!passes)
        return STORE_END;
    staged->fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
    if (staged->fd < 0)
        return dir_rc(errno, "cannot hold a file");
    staged->name_fd = file->dir_fd;
    memcpy(staged->name, file->name, strlen(file->name) + 1);
    upload->is_taken = true;
    return STORE_OK;
}

static void upload_close(struct store_upload *self)
{
    struct dir_upload *upload = CONTAINER_OF(self, struct dir_upload, base);
    if (upload->is_taken)
        upload->staged.name[0] = '\0'; /* it is not ours to remove */
    dir_staged_close(&upload->staged);
    buf_done(&upload->held);
    mem_free(upload);
}

static const struct store_upload_ops upload_ops = {
    .take = upload_take, .commit = upload_commit, .close = upload_close};

static struct dir_upload *new_upload(struct store *store, struct res_path path, uint64_t size_bytes)
{
    struct dir_upload *upload = mem_new(1, sizeof(*upload) + path.len + 1);
    upload->base.ops = &upload_ops;
    upload->base.sink.ops = &upload_sink_ops;
    upload->dir = dir_of(store);
    upload->size_bytes = size_bytes;
    upload->created_s = -1;
    upload->staged = (struct staged_file){.fd = -1, .name_fd = -1};
    if (path.len)
        memcpy(upload->path_text, path.at, path.len);
    upload->path = (struct res_path){upload->path_text, path.len};
    return upload;
}

enum store_rc dir_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                         struct store_upload **upload_out)
{
    *upload_out = &new_upload(store, path, size_bytes)->base;
    return STORE_OK;
}

enum store_rc dir_make_empty(struct store *store, struct res_path path)
{
    static const struct store_commit options = {.expects_absent = true};
    struct dir_upload *upload = new_upload(store, path, 0);
    struct store_stat stat;
    enum store_rc rc = commit_upload(upload, &options, &stat);
    upload_close(&upload->base);
    return rc;
}
