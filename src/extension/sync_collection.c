/* The report DAV:sync-collection (RFC 6578), and the properties by which clients see whether there
 * is something new to ask for.
 *
 * Without a token it is a listing of what is there (dav/listing.c) with a token behind it. With one
 * it is the log's list of what has changed since (store/change_log.h), each looked at as it is
 * now: it is told of with the properties that were asked for, or as gone (404). What came with all
 * that is in it is walked through. All of it streams; nothing grows with the collection.
 *
 * The token that is told was taken before the first look. So a change that comes meanwhile may be
 * told of now, and is told of again the next time; none is missed.
 *
 * Truncation (§3.6): changes are told in their order, so that where one answer ends the next can
 * begin. An answer ends so, too, when a change that it was to tell of was overtaken meanwhile by
 * another of the same resource, of which the next one tells. A listing has an order where a client
 * bounds it (extension/ordered.h): the token of a part has the moment of the first one, and the
 * place where this one ended; that of the last part has the moment alone, and by it is asked what
 * has changed since. What cannot be told in parts, as a tree that was moved, is told of and nothing
 * else (§3.7).
 *
 * Invariants
 *  (1) what the rules hide is not told of, nor that it is gone: a change is judged as a walk from
 *      the collection would, which must be allowed to enter all that is on the way;
 *  (2) each member is in an answer once, by the innermost row that tells of it: a walk leaves out
 *      what has one below the collection that is walked through, told already or to come;
 *  (3) an answer that ends says all up to its token; one that cannot breaks off;
 *  (4) what is told as there has not been gone in between, with members that the client has. Where
 *      that has happened since the answer was begun, its token is the one that was asked with,
 *      which is not known any more.
 *
 * Links are no members here. What they lead to changes without them, and the log, which knows
 * paths, would have to know all links to tell. */
#include "dav/extension.h"
#include "dav/listing.h"
#include "dav/prop/answer.h"
#include "dav/prop/changes.h"
#include "dav/report.h"
#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/body.h"
#include "exchange/respond.h"
#include "extension/ordered.h"

enum { INLINE_BODY_BYTES = 65536 };

struct sync {
    struct sync_request request;
    struct walk_item target;
    struct change_log *log;
    struct res_path inside;    /* of the target, in the log */
    struct change_point since; /* that he has a token of */
    struct change_point now;   /* before the first look */
    bool is_listing;           /* of what there is, and not of what has changed since */
    struct res_path behind;    /* which member, from the target, it begins */
    struct ordered ordered;    /* of a listing in parts */
    struct buf place;          /* of the last member of one */
    struct change_query query; /* what is asked of the log; `after` has been looked at */
    uint64_t told;             /* all up to this change has been told */
    uint64_t count;            /* of responses */
    struct change_found other; /* what a change is about, by its own name */
    bool has_other;
    bool is_walking;    /* through what came with a change */
    size_t walked_len;  /* of the path of that, in the log */
    bool is_cut;        /* there is more */
    bool is_doubtful;   /* what went is there again: (4) */
    struct arena arena; /* of the change that is looked at */
    struct listing listing;
};

static struct sync *sync_of(const struct listing *listing)
{
    return listing->x->state;
}

/* --- what is said of each member --- */

static bool tell(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct sync *sync = sync_of(listing);
    struct prop_target target = prop_target_of(listing->x, arena, item);
    if (item->is_link)
        return true;
    sync->count++;
    return prop_answer(listing->body, &target, &sync->request.props);
}

/* What is gone is gone for all who may know that it was there. */
static void refuse(struct listing *listing, const struct walk_item *item, unsigned status)
{
    struct sync *sync = sync_of(listing);
    struct multistatus *ms = multistatus_body_ms(listing->body);
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    if (item->is_link)
        return;
    sync->count++;
    if (item->rc == STORE_NOT_FOUND) /* RFC 6578 §3.5.2 */
        multistatus_member(ms, item->path, item->stat.is_collection, HTTP_NOT_FOUND, STR_NONE);
    else
        prop_answer_refused(ms, &target, status, &sync->request.props);
}

/* No collection that is synced holds mounts (store_changes()). */
static bool tell_unreachable(struct listing *listing, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why)
{
    (void)arena;
    refuse(listing, item, why->status);
    return true;
}

