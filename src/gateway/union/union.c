/* One tree of several origins (`origins = a, b`): a name is that of the first, in their order, that
 * has it, and a collection has the members that it has at any of them.
 *
 *     check -> collect -> locate -> (together) -> send -> await -> look -> (answer)
 *                           |  by a look at all: survey.c; to what that leads: plan.c
 *                           '- of what is new, and of a destination, at the parent, too
 *
 * Once it is known to whom a request goes it is one of any gateway's. What only one origin has is
 * that one's with all that is inside, and nothing more need be thought of. What several have:
 *
 *  - a resource that is no collection: the first one's counts, but for DELETE, which is asked of
 *    each (removal.c), and MOVE, which is refused, as it would bring another's to light;
 *  - a collection: PROPFIND is merged (merge.c), PROPPATCH and what makes members goes to the
 *    first, where its own properties are. What would be about all that is inside at once is
 *    refused: no origin can lock, copy or report what is another's. So is GET: its page would show
 *    one origin's members as if they were all.
 *
 * What is new goes to the first origin that has its parent. Nothing is made, and nothing taken
 * away, unless it is known of every origin what it has there.
 *
 * A request that names a lock token goes to the origin that gave it (tokens.c), without a look.
 *
 * COPY and MOVE stay within an origin. A destination that another has, too, would be hidden by it
 * or hide it.
 *
 * Rejected: to send a request to the first, and on a 404 to the next. A body cannot be sent twice,
 * and of what is not there yet it tells nothing. */
#include "gateway/union/union.h"

#include "exchange/body.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "gateway/answer.h"
#include "gateway/forward.h"
#include "gateway/origin/report.h"
#include "gateway/repeats.h"
#include "gateway/request.h"
#include "gateway/spool.h"
#include "gateway/tree/look.h"
#include "gateway/union/abilities.h"
#include "gateway/union/merge.h"
#include "gateway/union/removal.h"
#include "gateway/union/tokens.h"
#include "gateway/union/united.h"

/* --- what a request is about --- */

static struct dav_result wish_of(struct exchange *x, struct wish *wish)
{
    enum depth depth = DEPTH_INFINITY;
    bool is_noroot;
    struct dav_result result = DAV_FINE;
    const struct gateway *mates = x->handler->shared;
    *wish = (struct wish){.aim = AIM_FIRST};
    wish->may_lack = (x->method->flags & METHOD_IS_SAFE) && mates->is_partial;
    switch (x->method->id) {
    case METHOD_PROPFIND:
        result = depth_read_noroot(x, DEPTH_INFINITY, &depth, &is_noroot);
        wish->aim = depth == DEPTH_0 ? AIM_ITSELF : AIM_LIST;
        break;
    case METHOD_LOCK:
        wish->makes = x->body.len > 0; /* otherwise it is refreshed (RFC 4918 §9.10.2) */
        wish->aim = AIM_INSIDE;
        break;
    case METHOD_GET:
    case METHOD_HEAD:
    case METHOD_REPORT:
    case METHOD_COPY:
        wish->aim = AIM_INSIDE;
        break;
    case METHOD_MOVE:
        wish->aim = AIM_SOLE;
        break;
    case METHOD_DELETE:
        wish->aim = AIM_EACH;
        break;
    case METHOD_PUT:
    case METHOD_MKCOL:
        wish->makes = true;
        break;
    default: /* of one resource */
        break;
    }
    return result;
}

