/* A PROPFIND of a collection that several origins have: one 207 of what all of them say.
 *
 *     ask all -> all heads are there -> read one after the other -> (answer)
 *                                          |    ^
 *                                          v    |  what is written goes to disk
 *                                          settle, on a worker
 *
 * Of a name that several have the first one's response counts; so those before must have been read
 * to their end, and the others wait meanwhile, which back-pressure sees to. The names that were are
 * known by their hashes (names.c).
 *
 * The answer is complete before any of it is sent: in memory up to a bound, beyond that in a file
 * without a name. Only then can an origin that breaks off in the middle make it a 503; and origins
 * are read as fast as they write, not as slowly as the client reads, for which they would not wait.
 * An answer that misses a member looks to who syncs as if that had been removed.
 *
 * An origin may say itself that its 207 is not all: by a status of the collection's own URL, as a
 * union behind this one does with `partial`, or by naming not even that. It is as one that broke
 * off. A member that is 404 in it is none, and hides none.
 *
 * With `partial = yes` the listing comes all the same, and says that it is not complete: a response
 * of the collection's own URL with 507 (RFC 6578 §3.6), and a field that names who is missing.
 *
 * The collection's own properties are the first one's that has it. What would tell a client that
 * nothing has changed is left out, since it is about one origin only; so is what cannot be done
 * with several. For the same reason collections in it have no tags: whether others have them, too,
 * is not known here. Its quota stays: what is new goes to the first.
 *
 * Conditions are judged by the first. What it answers, if that is no 207, is the answer.
 *
 * Rejected: to merge while it is sent. It is quicker by the time that the origins take, and breaks
 * off where this says 503. Rejected: to copy the origins' bytes, as the rewriter of one does: a
 * response uses prefixes which its multistatus declares. */
#include "gateway/union/merge.h"

#include "exchange/destination.h"
#include "exchange/respond.h"
#include "gateway/failure.h"
#include "gateway/request.h"
#include "gateway/union/members.h"
#include "gateway/union/names.h"
#include "gateway/union/united.h"
#include "gateway/union/untold.h"
#include "multistatus/keep.h"
#include "multistatus/writer.h"
#include "stream/spool.h"

static struct davit_ms_text ms_of(struct str text)
{
    return (struct davit_ms_text){text.at, text.len};
}

struct listing {
    struct ask *asks[UNION_ORIGINS_MAX]; /* by their order; NULL: it is not asked */
    uint64_t missing;                    /* those of which not all is known */
    size_t at;                           /* which is read */
    struct members members;
    struct names names;
    struct davit_ms_writer *writer;
    struct spool spool;
    bool may_lack;  /* some may be missing, if it is said */
    bool has_names; /* properties are asked for by their names */
    bool has_heads;
    bool is_full; /* there is no room for what is written */
    struct err full_err;
};

/* --- what is said of several --- */

/* Copies of a response's parts, for as long as it is written. */
struct edition {
    struct arena arena;
    struct davit_ms_response response;
    struct davit_ms_element *gone; /* the names of what was left out */
    size_t gone_count;
};

static void edit_propstat(struct edition *edition, struct davit_ms_propstat *propstat, bool is_own)
{
    struct davit_ms_element *kept =
        arena_alloc(&edition->arena, propstat->prop_count * sizeof(*kept));
    size_t count = 0;
    for (size_t i = 0; i < propstat->prop_count; i++) {
        const struct davit_ms_element *prop = &propstat->props[i];
        bool is_there = http_is_success(propstat->status);
        if (is_there && untold_is(prop, is_own))
            edition->gone[edition->gone_count++] =
                (struct davit_ms_element){.ns = prop->ns, .name = prop->name};
        else
            kept[count++] = *prop;
    }
    propstat->props = kept;
    propstat->prop_count = count;
}

/* What is left out of what was asked for by name is not there (RFC 4918 §9.1). */
static void edit(struct edition *edition, const struct davit_ms_response *response, bool is_own,
                 bool has_names)
{
    size_t count = response->propstat_count;
    struct davit_ms_propstat *propstats =
        arena_alloc(&edition->arena, (count + 1) * sizeof(*propstats));
    size_t prop_count = 0;
    for (size_t i = 0; i < count; i++)
        prop_count += response->propstats[i].prop_count;
    edition->gone = arena_alloc(&edition->arena, (prop_count + 1) * sizeof(*edition->gone));
    for (size_t i = 0; i < count; i++) {
        propstats[i] = response->propstats[i];
        edit_propstat(edition, &propstats[i], is_own);
    }
    if (has_names && edition->gone_count)
        propstats[count++] = (struct davit_ms_propstat){
            .status = HTTP_NOT_FOUND, .props = edition->gone, .prop_count = edition->gone_count};
    edition->response = *response;
    edition->response.propstats = propstats;
    edition->response.propstat_count = count;
}