static bool blocks(const struct listing *listing, const struct walk_item *item)
{
    struct prop_target target = prop_target_of(listing->x, NULL, item);
    return item->rc == STORE_OK && prop_answer_blocks(&target, &sync_of(listing)->request.props);
}

/* What the client has seen when he has taken the answer. */
static struct change_point point_of(const struct sync *sync)
{
    if (sync->is_listing)
        return sync->request.token.len ? sync->since : sync->now;
    if (sync->is_doubtful ||
        !change_log_knows(sync->log, sync->inside, sync->since, sync->request.is_deep))
        return sync->since; /* (4) */
    return sync->is_cut ? change_log_point(sync->log, sync->told) : sync->now;
}

/* What stands behind the members (§3.6, §6.2). */
static void end(struct listing *listing)
{
    struct sync *sync = sync_of(listing);
    struct multistatus *ms = multistatus_body_ms(listing->body);
    struct buf token = {0};
    if (sync->is_cut) {
        struct buf error = {0};
        const struct dav_result more =
            dav_condition(CONDITION_NUMBER_OF_MATCHES_WITHIN_LIMITS, NULL);
        dav_condition_add(&error, &more);
        multistatus_member(ms, sync->target.path, true, more.status, buf_str(&error));
        buf_done(&error);
    }
    multistatus_body_close(listing->body, listing->x); /* RFC 6578 §6.4: the token is last */
    sync_token_add(&token, listing->x, sync->target.real, point_of(sync));
    if (sync->is_listing && sync->is_cut)
        path_encode(&token, (struct res_path){sync->place.at, sync->place.len}, false);
    size_t from = ms->out->len;
    multistatus_sync_token(ms->out, buf_str(&token));
    multistatus_relabel(ms, from);
    buf_done(&token);
}

static const struct listing_ops full_ops = {tell, refuse, tell_unreachable, blocks, .end = end};

/* --- what there is, in parts --- */

static enum walk_entry may_enter(void *owner, struct res_path path, struct res_path real)
{
    return target_entry(owner, path, real);
}

static enum store_rc begin_part(struct sync *sync)
{
    struct exchange *x = sync->listing.x;
    sync->ordered = (struct ordered){.store = target_of(x)->store,
                                     .is_deep = sync->request.is_deep,
                                     .depth_max = (unsigned)x->service->limits->walk_depth,
                                     .wants = sync->listing.wants,
                                     .asked = u64_min(sync->request.nresults, SIZE_MAX - 1) + 1,
                                     .owner = x,
                                     .may_enter = x->service->access ? may_enter : NULL};
    return ordered_begin(&sync->ordered, &sync->target, sync->behind);
}

static enum store_rc next_of_part(struct listing *listing, struct walk_item *item_out)
{
    struct sync *sync = sync_of(listing);
    if (sync->is_cut)
        return STORE_END;
    enum store_rc rc = ordered_next(&sync->ordered, item_out);
    if (rc != STORE_OK)
        return rc;
    sync->is_cut =
        sync->count >= sync->request.nresults &&
        admit_judge(listing->x, ACCESS_READ, item_out->path, item_out->real) != ACCESS_HIDDEN;
    if (sync->is_cut)
        return STORE_END;
    buf_clear(&sync->place);
    buf_add(&sync->place, path_str(ordered_place(&sync->ordered)));
    return STORE_OK;
}

static const struct listing_ops part_ops = {tell,   refuse,       tell_unreachable,
                                            blocks, next_of_part, end};

/* --- what has changed --- */

static struct res_path to_log(struct sync *sync, struct res_path real)
{
    return path_rebase(&sync->arena, real, sync->target.real, sync->inside);
}

/* Whether a walk from the target would come to the item, which is below it (1). */
static bool is_reached(struct sync *sync, struct walk_item *item)
{
    const struct exchange *x = sync->listing.x;
    struct res_path path = sync->target.path;
    struct res_path real = sync->target.real;
    struct str rest = str_from(path_str(item->path), path.len ? path.len + 1 : 0);
    enum walk_entry entry = WALK_ENTERS;
    while (x->service->access && rest.len && entry != WALK_PASSES_BY) {
        entry = target_entry(x, path, real);
        struct str name = str_cut(&rest, '/');
        path = path_join(&sync->arena, path, name);
        real = path_join(&sync->arena, real, name);
    }
    item->is_of_part = entry == WALK_ENTERS_PART;
    return entry != WALK_PASSES_BY;
}

