/* Collections made and removed.
 *
 * A removal goes on past what it cannot remove: each such member is reported, and the collections
 * above it stay because they are not empty; they are not reported as well, since nobody asked for
 * the reason twice. Members are reached by descriptors relative to their directory, never by long
 * paths, so that nothing outside the tree can be hit when it changes meanwhile.
 *
 * A removal goes to any depth, or what other programs and renames have nested could never go. It
 * keeps a hundred bytes a level and the path, and as many descriptors as walk_depth: the outer
 * collections are closed on the way down. On the way up, each is opened again as ".." of the one
 * within it, and must be the one that it was (device and inode). It is then read from its
 * beginning: what is there of what was met before are the members that have stayed, in the order
 * that they had, and these are passed over. If they are not (their number is known, and the sum of
 * the hashes of their names), somebody has changed the collection, and that is reported. Beyond
 * walk_depth, and where nothing within would be refused, nobody is asked about each member any
 * more: a question takes as long as its path, and all of them the square of the depth.
 *
 * Rejected: to move up among the staged names what lies too deep. What then turns out not to go (a
 * mount, another davit) would have to go back.
 *
 * A removal never goes into what is not a part of the tree although it shows there: another mount,
 * which may be a second name of something that stays, and what another davit serves, whose state
 * would go with it. Such a collection is reported, untouched. */
#include "store/directory/tree/remove.h"
#include "store/directory/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/flush.h"
#include "store/directory/resolve.h"
#include "store/directory/tree/follow.h"
#include "store/directory/tree/walk.h"

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
        rc = dir_rc(errno, "cannot make a collection");
    int code = rc == STORE_OK ? flush_wait(dir->flush, parent_fd) : 0;
    if (code && unlinkat(parent_fd, name.text, AT_REMOVEDIR) == 0)
        rc = dir_rc(code, "cannot flush a collection");
    else if (code)
        rc = dir_rc_unknown(code, "cannot flush a collection");
    fd_close(parent_fd);
    return rc;
}

/* --- remove --- */

/* A collection that the walk is within. */
struct level {
    struct dir_entries entries; /* fd -1: closed, until the walk comes back to it */
    dev_t device;               /* of what was closed */
    ino_t inode;
    size_t outer_len;   /* of walk->path */
    size_t stayed;      /* members that could not be removed */
    uint64_t stayed_by; /* the sum of their names' hashes */
    bool is_reopened;   /* and has yet to be read up to where it was */
    bool is_free;       /* nothing within would be refused: nobody is asked */
};

struct removing {
    struct dir_walk *walk;
    int parent_fd; /* holds the outermost collection */
    const char *name;
    struct level *levels; /* the outermost first */
    size_t count, room;
    size_t closed; /* so many of the outer levels are */
};

enum end { IS_GONE, HAS_STAYED, IS_ENTERED };

static void close_level(struct level *level)
{
    if (level->entries.fd >= 0)
        dir_entries_done(&level->entries);
    level->entries = (struct dir_entries){.fd = -1};
}

/* Closes the outermost that is open. One that the kernel knows nothing of stays open. */
static void close_outermost(struct removing *removing)
{
    struct level *level = &removing->levels[removing->closed];
    struct stat st;
    if (fstat(level->entries.fd, &st) < 0)
        return;
    level->device = st.st_dev;
    level->inode = st.st_ino;
    close_level(level);
    removing->closed++;
}

/* Takes fd, of the collection that the walk is at. */
static void enter(struct removing *removing, int fd, size_t outer_len, bool is_free)
{
    size_t open_max = removing->walk->dir->limits->walk_depth;
    if (removing->count == removing->room) {
        removing->room = removing->room ? 2 * removing->room : 16;
        removing->levels = mem_resize(removing->levels, removing->room * sizeof(*removing->levels));
    }
    if (removing->count - removing->closed > open_max)
        close_outermost(removing);
    struct level *level = &removing->levels[removing->count++];
    *level = (struct level){.outer_len = outer_len, .is_free = is_free};
    dir_entries_init(&level->entries, fd);
}

/* Removes the member that the walk is at, or enters it. */
static enum end remove_member(struct removing *removing, int parent_fd, const char *name,
                              size_t outer_len)
{
    struct dir_walk *walk = removing->walk;
    bool is_free = removing->count && removing->levels[removing->count - 1].is_free;
    if (!is_free && !dir_walk_may(walk, parent_fd, name))
        return HAS_STAYED;
    if (unlinkat(parent_fd, name, 0) == 0 || errno == ENOENT)
        return IS_GONE;
    int code = errno;
    bool is_collection = code == EISDIR || code == EPERM; /* unlink(2): EISDIR on Linux, or EPERM */
    int fd = is_collection ? beneath_step(parent_fd, name) : -1;
    if (fd < 0 && is_collection && errno != ENOTDIR)
        (void)dir_walk_fail(walk, true, dir_rc(errno, "cannot open a collection"), 0);
    else if (fd < 0) /* ENOTDIR: EPERM was about the file */
        (void)dir_walk_fail(walk, false, dir_rc(code, "cannot remove a file"), 0);
    else if (dir_is_served(fd))
        (void)dir_walk_fail(walk, true, STORE_DENIED, 0);
    else {
        bool is_deep = walk->depth > walk->dir->limits->walk_depth;
        is_free =
            is_free || (is_deep && !walk->visitor->may_refuse(walk->visitor, dir_walk_path(walk)));
        enter(removing, fd, outer_len, is_free);
        return IS_ENTERED;
    }
    fd_close(fd);
    return HAS_STAYED;
}

