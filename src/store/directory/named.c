/* What has two names by a mount has one lock, one claim and one set of properties: they are kept
 * under its first name (mounts.c), and every call that is about them comes through here. What it
 * tells goes back in the words of who asked: a visitor hears of members by the names that the
 * operation was begun with, a lock is rooted where it was looked for. Where nothing has two names,
 * each path passes through as it is.
 *
 * Changes of the tree are made by the first names, too. A MOVE between the two names of one thing
 * is then seen to be one, and one between two names of a file system is a rename.
 *
 * What takes a name away, or gives it, is about the name, not about what is mounted there: only the
 * collection that holds it is looked at.
 *
 * An infinite lock above a mount holds for what is reached through it. It is not at the first name
 * of anything there, so both names are asked about.
 *
 * Rejected: first names from locate(). A view would refuse what is mounted in two users' homes,
 * because its first name is in only one of them. */
#include "store/directory/named.h"

#include "store/directory/cache/cache.h"
#include "store/directory/dir.h"
#include "store/directory/locks.h"
#include "store/directory/mounts/mounts.h"
#include "store/directory/props.h"
#include "store/directory/state/kept.h"
#include "store/directory/tree/copy.h"
#include "store/directory/tree/move.h"
#include "store/directory/tree/remove.h"
#include "store/directory/upload.h"

/* A path and what it stands for. */
struct named {
    struct arena arena;
    struct res_path first;
    struct dir_alias alias;
};

static struct res_path first_of(struct arena *arena, const struct dir_alias *alias,
                                struct res_path path)
{
    return alias->at.len || alias->first.len ? path_rebase(arena, path, alias->at, alias->first)
                                             : path;
}

static struct res_path told(struct arena *arena, const struct dir_alias *alias,
                            struct res_path first)
{
    bool is_in_it = (alias->at.len || alias->first.len) && path_is_within(first, alias->first);
    return is_in_it ? path_rebase(arena, first, alias->first, alias->at) : first;
}

/* The resource, with what may be mounted on it. */
static void name_resource(struct named *named, struct store *store, struct res_path path)
{
    *named = (struct named){0};
    named->alias = mounts_alias(dir_of(store)->mounts, &named->arena, path);
    named->first = first_of(&named->arena, &named->alias, path);
}

/* The member of its collection. */
static void name_member(struct named *named, struct store *store, struct res_path path)
{
    *named = (struct named){.first = path};
    if (path_is_root(path))
        return;
    named->alias = mounts_alias(dir_of(store)->mounts, &named->arena, path_parent(path));
    named->first = first_of(&named->arena, &named->alias, path);
}

static void named_done(struct named *named)
{
    arena_done(&named->arena);
}

/* --- changes --- */

/* The ranges under first names: those of the change as they are, unless one has another. */
static const struct claim_range *first_ranges(const struct dir_store *dir,
                                              struct store_change *change)
{
    struct claim_range *ranges = change->ranges;
    for (size_t i = 0; i < change->range_count; i++) {
        struct res_path path = change->ranges[i].path;
        struct dir_alias alias = mounts_alias(dir->mounts, &change->arena, path);
        struct res_path first = first_of(&change->arena, &alias, path);
        if (path_eq(first, path))
            continue;
        if (ranges == change->ranges) {
            ranges = arena_alloc(&change->arena, change->range_count * sizeof(*ranges));
            memcpy(ranges, change->ranges, change->range_count * sizeof(*ranges));
        }
        ranges[i].path = first;
    }
    return ranges;
}

bool named_begin(struct store *store, struct store_change *change)
{
    const struct dir_store *dir = dir_of(store);
    mounts_look(dir->mounts);
    return change_claim(change, dir->kept->claims, first_ranges(dir, change));
}

void named_end(struct store_change *change)
{
    claims_release(dir_of(change->store)->kept->claims, &change->claim);
}

/* --- one resource --- */

