/* A change of what is outside is one of what is kept as well: of the versions of what it is about,
 * and of a new member of the trash. The versions' collections lie as the resources do, so the
 * ranges of the one tell those of the other, and two changes that have nothing to do with each
 * other outside have nothing to do with each other there.
 *
 * What a new member will be called nobody can know before it is there, since its name is a moment
 * and a number by chance. So it is not claimed: trash_cover() only tells the gate that the change
 * is about it.
 *
 * Collections that are missing above those of versions are claimed by who may have to make them,
 * once: whoever finds later that one is missing that he has not claimed begins anew. */
#include "base/mem.h"
#include "store/trash/kept_priv.h"
#include "store/wrapper.h"

/* The ranges of the change inside; after those that were claimed there is room for one more. */
struct ranges {
    size_t claimed;
    struct claim_range at[];
};

static bool is_there(const struct trash_store *trash, struct res_path path)
{
    struct store_stat stat;
    return store_stat(trash->inner, path, 0, &stat) == STORE_OK;
}

static bool is_file(const struct trash_store *trash, struct res_path path)
{
    struct store_stat stat;
    return store_stat(trash->inner, path, 0, &stat) == STORE_OK && !stat.is_collection;
}

/* Whether it is about something of which there may be versions when it has been made. */
static bool may_need_way(const struct trash_store *trash, struct store_change *change)
{
    for (size_t i = 0; i < change->range_count; i++) {
        const struct claim_range *range = &change->ranges[i];
        struct spot spot = trash_spot(trash, &change->arena, range->path);
        if (!range->is_write || !spot.base.at || !spot.rest.len)
            continue;
        if (is_file(trash, spot_real(&change->arena, &spot, range->path)) ||
            is_there(trash, spot_versions(&change->arena, &spot)))
            return true;
    }
    return false;
}

struct wanted {
    const struct trash_store *trash;
    struct store_change *change; /* whose arena is used */
    struct store_change ranges;  /* a list of ranges, and no change at all */
};

static void want(struct wanted *wanted, struct res_path path, enum claim_reach reach)
{
    change_add(&wanted->ranges, path, reach, true);
}

/* The collections from the trash down to the one that holds `versions`, which are missing. */
static void want_way(struct wanted *wanted, const struct spot *spot, struct res_path versions)
{
    struct res_path path = path_parent(versions);
    while (path.len >= spot->trash.len && !is_there(wanted->trash, path)) {
        want(wanted, path, CLAIM_SELF);
        path = path_parent(path);
    }
}

static void want_kept(struct wanted *wanted, const struct claim_range *range,
                      const struct spot *spot, bool needs_way)
{
    struct arena *arena = &wanted->change->arena;
    struct res_path versions = spot_versions(arena, spot);
    if (!range->is_write || spot->zone != ZONE_OUTSIDE || !spot->base.at || !spot->rest.len)
        return;
    if (wanted->trash->inner->traits.reads_block) { /* and nobody may look here */
        want(wanted, spot->trash, CLAIM_TREE);
        return;
    }
    want(wanted, versions, CLAIM_TREE);
    struct res_path all = path_join(arena, spot->trash, SPOT_VERSIONS);
    want_way(wanted, spot, needs_way ? versions : path_join(arena, all, SPOT_KEPT));
}

bool trash_begin(struct store *store, struct store_change *change)
{
    struct trash_store *trash = trash_of(store);
    struct wanted wanted = {.trash = trash, .change = change};
    bool needs_way = !trash->inner->traits.reads_block && may_need_way(trash, change);
    for (size_t i = 0; i < change->range_count; i++) {
        const struct claim_range *range = &change->ranges[i];
        struct spot spot = trash_spot(trash, &change->arena, range->path);
        bool is_whole = spot.zone == ZONE_KEPT && !spot.rest.len && range->reach == CLAIM_TREE;
        struct res_path real = is_whole ? spot.slot : spot_real(&change->arena, &spot, range->path);
        change_add(&wanted.ranges, real, range->reach, range->is_write);
        want_kept(&wanted, range, &spot, needs_way);
    }
    size_t count = wanted.ranges.range_count;
    struct ranges *ranges =
        arena_alloc(&change->arena, sizeof(*ranges) + (count + 1) * sizeof(ranges->at[0]));
    ranges->claimed = count;
    memcpy(ranges->at, wanted.ranges.ranges, count * sizeof(ranges->at[0]));
    arena_done(&wanted.ranges.arena);
    return wrapper_begin_about(trash->inner, change, ranges->at, count);
}

void trash_cover(struct store_change *inside, struct res_path path)
{
    struct ranges *ranges = CONTAINER_OF(inside->ranges, struct ranges, at[0]);
    ranges->at[ranges->claimed] = (struct claim_range){path, CLAIM_TREE, true};
    inside->range_count = ranges->claimed + 1;
}
