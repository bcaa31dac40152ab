/* PROPFIND (RFC 4918 §9.1).
 *
 * Depth 0 is answered at once, on the loop, unless dead properties are asked for and may be there;
 * then on a worker, and as a whole. Deeper answers are a listing (dav/listing.c), which begins at
 * once, too, and goes on while it is sent. What is said of each resource is the same: the
 * properties that were asked for, or why they cannot be told. */
#include "dav/listing.h"
#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/principal.h"
#include "dav/prop/answer.h"
#include "dav/target.h"
#include "exchange/answer/compress.h"
#include "exchange/body.h"
#include "exchange/clients/clients.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "http/prefer.h"

enum { INLINE_BODY_BYTES = 65536, ONE_BYTES = 1024 /* what is said of a resource, mostly */ };

struct propfind {
    struct propfind_request request;
    struct str asked; /* the body, where others are to be asked the same */
    enum depth depth;
    struct http_preferences prefers;
    struct walk_item target;
    struct listing listing;
};

/* --- what is said of each resource --- */

static const struct propfind_request *request_of(const struct listing *listing)
{
    const struct propfind *state = listing->x->state;
    return &state->request;
}

static bool tell(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return prop_answer(listing->body, &target, request_of(listing));
}

static void refuse(struct listing *listing, const struct walk_item *item, unsigned status)
{
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    prop_answer_refused(multistatus_body_ms(listing->body), &target, status, request_of(listing));
}

static bool tell_unreachable(struct listing *listing, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why)
{
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return prop_answer_unreachable(listing->body, &target, why, request_of(listing));
}

static bool blocks(const struct listing *listing, const struct walk_item *item)
{
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    return prop_answer_blocks(&target, request_of(listing));
}

static const struct listing_ops propfind_ops = {tell, refuse, tell_unreachable, blocks};

/* --- the request --- */

static enum stage_end propfind_parse_body(struct exchange *x)
{
    struct propfind *state = ARENA_NEW(x->arena, struct propfind);
    bool is_noroot;
    x->state = state;
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    struct dav_result result =
        propfind_parse(buf_str(&x->body), x->service->limits, x->arena, &state->request);
    if (dav_service_of(x)->has_looks)
        state->asked = arena_str(x->arena, buf_str(&x->body));
    exchange_drop_body(x);
    if (dav_is_fine(result))
        result = depth_read_noroot(x, DEPTH_INFINITY, &state->depth, &is_noroot);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (!state->request.wants_locks) /* lock tokens are secrets */
        (void)compress_offer(x, true);
    state->prefers = http_preferences_read(&x->stream->request.fields);
    state->prefers.is_noroot &= state->depth != DEPTH_0; /* RFC 8144 §4 */
    state->request.is_short = client_has(x, QUIRK_SHORT_ALLPROP);
    state->request.is_minimal = state->prefers.is_minimal;
    listing_init(&state->listing, x, &propfind_ops);
    state->listing.leaves_out_target = is_noroot || state->prefers.is_noroot;
    return STAGE_NEXT;
}

/* --- the answer --- */

static enum stage_end answer_one(struct exchange *x, struct propfind *state)
{
    struct multistatus_body *body = state->listing.body;
    (void)buf_reserve(spool_buf(&body->spool), ONE_BYTES); /* once */
    bool is_complete =
        state->listing.leaves_out_target || listing_tell(&state->listing, x->arena, &state->target);
    if (!is_complete || !exchange_hold(x, body->spool.head.cap))
        return respond_error(x, dav_from_store(STORE_BUSY));
    return respond_multistatus(x, body);
}

static struct dav_result find_target(struct exchange *x, struct propfind *state)
{
    const struct target *target = target_of(x);
    struct store_stat *stat_out = &state->target.stat;
    struct dav_result result = target_locate(x);
    while (dav_is_fine(result)) {
        enum store_rc rc =
            store_stat(target->store, target->real, propfind_wants(&state->request), stat_out);
        if (rc == STORE_OK)
            break;
        result = target_again(x, rc);
    }
    if (dav_is_fine(result) && x->has_slash && !stat_out->is_collection) /* RFC 4918 §5.2 */
        return dav_from_store(STORE_NOT_FOUND);
    return result;
}

static struct dav_result look_at_target(struct exchange *x, struct propfind *state)
{
    if (x->handler->ops->is_made_up) {
        state->target.path = state->target.real = x->path;
        return principal_find(x, x->path, &state->target.stat);
    }
    struct dav_result result = find_target(x, state);
    if (!dav_is_fine(result))
        return result;
    state->target.path = x->path;
    state->target.real = target_of(x)->real;
    bool is_collection = state->target.stat.is_collection;
    if (is_collection && state->depth == DEPTH_INFINITY && !dav_service_of(x)->allows_infinity)
        return dav_condition(CONDITION_PROPFIND_FINITE_DEPTH, "ask with Depth 0 or 1");
    return if_header_check(x);
}

static enum stage_end propfind_answer(struct exchange *x)
{
    struct propfind *state = x->state;
    struct listing *listing = &state->listing;
    struct dav_result result = target_see_reached(x);
    if (dav_is_fine(result))
        result = look_at_target(x, state);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    bool is_walk = state->target.stat.is_collection && state->depth != DEPTH_0;
    if (!is_walk && blocks(listing, &state->target) && !x->is_on_worker)
        return STAGE_BLOCKS;
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    if (state->prefers.is_minimal)
        respond_preferred(x, state->prefers.is_brief ? STR_NONE : STR("return=minimal"));
    if (state->prefers.is_noroot)
        respond_preferred(x, STR("depth-noroot"));
    respond_location(x, state->target.stat.is_collection);
    if (!is_walk)
        return answer_one(x, state);
    listing->wants = propfind_wants(&state->request);
    listing->is_whole = dav_service_of(x)->view_between != NULL;
    return listing_answer(listing, &state->target, state->depth);
}

/* Whether its members may be others' to tell of. */
static bool wants_looks(const struct exchange *x)
{
    const struct propfind *state = x->state;
    const struct dav_service *dav = dav_service_of(x);
    return dav->has_looks && state->depth != DEPTH_0 &&
           (state->depth != DEPTH_INFINITY || dav->allows_infinity);
}

/* Where it leads, before others are asked about what is there. */
static enum stage_end propfind_locate(struct exchange *x)
{
    if (!wants_looks(x))
        return STAGE_NEXT;
    struct dav_result result = target_locate(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static enum stage_end propfind_look(struct exchange *x)
{
    struct propfind *state = x->state;
    const struct look_wish wish = {state->asked, state->request.kind == PROPFIND_NAMES,
                                   state->prefers.is_minimal};
    if (!wants_looks(x))
        return STAGE_NEXT;
    return looks_take(x, &target_of(x)->looks, target_read(x), state->depth == DEPTH_INFINITY,
                      &wish);
}

const struct stage propfind_stages[] = {
    {"body", exchange_read_xml, ON_LOOP}, {"parse", propfind_parse_body, ON_LOOP},
    {"locate", propfind_locate, ON_READ}, {"look", propfind_look, ON_LOOP},
    {"answer", propfind_answer, ON_READ},
};