/* Its being of several origins is why it is refused. */
static struct dav_result refuse_shared(struct exchange *x)
{
    switch (x->method->id) {
    case METHOD_GET:
    case METHOD_HEAD:
        respond_field(
            x, FIELD_ALLOW,
            answer_abilities(x, FIELD_ALLOW, STR("OPTIONS, DELETE, PROPFIND, PROPPATCH")));
        return dav_error(HTTP_METHOD_NOT_ALLOWED,
                         "this collection is that of several servers: PROPFIND lists it");
    case METHOD_LOCK:
        return dav_error(HTTP_FORBIDDEN, "this collection is that of several servers, and a lock "
                                         "is given by one: lock what is in it");
    case METHOD_REPORT:
        return dav_condition(CONDITION_SUPPORTED_REPORT, NULL);
    case METHOD_COPY:
        return dav_error(HTTP_BAD_GATEWAY, "this collection is that of several servers: copy what "
                                           "is in it");
    default:
        return dav_error(HTTP_BAD_GATEWAY,
                         "several servers have what is to be moved, and another one's would come "
                         "to light in its place");
    }
}

/* --- locating --- */

/* To that one alone: what it has is its to say. */
static bool goes_by_token(const struct exchange *x)
{
    bool is_of_one = x->method->id != METHOD_DELETE && x->method->id != METHOD_COPY &&
                     x->method->id != METHOD_MOVE && x->method->id != METHOD_PROPFIND;
    const struct gateway *bound = is_of_one ? token_origin_find(x) : NULL;
    if (bound)
        united_choose(x, bound);
    return bound;
}

static enum stage_end choose(struct exchange *x, size_t index)
{
    const struct united *u = united_of(x);
    united_choose(x, &u->look->mates[index]);
    united_tell_missing(x, u->plan.lacking);
    return STAGE_NEXT;
}

/* A look at what the last segment of the path is in. */
static struct survey *survey_parent(struct exchange *x, struct res_path path)
{
    struct buf text = {0};
    path_encode(&text, path_parent(path), true);
    struct survey *look = survey_new(x, arena_str(x->arena, buf_str(&text)));
    buf_done(&text);
    look->is_root = path_eq(path_parent(path), look->mates->place->outer);
    return look;
}

/* What is new goes to the first that has its parent. */
static enum stage_end place(struct exchange *x)
{
    struct united *u = united_of(x);
    if (path_eq(x->path,
                u->look->mates->place->outer)) /* nobody has the mount: the first says so */
        return choose(x, 0);
    if (!u->parent)
        u->parent = survey_parent(x, x->path);
    survey_go_on(u->parent);
    struct plan plan = plan_for_member(u->parent->had, u->parent->count);
    switch (plan.kind) {
    case PLAN_WAIT:
        return STAGE_WAIT;
    case PLAN_GO:
        return choose(x, plan.index);
    case PLAN_UNKNOWN:
        return respond_error(x, survey_unknown(u->parent, plan.index));
    default: /* RFC 4918 §9.3.1, §9.7.1, §9.10.6 */
        return respond_error(x, dav_error(HTTP_CONFLICT, "there is no such collection to put it "
                                                         "in: make it first"));
    }
}

static enum stage_end locate(struct exchange *x)
{
    struct united *u = united_of(x);
    struct wish wish;
    struct dav_result result = wish_of(x, &wish);
    if (x->stream->has_gone)
        return respond_status(x, HTTP_BAD_REQUEST);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (!u->look && goes_by_token(x))
        return STAGE_NEXT;
    if (!u->look) {
        u->look = survey_new(x, x->stream->request.path);
        u->look->is_root = path_eq(x->path, u->look->mates->place->outer) && !wish.makes;
    }
    survey_go_on(u->look);
    u->plan = plan_of(u->look->had, u->look->count, wish);
    switch (u->plan.kind) {
    case PLAN_WAIT:
        return STAGE_WAIT;
    case PLAN_GO:
        return choose(x, u->plan.index);
    case PLAN_PARENT:
        return place(x);
    case PLAN_LIST:
    case PLAN_EACH:
        return STAGE_NEXT;
    case PLAN_ABSENT:
        return respond_error(x, dav_not_found());
    case PLAN_SHARED:
        return respond_error(x, refuse_shared(x));
    case PLAN_UNKNOWN:
        return respond_error(x, survey_unknown(u->look, u->plan.index));
    }
    BUG("no such plan");
}

/* --- COPY and MOVE --- */