static void note_end(struct level *level, enum end end, struct str name)
{
    if (end != HAS_STAYED)
        return;
    level->stayed++;
    level->stayed_by += hash_bytes(name);
}

/* Reads a collection that was opened again up to where the walk was: what is there of that has
 * stayed. EXISTS: it is in another order now, or holds something else. */
static enum store_rc skip_stayed(struct level *level)
{
    struct dir_entry entry;
    enum store_rc rc = STORE_OK;
    uint64_t found = 0;
    level->is_reopened = false;
    for (size_t i = 0; i < level->stayed && rc == STORE_OK; i++) {
        rc = dir_entries_next(&level->entries, &entry);
        if (rc == STORE_OK)
            found += hash_bytes(entry.name);
    }
    return rc == STORE_END || (rc == STORE_OK && found != level->stayed_by) ? STORE_EXISTS : rc;
}

/* Goes on with the members of the innermost collection. OK: perhaps there are more. */
static enum store_rc next_member(struct removing *removing)
{
    struct level *level = &removing->levels[removing->count - 1];
    struct dir_entry entry;
    enum store_rc rc = level->is_reopened ? skip_stayed(level) : STORE_OK;
    if (rc == STORE_OK)
        rc = dir_entries_next(&level->entries, &entry);
    if (rc != STORE_OK)
        return rc;
    size_t outer_len = dir_walk_down(removing->walk, entry.name);
    enum end end = remove_member(removing, level->entries.fd, entry.name.at, outer_len);
    if (end == IS_ENTERED) /* `level` and `entry` may have moved or gone */
        return STORE_OK;
    note_end(level, end, entry.name);
    dir_walk_up(removing->walk, outer_len);
    return STORE_OK;
}

/* Opens the collection that holds the innermost one, unless it is open. ".." leads there if nobody
 * has moved the inner one meanwhile. */
static enum store_rc open_outer(struct removing *removing)
{
    const struct level *level = &removing->levels[removing->count - 1];
    if (removing->count == 1 || removing->closed < removing->count - 1)
        return STORE_OK;
    struct level *outer = &removing->levels[removing->count - 2];
    struct stat st;
    int fd = beneath_step(level->entries.fd, "..");
    if (fd < 0 || fstat(fd, &st) < 0) {
        enum store_rc rc = dir_rc(errno, "cannot open a collection");
        fd_close(fd);
        return rc;
    }
    dir_entries_init(&outer->entries, fd);
    outer->is_reopened = true;
    removing->closed--;
    return st.st_dev == outer->device && st.st_ino == outer->inode ? STORE_OK : STORE_EXISTS;
}

/* Leaves the innermost collection, whose members ended with `rc`, and removes it if none is left.
 * Any other than OK: there is no way back to the outer ones. */
static enum store_rc leave(struct removing *removing, enum store_rc rc, bool *is_gone_out)
{
    struct dir_walk *walk = removing->walk;
    enum store_rc outer_rc = open_outer(removing);
    struct level *level = &removing->levels[removing->count - 1];
    struct level *outer = removing->count > 1 ? level - 1 : NULL;
    size_t name_at = level->outer_len ? level->outer_len + 1 : 0;
    const char *name = outer ? buf_c(&walk->path) + name_at : removing->name;
    int parent_fd = outer ? outer->entries.fd : removing->parent_fd;
    rc = rc == STORE_END ? outer_rc : rc;
    bool is_gone = rc == STORE_OK && level->stayed == 0;
    if (rc != STORE_OK)
        (void)dir_walk_fail(walk, true, rc, 0);
    else if (is_gone && unlinkat(parent_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
        is_gone = dir_walk_fail(walk, true, dir_rc(errno, "cannot remove a collection"), 0);
    close_level(level);
    removing->count--;
    *is_gone_out = is_gone;
    if (outer) {
        note_end(outer, is_gone ? IS_GONE : HAS_STAYED, str_of_c(name));
        dir_walk_up(walk, level->outer_len);
    }
    return outer_rc;
}

bool dir_remove_tree(struct dir_walk *walk, int parent_fd, const char *name)
{
    struct removing removing = {.walk = walk, .parent_fd = parent_fd, .name = name};
    bool is_gone = remove_member(&removing, parent_fd, name, walk->path.len) == IS_GONE;
    enum store_rc way = STORE_OK;
    while (removing.count && way == STORE_OK) {
        enum store_rc rc = next_member(&removing);
        if (rc != STORE_OK)
            way = leave(&removing, rc, &is_gone);
    }
    while (removing.count) {
        struct level *level = &removing.levels[--removing.count];
        close_level(level);
        if (removing.count)
            dir_walk_up(walk, level->outer_len);
    }
    mem_free(removing.levels);
    return is_gone && way == STORE_OK;
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
        return dir_rc_unknown(code, "cannot flush a collection");
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
    if (!dir_is_taken(parent_fd, name.text))
        rc = dir_rc(errno, "cannot look at a resource");
    else if (faccessat(parent_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        rc = dir_rc(errno, "cannot change a collection");
    if (rc == STORE_OK)
        rc = remove_checked(&walk, parent_fd, name.text, path);
    fd_close(parent_fd);
    return rc;
}
