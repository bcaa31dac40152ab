/* PROPFIND (RFC 4918 §9.1).
 *
 * Depth 0 is answered at once, on the loop, unless dead properties are asked for and may be there.
 * Deeper answers begin at once, too: up to AT_ONCE_BYTES are formatted on the loop, so that a small
 * collection needs no worker and a large one has its first bytes on the way before there is one.
 * What is left is a source over a walk: one response for each item, written when it is pulled, so
 * that memory does not grow with the collection, nor with the values of one item (stream/spool.h);
 * on the loop as long as the store answers from
 * memory, and from then on on a worker. If a listing breaks off midway, the
 * source fails and the wire breaks the framing: an answer that ends with </multistatus> is
 * complete. */
#include "dav/clients.h"
#include "dav/lock/if_check.h"
#include "dav/method.h"
#include "dav/principal.h"
#include "dav/prop/answer.h"
#include "dav/target.h"
#include "dav/walk.h"
#include "exchange/admit.h"
#include "exchange/body.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"

enum { INLINE_BODY_BYTES = 65536, AT_ONCE_BYTES = 8192 };

struct propfind {
    struct propfind_request request;
    enum depth depth;
    struct walk_item target;
    bool is_principal;

    struct source body;     /* of a walk */
    struct source rest;     /* what of it is pulled on a worker */
    struct source *offload; /* of the rest; NULL: it has not come to that */
    struct exchange *x;
    struct walk walk;
    struct arena item_arena;
    struct multistatus ms;
    struct spool pending;  /* formatted, and not yet pulled */
    struct walk_item item; /* given by the walk, and not yet formatted where has_item */
    bool has_item;
    bool has_begun;
    bool has_ended;
};

static enum stage_end propfind_parse_body(struct exchange *x)
{
    struct propfind *state = ARENA_NEW(x->arena, struct propfind);
    state->x = x;
    x->state = state;
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    struct dav_result result =
        propfind_parse(buf_str(&x->body), x->service->limits, x->arena, &state->request);
    exchange_drop_body(x);
    if (dav_is_fine(result))
        result = depth_read(x, DEPTH_INFINITY, &state->depth);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    state->request.is_short = client_has(x, QUIRK_SHORT_ALLPROP);
    return STAGE_NEXT;
}

/* --- a single resource --- */

static void set_summary(struct exchange *x, const struct davit_ms_verdict *verdict)
{
    struct buf text = {0};
    verdict_format(verdict, &text);
    x->stream->response.summary = arena_str(x->arena, buf_str(&text));
    buf_done(&text);
}

/* False: there is no memory or no disk for it. */
static bool answer_item(struct propfind *state, struct arena *arena, const struct walk_item *item)
{
    struct exchange *x = state->x;
    struct multistatus *ms = &state->ms;
    struct prop_target target = {.x = x,
                                 .store = target_of(x)->store,
                                 .arena = arena,
                                 .path = item->path,
                                 .real = item->real,
                                 .stat = item->stat,
                                 .is_principal = state->is_principal};
    enum access_verdict verdict = state->is_principal
                                      ? ACCESS_GRANTED /* or it would not have been found */
                                      : admit_judge(x, ACCESS_READ, item->path, item->real);
    unsigned status = dav_from_store(item->rc).status;
    if (verdict == ACCESS_HIDDEN)
        return true;
    if (verdict == ACCESS_GRANTED && item->rc == STORE_OK)
        return prop_answer(ms, &state->pending, &target, &state->request);
    if (verdict != ACCESS_GRANTED)
        prop_answer_refused(ms, &target,
                            verdict == ACCESS_SIGN_IN ? HTTP_UNAUTHORIZED : HTTP_FORBIDDEN,
                            &state->request);
    else if (item->is_listing_rc) /* its members cannot be listed: that is its status */
        multistatus_member(ms, item->path, item->stat.is_collection, status, STR_NONE);
    else
        prop_answer_refused(ms, &target, status, &state->request);
    return true;
}

static void free_pending(void *arg)
{
    spool_done(arg);
}