/* Who has something. */
struct holders {
    bool is_chosen;  /* the source's origin */
    bool is_other;   /* another */
    bool is_pending; /* one has not said it yet */
    size_t unknown;  /* one of which it is not known, or the count of all */
};

static struct holders holders_of(const struct survey *look, const struct gateway *chosen)
{
    struct holders holders = {.unknown = look->count};
    for (size_t i = 0; i < look->count; i++) {
        enum had had = look->had[i];
        bool has_it = had != HAD_PENDING && had != HAD_NOTHING && had != HAD_UNKNOWN;
        bool is_chosen = &look->mates[i] == chosen;
        holders.is_pending |= had == HAD_PENDING;
        holders.is_chosen |= has_it && is_chosen;
        holders.is_other |= has_it && !is_chosen;
        if (had == HAD_UNKNOWN)
            holders.unknown = i;
    }
    return holders;
}

static struct dav_result refuse_across(void)
{
    return dav_error(HTTP_BAD_GATEWAY,
                     "source and destination are on different servers, whose trees are one here: "
                     "what is to be copied or moved must stay on one of them");
}

/* Where the destination is, or what it is to be in: the source's origin must have it, and, of the
 * destination itself, no other. */
static enum stage_end check_transfer(struct exchange *x)
{
    struct united *u = united_of(x);
    const struct relay *f = relay_of(x);
    if (x->stream->has_gone)
        return respond_status(x, HTTP_BAD_REQUEST);
    if (path_eq(f->to, u->look->mates->place->outer)) /* what that is in, no origin has */
        return respond_error(x, dav_error(HTTP_FORBIDDEN, "a mount cannot be replaced"));
    if (!u->to)
        u->to = survey_new(x, f->destination);
    if (!u->parent)
        u->parent = survey_parent(x, f->to);
    united_choose(x, &u->look->mates[u->plan.index]);
    survey_go_on(u->to);
    survey_go_on(u->parent);
    struct holders of_to = holders_of(u->to, gateway_of(x));
    struct holders of_parent = holders_of(u->parent, gateway_of(x));
    if (of_to.is_other || (!of_parent.is_pending && !of_parent.is_chosen && of_parent.is_other))
        return respond_error(x, refuse_across());
    if (of_to.is_pending || of_parent.is_pending)
        return STAGE_WAIT;
    if (of_to.unknown < u->to->count)
        return respond_error(x, survey_unknown(u->to, of_to.unknown));
    return STAGE_NEXT;
}

/* --- the others --- */

static enum stage_end send_request(struct exchange *x)
{
    return united_of(x)->is_sent ? STAGE_NEXT : forward_send(x);
}

/* The answer's head is there. */
static enum stage_end note_token(struct exchange *x)
{
    const struct call *call = &relay_of(x)->ask->call;
    struct str token = call_field(call, STR("Lock-Token"));
    if (http_is_success(call->status) && token.len)
        token_origin_note(x, gateway_of(x), token);
    return STAGE_NEXT;
}

static const struct stage collected_stages[] = {
    {"check", forward_check, ON_LOOP},  {"collect", exchange_read_xml, ON_LOOP},
    {"report", origin_report, ON_LOOP}, {"locate", locate, ON_LOOP},
    {"send", send_request, ON_LOOP},    {"await", forward_await, ON_LOOP},
    {"look", forward_look, ON_LOOP},
};

static const struct stage streamed_stages[] = {
    {"check", forward_check, ON_LOOP}, {"locate", locate, ON_LOOP},
    {"lost", forward_lost, ON_LOOP},   {"spool", spool_upload, ON_LOOP},
    {"send", send_request, ON_LOOP},   {"await", forward_await, ON_LOOP},
    {"look", forward_look, ON_LOOP},
};

static const struct stage listing_stages[] = {
    {"check", forward_check, ON_LOOP}, {"collect", exchange_read_xml, ON_LOOP},
    {"locate", locate, ON_LOOP},       {"merge", merge_answer, ON_LOOP},
    {"send", send_request, ON_LOOP},   {"await", forward_await, ON_LOOP},
    {"look", forward_look, ON_LOOP},
};

