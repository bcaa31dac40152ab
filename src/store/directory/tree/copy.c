/* COPY. What is copied is first made complete among the staged names, on the file system it is for;
 * only then is what it replaces removed, and the copy put in its place by one rename. So a disk
 * that runs full leaves the old destination as it was. Members that cannot be read are reported and
 * left out of the copy.
 *
 * Where something of the old destination cannot be removed, the copy is moved into what remains of
 * it, member by member (place.c).
 *
 * Links to files are copied as the files they lead to, if the visitor lets that be read. Links to
 * collections, since following them might never end, links that lead nowhere, and all that a MOVE
 * between file systems copies stay links; what they lead to outside of the tree they lead to from
 * their new place (link.c). */
#include "store/directory/tree/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/directory/beside/attributes.h"
#include "store/directory/beside/hashes.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/flush.h"
#include "store/directory/mounts/identity.h"
#include "store/directory/resolve.h"
#include "store/directory/staged.h"
#include "store/directory/tree/follow.h"
#include "store/directory/tree/link.h"
#include "store/directory/tree/place.h"
#include "store/directory/tree/remove.h"
#include "store/directory/tree/walk.h"
#include "store/silent.h"

/* A copy that is being made among the staged names. */
struct copying {
    struct dir_walk walk; /* through the source */
    struct link_journey journey;
    int parent_fd; /* the collection that the copy is for; borrows */
    int staged_fd; /* the directory it is made in; -1: none yet */
    bool owns_staged_fd;
    char staged[64]; /* its name there */
    bool is_shallow;
    bool keeps_links;
    bool shares_content;
    bool hands_down;      /* the collection does, its group: dir_inherit() */
    bool hands_down_acl;  /* what the walk is in does */
    mode_t plain_mode;    /* what is made so, and gets no ACL, is so: umask(2) leaves it alone */
    char *buffer;         /* for the bytes of small files; NULL: none yet */
    enum store_rc spoilt; /* why no part of it may be placed; OK: it may */
};

enum {
    COPY_BYTES = 1 << 30,
    BUFFER_BYTES = 1 << 17,
    SMALL_BYTES = 1 << 16, /* what is shorter is copied by hand: to set up more costs more */
};

/* --- content --- */

/* The bytes from `at` on, up to `end` or the end of the file. The buffer is one for the whole copy:
 * on the stack it would be cleared for each file. */
static enum store_rc copy_by_hand(struct copying *copying, int from_fd, int to_fd, off_t at,
                                  off_t end)
{
    if (!copying->buffer)
        copying->buffer = mem_resize(NULL, BUFFER_BYTES);
    while (at < end) {
        size_t want = (size_t)(end - at < BUFFER_BYTES ? end - at : BUFFER_BYTES);
        ssize_t got = pread(from_fd, copying->buffer, want, at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return dir_rc(errno, "cannot read a file");
        if (got == 0)
            break;
        for (ssize_t put = 0; put < got;) {
            ssize_t done = pwrite(to_fd, copying->buffer + put, (size_t)(got - put), at + put);
            if (done < 0 && errno != EINTR)
                return dir_rc(errno, "cannot write a file");
            put += done > 0 ? done : 0;
        }
        at += got;
    }
    return STORE_OK;
}

static enum store_rc copy_range(struct copying *copying, int from_fd, int to_fd, off_t at,
                                off_t end)
{
    off_t from = at;
    off_t to = at;
    while (from < end) { /* the kernel shares the blocks where the file system can */
        size_t want = (size_t)(end - from < COPY_BYTES ? end - from : COPY_BYTES);
        ssize_t done = copy_file_range(from_fd, &from, to_fd, &to, want, 0);
        if (done == 0)
            return from > at ? STORE_OK : copy_by_hand(copying, from_fd, to_fd, at, end);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && from == at && errno != ENOSPC && errno != EDQUOT && errno != EIO)
            return copy_by_hand(copying, from_fd, to_fd, at, end); /* these know no other way */
        if (done < 0)
            return dir_rc(errno, "cannot copy a file");
    }
    return STORE_OK;
}

