/* A walk becomes a 207.
 *
 * An answer begins at once: up to AT_ONCE_BYTES are written where the stage runs, so that a small
 * collection needs no worker and a large one has its first bytes on the way before there is one. If
 * that was all, the answer is sent with its length. What is left is a source over the walk: one
 * item is told of when it is pulled, so that memory grows neither with the collection nor with what
 * is said of one item (stream/spool.h); on the loop as long as the store answers from memory, and
 * from then on on a worker, ahead of the client by a bounded amount.
 *
 * Invariants
 *  (1) an item is judged before anything is said of it, or of what is in it: a collection that may
 *      not be read is not entered, but for what in it leads to what may;
 *  (2) the answer ends with </multistatus> only if the walk came to its end. If a listing breaks
 *      off midway, the source fails and the wire breaks the framing;
 *  (3) that the target itself cannot be listed is known before the head leaves, and is the answer;
 *  (4) the head leaves before it is known whether a 401 will be inside: where one may be, it brings
 *      the challenges along (RFC 9110 §11.6.1). */
#include "dav/listing.h"

#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/handler.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"

enum { AT_ONCE_BYTES = 8192 };

void listing_init(struct listing *listing, struct exchange *x, const struct listing_ops *ops)
{
    listing->ops = ops;
    listing->x = x;
    listing->body = multistatus_body_new(x);
}

/* --- one item --- */

/* What is made up would not have been found by who may not look. */
static enum access_verdict judge(const struct exchange *x, const struct walk_item *item)
{
    return x->handler->ops->is_made_up ? ACCESS_GRANTED
                                       : admit_judge(x, ACCESS_READ, item->path, item->real);
}

/* Whether it can be told no more of a mount than that it is there. */
static bool is_out_of_reach(const struct walk_item *item)
{
    return item->is_mount && (item->rc == STORE_UNAVAILABLE || item->rc == STORE_BAD_ORIGIN ||
                              item->rc == STORE_NO_ANSWER);
}

/* A member that was left out would be taken for one that was removed, and one whose members cannot
 * be listed for one that has none. */
static bool tell_unreachable(struct listing *listing, struct arena *arena,
                             const struct walk_item *item)
{
    const struct dav_result why =
        dav_condition(CONDITION_UPSTREAM_UNAVAILABLE, dav_from_store(item->rc).text);
    return listing->ops->tell_unreachable(listing, arena, item, &why);
}

/* Of a mount that another handler has: what that says. */
static bool tell_look(struct listing *listing, struct arena *arena, const struct walk_item *item,
                      const struct look *look)
{
    struct multistatus *ms = multistatus_body_ms(listing->body);
    if (!dav_is_fine(look->why))
        return listing->ops->tell_unreachable(listing, arena, item, &look->why);
    if (item->rc != STORE_OK)
        return tell_unreachable(listing, arena, item);
    multistatus_response(ms, item->path, true);
    look->ops->tell(look, ms);
    multistatus_response_end(ms);
    return true;
}

/* Sync clients take a member of which they are told nothing for a fault, each time: to them, what
 * may not be read is not there. */
static bool is_left_out(const struct exchange *x)
{
    return x->dialect == MULTISTATUS_SYNC;
}

bool listing_tell(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    unsigned status = dav_from_store(item->rc).status;
    struct walk_item part;
    switch (judge(listing->x, item)) {
    case ACCESS_HIDDEN:
        return true;
    case ACCESS_SIGN_IN:
        listing->ops->refuse(listing, item, HTTP_UNAUTHORIZED);
        return true;
    case ACCESS_REFUSED:
        if (target_show_part(listing->x, item, &part))
            return listing->ops->tell(listing, arena, &part);
        if (!item->is_of_part && !is_left_out(listing->x)) /* there, only what leads on is shown */
            listing->ops->refuse(listing, item, HTTP_FORBIDDEN);
        return true;
    case ACCESS_GRANTED:
        break;
    }
    const struct look *look = item->is_mount ? target_look(listing->x, item->real) : NULL;
    if (look)
        return tell_look(listing, arena, item, look);
    if (item->rc == STORE_OK)
        return listing->ops->tell(listing, arena, item);
    if (is_out_of_reach(item))
        return tell_unreachable(listing, arena, item);
    if (item->is_listing_rc) /* its members cannot be listed: that is its status */
        multistatus_member(multistatus_body_ms(listing->body), item->path, item->stat.is_collection,
                           status, STR_NONE);
    else
        listing->ops->refuse(listing, item, status);
    return true;
}

/* --- the walk --- */

/* Takes the next item from the walk, unless there is one. */
static enum store_rc fetch(struct listing *listing)
{
    enum store_rc rc = STORE_OK;
    if (!listing->has_item && listing->ops->next)
        rc = listing->ops->next(listing, &listing->item);
    else if (!listing->has_item)
        rc = walk_next(&listing->walk, &listing->item);
    listing->has_item = rc == STORE_OK;
    return rc;
}

/* Writes the next item, or the end. */
static enum store_rc listing_step(struct listing *listing)
{
    enum store_rc rc = fetch(listing);
    if (rc == STORE_END && !listing->body->has_ended) {
        if (listing->ops->end)
            listing->ops->end(listing);
        multistatus_body_end(listing->body, listing->x);
        return STORE_OK;
    }
    if (rc != STORE_OK)
        return rc;
    bool is_complete = listing_tell(listing, &listing->item_arena, &listing->item);
    arena_reset(&listing->item_arena);
    listing->has_item = false;
    return is_complete ? STORE_OK : STORE_BUSY;
}

