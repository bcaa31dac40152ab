/* MOVE, and putting a finished copy in its place.
 *
 * The usual case is one rename(2): nothing is locked within what moves, and what is in the way can
 * be removed. Otherwise the tree is grafted: collections are made where they are missing, members
 * move one by one, and what may not move, or what something that could not be removed stands in the
 * way of, stays where it is.
 *
 * Dead properties follow by a change to the database, which cannot be one step with the rename. An
 * intent is therefore written first, where there are any: start-up sees from what is on disk
 * whether the rename had happened, and finishes the change or forgets it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/directory/tree_priv.h"

/* rename(2) that replaces nothing: 0 or errno. */
static int rename_new(int from_fd, const char *from_name, int to_fd, const char *to_name)
{
    if (renameat2(from_fd, from_name, to_fd, to_name, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL)
        return errno;
    /* A file system without RENAME_NOREPLACE. */
    if (faccessat(to_fd, to_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return EEXIST;
    return renameat(from_fd, from_name, to_fd, to_name) < 0 ? errno : 0;
}

/* --- grafting --- */

static bool graft(struct dir_walk *walk, int from_fd, const char *from_name, int to_fd,
                  const char *to_name);

/* Takes from_fd. */
static bool graft_members(struct dir_walk *walk, int from_fd, int to_fd)
{
    struct dir_entries entries;
    struct dir_entry entry;
    enum store_rc rc;
    bool is_empty = true;
    dir_entries_init(&entries, from_fd);
    while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK) {
        size_t up = dir_walk_down(walk, entry.name);
        bool is_gone = graft(walk, from_fd, entry.name.at, to_fd, entry.name.at);
        is_empty = is_empty && is_gone;
        dir_walk_up(walk, up);
    }
    dir_entries_done(&entries);
    return rc == STORE_END ? is_empty : dir_walk_fail(walk, true, rc, 0);
}

static bool graft_collection(struct dir_walk *walk, int from_fd, const char *from_name, int to_fd,
                             const char *to_name)
{
    int source_fd = openat(from_fd, from_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source_fd < 0)
        return dir_walk_fail(walk, true, dir_rc(errno, "opening a collection"), 0);
    int target_fd = -1;
    if (walk->depth > walk->dir->limits->walk_depth)
        errno = ELOOP;
    else if (mkdirat(to_fd, to_name, 0777) == 0 || errno == EEXIST)
        target_fd = openat(to_fd, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target_fd < 0) {
        enum store_rc rc = errno == ELOOP ? STORE_TOO_DEEP : dir_rc(errno, "making a collection");
        (void)close(source_fd); /* read only: nothing to lose */
        return dir_walk_fail(walk, true, rc, 0);
    }
    bool is_empty = graft_members(walk, source_fd, target_fd);
    (void)close(target_fd); /* a directory: nothing to lose */
    if (is_empty && unlinkat(from_fd, from_name, AT_REMOVEDIR) < 0)
        return dir_walk_fail(walk, true, dir_rc(errno, "removing a collection"), 0);
    return is_empty;
}

/* Moves the member that the walk is at. True: nothing of it is left at the source. */
static bool graft(struct dir_walk *walk, int from_fd, const char *from_name, int to_fd,
                  const char *to_name)
{
    bool is_collection = dir_is_directory(from_fd, from_name);
    struct store_visitor *visitor = walk->visitor;
    if (!dir_walk_may(walk, from_fd, from_name))
        return false;
    if (!is_collection || !visitor->may_refuse(visitor, dir_walk_path(walk))) {
        int code = rename_new(from_fd, from_name, to_fd, to_name);
        if (code == 0)
            return true;
        if (code == EEXIST && !is_collection)
            return false; /* what is in the way has been reported when it could not be removed */
        if (code != EEXIST)
            return dir_walk_fail(walk, is_collection, dir_rc(code, "moving a member"), 0);
    }
    return graft_collection(walk, from_fd, from_name, to_fd, to_name);
}

/* --- placing --- */

/* A visitor of what is staged: nobody is asked, but failures are told, under the name that the
 * member was to have. */
struct staged_visitor {
    struct store_visitor base;
    struct store_visitor *outer;
};

static unsigned staged_refuse(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* what is staged is ours */
    return 0;
}

static bool staged_may_refuse(struct store_visitor *visitor, struct res_path path)
{
    (void)visitor, (void)path; /* what is staged is ours */
    return false;
}

static void staged_failed(struct store_visitor *visitor, struct res_path path, bool is_collection,
                          enum store_rc rc, unsigned reason)
{
    struct staged_visitor *staged = CONTAINER_OF(visitor, struct staged_visitor, base);
    staged->outer->failed(staged->outer, path, is_collection, rc, reason);
}

static bool remove_old(struct placing *placing)
{
    struct dir_walk walk = {.dir = placing->dir, .visitor = placing->visitor};
    buf_add(&walk.path, path_str(placing->to));
    bool is_gone = dir_remove_tree(&walk, placing->to_fd, placing->to_name);
    buf_done(&walk.path);
    return is_gone;
}

static bool graft_all(struct placing *placing)
{
    struct staged_visitor staged = {{staged_refuse, staged_may_refuse, staged_failed},
                                    placing->visitor};
    bool is_staged = placing->from.at == NULL;
    struct dir_walk walk = {.dir = placing->dir,
                            .visitor = is_staged ? &staged.base : placing->visitor};
    buf_add(&walk.path, path_str(is_staged ? placing->to : placing->from));
    bool is_moved =
        graft(&walk, placing->from_fd, placing->from_name, placing->to_fd, placing->to_name);
    buf_done(&walk.path);
    return is_moved;
}

/* One file over another: the old one is there until the new one is. */
static enum store_rc replace_file(const struct placing *placing)
{
    if (renameat(placing->from_fd, placing->from_name, placing->to_fd, placing->to_name) < 0)
        return dir_rc(errno, "replacing a file");
    return dir_props_removed(placing->dir, placing->to, false);
}

enum store_rc dir_place(struct placing *placing)
{
    struct store_visitor *visitor = placing->visitor;
    int code = EEXIST;
    if (faccessat(placing->to_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return dir_rc(errno, "changing a collection");
    bool is_whole = placing->from.at == NULL || !visitor->may_refuse(visitor, placing->from);
    bool is_free = faccessat(placing->to_fd, placing->to_name, F_OK, AT_SYMLINK_NOFOLLOW) != 0;
    if (is_whole)
        code = rename_new(placing->from_fd, placing->from_name, placing->to_fd, placing->to_name);
    placing->is_across = code == EXDEV;
    if (code == 0)
        return dir_props_removed(placing->dir, placing->to, false); /* of an earlier resource */
    if (code != EEXIST)
        return dir_rc(code, "moving a resource");
    if (is_whole && !dir_is_directory(placing->to_fd, placing->to_name) &&
        !dir_is_directory(placing->from_fd, placing->from_name))
        return replace_file(placing);
    bool is_cleared = is_free || remove_old(placing);
    enum store_rc rc = dir_props_removed(placing->dir, placing->to, !is_cleared);
    if (rc != STORE_OK)
        return rc;
    if (is_cleared && is_whole) {
        code = rename_new(placing->from_fd, placing->from_name, placing->to_fd, placing->to_name);
        return code ? dir_rc(code, "moving a resource") : STORE_OK;
    }
    return graft_all(placing) && is_cleared ? STORE_OK : STORE_PARTIAL;
}

/* --- move --- */

/* From one file system below the root to another: copied, then removed. */
static enum store_rc move_across(struct placing *placing)
{
    struct dir_store *dir = placing->dir;
    struct copying copying;
    if (placing->visitor->may_refuse(placing->visitor, placing->from))
        return STORE_DENIED; /* what may not move would be copied and then not removed */
    enum store_rc rc =
        dir_copying_init(&copying, dir, placing->from, placing->to_fd, placing->visitor);
    if (rc == STORE_OK)
        rc = dir_copying_run(&copying, placing->from_fd, placing->from_name);
    if (rc == STORE_OK && copying.walk.failures)
        rc = STORE_REFUSED; /* what was not copied must not be removed */
    if (rc == STORE_OK) {
        struct placing copy = *placing;
        copy.from_fd = copying.staged_fd;
        copy.from_name = copying.staged;
        copy.from = (struct res_path){NULL, 0};
        rc = dir_place(&copy);
    }
    if (rc == STORE_OK) {
        struct dir_walk walk = {.dir = dir, .visitor = placing->visitor};
        buf_add(&walk.path, path_str(placing->from));
        if (!dir_remove_tree(&walk, placing->from_fd, placing->from_name))
            rc = STORE_PARTIAL;
        buf_done(&walk.path);
    }
    dir_copying_done(&copying);
    return rc == STORE_REFUSED ? STORE_PARTIAL : rc;
}

static enum store_rc move_noted(struct placing *placing)
{
    struct dir_store *dir = placing->dir;
    int64_t intent = 0;
    enum store_rc rc = dir_move_intent(dir, placing->from, placing->to, &intent);
    if (rc != STORE_OK)
        return rc;
    rc = dir_place(placing);
    if (placing->is_across)
        rc = move_across(placing);
    enum store_rc props_rc = dir_props_moved(dir, placing->from, placing->to, intent);
    if (rc != STORE_OK && rc != STORE_PARTIAL)
        return rc;
    int code = flush_wait(dir->flush, placing->to_fd);
    if (code == 0)
        code = flush_wait(dir->flush, placing->from_fd);
    if (code)
        return dir_rc(code, "flushing a collection");
    return props_rc == STORE_OK ? rc : props_rc;
}

enum store_rc dir_move(struct store *store, struct res_path from, struct res_path to,
                       struct store_visitor *visitor)
{
    struct placing placing = {.dir = dir_of(store), .visitor = visitor, .from = from, .to = to};
    struct dir_name from_name;
    struct dir_name to_name;
    enum store_rc rc = dir_open_parent(placing.dir, from, &placing.from_fd, &from_name);
    if (rc != STORE_OK)
        return rc == STORE_NO_PARENT ? STORE_NOT_FOUND : rc;
    if (faccessat(placing.from_fd, from_name.text, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
        rc = dir_rc(errno, "looking at a resource");
    else if (faccessat(placing.from_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        rc = dir_rc(errno, "changing a collection");
    else
        rc = dir_open_parent(placing.dir, to, &placing.to_fd, &to_name);
    if (rc == STORE_OK) {
        placing.from_name = from_name.text;
        placing.to_name = to_name.text;
        rc = move_noted(&placing);
        (void)close(placing.to_fd); /* a directory: nothing to lose */
    }
    (void)close(placing.from_fd); /* a directory: nothing to lose */
    return rc;
}