/* Where several names are one, what is found by that of the change may be called otherwise: there
 * is nothing of that name, and what there is is looked at next, unless it has a row of its own. */
static enum store_rc look_by_name(struct sync *sync, const struct change_found *found,
                                  struct walk_item *item)
{
    struct store *store = target_of(sync->listing.x)->store;
    struct res_path real = item->real;
    enum store_rc rc = STORE_OK;
    if (store_folds(store, item->real) != STORE_FOLDS_NOTHING)
        rc = store_locate(store, &sync->arena, item->real, LOCATE_RESOURCE, &real);
    if (rc != STORE_OK || path_eq(real, item->real))
        return rc == STORE_OK ? store_stat(store, real, sync->listing.wants, &item->stat) : rc;
    if (!path_is_within(real, sync->target.real))
        return STORE_NOT_FOUND;
    sync->other = (struct change_found){.seq = found->seq, .is_whole = found->is_whole};
    sync->other.path = to_log(sync, real);
    sync->has_other = change_log_told(sync->log, sync->other.path) <= sync->since.seq;
    return STORE_NOT_FOUND;
}

/* As it is now. Any other than OK: it cannot be said. */
static enum store_rc look(struct sync *sync, const struct change_found *found,
                          struct walk_item *item_out)
{
    struct walk_item item = {
        .path = path_rebase(&sync->arena, found->path, sync->inside, sync->target.path),
        .real = path_rebase(&sync->arena, found->path, sync->inside, sync->target.real)};
    item.rc = look_by_name(sync, found, &item);
    switch (item.rc) {
    case STORE_OK:
    case STORE_DENIED:
        break;
    case STORE_NOT_FOUND:
    case STORE_NO_PARENT:
    case STORE_ALIAS: /* a link is no member */
        item.rc = STORE_NOT_FOUND;
        item.stat = (struct store_stat){.is_collection = found->is_whole};
        break;
    default:
        return item.rc;
    }
    *item_out = item;
    return STORE_OK;
}

/* Whether the walk is to tell of the member: no row does (2). */
static bool is_for_walk(struct sync *sync, const struct walk_item *item)
{
    if (item->is_link)
        return false;
    struct res_path inside = to_log(sync, item->real);
    const struct res_path walked = {inside.at, sync->walked_len};
    uint64_t told = change_log_told_below(sync->log, inside, walked);
    sync->query.is_overtaken |= told > sync->query.until;
    return told <= sync->since.seq;
}

/* The members of what came with the change that was looked at last. */
static enum store_rc next_below(struct sync *sync, struct walk_item *item_out)
{
    struct walk *walk = &sync->listing.walk;
    enum store_rc rc;
    while ((rc = walk_next(walk, item_out)) == STORE_OK) {
        bool is_left = is_for_walk(sync, item_out);
        arena_reset(&sync->arena);
        if (is_left)
            return STORE_OK;
    }
    sync->is_walking = rc != STORE_END;
    return rc;
}

/* Gives the collection, which came with all that is in it; the walk goes on behind it. */
static enum store_rc walk_from(struct sync *sync, struct walk_item *item)
{
    struct walk *walk = &sync->listing.walk;
    bool is_of_part = item->is_of_part;
    sync->walked_len = to_log(sync, item->real).len;
    walk_done(walk);
    listing_walk(&sync->listing, item, DEPTH_INFINITY);
    sync->is_walking = true;
    enum store_rc rc = walk_next(walk, item);
    item->is_of_part = is_of_part;
    return rc;
}

/* How many members there are to be told of below the item, itself counted; at most `max`. */
static uint64_t count_below(struct sync *sync, const struct walk_item *item, uint64_t max)
{
    struct exchange *x = sync->listing.x;
    struct listing counting = {.x = x};
    struct walk_item member;
    uint64_t count = 0;
    listing_walk(&counting, item, sync->request.is_deep ? DEPTH_INFINITY : DEPTH_1);
    while (count < max && walk_next(&counting.walk, &member) == STORE_OK)
        count += !member.is_link &&
                 admit_judge(x, ACCESS_READ, member.path, member.real) != ACCESS_HIDDEN;
    walk_done(&counting.walk);
    return count;
}

