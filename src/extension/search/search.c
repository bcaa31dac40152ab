/* SEARCH with a basicsearch (RFC 5323): a listing of all that is in a scope (dav/listing.c),
 * told of what matches. It streams where no order is asked for; with one the first matches are
 * kept while all are looked at (extension/search/best.c), and told at the end.
 *
 * A search looks at much and may tell little. So what it may cost is bounded, by members looked at
 * and by time, and how many run at once; where it comes to such a bound, or to the client's own
 * (nresults), what was found is told, and that there may be more (§2.3): 507 for the URI that was
 * asked.
 *
 * Invariants
 *  (1) a member is judged as in any listing before the query sees it: what may not be read does not
 *      match, and nothing is said of it;
 *  (2) the answer says 507 whenever something was not looked at, or matched and is not told;
 *  (3) with an order what is told are the first ones of all that were looked at.
 *
 * Rejected: an index. It would be a second truth, of values that other programs change as well. */
#include <stdatomic.h>

#include "base/clock.h"
#include "dav/extension.h"
#include "dav/listing.h"
#include "dav/lock/if_check.h"
#include "dav/prop/answer.h"
#include "dav/target.h"
#include "exchange/admit.h"
#include "exchange/answer/compress.h"
#include "exchange/body.h"
#include "exchange/handler.h"
#include "exchange/respond.h"
#include "extension/search/best.h"
#include "extension/search/schema.h"
#include "extension/search/subject.h"
#include "http/prefer.h"

enum search_phase {
    SEARCH_WALKS,
    SEARCH_TELLS, /* what was kept, in its order */
};

struct search {
    struct search_query query;
    struct walk_item scope;
    enum search_phase phase;
    struct search_scratch scratch;
    struct best best; /* where there is an order */
    size_t told;      /* of the matches that are told as they are found */
    size_t kept_at;   /* of those that were kept, the next to be told */
    uint64_t looked_at;
    struct search_deadline deadline;
    const char *cut; /* why there may be more; NULL: there is no more */
    struct listing listing;
};

static struct search *search_of(const struct listing *listing)
{
    return listing->x->state;
}

/* --- what is said of each match --- */

static bool tell_match(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct search *search = search_of(listing);
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return prop_answer(listing->body, &target, &search->query.select);
}

static bool tell(struct listing *listing, struct arena *arena, const struct walk_item *item)
{
    struct search *search = search_of(listing);
    const struct search_query *query = &search->query;
    struct search_subject subject;
    if (search->phase == SEARCH_TELLS)
        return tell_match(listing, arena, item);
    if (item->is_part)
        return true; /* nothing of its own is known */
    if (!search_subject_read(&search->scratch, arena, item, &subject))
        return false;
    if (search_evaluate(query, &subject, &search->deadline) != TRUTH_TRUE)
        return true;
    if (query->order_count) {
        best_add(&search->best, item, &subject);
        return true;
    }
    if (search->told++ < query->nresults)
        return tell_match(listing, arena, item);
    search->cut = "there are more matches than were asked for";
    return true;
}

/* (1) */
static void refuse(struct listing *listing, const struct walk_item *item, unsigned status)
{
    (void)listing, (void)item, (void)status; /* so nothing is said of it */
}

/* What is in it may match: that is not known. */
static bool tell_unreachable(struct listing *listing, struct arena *arena,
                             const struct walk_item *item, const struct dav_result *why)
{
    struct prop_target target = prop_target_of(listing->x, arena, item);
    return prop_answer_unreachable(listing->body, &target, why, &search_of(listing)->query.select);
}

/* All of it does: how much is looked at before there is something to tell nobody knows. */
static bool blocks(const struct listing *listing, const struct walk_item *item)
{
    (void)listing, (void)item; /* of any */
    return true;
}

/* --- looking --- */

