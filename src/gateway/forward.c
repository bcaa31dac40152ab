/* A request that another server answers: the stages, all of them on the loop, and who may.
 *
 *     check -> collect, or spool -> send -> await -> look -> (answer)
 *
 * What can refuse it without the origin comes first. XML is collected, and content where it must
 * be. Then the origin is asked, and the exchange waits: for the head of the answer, or for the end
 * of the call where there is none; and, where content is sent, for the end of that, unless the
 * answer says that it is not wanted. A first piece of an answer that is rewritten is looked at
 * before its head is sent on.
 *
 * Rules are asked about the path, and for COPY and MOVE about the destination. A gateway cannot ask
 * them about each member of a tree that an origin changes: where they differ for what is inside,
 * what would reach inside is refused, and of what is listed only what may be read is passed on. How
 * an origin tells names apart nobody knows; so names are judged both ways. */
#include "gateway/forward.h"

#include "exchange/admit.h"
#include "exchange/answer/finish.h"
#include "exchange/body.h"
#include "exchange/browser.h"
#include "exchange/destination.h"
#include "exchange/respond.h"
#include "gateway/answer.h"
#include "gateway/failure.h"
#include "gateway/origin/aliases.h"
#include "gateway/origin/report.h"
#include "gateway/repeats.h"
#include "gateway/request.h"
#include "gateway/spool.h"
#include "gateway/tree/look.h"
#include "http/media_type.h"

enum { LOOK_BYTES = 65536 };

/* --- who may --- */

enum access_names forward_names(const struct exchange *x, struct res_path path)
{
    (void)x, (void)path; /* it may be otherwise at each place of an origin */
    return ACCESS_NAMES_BOTH;
}

/* Whether the origin would change, with what the request names, what is inside of it. */
static bool reaches_inside(const struct exchange *x, enum depth depth)
{
    switch (x->method->id) {
    case METHOD_DELETE:
    case METHOD_MOVE:
        return true;
    case METHOD_COPY:
    case METHOD_LOCK:
        return depth != DEPTH_0;
    default:
        return false;
    }
}

/* Whether it is a batch, by the origin's understanding (decision 90). */
static bool is_batch(const struct exchange *x)
{
    struct str type = media_type_essence(exchange_field(x, FIELD_CONTENT_TYPE));
    return str_starts_nocase(type, STR("application/vnd.davit.batch")) ||
           str_eq_nocase(type, STR("multipart/related"));
}

/* Whether the request's body may name what else is to be changed. */
static bool names_others(const struct exchange *x)
{
    switch (x->method->id) {
    case METHOD_BIND:
    case METHOD_UNBIND:
    case METHOD_REBIND:
    case METHOD_CHECKIN:
    case METHOD_CHECKOUT:
    case METHOD_UNCHECKOUT:
    case METHOD_BPROPFIND:
    case METHOD_BPROPPATCH:
    case METHOD_BDELETE:
    case METHOD_BCOPY:
    case METHOD_BMOVE:
    case METHOD_OTHER:
        return true;
    case METHOD_POST:
        return is_batch(x);
    default:
        return false;
    }
}

/* Whether, where it is about a collection, content tells of members (a page, a ZIP of all), or
 * names them (RFC 5995). For a token with a scope all differs: there the slash has to tell. */
static bool has_content_of_inside(const struct exchange *x)
{
    bool is_asked = x->method->id == METHOD_GET || x->method->id == METHOD_POST;
    return is_asked &&
           (!x->signed_in.principal.scope.path.at || str_ends(x->stream->request.path, STR("/")));
}

static struct dav_result check_inside(const struct exchange *x, struct res_path path)
{
    if (!aliases_differ_below(x, path))
        return DAV_FINE;
    return dav_error(HTTP_FORBIDDEN,
                     "not all that is inside may be treated alike, and a gateway cannot choose: "
                     "do it member by member");
}

/* Whether the origin cannot but take it for what we do. */
static struct dav_result check_place(const struct exchange *x, struct str path)
{
    struct buf inner = {0};
    bool has_place = url_to_inner(gateway_of(x)->place, path, &inner);
    buf_done(&inner);
    return has_place ? DAV_FINE
                     : dav_error(HTTP_BAD_REQUEST,
                                 "there is a name in the path that leads up for some servers");
}

/* The origin knows nothing of what is mounted below, and would do as if all were its own. */
static struct dav_result check_mounts(const struct exchange *x, struct res_path tree)
{
    if (!handler_holds_others(x->service, tree))
        return DAV_FINE;
    return dav_condition(CONDITION_CANNOT_REMOVE_MOUNT,
                         "a mount begins in there: do it member by member");
}