/* --- asking --- */

static void free_listing(void *arg)
{
    struct listing *listing = arg;
    names_done(&listing->names);
    davit_ms_writer_free(listing->writer);
    spool_done(&listing->spool);
}

static bool is_asked(const struct listing *listing, size_t i)
{
    return listing->asks[i] != NULL;
}

static void miss(struct listing *listing, size_t i, const char *why)
{
    listing->missing |= UINT64_C(1) << i;
    failure_note(listing->asks[i], why);
}

static void ask_one(struct exchange *x, size_t i)
{
    struct relay *f = relay_of(x);
    struct listing *listing = united_of(x)->listing;
    united_choose(x, &united_of(x)->look->mates[i]);
    struct dav_result result = request_build(x, !x->has_slash); /* it is a collection */
    listing->asks[i] = f->ask;
    f->ask->is_aside = true;
    if (dav_is_fine(result))
        result = ask_start(f->ask);
    if (!dav_is_fine(result))
        miss(listing, i, result.text);
    f->is_unconditional = true; /* that was the first */
}

static struct dav_result begin(struct exchange *x)
{
    struct united *u = united_of(x);
    struct listing *listing = ARENA_NEW(x->arena, struct listing);
    size_t memory_bytes = x->service->limits->answer_memory_bytes;
    if (!exchange_hold(x, memory_bytes + 2 * MEMBER_BYTES_MAX))
        return dav_busy();
    u->listing = listing;
    listing->may_lack = u->look->mates->is_partial && u->plan.is_of_members;
    listing->missing = u->plan.is_of_members ? u->plan.lacking : 0;
    listing->members.x = x;
    listing->has_names = untold_is_asked(buf_str(&x->body));
    spool_init(&listing->spool, x->service->spool_dir_fd, memory_bytes);
    listing->writer = davit_ms_writer_new();
    arena_on_reset(x->arena, free_listing, listing);
    if (!listing->writer || davit_ms_writer_begin(listing->writer) != DAVIT_MS_OK)
        return dav_busy();
    survey_end(u->look);
    for (size_t i = 0; i < u->look->count; i++) {
        if (u->plan.members & UINT64_C(1) << i)
            ask_one(x, i);
    }
    return DAV_FINE;
}

static bool is_waited_for(const struct listing *listing, size_t i)
{
    const struct ask *ask = listing->asks[i];
    bool is_missing = listing->missing & UINT64_C(1) << i;
    return ask && !is_missing && ask_is_pending(ask);
}

static bool is_absence(unsigned status)
{
    return status == HTTP_NOT_FOUND || status == HTTP_GONE;
}

/* Those that will not be read are missing, or have nothing any more. */
static void sort_out(struct listing *listing, const struct survey *look)
{
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        struct ask *ask = listing->asks[i];
        bool is_missing = listing->missing & UINT64_C(1) << i;
        if (!ask || is_missing || (ask->has_head && ask->call.status == HTTP_MULTI_STATUS))
            continue;
        bool is_gone = ask->has_head && is_absence(ask->call.status) && !look->is_root;
        if (!is_gone)
            miss(listing, i, ask->has_head ? "it answers with no 207" : ask->call.message);
        ask_let_go(ask);
        listing->asks[i] = is_gone ? NULL : ask;
    }
}

/* The first one's answer, where that is for the client to read: a refusal, or a challenge. */
static struct ask *find_refusal(const struct listing *listing, size_t first)
{
    struct ask *ask = listing->asks[first];
    bool is_refusal = ask && ask->has_head && ask->call.status != HTTP_MULTI_STATUS &&
                      !is_absence(ask->call.status) && ask->call.status < 500;
    return is_refusal ? ask : NULL;
}

/* --- merging --- */

/* What a name is known by: a path of ours, whatever its escapes. */
static struct str key_of(struct arena *arena, struct str href)
{
    struct res_path path;
    bool has_slash;
    struct str text = str_first(href, str_index(href, '?'));
    return path_decode(arena, text, &path, &has_slash) == PATH_OK ? path_str(path) : href;
}

static bool is_new(struct listing *listing, struct edition *edition,
                   const struct davit_ms_response *response)
{
    bool is_new = false;
    for (size_t i = 0; i < response->href_count; i++) {
        struct str key = key_of(&edition->arena, str_of_text(response->hrefs[i].uri));
        is_new |= names_add(&listing->names, key);
    }
    return is_new;
}

static bool is_of_collection(const struct davit_ms_response *response)
{
    return str_ends(str_of_text(response->hrefs[0].uri), STR("/")) ||
           survey_is_collection(response);
}

