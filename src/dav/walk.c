/* A depth-first walk over store cursors: an item is given before its members, and memory grows with
 * the depth of the tree, never with the number of members.
 *
 * Invariants
 *  (1) `path` and `real` are buffers that each segment is written into behind its collection's; an
 *      item's views of them hold until the next step;
 *  (2) a collection is opened for listing before it is given, so that the item itself can say that
 *      it cannot be listed; the walk then goes on beside it;
 *  (3) what has gone since its collection was listed is left out: it is no member any more;
 *  (4) a link is given as what it leads to, with that path as its `real`; one that leads nowhere,
 *      or out of what the store shows, is left out. Collections behind links are not entered: they
 *      might lead in circles.
 *
 * A listing that breaks off ends the walk with its code: what has been given so far is not the
 * whole, and who walks must not say that it is. */
#include "dav/walk.h"

#include "base/mem.h"
#include "exchange/destination.h"

struct walk_level {
    struct walk_level *outer;
    struct store_cursor *cursor;
    size_t path_len; /* of the collection, within walk->path */
    size_t real_len;
    bool is_part;
};

static struct res_path view(const struct buf *buf)
{
    return (struct res_path){buf->at, buf->len};
}

void walk_init(struct walk *walk, struct store *store, const struct walk_item *target,
               enum depth depth, unsigned depth_max)
{
    *walk = (struct walk){
        .store = store, .depth_max = depth_max, .depth = depth, .target = target->stat};
    buf_add(&walk->path, path_str(target->path));
    buf_add(&walk->real, path_str(target->real));
}

static void leave(struct walk *walk)
{
    struct walk_level *level = walk->level;
    walk->level = level->outer;
    walk->level_count--;
    store_cursor_close(&level->cursor);
    mem_free(level);
}

void walk_done(struct walk *walk)
{
    while (walk->level)
        leave(walk);
    buf_done(&walk->path);
    buf_done(&walk->real);
    arena_done(&walk->arena);
}

/* Opens the collection that the walk is at. */
static enum store_rc enter(struct walk *walk, bool is_part)
{
    struct store_cursor *cursor;
    if (walk->level_count > walk->depth_max)
        return STORE_TOO_DEEP;
    enum store_rc rc = store_list(walk->store, view(&walk->real), walk->wants, &cursor);
    if (rc != STORE_OK)
        return rc;
    struct walk_level *level = MEM_NEW(struct walk_level);
    level->outer = walk->level;
    level->cursor = cursor;
    level->path_len = walk->path.len;
    level->real_len = walk->real.len;
    level->is_part = is_part;
    walk->level = level;
    walk->level_count++;
    return STORE_OK;
}

static enum walk_entry may_enter(struct walk *walk, const struct walk_item *item)
{
    return walk->may_enter ? walk->may_enter(walk, item->path, item->real) : WALK_ENTERS;
}

/* Completes the item that the walk is at; `enters`: its members come next. */
static void give(struct walk *walk, struct walk_item *item, bool enters)
{
    item->path = view(&walk->path);
    item->real = view(&walk->real);
    if (!enters || item->rc != STORE_OK || !item->stat.is_collection)
        return;
    enum walk_entry entry = may_enter(walk, item);
    if (entry == WALK_PASSES_BY)
        return;
    item->rc = enter(walk, entry == WALK_ENTERS_PART);
    item->is_listing_rc = item->rc != STORE_OK;
}

/* The same for a link. What may not be entered is not looked at either: whoever asked for the walk
 * will say so. False: it is no member. */
static bool give_link(struct walk *walk, struct walk_item *item)
{
    arena_reset(&walk->arena);
    item->path = view(&walk->path);
    item->real = view(&walk->real);
    item->rc = store_locate(walk->store, &walk->arena, item->real, LOCATE_RESOURCE, &item->real);
    if (item->rc == STORE_OK && may_enter(walk, item) != WALK_PASSES_BY)
        item->rc = store_stat(walk->store, item->real, walk->wants, &item->stat);
    switch (item->rc) {
    case STORE_NOT_FOUND:
    case STORE_NO_PARENT:
    case STORE_ALIAS:
    case STORE_DENIED:
        return false;
    default:
        return true;
    }
}

enum store_rc walk_next(struct walk *walk, struct walk_item *item_out)
{
    struct store_member member;
    *item_out = (struct walk_item){0};
    if (!walk->has_given_target) {
        walk->has_given_target = true;
        item_out->stat = walk->target;
        give(walk, item_out, walk->depth != DEPTH_0);
        return STORE_OK;
    }
    while (walk->level) {
        struct walk_level *level = walk->level;
        enum store_rc rc = store_cursor_next(level->cursor, &member);
        if (rc == STORE_END) {
            leave(walk);
            continue;
        }
        if (rc != STORE_OK)
            return rc;
        path_step(&walk->path, level->path_len, member.name);
        path_step(&walk->real, level->real_len, member.name);
        *item_out = (struct walk_item){.stat = member.stat,
                                       .rc = member.rc,
                                       .is_mount = member.is_mount,
                                       .is_link = member.is_link,
                                       .is_of_part = level->is_part};
        if (member.is_link && !give_link(walk, item_out))
            continue;
        if (!member.is_link)
            give(walk, item_out, walk->depth == DEPTH_INFINITY);
        /* Otherwise it has gone since it was listed, or is a link now. */
        if (item_out->rc != STORE_NOT_FOUND && item_out->rc != STORE_ALIAS)
            return STORE_OK;
    }
    return STORE_END;
}

bool walk_is_quick(const struct walk *walk)
{
    return !walk->level || (walk->level->cursor->is_quick && walk->depth != DEPTH_INFINITY);
}