enum store_rc named_upload(struct store *store, struct res_path path, uint64_t size_bytes,
                           struct store_upload **upload_out)
{
    struct named named;
    name_member(&named, store, path);
    enum store_rc rc = dir_upload(store, named.first, size_bytes, upload_out);
    named_done(&named);
    return rc;
}

enum store_rc named_mkcol(struct store_change *change, struct res_path path)
{
    struct store *store = change->store;
    struct named named;
    name_member(&named, store, path);
    enum store_rc rc = dir_mkcol(store, named.first);
    cache_note_change(dir_of(store)->cache);
    named_done(&named);
    return rc;
}

bool named_may_have_props(struct store *store, struct res_path path)
{
    struct named named;
    name_resource(&named, store, path);
    bool may = dir_may_have_props(store, named.first);
    named_done(&named);
    return may;
}

enum store_rc named_props(struct store *store, struct res_path path,
                          struct store_prop_visitor *visitor)
{
    struct named named;
    name_resource(&named, store, path);
    enum store_rc rc = dir_props(store, named.first, visitor);
    named_done(&named);
    return rc;
}

enum store_rc named_patch(struct store_change *change, struct res_path path,
                          const struct store_patch *patch)
{
    struct store *store = change->store;
    struct named named;
    name_resource(&named, store, path);
    enum store_rc rc = dir_patch(store, named.first, patch);
    cache_note_change(dir_of(store)->cache);
    named_done(&named);
    return rc;
}

/* --- locks --- */

static bool has_token(const struct lock_list *locks, struct str token)
{
    for (size_t i = 0; i < locks->count; i++) {
        if (str_eq(locks->items[i].token, token))
            return true;
    }
    return false;
}

/* Those that are not in the list already, before it. */
static void add_locks(struct arena *arena, struct lock_list *locks, const struct lock_list *more)
{
    struct lock *items = arena_alloc(arena, (locks->count + more->count + 1) * sizeof(*items));
    size_t count = 0;
    for (size_t i = 0; i < more->count; i++) {
        if (!has_token(locks, more->items[i].token))
            items[count++] = more->items[i];
    }
    if (locks->count)
        memcpy(items + count, locks->items, locks->count * sizeof(*items));
    *locks = (struct lock_list){items, locks->count + count};
}

enum store_rc named_locks(struct store *store, struct arena *arena, struct res_path path,
                          enum lock_query query, struct lock_list *locks_out)
{
    struct named named;
    struct lock_list above;
    struct lock_list locks;
    if (!dir_has_locks(store)) {
        *locks_out = (struct lock_list){0};
        return STORE_OK;
    }
    name_resource(&named, store, path);
    bool has_two = !path_eq(named.first, path);
    enum store_rc rc = dir_locks(store, arena, named.first, query, &locks);
    for (size_t i = 0; rc == STORE_OK && has_two && i < locks.count; i++)
        locks.items[i].root = told(arena, &named.alias, locks.items[i].root);
    if (rc == STORE_OK && has_two && query == LOCKS_COVERING) {
        rc = dir_locks(store, arena, path, query, &above);
        if (rc == STORE_OK)
            add_locks(arena, &locks, &above);
    }
    if (rc == STORE_OK)
        *locks_out = locks;
    named_done(&named);
    return rc;
}

enum store_rc named_lock(struct store_change *change, const struct lock_wish *wish)
{
    struct store *store = change->store;
    struct lock lock = *wish->lock;
    struct named named;
    name_resource(&named, store, lock.root);
    lock.root = named.first;
    enum store_rc rc = wish->makes_resource ? dir_lock_new(store, &lock) : dir_lock(store, &lock);
    named_done(&named);
    return rc;
}

enum store_rc named_unlock(struct store_change *change, const struct lock *lock)
{
    return dir_unlock(change->store, lock->token); /* it has but one, whatever its root is called */
}

/* --- trees --- */

