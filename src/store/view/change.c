/* A change on a view is a change on each store that its ranges are in. They are begun one after the
 * other in the order of the stores' addresses, which is the same for everybody, so that two
 * requests that need the same two stores never wait for each other. Ranges where no mount is need
 * none: nothing can change there.
 *
 * It has begun when the last part has, and has failed when one of them has; those before it are
 * ended then. While it lasts, the view is looked at through its parts (view_store()). */
#include "store/view/change.h"

struct view_part {
    struct store_change change; /* of `store` */
    struct store *store;
    struct view *view;
};

static struct view_part *find_part(const struct view *view, const struct store *store)
{
    for (size_t i = 0; i < view->part_count; i++) {
        if (view->parts[i].store == store)
            return &view->parts[i];
    }
    return NULL;
}

struct store *view_store(const struct view *view, const struct mount *mount)
{
    const struct view_part *part = find_part(view, mount->store);
    return part && part->change.is_begun ? part->change.store : mount->store;
}

struct store_change *view_change(struct store_change *change, const struct mount *mount)
{
    struct view_part *part = find_part(view_of(change->store), mount->store);
    assert(part); /* the ranges are in it: the gate has looked */
    part->change.room = (struct store_room){mount->base, mount->quota_bytes};
    return &part->change;
}

/* --- beginning and ending --- */

static void end_parts(struct view *view)
{
    while (view->part_count > 0)
        store_end(&view->parts[--view->part_count].change);
}

static void part_begun(struct store_change *change);

/* True: all parts have begun, or one has failed, and with it the whole. */
static bool begin_rest(struct view *view)
{
    while (view->whole->rc == STORE_OK && view->begun_count < view->part_count) {
        struct view_part *part = &view->parts[view->begun_count];
        part->change.executor = view->whole->executor;
        part->change.begun = part_begun;
        part->change.who = view->whole->who;
        if (!store_begin(part->store, &part->change))
            return false;
        view->begun_count++;
        view->whole->rc = part->change.rc;
    }
    if (view->whole->rc != STORE_OK)
        end_parts(view);
    return true;
}

static void part_begun(struct store_change *change)
{
    struct view *view = CONTAINER_OF(change, struct view_part, change)->view;
    view->begun_count++;
    view->whole->rc = change->rc;
    if (begin_rest(view))
        change_tell(view->whole);
}

static void add_part(struct view *view, struct store *store)
{
    size_t at = 0;
    if (find_part(view, store))
        return;
    while (at < view->part_count && view->parts[at].store < store)
        at++;
    memmove(&view->parts[at + 1], &view->parts[at],
            (view->part_count - at) * sizeof(struct view_part));
    view->parts[at] = (struct view_part){.store = store, .view = view};
    view->part_count++;
}

bool view_begin_change(struct store *store, struct store_change *change)
{
    struct view *view = view_of(store);
    const struct mount *mount;
    size_t most = size_min(change->range_count, view->count);
    assert(view->part_count == 0); /* one change at a time */
    view->whole = change;
    view->begun_count = 0;
    view->parts = arena_alloc(view->arena, most * sizeof(*view->parts));
    for (size_t i = 0; i < change->range_count; i++) {
        mount = view_find(view, change->ranges[i].path);
        if (mount)
            add_part(view, mount->store);
    }
    for (size_t i = 0; i < change->range_count; i++) {
        const struct claim_range *range = &change->ranges[i];
        mount = view_find(view, range->path);
        if (mount)
            change_add(&find_part(view, mount->store)->change,
                       view_enter(view->arena, mount, range->path), range->reach, range->is_write);
    }
    return begin_rest(view);
}

void view_end_change(struct store_change *change)
{
    struct view *view = view_of(change->store);
    assert(view->whole == change);
    end_parts(view);
}
