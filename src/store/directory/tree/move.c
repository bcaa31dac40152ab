/* MOVE, and putting a finished copy in its place.
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
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/random.h"
#include "store/directory/mounts/identity.h"
#include "store/directory/staged.h"
#include "store/directory/tree/place.h"

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
        rc = dir_rc(errno, "making a collection");
    else if ((fd = openat(to_fd, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0)
        rc = dir_rc(errno, "opening a collection");
    if (rc != STORE_OK)
        (void)dir_walk_fail(walk, true, rc, 0); /* always false */
    if (fd >= 0 && is_there && dir_is_served(fd)) {
        (void)close(fd); /* another davit's: reported when it could not be removed */
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
        return dir_walk_fail(walk, true, dir_rc(errno, "opening a collection"), 0);
    int target_fd = open_target(grafting, source_fd, to_fd, to_name);
    if (target_fd < 0) {
        (void)close(source_fd); /* read only: nothing to lose */
        return false;
    }
    bool is_empty = graft_members(grafting, source_fd, target_fd);
    (void)close(target_fd); /* a directory: nothing to lose */
    if (is_empty && unlinkat(from_fd, from_name, AT_REMOVEDIR) < 0)
        return dir_walk_fail(walk, true, dir_rc(errno, "removing a collection"), 0);
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
        if (code != EEXIST)
            return dir_walk_fail(walk, is_collection, dir_rc(code, "moving a member"), 0);
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
    struct staged_visitor staged = {dir_silent_visitor(), placing->visitor};
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

/* Asks about one of the two ends alone. */
static bool may_change(const struct placing *placing, struct res_path path, int fd,
                       const char *name)
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
    if (!may_change(placing, transfer->to, placing->to_fd, placing->to_name)) {
        dir_transfer_keep(placing->dir, transfer);
        return STORE_PARTIAL;
    }
    int failed =
        is_same_file(placing) /* between two names of one file rename(2) does nothing */
            ? unlinkat(placing->from_fd, placing->from_name, 0)
            : renameat(placing->from_fd, placing->from_name, placing->to_fd, placing->to_name);
    if (failed)
        return dir_rc(errno, "replacing a file");
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
                        dir_rc(code, "moving a resource"), 0);
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
        return dir_rc(code, "making a collection");
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
    enum store_rc rc = dir_stat(store, placing->transfer.to, &stat);
    if (rc == STORE_ALIAS) { /* a link is replaced where it shows a resource */
        rc = dir_locate(store, &arena, placing->transfer.to, LOCATE_RESOURCE, &real);
        rc = rc == STORE_OK ? dir_stat(store, real, &stat) : rc;
    }
    arena_done(&arena);
    return rc == STORE_NOT_FOUND || rc == STORE_ALIAS ? STORE_DENIED : rc;
}