/* Stands between a walk and who asked for it. */
struct teller {
    struct store_visitor base;
    struct store_visitor *visitor;
    struct arena arena; /* of one question */
    const struct dir_alias *from;
    const struct dir_alias *to; /* NULL: there is none */
};

static struct teller *teller_of(struct store_visitor *visitor)
{
    return CONTAINER_OF(visitor, struct teller, base);
}

static struct res_path tell(struct teller *teller, struct res_path first)
{
    arena_reset(&teller->arena);
    struct res_path path = told(&teller->arena, teller->from, first);
    return teller->to && path_eq(path, first) ? told(&teller->arena, teller->to, first) : path;
}

static unsigned tell_refuse(struct store_visitor *visitor, struct res_path path)
{
    struct teller *teller = teller_of(visitor);
    return teller->visitor->refuse(teller->visitor, tell(teller, path));
}

static bool tell_may_refuse(struct store_visitor *visitor, struct res_path path)
{
    struct teller *teller = teller_of(visitor);
    return teller->visitor->may_refuse(teller->visitor, tell(teller, path));
}

static void tell_failed(struct store_visitor *visitor, struct res_path path, bool is_collection,
                        enum store_rc rc, unsigned reason)
{
    struct teller *teller = teller_of(visitor);
    teller->visitor->failed(teller->visitor, tell(teller, path), is_collection, rc, reason);
}

static unsigned tell_refuse_copy(struct store_visitor *visitor, struct res_path path)
{
    struct teller *teller = teller_of(visitor);
    if (!teller->visitor->refuse_copy)
        return 0;
    return teller->visitor->refuse_copy(teller->visitor, tell(teller, path));
}

static unsigned tell_refuse_link(struct store_visitor *visitor, struct res_path path,
                                 struct res_path real)
{
    struct teller *teller = teller_of(visitor);
    if (!teller->visitor->refuse_link)
        return 0;
    struct res_path seen = tell(teller, path);
    return teller->visitor->refuse_link(teller->visitor, seen,
                                        told(&teller->arena, teller->from, real));
}

static struct teller teller_for(struct store_visitor *visitor, const struct named *from,
                                const struct named *to)
{
    return (struct teller){
        .base = {tell_refuse, tell_may_refuse, tell_failed, tell_refuse_copy, tell_refuse_link},
        .visitor = visitor,
        .from = &from->alias,
        .to = to ? &to->alias : NULL,
    };
}

enum store_rc named_remove(struct store_change *change, struct res_path path,
                           struct store_visitor *visitor)
{
    struct store *store = change->store;
    struct named named;
    name_member(&named, store, path);
    struct teller teller = teller_for(visitor, &named, NULL);
    enum store_rc rc = dir_remove(store, named.first, &teller.base);
    cache_note_change(dir_of(store)->cache);
    arena_done(&teller.arena);
    named_done(&named);
    return rc;
}

/* A copy is of the resource, with what may be mounted on it; a move is of the name. */
static enum store_rc transfer_named(struct store *store, const struct store_transfer *transfer,
                                    struct store_visitor *visitor, bool is_move)
{
    struct store_transfer first = *transfer;
    struct named from;
    struct named to;
    (is_move ? name_member : name_resource)(&from, store, transfer->from);
    name_member(&to, store, transfer->to);
    first.from = from.first;
    first.to = to.first;
    struct teller teller = teller_for(visitor, &from, &to);
    enum store_rc rc = (is_move ? dir_move : dir_copy)(store, &first, &teller.base);
    cache_note_change(dir_of(store)->cache);
    arena_done(&teller.arena);
    named_done(&to);
    named_done(&from);
    return rc;
}

enum store_rc named_copy(struct store_change *change, const struct store_transfer *transfer,
                         struct store_visitor *visitor)
{
    return transfer_named(change->store, transfer, visitor, false);
}

enum store_rc named_move(struct store_change *change, const struct store_transfer *transfer,
                         struct store_visitor *visitor)
{
    return transfer_named(change->store, transfer, visitor, true);
}