/* What there is between the holes. A hole that cannot be told from zeros is copied as these. */
static enum store_rc copy_around_holes(struct copying *copying, int from_fd, int to_fd, off_t size)
{
    off_t hole = 0;
    while (hole < size) {
        off_t data = lseek(from_fd, hole, SEEK_DATA);
        if (data < 0 && errno == ENXIO) /* there is nothing but a hole any more */
            break;
        hole = data < 0 ? -1 : lseek(from_fd, data, SEEK_HOLE);
        if (hole < 0)
            return dir_rc(errno, "cannot look for holes in a file");
        enum store_rc rc = copy_range(copying, from_fd, to_fd, data, hole);
        if (rc != STORE_OK)
            return rc;
    }
    return ftruncate(to_fd, size) < 0 ? dir_rc(errno, "cannot write a file") : STORE_OK;
}

/* What is small is copied as long as it was when it was opened, and the end not looked for; but of
 * no length, it may be one that is not known before it is read. */
static enum store_rc copy_bytes(struct copying *copying, int from_fd, int to_fd,
                                const struct stat *from)
{
    off_t size = from->st_size;
    if (size < SMALL_BYTES)
        return copy_by_hand(copying, from_fd, to_fd, 0, size ? size : INT64_MAX);
    if (from->st_blocks < size / 512) /* stat(2) counts in these */
        return copy_around_holes(copying, from_fd, to_fd, size);
    return copy_range(copying, from_fd, to_fd, 0, INT64_MAX);
}

/* Mode and ACLs of the original, and the users' attributes; best effort, as cp -p. */
static void copy_rights(struct copying *copying, int from_fd, int to_fd, mode_t mode)
{
    struct stat to;
    bool has_acl = copying->hands_down_acl;
    if (has_acl)
        (void)!attributes_carry(from_fd, "", to_fd);
    else
        (void)!attributes_carry_to_plain(from_fd, to_fd, &has_acl);
    if (!has_acl && mode == copying->plain_mode)
        return;
    bool is_right = fstat(to_fd, &to) == 0 && (to.st_mode & 0777) == mode;
    if (!is_right) /* umask(2), or an ACL */
        (void)fchmod(to_fd, mode);
    else if (!has_acl)
        copying->plain_mode = mode;
}

/* Rights, attributes and time of the original: the copy is the same document. */
static void copy_attributes(struct copying *copying, int from_fd, int to_fd,
                            const struct stat *from)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, from->st_mtim};
    copy_rights(copying, from_fd, to_fd, from->st_mode & 0777);
    bool is_set = futimens(to_fd, times) == 0; /* best effort, as cp -p */
    if (is_set && dir_time_marks((uint32_t)from->st_mtim.tv_nsec) & DIR_MARK_HASHES)
        hashes_carry(from_fd, to_fd);
}

static enum store_rc copy_file(struct copying *copying, int from_fd, int to_dir_fd,
                               const char *name)
{
    struct stat st;
    enum store_rc rc = STORE_OK;
    if (fstat(from_fd, &st) < 0)
        return dir_rc(errno, "cannot look at a file");
    if (!S_ISREG(st.st_mode)) /* it was one a moment ago */
        return STORE_DENIED;
    int fd = openat(to_dir_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, st.st_mode & 0777);
    if (fd < 0)
        return dir_rc(errno, "cannot make a file");
    if (copying->hands_down)
        dir_inherit(copying->parent_fd, fd);
    rc = copy_bytes(copying, from_fd, fd, &st);
    if (rc == STORE_OK)
        copy_attributes(copying, from_fd, fd, &st);
    else if (unlinkat(to_dir_fd, name, 0) < 0) /* half a file, which nobody must see */
        copying->spoilt = STORE_FAILED;
    fd_close(fd); /* flushed with the tree; what failed was seen when it was written */
    return rc;
}

/* The link that the walk is at. */
static enum store_rc copy_link(const struct copying *copying, int from_dir_fd,
                               const char *from_name, int to_dir_fd, const char *name)
{
    char target[4096];
    struct arena arena = {0};
    ssize_t len = readlinkat(from_dir_fd, from_name, target, sizeof(target));
    if (len < 0 || len == (ssize_t)sizeof(target))
        return dir_rc(len < 0 ? errno : ENAMETOOLONG, "cannot read a link");
    struct str text = link_text_for(&arena, &copying->journey, dir_walk_path(&copying->walk),
                                    str_of(target, (size_t)len));
    int failed = symlinkat(arena_text(&arena, text), to_dir_fd, name);
    enum store_rc rc = failed ? dir_rc(errno, "cannot make a link") : STORE_OK;
    arena_done(&arena);
    return rc;
}

