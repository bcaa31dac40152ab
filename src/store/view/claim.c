/* A claim on a view is a claim on each store that its ranges are in. They are taken one after the
 * other in the order of the stores' addresses, which is the same for everybody, so that two
 * requests that need the same two stores never wait for each other. Ranges where no mount is need
 * no claim: nothing can change there.
 *
 * The claim that the caller embeds is in no store's list; it is told when the last part is held. */
#include "store/store.h"
#include "store/view/view_priv.h"

static struct view_claim *part_for(struct view *view, struct store *store)
{
    size_t at = 0;
    while (at < view->part_count && view->parts[at].store < store)
        at++;
    if (at < view->part_count && view->parts[at].store == store)
        return &view->parts[at];
    assert(view->part_count < VIEW_STORES_MAX);
    memmove(&view->parts[at + 1], &view->parts[at],
            (view->part_count - at) * sizeof(struct view_claim));
    view->part_count++;
    view->parts[at] = (struct view_claim){.store = store, .view = view};
    return &view->parts[at];
}

static void part_granted(struct claim *claim);

/* True: all parts are held. */
static bool take_rest(struct view *view)
{
    while (view->held_count < view->part_count) {
        struct view_claim *part = &view->parts[view->held_count];
        part->claim.executor = view->whole->executor;
        part->claim.granted = part_granted;
        if (!store_claim(part->store, &part->claim))
            return false;
        view->held_count++;
    }
    return true;
}

static void part_granted(struct claim *claim)
{
    struct view *view = CONTAINER_OF(claim, struct view_claim, claim)->view;
    view->held_count++;
    if (take_rest(view))
        view->whole->granted(view->whole);
}

bool view_take_claim(struct store *store, struct claim *claim)
{
    struct view *view = view_of(store);
    view->whole = claim;
    view->part_count = view->held_count = 0;
    for (size_t i = 0; i < claim->range_count; i++) {
        const struct claim_range *range = &claim->ranges[i];
        const struct mount *mount = view_find(view, range->path);
        if (!mount)
            continue;
        claim_add(&part_for(view, mount->store)->claim, view_enter(view->arena, mount, range->path),
                  range->reach, range->is_write);
    }
    return take_rest(view);
}

void view_release_claim(struct store *store, struct claim *claim)
{
    struct view *view = view_of(store);
    assert(view->whole == claim && view->held_count == view->part_count);
    while (view->held_count > 0) {
        struct view_claim *part = &view->parts[--view->held_count];
        store_release(part->store, &part->claim);
    }
}