static void drain(struct listing *listing)
{
    buf_add(spool_buf(&listing->spool), str_of_text(davit_ms_writer_bytes(listing->writer)));
    davit_ms_writer_clear(listing->writer);
}

static struct dav_result has_room(struct exchange *x, size_t more)
{
    struct listing *listing = united_of(x)->listing;
    const struct limits *limits = x->service->limits;
    size_t growth = names_growth(&listing->names);
    if (listing->names.count + more > limits->union_members ||
        spool_len(&listing->spool) > limits->spool_bytes)
        return dav_error(HTTP_INSUFFICIENT_STORAGE,
                         "the collections that are one here have more members than can be merged");
    return growth && !exchange_hold(x, growth) ? dav_busy() : DAV_FINE;
}

static struct dav_result add(struct exchange *x, const struct davit_ms_response *response)
{
    struct listing *listing = united_of(x)->listing;
    struct edition edition = {0};
    const struct davit_ms_response *written = response;
    if (response->href_count == 0 || is_absence(response->status))
        return DAV_FINE; /* of nothing */
    struct dav_result result = has_room(x, response->href_count);
    if (dav_is_fine(result) && is_new(listing, &edition, response)) {
        struct str key = key_of(&edition.arena, str_of_text(response->hrefs[0].uri));
        bool is_own = str_eq(key, path_str(x->path));
        if (is_own || is_of_collection(response)) {
            edit(&edition, response, is_own, listing->has_names);
            written = &edition.response;
        }
        if (davit_ms_writer_copy(listing->writer, written) != DAVIT_MS_OK)
            result = dav_busy();
        drain(listing);
    }
    arena_done(&edition.arena);
    return result;
}

/* Whether it says of the collection that it cannot be listed, or not to its end (RFC 6578 §3.6). */
static bool is_cut_off(const struct exchange *x, const struct davit_ms_response *response)
{
    struct arena arena = {0};
    bool is_own = false;
    for (size_t i = 0; i < response->href_count && http_is_error(response->status); i++)
        is_own |= str_eq(key_of(&arena, str_of_text(response->hrefs[i].uri)), path_str(x->path));
    arena_done(&arena);
    return is_own;
}

/* The next response of a listing which is all there; the collection itself is in it, at least (RFC
 * 4918 §9.1). */
static enum members_end next(struct exchange *x, const struct davit_ms_response **response_out)
{
    struct members *members = &united_of(x)->listing->members;
    enum members_end end = members_next(members, response_out);
    if ((end == MEMBERS_ONE && is_cut_off(x, *response_out)) ||
        (end == MEMBERS_DONE && !members->has_any)) {
        (void)err_set(&members->err, 0, "it says that its listing is not all");
        end = MEMBERS_FAIL;
    }
    return end;
}

/* Reads as long as it need not wait, and there is room in memory. */
static enum members_end read_on(struct exchange *x, struct dav_result *result_out)
{
    struct listing *listing = united_of(x)->listing;
    const struct davit_ms_response *response;
    enum members_end end = MEMBERS_ONE;
    while (end == MEMBERS_ONE && dav_is_fine(*result_out) &&
           spool_buf(&listing->spool)->len <= listing->spool.memory_bytes_max) {
        end = next(x, &response);
        if (end == MEMBERS_ONE)
            *result_out = add(x, response);
    }
    return end;
}

static void close_one(struct listing *listing)
{
    members_close(&listing->members);
    ask_let_go(listing->asks[listing->at]);
    listing->at++;
}

/* The first of those that are left to be read. False: there is none, or it is missing now. */
static bool open_next(struct listing *listing)
{
    while (listing->at < UNION_ORIGINS_MAX &&
           (!is_asked(listing, listing->at) || listing->missing & UINT64_C(1) << listing->at))
        listing->at++;
    if (listing->at == UNION_ORIGINS_MAX)
        return false;
    if (members_open(&listing->members, listing->asks[listing->at]))
        return true;
    miss(listing, listing->at, listing->members.err.text);
    close_one(listing);
    return false;
}

/* --- answering --- */

static struct dav_result unavailable(const struct exchange *x)
{
    const struct united *u = united_of(x);
    size_t i = 0;
    while (i + 1 < u->look->count && !(u->listing->missing & UINT64_C(1) << i))
        i++;
    struct str note = x->stream->response.note;
    struct dav_result result = survey_unknown(u->look, i);
    if (is_asked(u->listing, i)) /* which has been noted */
        x->stream->response.note = note;
    return result;
}