/* As it is now: it was found a while ago. */
static enum store_rc next_kept(struct search *search, struct walk_item *item_out)
{
    struct store *store = target_of(search->listing.x)->store;
    while (search->kept_at < search->best.count) {
        *item_out = *best_item(&search->best, search->kept_at++);
        enum store_rc rc =
            store_stat(store, item_out->real, search->listing.wants, &item_out->stat);
        if (rc == STORE_OK)
            return STORE_OK;
    }
    return STORE_END;
}

static enum store_rc end_walk(struct search *search, struct walk_item *item_out)
{
    if (!search->query.order_count)
        return STORE_END;
    search->phase = SEARCH_TELLS;
    best_sort(&search->best);
    if (search->best.seen > search->best.count && !search->cut)
        search->cut = "there are more matches; these are the first of them";
    return next_kept(search, item_out);
}

static enum store_rc next(struct listing *listing, struct walk_item *item_out)
{
    struct search *search = search_of(listing);
    const struct limits *limits = listing->x->service->limits;
    if (search->phase == SEARCH_TELLS)
        return next_kept(search, item_out);
    bool is_used_up = search->looked_at >= limits->search_members || search->deadline.has_come ||
                      clock_mono_ms() >= search->deadline.ends_ms;
    enum store_rc rc = search->cut || is_used_up ? STORE_END : walk_next(&listing->walk, item_out);
    if (is_used_up && !search->cut)
        search->cut = "the search was given up before all was looked at: search in less";
    search->looked_at++;
    return rc == STORE_END ? end_walk(search, item_out) : rc;
}

/* §2.3.1: what was not told, of the URI that was asked. */
static void end(struct listing *listing)
{
    const struct search *search = search_of(listing);
    struct multistatus *ms = multistatus_body_ms(listing->body);
    if (!search->cut)
        return;
    multistatus_response(ms, listing->x->path, listing->x->has_slash);
    multistatus_status(ms, HTTP_INSUFFICIENT_STORAGE, STR_NONE);
    multistatus_description(ms->out, str_of_c(search->cut), STR_NONE);
    multistatus_response_end(ms);
}

static const struct listing_ops search_ops = {tell, refuse, tell_unreachable, blocks, next, end};

/* --- the request --- */

static atomic_uint under_way;

static void free_search(void *arg)
{
    struct search *search = arg;
    search_scratch_done(&search->scratch);
    best_done(&search->best);
    atomic_fetch_sub(&under_way, 1);
}