/* The Destination, which must be of the same gateway (RFC 4918 §9.8.5: 502). */
static struct dav_result check_destination(struct exchange *x)
{
    struct relay *f = relay_of(x);
    struct uri uri;
    struct dav_result result = destination_read(x, &f->to);
    if (dav_is_fine(result))
        result = browser_check_reach(x, f->to);
    if (dav_is_fine(result) && handler_find(x->service, f->to) != x->handler)
        result = dav_error(HTTP_BAD_GATEWAY,
                           "the destination is not behind the same gateway as the source");
    if (dav_is_fine(result))
        result = aliases_admit(x, ACCESS_WRITE, f->to);
    if (!dav_is_fine(result))
        return result;
    if (!uri_parse_lenient(exchange_field(x, FIELD_DESTINATION), &uri))
        BUG("a Destination that was read cannot be parsed");
    f->destination = uri.path;
    return check_place(x, uri.path);
}

static struct dav_result check_reach(struct exchange *x)
{
    struct relay *f = relay_of(x);
    enum depth depth = DEPTH_INFINITY;
    bool is_transfer = x->method->id == METHOD_COPY || x->method->id == METHOD_MOVE;
    struct dav_result result = DAV_FINE;
    if (x->stream->request.path.len)
        result = check_place(x, x->stream->request.path);
    if (dav_is_fine(result) && !(x->method->flags & METHOD_IS_OPEN))
        result = aliases_admit(x, x->method->right, x->path);
    if (dav_is_fine(result) && is_transfer)
        result = check_destination(x);
    if (dav_is_fine(result) && reaches_inside(x, DEPTH_INFINITY))
        result = depth_read(x, DEPTH_INFINITY, &depth);
    if (dav_is_fine(result) && reaches_inside(x, depth))
        result = check_mounts(x, x->path);
    if (dav_is_fine(result) && is_transfer)
        result = check_mounts(x, f->to);
    if (!dav_is_fine(result) || !x->service->access)
        return result;
    f->filters =
        (x->method->flags & METHOD_IS_SAFE) && admit_differs_below(x, gateway_of(x)->place->outer);
    if (reaches_inside(x, depth) || has_content_of_inside(x))
        result = check_inside(x, x->path);
    if (names_others(x))
        result = check_inside(x, gateway_of(x)->place->outer);
    if (dav_is_fine(result) && is_transfer)
        result = check_inside(x, f->to);
    return result;
}

/* --- stages --- */

/* It is not to be passed on: it asks what is here (RFC 9110 §7.6.2). */
static bool is_for_us(const struct exchange *x)
{
    const struct http_fields *fields = &x->stream->request.fields;
    for (size_t i = 0; i < fields->count && x->method->id == METHOD_OPTIONS; i++) {
        uint64_t hops;
        if (str_eq_nocase(fields->lines[i].name, STR("Max-Forwards")) &&
            str_parse_u64(fields->lines[i].value, &hops) && hops == 0)
            return true;
    }
    return false;
}

/* It would empty a file that its client means to save. */
enum stage_end forward_lost(struct exchange *x)
{
    if (!lost_body_is(x))
        return STAGE_NEXT;
    x->stream->response.note =
        STR("an empty PUT is refused: the same with a body was answered with 401 on this "
            "connection, and the client has lost it (origin-lost-bodies)");
    return respond_error(x, dav_error(HTTP_BAD_REQUEST,
                                      "the body that was refused before signing in is missing "
                                      "now: send it again"));
}

/* Whether a body is read before its origin is asked; and to which it goes is known. */
static bool reads_first(const struct exchange *x)
{
    return x->stream->body && x->method->id != METHOD_REPORT && gateway_of(x)->mate_count == 1;
}

