/* MOVE: what moves is put in its place as it is (place.c); where a rename does not go there
 * (mounts/border.c) it is copied, and then removed.
 *
 * A MOVE that changes only the spelling of a name, where the file system takes both for one, is of
 * the resource to itself. It goes by way of a third name: see respell().
 *
 * What may not move is asked about before anything is done, so that what is at the destination is
 * not removed for nothing. */
#include "store/directory/tree/move.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/random.h"
#include "store/directory/dir.h"
#include "store/directory/entry.h"
#include "store/directory/mounts/border.h"
#include "store/directory/mounts/identity.h"
#include "store/directory/resolve.h"
#include "store/directory/tree/copy.h"
#include "store/directory/tree/follow.h"
#include "store/directory/tree/link.h"
#include "store/directory/tree/place.h"
#include "store/directory/tree/remove.h"
#include "store/directory/tree/walk.h"
#include "store/silent.h"

/* To where no rename goes: copied, then removed. What may not move would be copied
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
           !S_ISDIR(placing->from_mode) ||
           faccessat(placing->from_fd, placing->from_name, W_OK, AT_EACCESS) == 0;
}

/* Only the spelling of a name changes, which the file system does not tell apart. By way of a third
 * name: some do nothing about the spelling when old and new lead to one thing, and whether the old
 * one is still there could not be told either. A crash in between leaves the third name, which
 * anybody can see. */
static enum store_rc respell(const struct placing *placing)
{
    struct store *store = &placing->dir->base;
    struct store_visitor silent = silent_visitor();
    const struct dir_transfer *transfer = &placing->transfer;
    struct arena arena = {0};
    char name[64];
    str_print(name, sizeof(name), "davit-renames-this-%016llx", (unsigned long long)random_u64());
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

/* Whether it may not go by a rename. Where only trying would show that, what is in the way must not
 * be removed for it. */
static bool crosses_border(const struct placing *placing)
{
    if (!border_lets_pass(placing->from_fd, placing->from_name, placing->to_fd))
        return true;
    return S_ISDIR(placing->from_mode) && border_may_be_hidden(placing->to_fd) &&
           dir_is_taken(placing->to_fd, placing->to_name);
}

/* Whether it is a link that would lead elsewhere from its new place. */
static bool is_link_to_rewrite(const struct placing *placing)
{
    const struct link_journey journey = {placing->transfer.from, placing->transfer.to};
    char target[4096];
    struct arena arena = {0};
    if (!S_ISLNK(placing->from_mode))
        return false;
    ssize_t len = readlinkat(placing->from_fd, placing->from_name, target, sizeof(target));
    if (len < 0 || len == (ssize_t)sizeof(target))
        return false;
    struct str text = str_of(target, (size_t)len);
    bool is_other = !str_eq(text, link_text_for(&arena, &journey, journey.from, text));
    arena_done(&arena);
    return is_other;
}

static bool may_go_whole(const struct placing *placing)
{
    struct store_visitor *visitor = placing->visitor;
    return !visitor->may_refuse(visitor, placing->transfer.from) &&
           visitor->refuse(visitor, placing->transfer.from) == 0 && !is_link_to_rewrite(placing);
}

/* Where there is nothing at the destination, nothing is removed for what moves there, and a rename
 * that may not be changes nothing: so it is tried, and not asked about. EXISTS: something has come
 * there meanwhile. */
static enum store_rc move_to_free(const struct placing *placing)
{
    struct placing trying = *placing;
    trying.is_tried = true;
    enum store_rc rc = dir_place(&trying);
    return trying.meets_border ? move_across(placing) : rc;
}

static enum store_rc move_checked(struct placing *placing)
{
    struct dir_end from = {placing->from_fd, placing->from_name};
    struct dir_end to = {placing->to_fd, placing->to_name};
    enum dir_relation relation = dir_relate(placing->dir->root_fd, &from, &to);
    if (relation == RELATION_RESPELT)
        return respell(placing);
    if (relation != RELATION_APART && relation != RELATION_FREE)
        return STORE_DENIED;
    if (!may_be_carried_off(placing))
        return STORE_DENIED;
    if (relation == RELATION_FREE && may_go_whole(placing)) {
        enum store_rc rc = move_to_free(placing);
        if (rc != STORE_EXISTS || placing->expects_absent)
            return rc;
    }
    if (faccessat(placing->from_fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return dir_rc(errno, "cannot change a collection");
    if (placing->expects_absent &&
        placing->visitor->may_refuse(placing->visitor, placing->transfer.from) &&
        dir_is_taken(placing->to_fd, placing->to_name))
        return STORE_EXISTS; /* what nobody refuses is placed, and that sees it in any case */
    /* Asked first, so that what is at the destination is not removed for nothing. */
    if (!dir_placing_may(placing, placing->transfer.from, placing->from_fd, placing->from_name))
        return STORE_PARTIAL;
    if (crosses_border(placing) || is_link_to_rewrite(placing))
        return move_across(placing);
    enum store_rc rc = dir_place(placing);
    return placing->meets_border ? move_across(placing) : rc;
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
    placing.from_name = from_name.text;
    rc = dir_find_member(&placing);
    bool is_renaming = path_eq(path_parent(from), path_parent(to)); /* in one collection */
    placing.to_fd = placing.from_fd;
    if (rc == STORE_OK)
        rc = is_renaming ? dir_name_beside(placing.dir, placing.to_fd, to, &to_name)
                         : dir_open_parent(placing.dir, to, &placing.to_fd, &to_name);
    if (rc == STORE_OK) {
        placing.to_name = to_name.text;
        rc = move_checked(&placing);
    }
    if (placing.to_fd != placing.from_fd)
        fd_close(placing.to_fd);
    fd_close(placing.from_fd);
    return rc;
}
