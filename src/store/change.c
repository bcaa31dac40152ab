#include "store/change.h"

static bool is_full(size_t count)
{
    return count >= CHANGE_RANGES_FEW && (count & (count - 1)) == 0;
}

/* The first few cost nothing; beyond them the list doubles whenever a power of two is reached. */
void change_add(struct store_change *change, struct res_path path, enum claim_reach reach,
                bool is_write)
{
    assert(!change->is_begun);
    if (change->range_count == 0) {
        change->ranges = change->few;
    } else if (is_full(change->range_count)) {
        struct claim_range *more =
            arena_alloc(&change->arena, 2 * change->range_count * sizeof(*more));
        memcpy(more, change->ranges, change->range_count * sizeof(*more));
        change->ranges = more;
    }
    change->ranges[change->range_count++] = (struct claim_range){path, reach, is_write};
}

static bool covers(const struct claim_range *range, struct res_path path, enum claim_reach reach)
{
    if (range->reach == CLAIM_TREE)
        return path_is_within(path, range->path);
    return reach == CLAIM_SELF && path_eq(path, range->path);
}

bool change_covers(const struct store_change *change, struct res_path path, enum claim_reach reach,
                   bool is_write)
{
    for (size_t i = 0; i < change->range_count; i++) {
        const struct claim_range *range = &change->ranges[i];
        if ((range->is_write || !is_write) && covers(range, path, reach))
            return true;
    }
    return false;
}

void change_tell(struct store_change *change)
{
    change->is_begun = change->rc == STORE_OK;
    change->begun(change);
}

static void claim_granted(struct claim *claim)
{
    change_tell(CONTAINER_OF(claim, struct store_change, claim));
}

bool change_claim(struct store_change *change, struct claims *claims,
                  const struct claim_range *ranges)
{
    change->claim = (struct claim){.ranges = ranges,
                                   .range_count = change->range_count,
                                   .executor = change->executor,
                                   .granted = claim_granted};
    return claims_take(claims, &change->claim);
}
