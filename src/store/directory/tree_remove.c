/* Collections made and removed, and what all walks that change a tree share.
 *
 * A removal goes on past what it cannot remove: each such member is reported, and the collections
 * above it stay because they are not empty; they are not reported as well, since nobody asked for
 * the reason twice. Members are reached by descriptors relative to their directory, never by long
 * paths, so that nothing outside the tree can be hit when it changes meanwhile.
 *
 * A removal never goes into what is not a part of the tree although it shows there: another mount,
 * which may be a second name of something that stays, and what another davit serves, whose state
 * would go with it. Such a collection is reported, untouched. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/directory/follow.h"

/* --- walks --- */

size_t dir_walk_down(struct dir_walk *walk, struct str name)
{
    size_t len = walk->path.len;
    if (len)
        buf_add_char(&walk->path, '/');
    buf_add(&walk->path, name);
    walk->depth++;
    return len;
}

void dir_walk_up(struct dir_walk *walk, size_t len)
{
    walk->path.len = len;
    walk->depth--;
}

struct res_path dir_walk_path(const struct dir_walk *walk)
{
    return (struct res_path){walk->path.at, walk->path.len};
}

bool dir_walk_fail(struct dir_walk *walk, bool is_collection, enum store_rc rc, unsigned reason)
{
    walk->failures++;
    walk->visitor->failed(walk->visitor, dir_walk_path(walk), is_collection, rc, reason);
    return false;
}

bool dir_is_directory(int parent_fd, const char *name)
{
    struct stat st;
    return fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

bool dir_walk_may(struct dir_walk *walk, int parent_fd, const char *name)
{
    unsigned reason = walk->visitor->refuse(walk->visitor, dir_walk_path(walk));
    return reason == 0 ||
           dir_walk_fail(walk, dir_is_directory(parent_fd, name), STORE_REFUSED, reason);
}

bool dir_is_served(int fd)
{
    struct stat st;
    return fstatat(fd, DIR_STATE_NAME, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static unsigned refuse_nothing(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* whatever it is */
    return 0;
}

static bool may_refuse_nothing(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* whatever it is */
    return false;
}

static void hear_nothing(struct store_visitor *visitor, struct res_path path, bool is_collection,
                         enum store_rc rc, unsigned reason)
{
    (void)visitor, (void)path, (void)is_collection, (void)rc, (void)reason; /* nobody asked */
}

struct store_visitor dir_silent_visitor(void)
{
    return (struct store_visitor){refuse_nothing, may_refuse_nothing, hear_nothing};
}

/* --- mkcol --- */

enum store_rc dir_mkcol(struct store *store, struct res_path path)
{
    struct dir_store *dir = dir_of(store);
    struct dir_name name;
    int parent_fd;
    if (path_is_root(path) && !dir->is_read_only)
        return STORE_EXISTS;
    enum store_rc rc = dir_open_parent(dir, path, &parent_fd, &name);
    if (rc != STORE_OK)
        return rc;
    if (faccessat(parent_fd, name.text, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
        rc = dir_follow_clear(dir, path);
    if (rc == STORE_OK && mkdirat(parent_fd, name.text, 0777) < 0)
        rc = dir_rc(errno, "making a collection");
    int code = rc == STORE_OK ? flush_wait(dir->flush, parent_fd) : 0;
    if (code && unlinkat(parent_fd, name.text, AT_REMOVEDIR) == 0)
        rc = dir_rc(code, "flushing a collection");
    else if (code)
        rc = dir_rc_unknown(code, "flushing a collection");
    (void)close(parent_fd); /* a directory: nothing to lose */
    return rc;
}

/* --- remove --- */

static bool remove_members(struct dir_walk *walk, int fd)
{
    struct dir_entries entries;
    struct dir_entry entry;
    enum store_rc rc;
    bool is_empty = true;
    dir_entries_init(&entries, fd);
    while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK) {
        size_t up = dir_walk_down(walk, entry.name);
        bool is_gone = dir_remove_tree(walk, fd, entry.name.at);
        is_empty = is_empty && is_gone;
        dir_walk_up(walk, up);
    }
    dir_entries_done(&entries);
    if (rc != STORE_END)
        return dir_walk_fail(walk, true, rc, 0);
    return is_empty;
}

/* The collection `name` in `parent_fd`, through no link. -1 and EXDEV: it is another mount. */
static int open_to_remove(int parent_fd, const char *name)
{
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
    return (int)syscall(SYS_openat2, parent_fd, name, &how, sizeof(how));
}

bool dir_remove_tree(struct dir_walk *walk, int parent_fd, const char *name)
{
    if (!dir_walk_may(walk, parent_fd, name))
        return false;
    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM) /* unlink(2): EISDIR on Linux, EPERM by POSIX */
        return dir_walk_fail(walk, false, dir_rc(errno, "removing a file"), 0);
    int code = errno;
    int fd = open_to_remove(parent_fd, name);
    if (fd < 0 && errno == ENOTDIR) /* then EPERM was about the file */
        return dir_walk_fail(walk, false, dir_rc(code, "removing a file"), 0);
    if (fd < 0)
        return dir_walk_fail(walk, true, dir_rc(errno, "opening a collection"), 0);
    bool is_too_deep = walk->depth > walk->dir->limits->walk_depth;
    if (is_too_deep || dir_is_served(fd)) {
        (void)close(fd); /* read only: nothing to lose */
        return dir_walk_fail(walk, true, is_too_deep ? STORE_TOO_DEEP : STORE_DENIED, 0);
    }
    if (!remove_members(walk, fd))
        return false;
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return dir_walk_fail(walk, true, dir_rc(errno, "removing a collection"), 0);
    return true;
}

/* The files first: rows without a resource do no harm, a resource without its rows would. */
static enum store_rc remove_checked(struct dir_walk *walk, int parent_fd, const char *name,
                                    struct res_path path)
{
    struct dir_store *dir = walk->dir;
    struct dir_removal removal = {.path = path};
    enum store_rc rc = dir_removal_begin(dir, &removal);
    if (rc != STORE_OK)
        return rc;
    buf_add(&walk->path, path_str(path));
    bool is_gone = dir_remove_tree(walk, parent_fd, name);
    buf_done(&walk->path);
    int code = is_gone ? flush_wait(dir->flush, parent_fd) : flush_tree(dir->flush, parent_fd);
    dir_removal_end(dir, &removal, !is_gone, !code);
    if (code && (is_gone || code != EROFS)) /* else what has failed says why */
        return dir_rc_unknown(code, "flushing a collection");
    return is_gone ? STORE_OK : STORE_PARTIAL;
}

enum store_rc dir_remove(struct store *store, struct res_path path, struct store_visitor *visitor)
{
    struct dir_walk walk = {.dir = dir_of(store), .visitor = visitor};
    struct dir_name name;
    int parent_fd;
    enum store_rc rc = dir_open_parent(walk.dir, path, &parent_fd, &name);
    if (rc != STORE_OK)
        return rc == STORE_NO_PARENT ? STORE_NOT_FOUND : rc;
    /* Asked first, so that a collection is not emptied and then cannot go itself. */
    if (faccessat(parent_fd, name.text, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        rc = dir_rc(errno, "looking at a resource");
    else if (faccessat(parent_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        rc = dir_rc(errno, "changing a collection");
    if (rc == STORE_OK)
        rc = remove_checked(&walk, parent_fd, name.text, path);
    (void)close(parent_fd); /* a directory: nothing to lose */
    return rc;
}
