/* DELETE, COPY and MOVE where something is kept.
 *
 * A file that a file replaces is overwritten: what it was is kept as a version of what is called
 * so, and it is replaced in one step as ever. Where a collection replaces something, or is
 * replaced, what was there is deleted, and kept as that; then nothing is there until the other
 * comes, and if it does not come, what was there is put back. Its lock stays the name's (RFC 4918
 * §7.6).
 *
 * A member of the trash that is moved out of it takes its versions along, which go first: so none
 * is lost if a crash comes in between. Nothing is moved or copied into it, and a version can only
 * be copied. */
#include "store/silent.h"
#include "store/trash/kept_priv.h"
#include "store/view/guide.h"
#include "store/wrapper.h"

/* --- DELETE --- */

/* A member of the trash, or of one. */
static enum store_rc purge(struct store_change *inside, const struct spot *spot,
                           struct res_path path, struct store_visitor *visitor)
{
    struct store_visitor silent = silent_visitor();
    struct guide guide = guide_for(visitor);
    guide.from = path;
    guide.from_real = spot_real(&inside->arena, spot, path);
    enum store_rc rc = store_remove(inside, guide.from_real, &guide.base);
    guide_done(&guide);
    if (rc == STORE_OK && !spot->rest.len)
        (void)!store_remove(inside, spot->slot, &silent); /* or the sweeper will */
    return rc == STORE_NO_PARENT ? STORE_NOT_FOUND : rc;
}

static bool purge_member(struct store_change *inside, struct trash_store *trash,
                         struct res_path path, struct store_visitor *visitor)
{
    struct spot spot = trash_spot(trash, &inside->arena, path);
    enum store_rc rc = purge(inside, &spot, path, visitor);
    if (rc != STORE_OK && rc != STORE_PARTIAL && rc != STORE_NOT_FOUND)
        visitor->failed(visitor, path, true, rc, 0);
    return rc == STORE_OK || rc == STORE_NOT_FOUND;
}

/* All that was deleted; versions stay, and so does the trash, which is always there. */
static enum store_rc purge_all(struct store_change *change, const struct spot *spot,
                               struct store_visitor *visitor)
{
    struct store_change *inside = wrapper_inside(change);
    struct store_cursor *cursor = NULL;
    struct store_member member;
    bool is_complete = true;
    enum store_rc rc = store_list(change->store, spot->trash, 0, &cursor);
    while (rc == STORE_OK && (rc = store_cursor_next(cursor, &member)) == STORE_OK) {
        struct arena arena = {0};
        struct res_path path = path_join(&arena, spot->trash, member.name);
        is_complete = purge_member(inside, trash_of(change->store), path, visitor) && is_complete;
        arena_done(&arena);
    }
    store_cursor_close(&cursor);
    if (rc != STORE_END)
        return rc;
    return is_complete ? STORE_OK : STORE_PARTIAL;
}

enum store_rc trash_remove(struct store_change *change, struct res_path path,
                           struct store_visitor *visitor)
{
    struct trash_store *trash = trash_of(change->store);
    struct store_change *inside = wrapper_inside(change);
    struct spot spot = trash_spot(trash, &inside->arena, path);
    struct res_path slot;
    switch (spot.zone) {
    case ZONE_OUTSIDE:
        return keep_deleted(trash, inside, path, visitor, &slot);
    case ZONE_TRASH:
        return purge_all(change, &spot, visitor);
    case ZONE_KEPT:
        return purge(inside, &spot, path, visitor);
    case ZONE_VERSIONS:
        return STORE_DENIED;
    }
    BUG("no such zone");
}

/* --- COPY and MOVE --- */

struct transfer {
    struct trash_store *trash;
    struct store_change *inside;
    struct store_transfer what; /* in the store inside */
    struct spot from, to;
    struct store_visitor *visitor;
    struct guide guide; /* where `from` is kept */
    bool is_move;

    struct res_path version; /* of what is overwritten; at NULL: there is none */
    struct res_path slot;    /* where what is replaced was put; likewise */
    struct lock_list locks;  /* that were its own */
};

/* It is taken out of the trash, with its versions. */
static bool is_restored(const struct transfer *transfer)
{
    return transfer->is_move && transfer->from.zone == ZONE_KEPT;
}

