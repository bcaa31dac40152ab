/* A visitor that stands between who asked and one store of the view: a store speaks of its own
 * paths, who asked of the view's, and so each question and each failure goes through back(). What
 * a link leads to must be seen in the view, too, or it leads out; that the guide says itself, with
 * a reason that no other has.
 *
 * A change over several stores is made of several calls, and only the first of them may send all of
 * it back to its beginning (AGAIN): the others are repeated where they stand, a few times. */
#include "store/view/guide.h"

#include "store/store.h"

enum {
    AGAIN_MAX = 8,
    LEADS_OUT = 1 << 30, /* a reason of the guide's own: a link out of the mount */
};

static struct guide *guide_of(struct store_visitor *visitor)
{
    return CONTAINER_OF(visitor, struct guide, base);
}

static struct res_path back(struct guide *guide, struct res_path real)
{
    arena_reset(&guide->arena);
    if (guide->to_real.at && path_is_within(real, guide->to_real))
        return path_rebase(&guide->arena, real, guide->to_real, guide->to);
    if (path_is_within(real, guide->from_real))
        return path_rebase(&guide->arena, real, guide->from_real, guide->from);
    return real;
}

static unsigned guide_refuse(struct store_visitor *visitor, struct res_path path)
{
    struct guide *guide = guide_of(visitor);
    return guide->visitor->refuse(guide->visitor, back(guide, path));
}

static bool guide_may_refuse(struct store_visitor *visitor, struct res_path path)
{
    struct guide *guide = guide_of(visitor);
    return guide->visitor->may_refuse(guide->visitor, back(guide, path));
}

static void guide_failed(struct store_visitor *visitor, struct res_path path, bool is_collection,
                         enum store_rc rc, unsigned reason)
{
    struct guide *guide = guide_of(visitor);
    if (reason == LEADS_OUT)
        guide->visitor->failed(guide->visitor, back(guide, path), is_collection, STORE_DENIED, 0);
    else
        guide->visitor->failed(guide->visitor, back(guide, path), is_collection, rc, reason);
}

static unsigned guide_refuse_copy(struct store_visitor *visitor, struct res_path path)
{
    struct guide *guide = guide_of(visitor);
    if (!guide->visitor->refuse_copy)
        return 0;
    return guide->visitor->refuse_copy(guide->visitor, back(guide, path));
}

static unsigned guide_refuse_link(struct store_visitor *visitor, struct res_path path,
                                  struct res_path real)
{
    struct guide *guide = guide_of(visitor);
    struct res_path seen = back(guide, path);
    struct res_path seen_real = real;
    if (guide->view && !mount_shows(guide->view, &guide->arena, guide->mount, real, &seen_real))
        return LEADS_OUT;
    if (!guide->visitor->refuse_link)
        return 0;
    return guide->visitor->refuse_link(guide->visitor, seen, seen_real);
}

struct guide guide_for(struct store_visitor *visitor)
{
    return (struct guide){.base = {guide_refuse, guide_may_refuse, guide_failed, guide_refuse_copy,
                                   guide_refuse_link},
                          .visitor = visitor};
}

void guide_done(struct guide *guide)
{
    arena_done(&guide->arena);
}

bool steps_repeat(struct steps *steps, enum store_rc *rc)
{
    bool is_again = *rc == STORE_AGAIN;
    steps->has_changed |= *rc == STORE_OK || *rc == STORE_PARTIAL;
    if (is_again && steps->has_changed && steps->again_count++ < AGAIN_MAX)
        return true;
    if (is_again && steps->has_changed)
        *rc = STORE_UNAVAILABLE;
    steps->again_count = 0;
    return false;
}

bool steps_repeat_at(struct steps *steps, struct store *store, struct res_path path,
                     enum store_rc *rc)
{
    struct store_stat stat;
    if (!steps_repeat(steps, rc))
        return false;
    (void)!store_stat(store, path, 0, &stat); /* the call itself says what is there */
    return true;
}