enum stage_end forward_check(struct exchange *x)
{
    x->stream->waker = &x->waker;
    if (forwarded_is_loop(x, &gateway_of(x)->all->name))
        return respond_error(
            x, dav_error(HTTP_LOOP_DETECTED, "the request has come through this gateway before"));
    if (is_for_us(x)) {
        (void)forward_allow(x); /* always DONE */
        return respond_status(x, HTTP_OK);
    }
    struct dav_result result = check_reach(x);
    if (dav_is_fine(result) && reads_first(x))
        result = ask_may_start(ask_new(x, gateway_of(x)));
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

enum stage_end forward_send(struct exchange *x)
{
    struct dav_result result = request_build(x, false);
    if (dav_is_fine(result))
        result = ask_start(relay_of(x)->ask);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

/* Whether the answer says that the same with a slash at its end is meant. To ask that costs
 * nothing, and clients that list do not follow. */
static bool wants_slash(const struct exchange *x, const struct call *call)
{
    struct uri from;
    struct uri to;
    bool is_listing = call->is_safe && x->method->id != METHOD_GET && x->method->id != METHOD_HEAD;
    bool is_redirect =
        call->status >= HTTP_MULTIPLE_CHOICES && call->status < HTTP_BAD_REQUEST && is_listing;
    if (!is_redirect || relay_of(x)->has_retried || !uri_parse(str_of_c(call->url), &from) ||
        !uri_parse(call_field(call, STR("Location")), &to))
        return false;
    bool is_near = !to.scheme.len || uri_same_authority(from.host, from.port, to.host, to.port) ||
                   authority_is_ours(x, to.host, to.port);
    return is_near && !from.query.len && to.path.len == from.path.len + 1 &&
           str_starts(to.path, from.path) && str_ends(to.path, STR("/"));
}

static enum stage_end retry(struct exchange *x)
{
    struct relay *f = relay_of(x);
    f->has_retried = true;
    ask_forget(f->ask);
    struct dav_result result = request_build(x, true);
    if (dav_is_fine(result))
        result = ask_start(f->ask);
    return dav_is_fine(result) ? STAGE_WAIT : respond_error(x, result);
}

/* --- a MOVE that is made again --- */

/* Nobody will know what became of it. */
static void note_unknown(const struct exchange *x, const struct ask *ask)
{
    if (x->method->id == METHOD_MOVE && ask->call.was_sent && !relay_of(x)->is_confirming)
        repeats_note(x);
}

/* Whether it was answered, and somebody has not heard of it: a proxy before the origin has had no
 * patience (from 520 on, those of large networks), or our client none, who has closed his side. */
static bool leaves_in_doubt(struct exchange *x, const struct call *call)
{
    const struct http_stream_ops *ops = x->stream->ops;
    bool may_have_gone = ops->has_ended && ops->has_ended(x->stream);
    return call->status == HTTP_BAD_GATEWAY || call->status == HTTP_GATEWAY_TIMEOUT ||
           call->status >= 520 || (http_is_success(call->status) && may_have_gone);
}

static bool is_gone(unsigned status)
{
    return status == HTTP_NOT_FOUND || status == HTTP_GONE;
}

/* The source is gone, or the destination has another tag than it had: was it this client, who has
 * not heard of it? */
static bool wants_to_confirm(const struct exchange *x, const struct call *call)
{
    bool may_be_done = is_gone(call->status) || call->status == HTTP_CONFLICT ||
                       call->status == HTTP_PRECONDITION_FAILED;
    return x->method->id == METHOD_MOVE && may_be_done && !relay_of(x)->is_confirming &&
           repeats_knows(x);
}

static enum stage_end look_at(struct exchange *x, struct str path)
{
    struct relay *f = relay_of(x);
    ask_forget(f->ask);
    request_build_look(x, path);
    struct dav_result result = ask_start(f->ask);
    return dav_is_fine(result) ? STAGE_WAIT : respond_error(x, result);
}

static enum stage_end confirm(struct exchange *x)
{
    struct relay *f = relay_of(x);
    f->is_confirming = true;
    f->refusal = f->ask->call.status;
    f->is_source_gone = is_gone(f->refusal);
    return look_at(x, f->is_source_gone ? f->destination : x->stream->request.path);
}

static enum stage_end confirmed(struct exchange *x)
{
    struct relay *f = relay_of(x);
    const struct ask *ask = f->ask;
    unsigned status = ask->has_head ? ask->call.status : 0;
    if (ask_is_pending(ask))
        return STAGE_WAIT;
    if (!f->is_source_gone && is_gone(status)) {
        f->is_source_gone = true;
        return look_at(x, f->destination);
    }
    bool is_done = f->is_source_gone && http_is_success(status);
    ask_forget(f->ask);
    return is_done ? answer_made(x)
                   : respond_error(x, dav_error((enum http_status)f->refusal,
                                                "the server behind this gateway refuses it"));
}

/* Nobody is there any more. */
static enum stage_end leave(struct exchange *x)
{
    struct relay *f = relay_of(x);
    f->is_cut = f->has_upload;
    note_unknown(x, f->ask);
    answer_drop(x);
    ask_forget(f->ask);
    return respond_status(x, HTTP_BAD_REQUEST);
}

enum stage_end forward_await(struct exchange *x)
{
    struct relay *f = relay_of(x);
    const struct ask *ask = f->ask;
    if (x->stream->has_gone)
        return leave(x);
    if (f->is_confirming)
        return confirmed(x);
    if (ask->is_over && !ask->has_head && ask->call.end == CALL_UPLOAD)
        return respond_error(x, exchange_body_failure(&f->upload_err));
    if (ask->is_over && !ask->has_head) {
        note_unknown(x, ask);
        return respond_error(x, failure_of(ask));
    }
    if (!ask->has_head || (f->has_upload && !ask->is_over && http_is_success(ask->call.status)))
        return STAGE_WAIT;
    f->is_cut = f->has_upload;
    if (leaves_in_doubt(x, &ask->call))
        note_unknown(x, ask);
    if (wants_to_confirm(x, &ask->call))
        return confirm(x);
    if (wants_slash(x, &ask->call))
        return retry(x);
    return STAGE_NEXT;
}

enum stage_end forward_look(struct exchange *x)
{
    struct relay *f = relay_of(x);
    enum pull pulled = PULL_DATA;
    struct err err;
    if (x->stream->has_gone)
        return leave(x);
    if (!f->inner && !f->first.len) {
        struct dav_result result = answer_begin(x);
        if (!dav_is_fine(result))
            return respond_error(x, result);
    }
    while (f->inner && f->reader.map && pulled == PULL_DATA && f->first.len < LOOK_BYTES) {
        f->inner->waker = &x->waker;
        pulled = source_pull(f->inner, &f->first, LOOK_BYTES - f->first.len, &err);
    }
    if (pulled == PULL_WAIT && f->first.len == 0)
        return STAGE_WAIT;
    if (pulled == PULL_FAIL)
        failure_note(f->ask, err.text);
    if (pulled == PULL_FAIL && !answer_replace(x)) {
        answer_drop(x);
        return respond_error(x, dav_error(HTTP_BAD_GATEWAY,
                                          "the server behind this gateway answers with XML that "
                                          "cannot be read"));
    }
    return answer_end(x, f->is_replaced ? PULL_END : pulled);
}

/* RFC 4918 §8.4 lets a method be extended by a body: whether it is, is the origin's to say. */
static const struct stage collected_stages[] = {
    {"check", forward_check, ON_LOOP},  {"collect", exchange_read_xml, ON_LOOP},
    {"report", origin_report, ON_LOOP}, {"send", forward_send, ON_LOOP},
    {"await", forward_await, ON_LOOP},  {"look", forward_look, ON_LOOP},
};

static const struct stage streamed_stages[] = {
    {"check", forward_check, ON_LOOP}, {"lost", forward_lost, ON_LOOP},
    {"spool", spool_upload, ON_LOOP},  {"send", forward_send, ON_LOOP},
    {"await", forward_await, ON_LOOP}, {"look", forward_look, ON_LOOP},
};

/* --- the handler --- */

struct dav_result forward_find(const struct exchange *x, const struct stage **stages_out)
{
    bool is_write = !(x->method->flags & METHOD_IS_SAFE);
    if (x->method->id == METHOD_CONNECT || x->method->id == METHOD_TRACE)
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "a gateway does not pass this method on");
    if (is_write && gateway_of(x)->is_read_only)
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "what is mounted here is read-only");
    if (path_eq(x->path, gateway_of(x)->place->outer) &&
        (x->method->id == METHOD_DELETE || x->method->id == METHOD_MOVE))
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this is not possible on a mount");
    *stages_out = request_streams(x) ? streamed_stages : collected_stages;
    return DAV_FINE;
}