static enum stage_end answer_one(struct exchange *x, struct propfind *state)
{
    struct spool *pending = &state->pending;
    arena_on_reset(x->arena, free_pending, pending);
    multistatus_begin(&state->ms);
    bool is_complete = answer_item(state, x->arena, &state->target);
    if (!is_complete || !exchange_hold(x, pending->head.cap))
        return respond_error(x, dav_from_store(STORE_BUSY));
    multistatus_end(&state->ms);
    set_summary(x, &state->ms.verdict);
    return respond_source(x, HTTP_MULTI_STATUS, STR(MULTISTATUS_TYPE),
                          spool_source(pending, x->arena), spool_len(pending));
}

/* --- a walk --- */

/* Takes the next item from the walk, unless there is one. */
static enum store_rc fetch(struct propfind *state)
{
    enum store_rc rc = STORE_OK;
    if (!state->has_item)
        rc = walk_next(&state->walk, &state->item);
    state->has_item = rc == STORE_OK;
    return rc;
}

/* Formats the next item, or the end. */
static enum store_rc step(struct propfind *state)
{
    if (!state->has_begun) {
        state->has_begun = true;
        multistatus_begin(&state->ms);
    }
    enum store_rc rc = fetch(state);
    if (rc == STORE_END && !state->has_ended) {
        state->has_ended = true;
        multistatus_end(&state->ms);
        set_summary(state->x, &state->ms.verdict);
        return STORE_OK;
    }
    if (rc == STORE_OK) {
        bool is_complete = answer_item(state, &state->item_arena, &state->item);
        arena_reset(&state->item_arena);
        state->has_item = false;
        return is_complete ? STORE_OK : STORE_BUSY;
    }
    return rc;
}

/* Formats up to `want` bytes as long as nothing about the items may block. */
static enum store_rc step_at_once(struct propfind *state, size_t want)
{
    enum store_rc rc = STORE_OK;
    while (spool_len(&state->pending) < want && rc == STORE_OK && !state->has_ended) {
        rc = fetch(state);
        struct prop_target target = {.store = target_of(state->x)->store, .real = state->item.real};
        if (rc == STORE_OK && prop_answer_blocks(&target, &state->request))
            return STORE_OK;
        if (rc == STORE_OK || rc == STORE_END)
            rc = step(state);
    }
    return rc;
}

/* What `rc` and `pending` come to. */
static enum pull give(struct propfind *state, enum store_rc rc, size_t want, struct buf *into,
                      struct err *err)
{
    err_set(err, 0, "listing a collection failed");
    if (rc != STORE_OK && rc != STORE_END)
        return PULL_FAIL;
    if (spool_len(&state->pending) == 0)
        return PULL_END;
    return spool_take(&state->pending, into, want, err) ? PULL_DATA : PULL_FAIL;
}

static enum pull rest_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct propfind *state = CONTAINER_OF(self, struct propfind, rest);
    enum store_rc rc = STORE_OK;
    while (spool_len(&state->pending) < want && rc == STORE_OK && !state->has_ended)
        rc = step(state);
    return give(state, rc, want, into, err);
}

static void rest_close(struct source *self)
{
    struct propfind *state = CONTAINER_OF(self, struct propfind, rest);
    walk_done(&state->walk);
    arena_done(&state->item_arena);
    spool_done(&state->pending);
}

static const struct source_ops rest_ops = {
    .name = "propfind-rest", .pull = rest_pull, .close = rest_close};

/* What is in a collection that may not be read is not looked at either. */
static bool may_enter(struct walk *walk, struct res_path path, struct res_path real)
{
    struct propfind *state = CONTAINER_OF(walk, struct propfind, walk);
    return admit_judge(state->x, ACCESS_READ, path, real) == ACCESS_GRANTED;
}

static enum pull body_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct propfind *state = CONTAINER_OF(self, struct propfind, body);
    enum store_rc rc = STORE_OK;
    if (!state->offload && walk_is_quick(&state->walk))
        rc = step_at_once(state, want);
    bool is_given = state->has_ended || rc != STORE_OK || spool_len(&state->pending);
    if (!state->offload && is_given)
        return give(state, rc, want, into, err);
    if (!state->offload)
        state->offload = exchange_offload(state->x, &state->rest);
    state->offload->waker = self->waker;
    return source_pull(state->offload, into, want, err);
}