static enum store_rc place(struct placing *placing)
{
    struct store_visitor *visitor = placing->visitor;
    bool is_collection = dir_is_directory(placing->from_fd, placing->from_name);
    bool is_whole = placing->is_staged || !is_collection ||
                    !visitor->may_refuse(visitor, placing->transfer.from);
    enum store_rc rc = STORE_OK;
    if (faccessat(placing->to_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return dir_rc(errno, "changing a collection");
    if (!is_whole && placing->expects_absent)
        return graft_new(placing);
    int code = is_whole ? place_whole(placing) : EEXIST;
    placing->transfer.is_replaced = code == 0; /* what may be noted of an earlier resource goes */
    if (code != EEXIST)
        return code ? dir_rc(code, "moving a resource") : STORE_OK;
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
    enum store_rc rc = dir_transfer_begin(dir, transfer, placing->from_fd, placing->from_name);
    if (rc == STORE_OK) {
        rc = place(placing);
        if (rc == STORE_OK || rc == STORE_PARTIAL) {
            int code = flush_ends(placing);
            rc = code ? dir_rc_unknown(code, "flushing a collection") : rc;
            dir_transfer_end(dir, transfer);
        } else {
            dir_transfer_cancel(dir, transfer);
        }
    }
    dir_transfer_done(transfer);
    return rc;
}

/* --- move --- */

enum store_rc dir_find_member(int parent_fd, const char *name)
{
    struct stat st;
    if (fstatat(parent_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return dir_rc(errno, "looking at a resource");
    bool is_resource = S_ISREG(st.st_mode) || S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode);
    return is_resource ? STORE_OK : STORE_NOT_FOUND;
}

/* To another file system below the root: copied, then removed. What may not move would be copied
 * and then not removed: nothing moves then. */
static enum store_rc move_across(const struct placing *placing)
{
    struct store *store = &placing->dir->base;
    struct store_visitor *visitor = placing->visitor;
    const struct dir_transfer *transfer = &placing->transfer;
    if (visitor->may_refuse(visitor, transfer->from))
        return STORE_DENIED;
    enum store_rc rc = dir_copy_for_move(placing);
    if (rc != STORE_OK)
        return rc;
    rc = dir_remove(store, transfer->from, visitor);
    if (rc == STORE_OK || rc == STORE_PARTIAL)
        return rc;
    visitor->failed(visitor, transfer->from, dir_is_directory(placing->from_fd, placing->from_name),
                    rc, 0);
    return STORE_PARTIAL; /* there are two now */
}

/* A directory that goes elsewhere has its ".." changed, and must allow that. */
static bool may_be_carried_off(const struct placing *placing)
{
    const struct dir_transfer *transfer = &placing->transfer;
    return path_eq(path_parent(transfer->from), path_parent(transfer->to)) ||
           !dir_is_directory(placing->from_fd, placing->from_name) ||
           faccessat(placing->from_fd, placing->from_name, W_OK, AT_EACCESS) == 0;
}

/* Only the spelling of a name changes, which the file system does not tell apart. By way of a third
 * name: some do nothing about the spelling when old and new lead to one thing, and whether the old
 * one is still there could not be told either. A crash in between leaves the third name, which
 * anybody can see. */
static enum store_rc respell(const struct placing *placing)
{
    struct store *store = &placing->dir->base;
    struct store_visitor silent = dir_silent_visitor();
    const struct dir_transfer *transfer = &placing->transfer;
    struct arena arena = {0};
    char name[64];
    (void)snprintf(name, sizeof(name), "davit-renames-this-%016llx",
                   (unsigned long long)random_u64()); /* fits */
    struct res_path between = path_join(&arena, path_parent(transfer->to), str_of_c(name));
    const struct store_transfer away = {transfer->from, between, .expects_absent = true};
    const struct store_transfer on = {between, transfer->to, .expects_absent = true};
    const struct store_transfer back = {between, transfer->from, .expects_absent = true};
    enum store_rc rc = STORE_DENIED;
    if (!placing->visitor->may_refuse(placing->visitor, transfer->from))
        rc = dir_move(store, &away, placing->visitor);
    if (rc == STORE_OK) {
        rc = dir_move(store, &on, &silent);
        if (rc != STORE_OK)
            (void)!dir_move(store, &back, &silent); /* or it keeps that name */
    }
    arena_done(&arena);
    return rc;
}

static enum store_rc move_checked(struct placing *placing)
{
    struct dir_end from = {placing->from_fd, placing->from_name};
    struct dir_end to = {placing->to_fd, placing->to_name};
    enum dir_relation relation = dir_relate(placing->dir->root_fd, &from, &to);
    if (relation == RELATION_RESPELT)
        return respell(placing);
    if (relation != RELATION_APART)
        return STORE_DENIED;
    if (!may_be_carried_off(placing))
        return STORE_DENIED;
    if (faccessat(placing->from_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return dir_rc(errno, "changing a collection");
    if (placing->expects_absent &&
        placing->visitor->may_refuse(placing->visitor, placing->transfer.from) &&
        dir_is_taken(placing->to_fd, placing->to_name))
        return STORE_EXISTS; /* what nobody refuses is placed, and that sees it in any case */
    /* Asked first, so that what is at the destination is not removed for nothing. */
    if (!may_change(placing, placing->transfer.from, placing->from_fd, placing->from_name))
        return STORE_PARTIAL;
    if (!dir_is_same_mount(placing->from_fd, placing->to_fd))
        return move_across(placing);
    return dir_place(placing);
}

enum store_rc dir_move(struct store *store, const struct store_transfer *transfer,
                       struct store_visitor *visitor)
{
    struct res_path from = transfer->from;
    struct res_path to = transfer->to;
    struct placing placing = {
        .dir = dir_of(store),
        .visitor = visitor,
        .expects_absent = transfer->expects_absent,
        .transfer = {.from = from, .to = to},
    };
    struct dir_name from_name;
    struct dir_name to_name;
    if (path_is_within(from, to) || path_is_within(to, from))
        return STORE_DENIED;
    enum store_rc rc = dir_open_parent(placing.dir, from, &placing.from_fd, &from_name);
    if (rc != STORE_OK)
        return rc == STORE_NO_PARENT ? STORE_NOT_FOUND : rc;
    rc = dir_find_member(placing.from_fd, from_name.text);
    if (rc == STORE_OK)
        rc = dir_open_parent(placing.dir, to, &placing.to_fd, &to_name);
    if (rc == STORE_OK) {
        placing.from_name = from_name.text;
        placing.to_name = to_name.text;
        rc = move_checked(&placing);
        (void)close(placing.to_fd); /* a directory: nothing to lose */
    }
    (void)close(placing.from_fd); /* a directory: nothing to lose */
    return rc;
}
