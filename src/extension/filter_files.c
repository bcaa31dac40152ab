/* ownCloud's report filter-files, by which phones show what their user has marked as a favourite: a
 * listing of all that is below, of what has the dead property oc:favorite.
 *
 * A favourite is a resource with the dead property oc:favorite, whose value is 1; nothing else is
 * kept of it. So favourites are found by a walk of all that is below (dav/listing.c): it streams,
 * one item at a time, and what has no dead properties at all is passed over without a look.
 *
 * What may not be read, or cannot, is not known to be a favourite: nothing is said of it.
 *
 * Rejected: an index of favourites. It would be a second truth, to be kept with each move, copy and
 * restored file, for what a phone asks when its user opens one page. */
#include "dav/extension.h"
#include "dav/listing.h"
#include "dav/prop/answer.h"
#include "dav/prop/changes.h"
#include "dav/report.h"
#include "dav/target.h"
#include "exchange/body.h"
#include "exchange/respond.h"

enum { INLINE_BODY_BYTES = 65536 };

struct favorites {
    struct walk_item target;
    struct propfind_request props;
    struct listing listing;
};

static struct favorites *favorites_of(struct listing *listing)
{
    return CONTAINER_OF(listing, struct favorites, listing);
}

/* --- one of them --- */

struct mark {
    struct store_prop_visitor visitor;
    bool is_set;
};

static bool is_mark(struct store_prop_visitor *visitor, struct str ns, struct str name)
{
    (void)visitor; /* all of it is in the name */
    return str_eq(name, STR("favorite")) && str_eq(ns, STR(NS_OWNCLOUD));
}

/* The element stands on its own: a tag, its text, a tag. */
static enum store_rc read_mark(struct store_prop_visitor *visitor, const struct store_prop *prop)
{
    struct mark *mark = CONTAINER_OF(visitor, struct mark, visitor);
    struct str text = prop->xml;
    (void)str_cut(&text, '>');
    mark->is_set = str_eq(str_trim(str_cut(&text, '<')), STR("1"));
    return STORE_OK;
}

static bool is_favorite(const struct prop_target *target)
{
    struct mark mark = {.visitor = {.wants = is_mark, .show = read_mark}};
    return !target->is_part && store_shows_props(target->store, target->real) &&
           store_props(target->store, target->real, &mark.visitor) == STORE_OK && mark.is_set;
}

/* --- the listing --- */

static bool tell(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return !is_favorite(&target) ||
           prop_answer(listing->body, &target, &favorites_of(listing)->props);
}

/* What cannot be read is not known to be one. */
static void refuse(struct listing *listing, const struct walk_item *item, unsigned status)
{
    (void)listing, (void)item, (void)status; /* so nothing is said of it */
}

static bool tell_unreachable(struct listing *listing, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why)
{
    (void)listing, (void)arena, (void)item, (void)why; /* likewise */
    return true;
}

static bool blocks(const struct listing *listing, const struct walk_item *item)
{
    struct store *store = target_of(listing->x)->store;
    return item->rc == STORE_OK &&
           (store->traits.reads_block || store_may_have_props(store, item->real));
}

static const struct listing_ops ops = {tell, refuse, tell_unreachable, blocks};

/* --- the request --- */

static enum stage_end filter_read(struct exchange *x)
{
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    struct favorites *favorites = ARENA_NEW(x->arena, struct favorites);
    favorites->target = *report_item(x);
    x->state = favorites;
    struct dav_result result =
        filter_parse(buf_str(&x->body), x->service->limits, x->arena, &favorites->props);
    exchange_drop_body(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static enum stage_end filter_answer(struct exchange *x)
{
    struct favorites *favorites = x->state;
    listing_init(&favorites->listing, x, &ops);
    favorites->listing.wants = propfind_wants(&favorites->props) | WANTS_PROPS;
    favorites->listing.leaves_out_target = true;
    report_begin_answer(x, &favorites->props);
    return listing_answer(&favorites->listing, &favorites->target, DEPTH_INFINITY);
}

static bool is_sync_client(const struct exchange *x)
{
    return x->dialect == MULTISTATUS_SYNC;
}

static const struct stage stages[] = {
    {"read", filter_read, ON_READ},
    {"answer", filter_answer, ON_READ},
};

static const struct dav_report reports[] = {
    {stages, STR_INIT(NS_OWNCLOUD), STR_INIT("filter-files"), METHOD_ON_COLLECTION,
     changes_are_logged},
    {0},
};

const struct dav_extension filter_files_extension = {
    .name = STR_INIT("filter-files"),
    .where = STR_INIT("ownCloud"),
    .is_on = is_sync_client,
    .reports = reports,
};
