/* Putting something complete in its place, of which nothing was visible there before: a copy that
 * was staged, or what is moved.
 *
 * The usual case is one rename(2): nothing is locked within what moves, and what is in the way can
 * be removed. Otherwise the tree is grafted: collections are made where they are missing, members
 * move one by one, and what may not move, or what something that could not be removed stands in the
 * way of, stays where it is.
 *
 * Dead properties follow by a change to the database, which cannot be one step with the rename. An
 * intent is therefore written first, where there are any: start-up sees from what is on disk
 * whether the rename had happened, and finishes the change or forgets it (follow.c). Once the
 * rename has happened, the answer does not depend on the database any more. */
#include "store/directory/tree/place.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/flush.h"
#include "store/directory/read.h"
#include "store/directory/resolve.h"
#include "store/directory/staged.h"
#include "store/directory/tree/follow.h"
#include "store/directory/tree/remove.h"
#include "store/directory/tree/walk.h"
#include "store/silent.h"

enum store_rc dir_find_member(struct placing *placing)
{
    struct stat st;
    if (fstatat(placing->from_fd, placing->from_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return dir_rc(errno, "cannot look at a resource");
    placing->from_mode = st.st_mode;
    bool is_resource = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode);
    return is_resource ? STORE_OK : STORE_NOT_FOUND;
}

/* --- grafting --- */

/* A walk through what is moved member by member. */
struct grafting {
    struct dir_walk walk;
    const struct placing *placing;
};

static bool graft(struct grafting *grafting, int from_fd, const char *from_name, int to_fd,
                  const char *to_name);

/* Takes from_fd. True: no member is left there. */
static bool graft_members(struct grafting *grafting, int from_fd, int to_fd)
{
    struct dir_walk *walk = &grafting->walk;
    struct dir_entries entries;
    struct dir_entry entry;
    enum store_rc rc;
    bool is_empty = true;
    dir_entries_init(&entries, from_fd);
    while ((rc = dir_entries_next(&entries, &entry)) == STORE_OK) {
        size_t up = dir_walk_down(walk, entry.name);
        bool is_gone = dir_walk_may(walk, from_fd, entry.name.at) &&
                       graft(grafting, from_fd, entry.name.at, to_fd, entry.name.at);
        is_empty = is_empty && is_gone;
        dir_walk_up(walk, up);
    }
    dir_entries_done(&entries);
    return rc == STORE_END ? is_empty : dir_walk_fail(walk, true, rc, 0);
}

/* May members go into the collection that is at the target already? When it was asked about itself
 * and refused, that has been reported. */
static bool may_enter(const struct grafting *grafting)
{
    const struct placing *placing = grafting->placing;
    const struct dir_transfer *transfer = &placing->transfer;
    struct arena arena = {0};
    struct res_path path = dir_walk_path(&grafting->walk);
    if (!placing->is_staged)
        path = path_rebase(&arena, path, transfer->from, transfer->to);
    bool may = placing->visitor->refuse(placing->visitor, path) == 0;
    arena_done(&arena);
    return may;
}

/* Opens the collection that the members of `source_fd` are to go into, and makes it where there is
 * none. -1: they cannot go there; what had to be reported has been. */
static int open_target(struct grafting *grafting, int source_fd, int to_fd, const char *to_name)
{
    struct dir_walk *walk = &grafting->walk;
    struct stat st;
    bool is_there = dir_is_taken(to_fd, to_name);
    enum store_rc rc = STORE_OK;
    int fd = -1;
    bool is_own = walk->depth == 0 && grafting->placing->has_made_to;
    if (is_there && !is_own && (!dir_is_directory(to_fd, to_name) || !may_enter(grafting)))
        return -1;
    if (walk->depth > walk->dir->limits->walk_depth)
        rc = STORE_TOO_DEEP;
    else if (!is_there && (fstat(source_fd, &st) < 0 ||
                           mkdirat(to_fd, to_name, (st.st_mode & 0777) | S_IRWXU) < 0))
        rc = dir_rc(errno, "cannot make a collection");
    else if ((fd = openat(to_fd, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        rc = dir_rc(errno, "cannot open a collection");
    if (rc != STORE_OK)
        (void)dir_walk_fail(walk, true, rc, 0); /* always false */
    if (fd >= 0 && is_there && dir_is_served(fd)) {
        fd_close(fd); /* another davit's: reported when it could not be removed */
        fd = -1;
    }
    return fd;
}

static bool graft_collection(struct grafting *grafting, int from_fd, const char *from_name,
                             int to_fd, const char *to_name)
{
    struct dir_walk *walk = &grafting->walk;
    int source_fd = openat(from_fd, from_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (source_fd < 0)
        return dir_walk_fail(walk, true, dir_rc(errno, "cannot open a collection"), 0);
    int target_fd = open_target(grafting, source_fd, to_fd, to_name);
    if (target_fd < 0) {
        fd_close(source_fd);
        return false;
    }
    bool is_empty = graft_members(grafting, source_fd, target_fd);
    fd_close(target_fd);
    if (is_empty && unlinkat(from_fd, from_name, AT_REMOVEDIR) < 0)
        return dir_walk_fail(walk, true, dir_rc(errno, "cannot remove a collection"), 0);
    return is_empty;
}

/* Moves the member that the walk is at, which has been asked about. True: nothing of it is left at
 * the source. */
static bool graft(struct grafting *grafting, int from_fd, const char *from_name, int to_fd,
                  const char *to_name)
{
    struct dir_walk *walk = &grafting->walk;
    bool is_collection = dir_is_directory(from_fd, from_name);
    if (!is_collection || !walk->visitor->may_refuse(walk->visitor, dir_walk_path(walk))) {
        int code = dir_rename_if_free(from_fd, from_name, to_fd, to_name);
        if (code == 0)
            return true;
        if (code == EEXIST && !is_collection)
            return false; /* what is in the way has been reported when it could not be removed */
        if (code != EEXIST && !(code == EXDEV && is_collection)) /* its members may pass */
            return dir_walk_fail(walk, is_collection, dir_rc(code, "cannot move a member"), 0);
    }
    return graft_collection(grafting, from_fd, from_name, to_fd, to_name);
}

/* A visitor of what is staged: nobody is asked, but failures are told, under the name that the
 * member was to have. */
struct staged_visitor {
    struct store_visitor base;
    struct store_visitor *outer;
};

static void staged_failed(struct store_visitor *visitor, struct res_path path, bool is_collection,
                          enum store_rc rc, unsigned reason)
{
    struct staged_visitor *staged = CONTAINER_OF(visitor, struct staged_visitor, base);
    staged->outer->failed(staged->outer, path, is_collection, rc, reason);
}

static bool graft_all(const struct placing *placing)
{
    const struct dir_transfer *transfer = &placing->transfer;
    struct staged_visitor staged = {silent_visitor(), placing->visitor};
    struct grafting grafting = {.walk = {.dir = placing->dir, .visitor = placing->visitor},
                                .placing = placing};
    staged.base.failed = staged_failed;
    if (placing->is_staged)
        grafting.walk.visitor = &staged.base;
    buf_add(&grafting.walk.path, path_str(placing->is_staged ? transfer->to : transfer->from));
    bool is_moved =
        graft(&grafting, placing->from_fd, placing->from_name, placing->to_fd, placing->to_name);
    buf_done(&grafting.walk.path);
    return is_moved;
}

/* --- placing --- */

static bool remove_old(const struct placing *placing)
{
    struct dir_walk walk = {.dir = placing->dir, .visitor = placing->visitor};
    buf_add(&walk.path, path_str(placing->transfer.to));
    bool is_gone = dir_remove_tree(&walk, placing->to_fd, placing->to_name);
    buf_done(&walk.path);
    return is_gone;
}

bool dir_placing_may(const struct placing *placing, struct res_path path, int fd, const char *name)
{
    struct dir_walk walk = {.dir = placing->dir, .visitor = placing->visitor};
    buf_add(&walk.path, path_str(path));
    bool may = dir_walk_may(&walk, fd, name);
    buf_done(&walk.path);
    return may;
}

static bool is_same_file(const struct placing *placing)
{
    struct stat from;
    struct stat to;
    return fstatat(placing->from_fd, placing->from_name, &from, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstatat(placing->to_fd, placing->to_name, &to, AT_SYMLINK_NOFOLLOW) == 0 &&
           from.st_dev == to.st_dev && from.st_ino == to.st_ino;
}

/* One file over another: the old one is there until the new one is. */
static enum store_rc replace_file(struct placing *placing)
{
    struct dir_transfer *transfer = &placing->transfer;
    if (!dir_placing_may(placing, transfer->to, placing->to_fd, placing->to_name)) {
        dir_transfer_keep(placing->dir, transfer);
        return STORE_PARTIAL;
    }
    int failed =
        is_same_file(placing) /* between two names of one file rename(2) does nothing */
            ? unlinkat(placing->from_fd, placing->from_name, 0)
            : renameat(placing->from_fd, placing->from_name, placing->to_fd, placing->to_name);
    if (failed)
        return dir_rc(errno, "cannot replace a file");
    transfer->is_replaced = true;
    return STORE_OK;
}

/* What is at `to` goes first. From there on, every failure is reported: something has changed. */
static enum store_rc replace_tree(struct placing *placing, bool is_whole)
{
    struct dir_transfer *transfer = &placing->transfer;
    struct store_visitor *visitor = placing->visitor;
    bool is_free = !dir_is_taken(placing->to_fd, placing->to_name);
    transfer->is_replaced = is_free || remove_old(placing);
    if (is_whole && transfer->is_replaced) {
        int code = dir_rename_if_free(placing->from_fd, placing->from_name, placing->to_fd,
                                      placing->to_name);
        if (code == 0)
            return STORE_OK;
        visitor->failed(visitor, placing->is_staged ? transfer->to : transfer->from,
                        dir_is_directory(placing->from_fd, placing->from_name),
                        dir_rc(code, "cannot move a resource"), 0);
        return STORE_PARTIAL;
    }
    placing->is_grafted = true;
    dir_transfer_keep(placing->dir, transfer);
    return graft_all(placing) && transfer->is_replaced ? STORE_OK : STORE_PARTIAL;
}

/* Makes the collection that members are to go into: 0 or errno. */
static int make_target(struct placing *placing)
{
    struct stat st;
    if (fstatat(placing->from_fd, placing->from_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        mkdirat(placing->to_fd, placing->to_name, (st.st_mode & 0777) | S_IRWXU) < 0)
        return errno;
    placing->has_made_to = true;
    return 0;
}

/* Member by member, to where nothing is expected. What is noted of an earlier resource goes first:
 * it must not be seen on the new one. */
static enum store_rc graft_new(struct placing *placing)
{
    struct dir_transfer *transfer = &placing->transfer;
    if (dir_is_taken(placing->to_fd, placing->to_name))
        return STORE_EXISTS;
    transfer->is_replaced = true;
    dir_transfer_keep(placing->dir, transfer);
    int code = make_target(placing);
    if (code)
        return dir_rc(code, "cannot make a collection");
    placing->is_grafted = true;
    return graft_all(placing) ? STORE_OK : STORE_PARTIAL;
}

/* In one step: 0 or errno. */
static int place_whole(const struct placing *placing)
{
    if (placing->expects_absent)
        return dir_rename_new(placing->from_fd, placing->from_name, placing->to_fd,
                              placing->to_name);
    return dir_rename_if_free(placing->from_fd, placing->from_name, placing->to_fd,
                              placing->to_name);
}

enum store_rc dir_may_replace(const struct placing *placing)
{
    struct store *store = &placing->dir->base;
    struct arena arena = {0};
    struct res_path real;
    struct store_stat stat;
    if (placing->expects_absent)
        return STORE_EXISTS;
    enum store_rc rc = dir_stat(store, placing->transfer.to, 0, &stat);
    if (rc == STORE_ALIAS) { /* a link is replaced where it shows a resource */
        rc = dir_locate(store, &arena, placing->transfer.to, LOCATE_RESOURCE, &real);
        rc = rc == STORE_OK ? dir_stat(store, real, 0, &stat) : rc;
    }
    arena_done(&arena);
    return rc == STORE_NOT_FOUND || rc == STORE_ALIAS ? STORE_DENIED : rc;
}

static enum store_rc place(struct placing *placing)
{
    struct store_visitor *visitor = placing->visitor;
    bool is_collection = S_ISDIR(placing->from_mode);
    bool is_whole = placing->is_staged || !is_collection ||
                    !visitor->may_refuse(visitor, placing->transfer.from);
    enum store_rc rc = STORE_OK;
    if (placing->to_fd != placing->from_fd && /* or else that was asked */
        faccessat(placing->to_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return dir_rc(errno, "cannot change a collection");
    if (!is_whole && placing->expects_absent)
        return graft_new(placing);
    int code = is_whole ? place_whole(placing) : EEXIST;
    placing->meets_border = code == EXDEV;
    placing->transfer.is_replaced = code == 0; /* what may be noted of an earlier resource goes */
    if (code != EEXIST)
        return code ? dir_rc(code, "cannot move a resource") : STORE_OK;
    if (placing->is_tried)
        return STORE_EXISTS;
    if (placing->expects_absent || dir_is_taken(placing->to_fd, placing->to_name))
        rc = dir_may_replace(placing);
    if (rc != STORE_OK)
        return rc;
    if (!is_collection && !dir_is_directory(placing->to_fd, placing->to_name))
        return replace_file(placing);
    return replace_tree(placing, is_whole);
}

static int flush_ends(const struct placing *placing)
{
    struct flush *flush = placing->dir->flush;
    int (*flush_end)(struct flush * flush, int fd) = placing->is_grafted ? flush_tree : flush_wait;
    int code = flush_end(flush, placing->to_fd);
    return code || placing->is_staged ? code : flush_end(flush, placing->from_fd);
}

enum store_rc dir_place(struct placing *placing)
{
    struct dir_store *dir = placing->dir;
    struct dir_transfer *transfer = &placing->transfer;
    enum store_rc rc =
        dir_transfer_begin(dir, transfer, placing->from_fd, placing->from_name, placing->from_mode);
    if (rc == STORE_OK) {
        rc = place(placing);
        if (rc == STORE_OK || rc == STORE_PARTIAL) {
            int code = flush_ends(placing);
            rc = code ? dir_rc_unknown(code, "cannot flush a collection") : rc;
            dir_transfer_end(dir, transfer);
        } else {
            dir_transfer_cancel(dir, transfer);
        }
    }
    dir_transfer_done(transfer);
    return rc;
}