/* Whether the client's bound leaves no room for it. */
static bool is_too_much(struct sync *sync, const struct walk_item *item, bool is_walk)
{
    uint64_t bound = sync->request.nresults;
    uint64_t left = bound > sync->count ? bound - sync->count : 0; /* what came later is more */
    if (sync->request.nresults == UINT64_MAX || !is_walk)
        return left == 0;
    return count_below(sync, item, left + 1) > left;
}

static bool is_full(const struct sync *sync)
{
    return sync->count >= sync->listing.x->service->limits->sync_count;
}

static enum store_rc take_other(struct sync *sync, struct change_found *found_out)
{
    *found_out = sync->other;
    sync->has_other = false;
    return STORE_OK;
}

/* Where a change has been overtaken by one that came since the answer was begun, there is more. */
static enum store_rc next_row(struct sync *sync, struct change_found *found_out)
{
    sync->told = sync->query.after; /* all of it */
    arena_reset(&sync->arena);
    enum store_rc rc = change_log_next(sync->log, &sync->arena, &sync->query, found_out);
    sync->is_cut = rc == STORE_END && sync->query.is_overtaken;
    if (sync->is_cut)
        sync->told = sync->query.until;
    return rc;
}

static enum store_rc next_change(struct listing *listing, struct walk_item *item_out)
{
    struct sync *sync = sync_of(listing);
    struct change_found found;
    enum store_rc rc = sync->is_walking ? next_below(sync, item_out) : STORE_END;
    if (sync->is_walking || sync->is_cut)
        return sync->is_cut ? STORE_END : rc;
    for (;;) {
        bool is_other = sync->has_other;
        rc = is_other ? take_other(sync, &found) : next_row(sync, &found);
        if (rc != STORE_OK)
            return rc;
        rc = look(sync, &found, item_out);
        if (rc != STORE_OK)
            return rc;
        sync->is_doubtful |= found.is_gone && item_out->rc != STORE_NOT_FOUND;
        bool is_walk = found.is_whole && sync->query.is_deep && item_out->rc == STORE_OK &&
                       item_out->stat.is_collection;
        if (!is_reached(sync, item_out) ||
            store_is_aside(target_of(sync->listing.x)->store, item_out->real))
            continue; /* what is kept is no member */
        sync->is_cut = !is_other && (is_full(sync) || is_too_much(sync, item_out, is_walk));
        if (sync->is_cut)
            return STORE_END;
        return is_walk ? walk_from(sync, item_out) : STORE_OK;
    }
}

static const struct listing_ops changes_ops = {tell,   refuse,      tell_unreachable,
                                               blocks, next_change, end};

/* --- the request --- */

static void free_sync(void *arg)
{
    struct sync *sync = arg;
    ordered_done(&sync->ordered);
    buf_done(&sync->place);
    arena_done(&sync->arena);
}

static struct sync *begin(struct exchange *x)
{
    struct sync *sync = ARENA_NEW(x->arena, struct sync);
    sync->target = *report_item(x);
    sync->log = store_changes(target_of(x)->store, x->arena, sync->target.real, &sync->inside);
    x->state = sync;
    arena_on_reset(x->arena, free_sync, sync);
    return sync;
}

/* RFC 6578 appendix A: clients of the drafts say it by Depth. */
static struct dav_result read_level(struct exchange *x, struct sync_request *request)
{
    enum depth depth;
    struct dav_result result = depth_read(x, DEPTH_0, &depth);
    if (!dav_is_fine(result) || request->has_level)
        return result;
    request->is_deep = depth == DEPTH_INFINITY;
    return depth == DEPTH_0
               ? dav_error(HTTP_BAD_REQUEST, "a sync-collection must have a sync-level")
               : DAV_FINE;
}