static enum store_rc carry_out(struct transfer *transfer)
{
    return (transfer->is_move ? store_move : store_copy)(transfer->inside, &transfer->what,
                                                         transfer->visitor);
}

/* Failures are told when it is replaced: what has stayed is met once more. */
struct mute {
    struct store_visitor base;
    struct store_visitor *visitor;
};

static struct store_visitor *outer_of(struct store_visitor *visitor)
{
    return CONTAINER_OF(visitor, struct mute, base)->visitor;
}

static unsigned mute_refuse(struct store_visitor *visitor, struct res_path path)
{
    struct store_visitor *outer = outer_of(visitor);
    return outer->refuse(outer, path);
}

static bool mute_may_refuse(struct store_visitor *visitor, struct res_path path)
{
    struct store_visitor *outer = outer_of(visitor);
    return outer->may_refuse(outer, path);
}

static enum store_rc find_locks(struct transfer *transfer)
{
    struct arena *arena = &transfer->inside->arena;
    struct lock_list *locks = &transfer->locks;
    size_t count = 0;
    enum store_rc rc =
        store_locks(transfer->inside->store, arena, transfer->what.to, LOCKS_COVERING, locks);
    for (size_t i = 0; rc == STORE_OK && i < locks->count; i++) {
        if (path_eq(locks->items[i].root, transfer->what.to))
            locks->items[count++] = locks->items[i];
    }
    locks->count = rc == STORE_OK ? count : 0;
    return rc;
}

static enum store_rc put_back_locks(struct transfer *transfer)
{
    enum store_rc rc = STORE_OK;
    for (size_t i = 0; rc == STORE_OK && i < transfer->locks.count; i++)
        rc = store_lock(transfer->inside, &(struct lock_wish){.lock = &transfer->locks.items[i]});
    return rc;
}

/* What is at the destination makes room by being deleted. PARTIAL: some of it has stayed. */
static enum store_rc delete_target(struct transfer *transfer)
{
    struct mute mute = {silent_visitor(), transfer->visitor};
    mute.base.refuse = mute_refuse;
    mute.base.may_refuse = mute_may_refuse;
    enum store_rc rc = find_locks(transfer);
    if (rc == STORE_OK)
        rc = keep_deleted(transfer->trash, transfer->inside, transfer->what.to, &mute.base,
                          &transfer->slot);
    return rc == STORE_PARTIAL ? STORE_OK : rc;
}

/* Nothing has come in its place. */
static void put_back(struct transfer *transfer)
{
    struct store_change *inside = transfer->inside;
    struct store_visitor silent = silent_visitor();
    struct arena *arena = &inside->arena;
    versions_drop(inside, transfer->version);
    if (!transfer->slot.at)
        return;
    const struct store_transfer back = {.from = path_join(arena, transfer->slot, SPOT_KEPT),
                                        .to = transfer->what.to,
                                        .is_deep = true,
                                        .expects_absent = true};
    trash_cover(inside, transfer->slot);
    (void)!versions_move(transfer->trash, inside, path_join(arena, transfer->slot, SPOT_OF_KEPT),
                         spot_versions(arena, &transfer->to));
    if (store_move(inside, &back, &silent) == STORE_OK)       /* or it is in the trash */
        (void)!store_remove(inside, transfer->slot, &silent); /* or the sweeper will */
    (void)!put_back_locks(transfer); /* or they are gone: the next to ask is told so */
}

/* Keeps what is at the destination, where something will be replaced. */
static enum store_rc make_way(struct transfer *transfer)
{
    struct store *store = transfer->inside->store;
    struct store_visitor *visitor = transfer->visitor;
    struct store_stat from;
    struct store_stat to;
    if (transfer->what.expects_absent || path_is_within(transfer->what.from, transfer->what.to) ||
        path_is_within(transfer->what.to, transfer->what.from) || !transfer->to.rest.len ||
        store_stat(store, transfer->what.from, WANTS_ID, &from) != STORE_OK ||
        store_stat(store, transfer->what.to, WANTS_ID, &to) != STORE_OK)
        return STORE_OK; /* it is refused, or nothing is there */
    if (from.id && from.id == to.id && from.version == to.version) /* one thing by two names */
        return STORE_OK;
    if (!from.is_collection && !to.is_collection && !is_restored(transfer))
        return versions_keep(transfer->trash, transfer->inside, transfer->what.to,
                             &transfer->version);
    if (transfer->is_move && visitor->refuse(visitor, transfer->what.from))
        return STORE_OK; /* and that is told */
    return delete_target(transfer);
}