static bool needs_more(const struct listing *listing, size_t want)
{
    return spool_len(&listing->body->spool) < want && !listing->body->has_ended;
}

/* Writes up to `want` bytes as long as nothing about the items may block. */
static enum store_rc step_at_once(struct listing *listing, size_t want)
{
    enum store_rc rc = STORE_OK;
    while (rc == STORE_OK && needs_more(listing, want)) {
        rc = fetch(listing);
        if (rc == STORE_OK && listing->ops->blocks(listing, &listing->item))
            return STORE_OK;
        if (rc == STORE_OK || rc == STORE_END)
            rc = listing_step(listing);
    }
    return rc;
}

/* Writes all of it, into a file where it is long. */
static enum store_rc step_to_end(struct listing *listing)
{
    enum store_rc rc = STORE_OK;
    struct err err;
    while (rc == STORE_OK && !listing->body->has_ended) {
        rc = listing_step(listing);
        if (rc == STORE_OK && !spool_settle(&listing->body->spool, &err))
            rc = STORE_NO_SPACE;
    }
    return rc;
}

/* --- its sources --- */

/* What `rc` and what is written come to. */
static enum pull give(struct listing *listing, enum store_rc rc, size_t want, struct buf *into,
                      struct err *err)
{
    struct spool *spool = &listing->body->spool;
    err_set(err, 0, "listing a collection failed");
    if (rc != STORE_OK && rc != STORE_END)
        return PULL_FAIL;
    if (spool_len(spool) == 0)
        return PULL_END;
    return spool_take(spool, into, want, err) ? PULL_DATA : PULL_FAIL;
}

static enum pull rest_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct listing *listing = CONTAINER_OF(self, struct listing, rest);
    enum store_rc rc = STORE_OK;
    while (rc == STORE_OK && needs_more(listing, want))
        rc = listing_step(listing);
    return give(listing, rc, want, into, err);
}

static void rest_close(struct source *self)
{
    struct listing *listing = CONTAINER_OF(self, struct listing, rest);
    walk_done(&listing->walk);
    arena_done(&listing->item_arena);
}

static const struct source_ops rest_ops = {
    .name = "listing-rest", .pull = rest_pull, .close = rest_close};

static enum pull listing_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct listing *listing = CONTAINER_OF(self, struct listing, source);
    if (!listing->offload) { /* afterwards all of it but the offload may be a worker's */
        bool is_quick = !listing->ops->next && walk_is_quick(&listing->walk);
        enum store_rc rc = is_quick ? step_at_once(listing, want) : STORE_OK;
        if (rc != STORE_OK || listing->body->has_ended || spool_len(&listing->body->spool))
            return give(listing, rc, want, into, err);
        listing->offload = exchange_offload(listing->x, &listing->rest);
    }
    listing->offload->waker = self->waker;
    return source_pull(listing->offload, into, want, err);
}

static void listing_close(struct source *self)
{
    struct listing *listing = CONTAINER_OF(self, struct listing, source);
    if (listing->offload)
        source_close(&listing->offload);
    else
        rest_close(&listing->rest);
}

static const struct source_ops listing_source_ops = {
    .name = "listing", .pull = listing_pull, .close = listing_close};

/* --- the answer --- */

/* What is in a collection that may not be read is not looked at either. */
static enum walk_entry may_enter(struct walk *walk, struct res_path path, struct res_path real)
{
    const struct listing *listing = CONTAINER_OF(walk, struct listing, walk);
    return target_entry(listing->x, path, real);
}

/* All of it is there, or there is none. */
static enum stage_end answer_whole(struct listing *listing, enum store_rc rc)
{
    struct exchange *x = listing->x;
    rest_close(&listing->rest);
    return rc == STORE_OK ? respond_multistatus(x, listing->body)
                          : respond_error(x, dav_from_store(rc));
}

void listing_walk(struct listing *listing, const struct walk_item *from, enum depth depth)
{
    const struct exchange *x = listing->x;
    walk_init(&listing->walk, target_of(x)->store, from, depth,
              (unsigned)x->service->limits->walk_depth);
    listing->walk.wants = listing->wants;
    if (x->service->access)
        listing->walk.may_enter = may_enter;
}

static enum store_rc fetch_target(struct listing *listing)
{
    enum store_rc rc = fetch(listing);
    if (rc == STORE_OK && listing->item.is_listing_rc) /* not "no members" */
        rc = listing->item.rc;
    if (listing->leaves_out_target)
        listing->has_item = false;
    return rc;
}

enum stage_end listing_answer(struct listing *listing, const struct walk_item *target,
                              enum depth depth)
{
    struct exchange *x = listing->x;
    if (principal_is_anonymous(&x->signed_in.principal) &&
        (admit_differs_below(x, target->path) || admit_differs_below(x, target->real)))
        (void)sign_in_challenge(x); /* members say what they say, also where none is offered */
    listing->source.ops = &listing_source_ops;
    listing->rest.ops = &rest_ops;
    listing_walk(listing, target, depth);
    (void)buf_reserve(spool_buf(&listing->body->spool), AT_ONCE_BYTES); /* once */
    enum store_rc rc = listing->ops->next ? STORE_OK : fetch_target(listing);
    if (rc == STORE_OK)
        rc = listing->is_whole ? step_to_end(listing) : step_at_once(listing, AT_ONCE_BYTES);
    if (rc != STORE_OK || listing->body->has_ended)
        return answer_whole(listing, rc);
    return respond_multistatus_source(x, &listing->source);
}