/* RFC 6578 §3.6: there is more than this. */
static void add_marker(struct exchange *x)
{
    struct listing *listing = united_of(x)->listing;
    const struct davit_ms_element condition = {.ns = ms_of(STR(NS_DAVIT)),
                                               .prefix = ms_of(STR("V")),
                                               .name = ms_of(STR("upstream-unavailable"))};
    struct buf href = {0};
    path_encode(&href, x->path, true);
    (void)davit_ms_writer_response(listing->writer, ms_of(buf_str(&href)));
    (void)davit_ms_writer_status(listing->writer, HTTP_INSUFFICIENT_STORAGE);
    (void)davit_ms_writer_condition(listing->writer, &condition);
    (void)davit_ms_writer_description(
        listing->writer,
        ms_of(STR("Not all of the servers whose trees are one here have answered: members are "
                  "missing.")),
        ms_of(STR_NONE)); /* a failure stays, and is looked at in the end */
    buf_done(&href);
}

static enum stage_end answer(struct exchange *x)
{
    struct listing *listing = united_of(x)->listing;
    if (listing->missing)
        add_marker(x);
    if (davit_ms_writer_end(listing->writer) != DAVIT_MS_OK)
        return respond_error(x, dav_busy());
    drain(listing);
    x->stream->response.verdict = davit_ms_writer_verdict(listing->writer);
    united_tell_missing(x, listing->missing);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    respond_location(x, true);
    return respond_source(x, HTTP_MULTI_STATUS, STR(MULTISTATUS_TYPE),
                          spool_source(&listing->spool, x->arena), spool_len(&listing->spool));
}

static enum stage_end merge(struct exchange *x)
{
    struct listing *listing = united_of(x)->listing;
    struct dav_result result = DAV_FINE;
    while (dav_is_fine(result) && (listing->may_lack || !listing->missing)) {
        if (!listing->members.reader && !open_next(listing)) {
            if (listing->at < UNION_ORIGINS_MAX)
                continue;
            if (listing->names.count) /* otherwise nothing at all is known */
                return answer(x);
            break;
        }
        enum members_end end = read_on(x, &result);
        if (end == MEMBERS_WAIT)
            return STAGE_WAIT;
        if (end == MEMBERS_ONE && dav_is_fine(result))
            return STAGE_BLOCKS;
        if (end == MEMBERS_FAIL)
            miss(listing, listing->at, listing->members.err.text);
        if (end != MEMBERS_ONE)
            close_one(listing);
    }
    return respond_error(x, dav_is_fine(result) ? unavailable(x) : result);
}

/* --- the stage --- */

/* On a worker, while nothing else happens to the listing but that more of it may come. */
static enum stage_end settle(struct listing *listing)
{
    listing->is_full = !spool_settle(&listing->spool, &listing->full_err);
    return STAGE_RETURNS;
}

static enum stage_end fail_full(struct exchange *x)
{
    x->stream->response.note = arena_str(x->arena, str_of_c(united_of(x)->listing->full_err.text));
    return respond_error(x, dav_error(HTTP_INSUFFICIENT_STORAGE,
                                      "the gateway has no room to keep a listing until it is all "
                                      "there"));
}

static bool is_too_deep(const struct exchange *x)
{
    enum depth depth;
    bool is_noroot;
    return !dav_is_fine(depth_read_noroot(x, DEPTH_INFINITY, &depth, &is_noroot)) ||
           depth == DEPTH_INFINITY;
}

enum stage_end merge_answer(struct exchange *x)
{
    struct united *u = united_of(x);
    struct listing *listing = u->listing;
    if (u->plan.kind != PLAN_LIST)
        return STAGE_NEXT;
    if (x->is_on_worker)
        return settle(listing);
    if (x->stream->has_gone)
        return respond_status(x, HTTP_BAD_REQUEST);
    if (is_too_deep(x)) /* RFC 4918 §9.1: servers need not */
        return respond_error(x, dav_condition(CONDITION_PROPFIND_FINITE_DEPTH, NULL));
    struct dav_result result = listing ? DAV_FINE : begin(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    listing = u->listing;
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        if (is_waited_for(listing, i))
            return STAGE_WAIT;
    }
    struct ask *refusal = listing->has_heads ? NULL : find_refusal(listing, u->plan.index);
    if (refusal) {
        united_pass_on(x, refusal);
        merge_end(x);
        return STAGE_NEXT;
    }
    if (!listing->has_heads)
        sort_out(listing, u->look);
    listing->has_heads = true;
    return listing->is_full ? fail_full(x) : merge(x);
}

void merge_end(struct exchange *x)
{
    struct listing *listing = united_of(x)->listing;
    const struct united *u = united_of(x);
    if (!listing)
        return;
    if (listing->members.reader)
        members_close(&listing->members);
    for (size_t i = 0; i < UNION_ORIGINS_MAX; i++) {
        if (listing->asks[i] && !(u->is_sent && listing->asks[i] == u->relay.ask))
            ask_let_go(listing->asks[i]);
    }
}
