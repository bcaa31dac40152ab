#include "store/wrapper.h"

#include "base/mem.h"

struct inside {
    struct store_change change;
    struct store *store;
    struct store_change *outer;
};

static struct inside *inside_of(struct store_change *change)
{
    return CONTAINER_OF(change, struct inside, change);
}

/* What has become of it is what has become of the outer one. */
static void settle(struct inside *inside)
{
    struct store_change *outer = inside->outer;
    outer->rc = inside->change.rc;
    assert(outer->rc != STORE_OK || inside->change.store == inside->store);
    if (outer->rc == STORE_OK)
        return;
    store_end(&inside->change);
    mem_free(inside);
    outer->own = NULL;
}

static void inside_begun(struct store_change *change)
{
    struct inside *inside = inside_of(change);
    struct store_change *outer = inside->outer;
    settle(inside);
    change_tell(outer);
}

bool wrapper_begin_about(struct store *store, struct store_change *change,
                         struct claim_range *ranges, size_t count)
{
    struct inside *inside = MEM_NEW(struct inside);
    inside->store = store;
    inside->outer = change;
    inside->change.executor = change->executor;
    inside->change.begun = inside_begun;
    inside->change.who = change->who;
    inside->change.ranges = ranges;
    inside->change.range_count = count;
    change->own = inside;
    if (!store_begin(store, &inside->change))
        return false;
    settle(inside);
    return true;
}

bool wrapper_begin(struct store *store, struct store_change *change)
{
    return wrapper_begin_about(store, change, change->ranges, change->range_count);
}

struct store_change *wrapper_inside(struct store_change *change)
{
    struct inside *inside = change->own;
    inside->change.room = change->room;
    if (inside->change.ranges == change->ranges) /* there may be more of them by now */
        inside->change.range_count = change->range_count;
    return &inside->change;
}

void wrapper_end(struct store_change *change)
{
    struct inside *inside = change->own;
    store_end(&inside->change);
    mem_free(inside);
    change->own = NULL;
}