/* --- trees --- */

static bool copy_member(struct copying *copying, int from_dir_fd, const char *from_name,
                        int to_dir_fd, const char *name);

static bool copy_fail(struct copying *copying, bool is_collection, enum store_rc rc)
{
    if (rc == STORE_NO_SPACE)
        copying->spoilt = rc; /* an incomplete copy must not replace anything */
    return dir_walk_fail(&copying->walk, is_collection, rc, 0);
}

/* 0: it may be copied. */
static unsigned refuses_copy(const struct dir_walk *walk)
{
    struct store_visitor *visitor = walk->visitor;
    return visitor->refuse_copy ? visitor->refuse_copy(visitor, dir_walk_path(walk)) : 0;
}

/* Of most members the directory says that they are files, and nothing else need be asked. */
static bool copy_entry(struct copying *copying, int from_dir_fd, int to_dir_fd,
                       const struct dir_entry *entry)
{
    const char *name = entry->name.at;
    int fd = -1;
    if (entry->type == DT_REG && !refuses_copy(&copying->walk))
        fd = openat(from_dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return copy_member(copying, from_dir_fd, name, to_dir_fd, name);
    enum store_rc rc = copy_file(copying, fd, to_dir_fd, name);
    fd_close(fd);
    return rc == STORE_OK || copy_fail(copying, false, rc);
}

/* Takes from_fd. */
static void copy_members(struct copying *copying, int from_fd, int to_fd)
{
    struct dir_entries entries;
    struct dir_entry entry;
    enum store_rc rc;
    bool hands_down_acl = copying->hands_down_acl;
    copying->hands_down_acl = attributes_hand_down_acl(to_fd);
    dir_entries_init(&entries, from_fd);
    while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK) {
        if (dir_is_reserved_name(entry.name))
            continue;
        size_t up = dir_walk_down(&copying->walk, entry.name);
        (void)copy_entry(copying, from_fd, to_fd, &entry); /* a failure is reported */
        dir_walk_up(&copying->walk, up);
    }
    dir_entries_done(&entries);
    copying->hands_down_acl = hands_down_acl;
    if (rc != STORE_END)
        (void)copy_fail(copying, true, rc); /* what was found is copied */
}

/* A collection like the one of `from_fd`, except that its owner may change it: it has yet to be
 * filled, moved to its place, or removed again. */
static enum store_rc make_collection(struct copying *copying, int from_fd, int to_dir_fd,
                                     const char *name, int *to_fd_out)
{
    const struct dir_walk *walk = &copying->walk;
    struct stat st;
    if (walk->depth > walk->dir->limits->walk_depth)
        return STORE_TOO_DEEP;
    if (fstat(from_fd, &st) < 0)
        return dir_rc(errno, "cannot look at a collection");
    mode_t mode = (st.st_mode & 0777) | S_IRWXU;
    if (mkdirat(to_dir_fd, name, mode) < 0)
        return dir_rc(errno, "cannot make a collection");
    int fd = openat(to_dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return dir_rc(errno, "cannot open a collection");
    (void)!attributes_carry(from_fd, "", fd); /* best effort, as cp -p */
    (void)fchmod(fd, mode);                   /* likewise */
    if (copying->hands_down)
        dir_inherit(copying->parent_fd, fd);
    *to_fd_out = fd;
    return STORE_OK;
}

/* True when there is a copy, if not of all members. Takes from_fd. */
static bool copy_collection(struct copying *copying, int from_fd, int to_dir_fd, const char *name)
{
    int to_fd = -1;
    enum store_rc rc = make_collection(copying, from_fd, to_dir_fd, name, &to_fd);
    if (rc == STORE_OK && !copying->is_shallow)
        copy_members(copying, from_fd, to_fd);
    else
        fd_close(from_fd);
    if (rc != STORE_OK)
        return copy_fail(copying, true, rc);
    fd_close(to_fd);
    return true;
}

/* Opens what the member that the walk is at leads to; *fd_out -1: the link itself is copied.
 * REFUSED: neither, and that has been reported. */
static enum store_rc open_behind(struct copying *copying, int *fd_out)
{
    struct dir_walk *walk = &copying->walk;
    struct store_visitor *visitor = walk->visitor;
    struct arena arena = {0};
    struct res_path real;
    unsigned reason = 0;
    *fd_out = -1;
    if (copying->keeps_links)
        return STORE_OK;
    if (walk->depth == 0) /* the source was none when it was located */
        return copy_fail(copying, false, STORE_ALIAS) ? STORE_OK : STORE_REFUSED;
    enum store_rc rc =
        dir_locate(&walk->dir->base, &arena, dir_walk_path(walk), LOCATE_RESOURCE, &real);
    if (rc == STORE_OK && visitor->refuse_link)
        reason = visitor->refuse_link(visitor, dir_walk_path(walk), real);
    if (rc == STORE_OK && !reason)
        *fd_out = dir_open_beneath(walk->dir, real, O_RDONLY | O_NONBLOCK);
    arena_done(&arena);
    if (reason)
        (void)dir_walk_fail(walk, false, STORE_REFUSED, reason); /* always false */
    return reason ? STORE_REFUSED : STORE_OK;
}

/* Copies the member that is a link. */
static bool copy_alias(struct copying *copying, int from_dir_fd, const char *from_name,
                       int to_dir_fd, const char *name)
{
    struct stat st;
    int fd;
    if (open_behind(copying, &fd) != STORE_OK)
        return false;
    enum store_rc rc = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)
                           ? copy_file(copying, fd, to_dir_fd, name)
                           : copy_link(copying, from_dir_fd, from_name, to_dir_fd, name);
    fd_close(fd);
    return rc == STORE_OK || copy_fail(copying, false, rc);
}