/* Whether the origin has shown that it cannot be done here, though a gateway would pass it on: what
 * GET does not give, HEAD does not. */
static bool is_refused(const struct exchange *x, enum method_id id)
{
    bool gets = id == METHOD_GET || id == METHOD_HEAD;
    bool has_got = x->method->id == METHOD_GET || x->method->id == METHOD_HEAD;
    return exchange_lacks_allow(x) && (id == x->method->id || (gets && has_got));
}

enum stage_end forward_allow(struct exchange *x)
{
    struct buf allow = {0};
    const struct stage *stages;
    struct exchange asked = *x;
    for (enum method_id id = 0; id < method_end(); id++) {
        asked.method = method_of(id);
        if (!dav_is_fine(x->handler->ops->find(&asked, &stages)) || is_refused(x, id))
            continue;
        if (allow.len)
            BUF_ADD(&allow, ", ");
        buf_add(&allow, asked.method->name);
    }
    respond_field(x, FIELD_ALLOW, buf_str(&allow));
    buf_done(&allow);
    return STAGE_DONE;
}

static const struct stage allow_stage = {"allow", forward_allow, ON_LOOP};

static const struct handler_ops ops = {
    .name = "gateway",
    .part_bytes = sizeof(struct relay),
    .names = forward_names,
    .judge_alias = alias_judge,
    .alias_differs_below = alias_differs_below,
    .takes_others = true,
    .transfers = true,
    .find = forward_find,
    .look = gateway_look,
    .allow = &allow_stage,
    .end = lost_body_note,
};

void forward_handle(struct gateways *gateways)
{
    for (size_t i = 0; i < gateways->count; i++)
        gateways->at[i].handler = (struct handler){&ops, &gateways->at[i]};
}