static void body_close(struct source *self)
{
    struct propfind *state = CONTAINER_OF(self, struct propfind, body);
    if (state->offload)
        source_close(&state->offload);
    else
        rest_close(&state->rest);
}

static const struct source_ops body_ops = {
    .name = "propfind", .pull = body_pull, .close = body_close};

/* The answer is all there, or there is none. */
static enum stage_end answer_at_once(struct exchange *x, struct propfind *state, enum store_rc rc)
{
    struct str pending = buf_str(spool_buf(&state->pending));
    struct str body = rc == STORE_OK ? arena_str(x->arena, pending) : STR_NONE;
    rest_close(&state->rest);
    if (rc != STORE_OK)
        return respond_error(x, dav_from_store(rc));
    return respond_text(x, HTTP_MULTI_STATUS, STR(MULTISTATUS_TYPE), body);
}

static enum stage_end answer_walk(struct exchange *x, struct propfind *state)
{
    state->body.ops = &body_ops;
    state->rest.ops = &rest_ops;
    walk_init(&state->walk, target_of(x)->store, &state->target, state->depth,
              (unsigned)x->service->limits->walk_depth);
    state->walk.wants = (state->request.wants_dead ? LIST_PROPS : 0U) |
                        (state->request.wants_locks ? LIST_LOCKS : 0U);
    if (x->service->access)
        state->walk.may_enter = may_enter;
    (void)buf_reserve(spool_buf(&state->pending), AT_ONCE_BYTES); /* once */
    enum store_rc rc = fetch(state);
    if (rc == STORE_OK && state->item.is_listing_rc) /* not "no members" */
        rc = state->item.rc;
    if (rc == STORE_OK)
        rc = step_at_once(state, AT_ONCE_BYTES);
    if (rc != STORE_OK || state->has_ended)
        return answer_at_once(x, state, rc);
    return respond_source(x, HTTP_MULTI_STATUS, STR(MULTISTATUS_TYPE), &state->body,
                          LENGTH_UNKNOWN);
}

static struct dav_result find_target(struct exchange *x, struct store_stat *stat_out)
{
    const struct target *target = target_of(x);
    struct dav_result result = target_locate(x);
    while (dav_is_fine(result)) {
        enum store_rc rc = store_stat(target->store, target->real, stat_out);
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
    state->is_principal = x->handler->ops->is_made_up;
    if (state->is_principal) {
        state->target.path = state->target.real = x->path;
        return principal_find(x, &state->target.stat);
    }
    struct dav_result result = find_target(x, &state->target.stat);
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
    struct dav_result result = look_at_target(x, state);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    struct prop_target target = {.store = target_of(x)->store, .real = target_of(x)->real};
    bool is_walk = state->target.stat.is_collection && state->depth != DEPTH_0;
    if (!is_walk && prop_answer_blocks(&target, &state->request) && !x->is_on_worker)
        return STAGE_BLOCKS;
    spool_init(&state->pending, dav_service_of(x)->spool_dir_fd,
               x->service->limits->answer_memory_bytes);
    state->ms.out = spool_buf(&state->pending);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    respond_location(x, state->target.stat.is_collection);
    /* The head leaves before it is known whether a 401 will be inside (RFC 9110 §11.6.1). */
    if (is_walk && principal_is_anonymous(&x->signed_in.principal) &&
        (admit_differs_below(x, x->path) || admit_differs_below(x, target_of(x)->real)))
        (void)sign_in_challenge(x); /* members say what they say, also where none is offered */
    return is_walk ? answer_walk(x, state) : answer_one(x, state);
}

const struct stage propfind_stages[] = {
    {"body", exchange_read_xml, ON_LOOP},
    {"parse", propfind_parse_body, ON_LOOP},
    {"answer", propfind_answer, ON_READ},
};