static bool copy_member(struct copying *copying, int from_dir_fd, const char *from_name,
                        int to_dir_fd, const char *name)
{
    struct dir_walk *walk = &copying->walk;
    struct stat st;
    enum store_rc rc = STORE_OK;
    if (fstatat(from_dir_fd, from_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ||
               copy_fail(copying, false, dir_rc(errno, "cannot look at a member"));
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode))
        return true; /* no resource: nothing to copy */
    unsigned reason = refuses_copy(walk);
    if (reason)
        return dir_walk_fail(walk, S_ISDIR(st.st_mode), STORE_REFUSED, reason);
    if (copying->shares_content && S_ISREG(st.st_mode) &&
        linkat(from_dir_fd, from_name, to_dir_fd, name, 0) == 0)
        return true; /* or the file system, or the kernel, has no second name for it */
    if (S_ISLNK(st.st_mode))
        return copy_alias(copying, from_dir_fd, from_name, to_dir_fd, name);
    int fd = openat(from_dir_fd, from_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        rc = dir_rc(errno, "cannot open a member");
    else if (S_ISDIR(st.st_mode))
        return copy_collection(copying, fd, to_dir_fd, name);
    else
        rc = copy_file(copying, fd, to_dir_fd, name);
    fd_close(fd);
    return rc == STORE_OK || copy_fail(copying, S_ISDIR(st.st_mode), rc);
}

/* --- the whole --- */

static void copying_done(struct copying *copying)
{
    struct store_visitor silent = silent_visitor();
    struct dir_walk walk = {.dir = copying->walk.dir, .visitor = &silent};
    if (copying->staged_fd >= 0)
        (void)!dir_remove_tree(&walk, copying->staged_fd, copying->staged); /* or start-up will */
    if (copying->owns_staged_fd)
        fd_close(copying->staged_fd);
    mem_free(copying->buffer);
    buf_done(&walk.path);
    buf_done(&copying->walk.path);
}

/* Makes the copy. OK: there is one, less the members that were reported; REFUSED: there is none,
 * because of what was reported. */
static enum store_rc copying_run(struct copying *copying, int from_fd, const char *from_name)
{
    struct dir_store *dir = copying->walk.dir;
    enum store_rc rc = dir_stage_name(dir, copying->parent_fd, copying->staged, &copying->staged_fd,
                                      &copying->owns_staged_fd);
    if (rc != STORE_OK)
        return rc;
    bool is_made = copy_member(copying, from_fd, from_name, copying->staged_fd, copying->staged);
    if (copying->spoilt != STORE_OK)
        return copying->spoilt;
    if (!is_made)
        return STORE_REFUSED;
    int code = flush_tree(dir->flush, copying->staged_fd);
    return code ? dir_rc(code, "cannot flush a copy") : STORE_OK;
}

static bool is_apart(const struct placing *source)
{
    struct dir_end from = {source->from_fd, source->from_name};
    struct dir_end to = {source->to_fd, source->to_name};
    enum dir_relation relation = dir_relate(source->dir->root_fd, &from, &to);
    return relation == RELATION_APART || relation == RELATION_FREE ||
           (relation == RELATION_WITHIN && source->transfer.is_shallow);
}

/* `source` says what is copied and where to; nothing is moved from there. */
static enum store_rc copy_and_place(const struct placing *source)
{
    const struct dir_transfer *transfer = &source->transfer;
    struct copying copying = {
        .walk = {.dir = source->dir, .visitor = source->visitor},
        .journey = {transfer->from, transfer->to},
        .parent_fd = source->to_fd,
        .staged_fd = -1,
        .is_shallow = transfer->is_shallow,
        .keeps_links = source->keeps_links,
        .shares_content = source->shares_content,
        .hands_down_acl = true, /* the staging directory may; to find out pays for many only */
    };
    struct placing placing = *source;
    struct stat parent;
    copying.hands_down = fstat(source->to_fd, &parent) == 0 && (parent.st_mode & S_ISGID);
    buf_add(&copying.walk.path, path_str(transfer->from));
    enum store_rc rc = copying_run(&copying, source->from_fd, source->from_name);
    if (rc == STORE_OK) {
        placing.is_staged = true;
        placing.from_fd = copying.staged_fd;
        placing.from_name = copying.staged;
        rc = dir_find_member(&placing);
        if (rc == STORE_OK)
            rc = dir_place(&placing);
    }
    if (rc == STORE_REFUSED || (rc == STORE_OK && copying.walk.failures))
        rc = STORE_PARTIAL;
    copying_done(&copying);
    return rc;
}

/* Opens the collection that holds what is copied; the root is in none but itself. */
static enum store_rc open_source(const struct dir_store *dir, struct res_path from, int *fd_out,
                                 struct dir_name *name_out)
{
    if (!path_is_root(from)) {
        enum store_rc rc = dir_open_parent(dir, from, fd_out, name_out);
        return rc == STORE_NO_PARENT ? STORE_NOT_FOUND : rc;
    }
    if (dir->is_read_only)
        return STORE_DENIED;
    *fd_out = fcntl(dir->root_fd, F_DUPFD_CLOEXEC, 0);
    return *fd_out < 0 ? dir_rc(errno, "cannot open the root") : dir_name_of(from, name_out);
}

static enum store_rc copy(struct placing *source)
{
    struct res_path from = source->transfer.from;
    struct res_path to = source->transfer.to;
    struct dir_name from_name;
    struct dir_name to_name;
    if (path_is_within(from, to) || (!source->transfer.is_shallow && path_is_within(to, from)))
        return STORE_DENIED;
    enum store_rc rc = open_source(source->dir, from, &source->from_fd, &from_name);
    if (rc != STORE_OK)
        return rc;
    source->from_name = from_name.text;
    rc = dir_find_member(source);
    if (rc == STORE_OK)
        rc = dir_open_parent(source->dir, to, &source->to_fd, &to_name);
    if (rc == STORE_OK) {
        source->to_name = to_name.text;
        /* Asked before much is copied; what comes meanwhile is seen when the copy is placed. */
        if (!is_apart(source))
            rc = STORE_DENIED;
        else if (dir_is_taken(source->to_fd, to_name.text))
            rc = dir_may_replace(source);
        if (rc == STORE_OK)
            rc = copy_and_place(source);
        fd_close(source->to_fd);
    }
    fd_close(source->from_fd);
    return rc;
}

enum store_rc dir_copy(struct store *store, const struct store_transfer *transfer,
                       struct store_visitor *visitor)
{
    struct placing source = {
        .dir = dir_of(store),
        .visitor = visitor,
        .expects_absent = transfer->expects_absent,
        .shares_content = transfer->shares_content,
        .transfer = {.from = transfer->from,
                     .to = transfer->to,
                     .is_copy = true,
                     .is_shallow = !transfer->is_deep},
    };
    return copy(&source);
}

enum store_rc dir_copy_for_move(const struct placing *placing)
{
    const struct dir_transfer *transfer = &placing->transfer;
    struct placing source = {
        .dir = placing->dir,
        .visitor = placing->visitor,
        .keeps_links = true,
        .expects_absent = placing->expects_absent,
        .transfer = {.from = transfer->from, .to = transfer->to, .is_copy = true},
    };
    return copy(&source);
}