static enum stage_end sync_read(struct exchange *x)
{
    if (x->body.len > INLINE_BODY_BYTES && !x->is_on_worker)
        return STAGE_BLOCKS;
    struct sync *sync = begin(x);
    struct dav_result result =
        sync_parse(buf_str(&x->body), x->service->limits, x->arena, &sync->request);
    if (dav_is_fine(result))
        result = read_level(x, &sync->request);
    exchange_drop_body(x);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* Where the part before has ended, if the token is of one. */
static bool parse_place(struct exchange *x, struct str token, struct sync *sync)
{
    struct str rest = token;
    struct str moment = str_cut(&rest, '/');
    bool has_slash;
    if (!sync_token_parse(x, sync->target.real, moment, &sync->since))
        return false;
    sync->is_listing = moment.len < token.len;
    return !sync->is_listing || (path_decode(x->arena, str_from(token, moment.len), &sync->behind,
                                             &has_slash) == PATH_OK &&
                                 sync->behind.len);
}

/* The token, and what may be asked by it. */
static struct dav_result read_token(struct exchange *x, struct sync *sync)
{
    struct change_point *since = &sync->since;
    uint64_t begun = change_log_head(sync->log);
    sync->now = change_log_tag(sync->log, sync->inside);
    sync->is_listing = sync->request.token.len == 0;
    if (sync->is_listing)
        return DAV_FINE;
    if (!parse_place(x, sync->request.token, sync) ||
        !change_log_knows(sync->log, sync->inside, *since, sync->request.is_deep))
        return dav_condition(CONDITION_VALID_SYNC_TOKEN,
                             "what was there then is not known any more: begin anew");
    sync->query = (struct change_query){.path = sync->inside,
                                        .is_deep = sync->request.is_deep,
                                        .since = since->seq,
                                        .after = since->seq,
                                        .until = sync->now.seq,
                                        .begun = begun};
    return DAV_FINE;
}

/* A bound that cannot be kept by telling less (RFC 6578 §3.7). */
static bool is_beyond_bound(struct sync *sync)
{
    uint64_t bound = sync->request.nresults;
    struct change_query first = sync->query;
    struct change_found found;
    struct walk_item item = sync->target;
    return bound != UINT64_MAX && !sync->is_listing && sync->request.is_deep &&
           change_log_next(sync->log, &sync->arena, &first, &found) == STORE_OK && found.is_whole &&
           look(sync, &found, &item) == STORE_OK && item.rc == STORE_OK &&
           is_reached(sync, &item) && is_too_much(sync, &item, true);
}

static enum stage_end sync_answer(struct exchange *x)
{
    struct sync *sync = x->state;
    struct listing *listing = &sync->listing;
    struct dav_result result = read_token(x, sync);
    bool is_bounded = sync->request.nresults != UINT64_MAX || sync->behind.len;
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (is_bounded && !x->is_on_worker)
        return STAGE_BLOCKS; /* members may have to be counted, or sorted */
    bool is_part = is_bounded && sync->is_listing;
    listing_init(listing, x, !sync->is_listing ? &changes_ops : is_part ? &part_ops : &full_ops);
    listing->wants = propfind_wants(&sync->request.props);
    listing->leaves_out_target = sync->is_listing;
    enum store_rc rc = is_part ? begin_part(sync) : STORE_OK;
    if (rc != STORE_OK)
        return respond_error(x, dav_from_store(rc));
    if (is_beyond_bound(sync))
        return respond_error(x, dav_condition(CONDITION_NUMBER_OF_MATCHES_WITHIN_LIMITS,
                                              "there is more, and it cannot be told in parts"));
    report_begin_answer(x, &sync->request.props);
    return listing_answer(listing, &sync->target, sync->request.is_deep ? DEPTH_INFINITY : DEPTH_1);
}

static const struct stage stages[] = {
    {"read", sync_read, ON_READ},
    {"answer", sync_answer, ON_READ},
};

static const struct dav_report reports[] = {
    {stages, STR_INIT(NS_DAV), STR_INIT("sync-collection"), METHOD_ON_COLLECTION,
     changes_are_logged},
    {0},
};

static const struct dav_prop props[] = {
    {STR_INIT(NS_DAV), STR_INIT("sync-token"), prop_sync_token, PROP_PROTECTED}, /* RFC 6578 §4 */
    {STR_INIT(NS_CALENDARSERVER), STR_INIT("getctag"), prop_getctag, PROP_PROTECTED},
    {{0}},
};

const struct dav_extension sync_collection_extension = {
    .name = STR_INIT("sync-collection"),
    .where = STR_INIT("RFC 6578"),
    .reports = reports,
    .props = props,
};