static enum stage_end search_parse_body(struct exchange *x)
{
    struct search *search = ARENA_NEW(x->arena, struct search);
    const struct http_preferences prefers = http_preferences_read(&x->stream->request.fields);
    if (x->body.len == 0)
        return respond_error(x, dav_error(HTTP_BAD_REQUEST, "a SEARCH must have a query"));
    struct dav_result result =
        search_parse(buf_str(&x->body), x->service->limits, x->arena, &search->query);
    exchange_drop_body(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    search->query.select.is_minimal = prefers.is_minimal;
    search->query.props.is_minimal = true; /* what is not there is not read */
    if (prefers.is_minimal)
        respond_preferred(x, prefers.is_brief ? STR_NONE : STR("return=minimal"));
    x->state = search;
    return STAGE_NEXT;
}

/* A URI reference (§5.4), against the URI that was asked. */
static struct dav_result parse_scope(struct exchange *x, struct str reference,
                                     struct res_path *path_out)
{
    struct buf uri = {0};
    size_t colon = str_index(reference, ':');
    bool is_whole = str_starts(reference, STR("/")) || colon < str_index(reference, '/');
    if (!is_whole)
        path_encode(&uri, x->path, true);
    buf_add(&uri, reference);
    struct dav_result result = destination_parse(x, arena_str(x->arena, buf_str(&uri)), path_out);
    buf_done(&uri);
    return result;
}

/* §2.4: the scope must be there, for who asks. */
static struct dav_result find_scope(struct exchange *x, struct search *search)
{
    struct walk_item *scope = &search->scope;
    struct store *store = target_of(x)->store;
    struct dav_result result = parse_scope(x, search->query.scope, &scope->path);
    if (dav_is_fine(result) && handler_reaches(x, scope->path) &&
        store_locate(store, x->arena, scope->path, LOCATE_RESOURCE, &scope->real) == STORE_OK) {
        result = admit_check(x, ACCESS_READ, scope->path, scope->real);
        if (!dav_is_fine(result) && !admit_shows_part(x, scope->path, scope->real))
            return result;
        if (store_stat(store, scope->real, search->listing.wants, &scope->stat) == STORE_OK)
            return DAV_FINE;
    }
    return dav_condition(CONDITION_SEARCH_SCOPE_VALID, "there is nothing at the scope's href");
}

static struct dav_result find(struct exchange *x, struct search *search)
{
    struct store_stat stat;
    struct dav_result result = target_locate(x);
    if (dav_is_fine(result))
        result = target_get(x, &stat);
    if (dav_is_fine(result))
        result = if_header_check(x);
    return dav_is_fine(result) ? find_scope(x, search) : result;
}

static bool may_begin(const struct exchange *x)
{
    if (atomic_fetch_add(&under_way, 1) < x->service->limits->search_count)
        return true;
    atomic_fetch_sub(&under_way, 1);
    return false;
}

static void begin(struct exchange *x, struct search *search)
{
    const struct limits *limits = x->service->limits;
    const struct search_query *query = &search->query;
    uint64_t max = u64_min(query->nresults, limits->search_sorted);
    search_scratch_init(&search->scratch, x, query);
    if (query->order_count)
        best_init(&search->best, query, (size_t)max);
    arena_on_reset(x->arena, free_search, search);
    search->deadline.ends_ms = clock_mono_ms() + (int64_t)limits->search_ms;
    listing_init(&search->listing, x, &search_ops);
}

static enum stage_end search_answer(struct exchange *x)
{
    struct search *search = x->state;
    const struct search_query *query = &search->query;
    search->listing.wants = propfind_wants(&query->select) | propfind_wants(&query->props);
    struct dav_result result = find(x, search);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    if (query->is_discovery)
        return search_schema_answer(x, &search->scope);
    if (!may_begin(x))
        return respond_error(x, dav_busy());
    if (!query->select.wants_locks) /* lock tokens are secrets */
        (void)compress_offer(x, true);
    unsigned wants = search->listing.wants;
    begin(x, search);
    search->listing.wants = wants;
    return listing_answer(&search->listing, &search->scope, query->depth);
}

static const struct stage search_stages[] = {
    {"body", exchange_read_xml, ON_LOOP},
    {"parse", search_parse_body, ON_WORKER},
    {"answer", search_answer, ON_WORKER},
};

/* --- what tells of it --- */

/* §3.1 */
static void add_options(struct exchange *x, struct str allow)
{
    if (http_list_has(allow, STR("SEARCH")))
        respond_field(x, FIELD_DASL, STR("<DAV:basicsearch>"));
}

/* §3.4.1 */
static bool prop_grammars(const struct prop_target *target, struct buf *to)
{
    (void)target; /* of all */
    BUF_ADD(to, "<D:supported-query-grammar><D:grammar><D:basicsearch/></D:grammar>"
                "</D:supported-query-grammar>");
    return true;
}

static const struct dav_method methods[] = {
    {search_stages, METHOD_SEARCH, METHOD_ON_FILE | METHOD_ON_COLLECTION},
    {0},
};

static const struct dav_prop props[] = {
    {STR_INIT(NS_DAV), STR_INIT("supported-query-grammar-set"), prop_grammars, PROP_PROTECTED},
    {{0}},
};

const struct dav_extension search_extension = {
    .name = STR_INIT("search"),
    .where = STR_INIT("RFC 5323"),
    .methods = methods,
    .props = props,
    .add_options = add_options,
};