static struct res_path versions_of(struct transfer *transfer, const struct spot *spot)
{
    return spot_versions(&transfer->inside->arena, spot);
}

static enum store_rc finish(struct transfer *transfer, enum store_rc rc)
{
    struct store_visitor silent = silent_visitor();
    struct store_change *inside = transfer->inside;
    enum store_rc after = STORE_OK;
    versions_thin(inside, transfer->version);
    if (transfer->slot.at)
        after = put_back_locks(transfer);
    if (rc == STORE_OK && transfer->is_move && !is_restored(transfer) && !transfer->version.at)
        after = versions_move(transfer->trash, inside, versions_of(transfer, &transfer->from),
                              versions_of(transfer, &transfer->to));
    if (rc == STORE_OK && is_restored(transfer) && !transfer->from.rest.len)
        (void)!store_remove(inside, transfer->from.slot, &silent); /* or the sweeper will */
    return after == STORE_OK ? rc : STORE_UNKNOWN;
}

static enum store_rc run(struct transfer *transfer)
{
    struct store_change *inside = transfer->inside;
    enum store_rc rc = make_way(transfer);
    bool is_restored_now = rc == STORE_OK && is_restored(transfer);
    if (is_restored_now)
        rc = versions_move(transfer->trash, inside, versions_of(transfer, &transfer->from),
                           versions_of(transfer, &transfer->to));
    if (rc != STORE_OK) {
        put_back(transfer);
        return rc;
    }
    rc = carry_out(transfer);
    if (rc == STORE_OK || rc == STORE_PARTIAL)
        return finish(transfer, rc);
    if (rc == STORE_UNKNOWN || rc == STORE_FAILED)
        return rc;
    if (is_restored_now)
        (void)!versions_move(transfer->trash, inside, versions_of(transfer, &transfer->to),
                             versions_of(transfer, &transfer->from)); /* they are not lost there */
    put_back(transfer);
    return rc;
}

/* What can be moved or copied. */
static bool may_leave(const struct transfer *transfer)
{
    struct store_stat stat;
    switch (transfer->from.zone) {
    case ZONE_OUTSIDE:
    case ZONE_KEPT:
        return true;
    case ZONE_TRASH:
        return false;
    case ZONE_VERSIONS:
        return !transfer->is_move &&
               store_stat(transfer->inside->store, transfer->what.from, 0, &stat) == STORE_OK &&
               !stat.is_collection;
    }
    BUG("no such zone");
}

static enum store_rc transfer(struct store_change *change, const struct store_transfer *what,
                              struct store_visitor *visitor, bool is_move)
{
    struct store_change *inside = wrapper_inside(change);
    struct transfer transfer = {.trash = trash_of(change->store),
                                .inside = inside,
                                .what = *what,
                                .visitor = visitor,
                                .is_move = is_move};
    transfer.from = trash_spot(transfer.trash, &inside->arena, what->from);
    transfer.to = trash_spot(transfer.trash, &inside->arena, what->to);
    transfer.what.from = spot_real(&inside->arena, &transfer.from, what->from);
    if (transfer.to.zone != ZONE_OUTSIDE || !may_leave(&transfer))
        return STORE_DENIED;
    if (!transfer.from.base.at || !transfer.to.base.at)
        return carry_out(&transfer);
    transfer.guide = guide_for(visitor);
    transfer.guide.from = what->from;
    transfer.guide.from_real = transfer.what.from;
    if (transfer.from.zone == ZONE_KEPT)
        transfer.visitor = &transfer.guide.base;
    enum store_rc rc = run(&transfer);
    guide_done(&transfer.guide);
    return rc;
}

enum store_rc trash_copy(struct store_change *change, const struct store_transfer *what,
                         struct store_visitor *visitor)
{
    return transfer(change, what, visitor, false);
}

enum store_rc trash_move(struct store_change *change, const struct store_transfer *what,
                         struct store_visitor *visitor)
{
    return transfer(change, what, visitor, true);
}