static const struct stage removal_stages[] = {
    {"check", forward_check, ON_LOOP}, {"collect", exchange_read_xml, ON_LOOP},
    {"locate", locate, ON_LOOP},       {"remove", removal_answer, ON_LOOP},
    {"send", send_request, ON_LOOP},   {"await", forward_await, ON_LOOP},
    {"look", forward_look, ON_LOOP},
};

static const struct stage transfer_stages[] = {
    {"check", forward_check, ON_LOOP}, {"collect", exchange_read_xml, ON_LOOP},
    {"locate", locate, ON_LOOP},       {"destination", check_transfer, ON_LOOP},
    {"send", send_request, ON_LOOP},   {"await", forward_await, ON_LOOP},
    {"look", forward_look, ON_LOOP},
};

static const struct stage lock_stages[] = {
    {"check", forward_check, ON_LOOP}, {"collect", exchange_read_xml, ON_LOOP},
    {"locate", locate, ON_LOOP},       {"send", send_request, ON_LOOP},
    {"await", forward_await, ON_LOOP}, {"token", note_token, ON_LOOP},
    {"look", forward_look, ON_LOOP},
};

static const struct stage options_stages[] = {
    {"check", forward_check, ON_LOOP},        {"collect", exchange_read_xml, ON_LOOP},
    {"abilities", abilities_answer, ON_LOOP}, {"send", send_request, ON_LOOP},
    {"await", forward_await, ON_LOOP},        {"look", forward_look, ON_LOOP},
};

/* Of those that are not here nobody can say to which origin they go, or all would have to do them.
 */
static const struct stage *const stages[METHOD_COUNT] = {
    [METHOD_OPTIONS] = options_stages,     [METHOD_GET] = collected_stages,
    [METHOD_HEAD] = collected_stages,      [METHOD_PUT] = streamed_stages,
    [METHOD_PATCH] = streamed_stages,      [METHOD_DELETE] = removal_stages,
    [METHOD_MKCOL] = collected_stages,     [METHOD_COPY] = transfer_stages,
    [METHOD_MOVE] = transfer_stages,       [METHOD_PROPFIND] = listing_stages,
    [METHOD_PROPPATCH] = collected_stages, [METHOD_LOCK] = lock_stages,
    [METHOD_UNLOCK] = collected_stages,    [METHOD_REPORT] = collected_stages,
};

/* --- the handler --- */

static struct dav_result find(const struct exchange *x, const struct stage **stages_out)
{
    const struct stage *own;
    struct dav_result result = forward_find(x, &own);
    if (dav_is_fine(result) && (x->method->id == METHOD_OTHER || !stages[x->method->id]))
        result = dav_error(HTTP_METHOD_NOT_ALLOWED,
                           "this method is not passed on to servers whose trees are one here");
    if (dav_is_fine(result))
        *stages_out = stages[x->method->id];
    return result;
}

/* However it ended, nobody is to be asked any longer. */
static void end(struct exchange *x)
{
    struct united *u = united_of(x);
    survey_end(u->look);
    survey_end(u->to);
    survey_end(u->parent);
    merge_end(x);
    removal_end(x);
    abilities_end(x);
    lost_body_note(x);
}

static const struct stage allow_stage = {"allow", forward_allow, ON_LOOP};

static const struct handler_ops ops = {
    .name = "union",
    .part_bytes = sizeof(struct united),
    .names = forward_names,
    .takes_others = true,
    .find = find,
    .look = gateway_look,
    .allow = &allow_stage,
    .end = end,
};

void union_handle(struct gateways *gateways)
{
    for (size_t i = 0; i < gateways->count; i++) {
        if (gateways->at[i].mate_count > 1)
            gateways->at[i].handler = (struct handler){&ops, &gateways->at[i]};
    }
}
