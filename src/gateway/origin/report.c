/* Where do requests go, and how is it there? A REPORT (RFC 3253 §3.6) with an `origins` element of
 * our own namespace as its body, on the collection that is a gateway's mount, is answered here: a
 * 207 with a response for each origin that whoever asks may administer, that of this gateway and
 * those of the others. People and monitors read it with what reads any 207.
 *
 *     start: may he, and is it that? -> ask all at once -> wait for all, or for a while -> answer
 *
 * How it is now is found out by an OPTIONS, past the circuit (decision 68): that it is open is what
 * somebody wants to see the reason of. What comes of it is told to the origin's health as that of
 * any request. So an origin which has come up again is in use again when it has been looked at.
 *
 * What davit knows of an origin is always there; what only the origin could have said is, where it
 * has not, a propstat of its own with 503, as for the mounts in a listing: no reader takes silence
 * for a zero.
 *
 * Nobody waits for an origin longer than a few seconds; what has not come then is forgotten. The
 * client's own credentials are sent to none of them: a 401 is an answer, too. */
#include "gateway/origin/report.h"

#include "exchange/admit.h"
#include "exchange/body.h"
#include "exchange/multistatus_body.h"
#include "exchange/respond.h"
#include "gateway/relay.h"
#include "io/loop.h"
#include "xml/reader.h"
#include "xml/writer.h"

struct origin_state {
    const struct gateway *gateway;
    struct ask *ask;
    struct dav_result refused; /* fine: it was asked */
};

struct report {
    struct exchange *x;
    struct origin_state *at;
    size_t count;
    bool has_waited; /* for long enough */
    struct deadline deadline;
};

/* --- is it asked for? --- */

/* What is in it may be an extension (RFC 4918 §17). What is malformed is refused as any other is.
 */
static bool is_asked_for(const struct exchange *x)
{
    static const struct xml_name name = {.ns = STR_INIT(NS_DAVIT), .local = STR_INIT("origins")};
    const struct xml_limits bounds = exchange_xml_bounds(x->service->limits);
    if (x->method->id != METHOD_REPORT || !path_eq(x->path, gateway_of(x)->place->outer))
        return false;
    return xml_has(buf_str(&x->body), 1, &name, &bounds);
}

/* --- asking --- */

/* What rules say of a gateway, this one or another. A shared link opens none but its own. */
static struct dav_result may_see(const struct exchange *x, const struct gateway *gateway)
{
    const struct access_question question = {ACCESS_ADMIN, gateway->place->outer,
                                             ACCESS_NAMES_BOTH};
    if (path_eq(gateway->place->outer, gateway_of(x)->place->outer))
        return admit_check(x, ACCESS_ADMIN, x->path, x->path);
    if (x->seen.prefix.at)
        return admit_result(ACCESS_REFUSED);
    if (!x->service->access)
        return DAV_FINE;
    return admit_result(access_may(x->service->access, &x->signed_in.principal, &question));
}

static void ask_one(struct report *report, const struct gateway *gateway)
{
    struct origin_state *origin = &report->at[report->count++];
    struct exchange *x = report->x;
    origin->gateway = gateway;
    origin->ask = ask_new(x, gateway);
    origin->ask->is_look = true;
    origin->ask->call.url = arena_text(x->arena, gateway->name);
    origin->ask->call.method = "OPTIONS";
    origin->ask->call.is_safe = true;
    origin->refused = ask_start(origin->ask);
}

static void is_late(struct deadline *deadline)
{
    struct report *report = CONTAINER_OF(deadline, struct report, deadline);
    report->has_waited = true;
    exchange_wake(report->x);
}

static void stop_waiting(void *arg)
{
    deadline_cancel(arg);
}

static void ask_all(struct exchange *x)
{
    const struct gateways *all = gateway_of(x)->all;
    struct report *report = ARENA_NEW(x->arena, struct report);
    relay_of(x)->report = report;
    report->x = x;
    report->at = arena_alloc(x->arena, all->count * sizeof(struct origin_state));
    for (size_t i = 0; i < all->count; i++) {
        if (dav_is_fine(may_see(x, &all->at[i])))
            ask_one(report, &all->at[i]);
    }
    deadline_init(&report->deadline, is_late);
    arena_on_reset(x->arena, stop_waiting, &report->deadline);
    gateway_loop_wait(x->service->gateways, &report->deadline);
}

static bool is_waited_for(const struct origin_state *origin)
{
    const struct ask *ask = origin->ask;
    return dav_is_fine(origin->refused) && ask_is_pending(ask);
}

/* Whether all has come that will. Bodies are not wanted. */
static bool has_all(struct report *report)
{
    size_t waited_count = 0;
    bool gives_up = report->has_waited || report->x->stream->has_gone;
    for (size_t i = 0; i < report->count; i++) {
        struct origin_state *origin = &report->at[i];
        if (is_waited_for(origin) && !gives_up)
            waited_count++;
        else if (dav_is_fine(origin->refused))
            ask_forget(origin->ask);
    }
    return waited_count == 0;
}

/* --- answering --- */

static void add_text(struct buf *to, const char *name, struct str value)
{
    buf_addf(to, "<V:%s xmlns:V=\"" NS_DAVIT "\">", name);
    xml_add_text(to, value);
    buf_addf(to, "</V:%s>", name);
}

static void add_number(struct buf *to, const char *name, uint64_t value)
{
    char text[24];
    str_print(text, sizeof(text), "%llu", (unsigned long long)value);
    add_text(to, name, str_of_c(text));
}

static const char *why_not(const struct origin_state *origin)
{
    if (!dav_is_fine(origin->refused))
        return origin->refused.text;
    return origin->ask->is_over && origin->ask->call.message[0] ? origin->ask->call.message
                                                                : "there is no answer yet";
}

/* What davit knows of it: how it is now, and what came of requests. */
static void add_known(struct buf *to, const struct origin_state *origin)
{
    struct health_state health;
    struct origin_sums sums;
    health_look(origin->gateway->health, &health);
    origin_tally_sum_up(origin->gateway->tally, &sums);
    add_text(to, "origin", origin->gateway->name);
    add_text(to, "circuit", str_of_c(circuit_name(health.circuit)));
    add_number(to, "open-seconds", health.circuit == CIRCUIT_CLOSED ? 0 : health.since_s);
    add_number(to, "failures-in-a-row", health.in_a_row);
    add_number(to, "answered", sums.answered);
    add_number(to, "server-errors", sums.server_errors);
    add_number(to, "cut-off", sums.cut_off);
    add_number(to, "unanswered", sums.unanswered);
    add_number(to, "let-alone", sums.let_alone);
    if (!origin->ask->has_head)
        add_text(to, "failure", str_of_c(why_not(origin)));
}

/* What it has said now. */
static void add_said(struct buf *to, const struct ask *ask)
{
    add_number(to, "status", ask->call.status);
    add_number(to, "milliseconds", (uint64_t)ask->head_us / 1000);
    add_text(to, "dav", http_fields_join(&ask->call.answer, FIELD_DAV, ask->x->arena));
    add_text(to, "allow", http_fields_join(&ask->call.answer, FIELD_ALLOW, ask->x->arena));
}

static void add_unsaid(struct multistatus *ms)
{
    static const char *const names[] = {"status", "milliseconds", "dav", "allow"};
    struct dav_result why = dav_condition(CONDITION_UPSTREAM_UNAVAILABLE, NULL);
    struct buf error = {0};
    multistatus_propstat(ms);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        multistatus_empty_prop(ms, STR(NS_DAVIT), str_of_c(names[i]));
    dav_condition_add(&error, &why);
    multistatus_propstat_end(ms, why.status, buf_str(&error));
    buf_done(&error);
}

/* The mount; of those that are one tree each needs an href of its own. */
static void begin_response(struct multistatus *ms, const struct gateway *gateway)
{
    struct buf href = {0};
    path_encode(&href, gateway->place->outer, true);
    if (gateway->label.len)
        buf_addf(&href, "?origin=%.*s", STR_ARGS(gateway->label));
    multistatus_response_uri(ms, buf_str(&href));
    buf_done(&href);
}

static void add_origin(struct multistatus *ms, const struct origin_state *origin)
{
    bool has_answer = origin->ask->has_head;
    begin_response(ms, origin->gateway);
    multistatus_propstat(ms);
    add_known(ms->out, origin);
    if (has_answer)
        add_said(ms->out, origin->ask);
    multistatus_propstat_end(ms, HTTP_OK, STR_NONE);
    if (!has_answer)
        add_unsaid(ms);
    multistatus_response_end(ms);
}

static enum stage_end answer(struct exchange *x, struct report *report)
{
    struct multistatus_body *body = multistatus_body_new(x);
    deadline_cancel(&report->deadline);
    for (size_t i = 0; i < report->count; i++)
        add_origin(multistatus_body_ms(body), &report->at[i]);
    respond_field(x, FIELD_CACHE_CONTROL, STR("no-store"));
    return respond_multistatus(x, body);
}

/* --- the stage --- */

enum stage_end origin_report(struct exchange *x)
{
    struct relay *f = relay_of(x);
    if (!f->report && !is_asked_for(x))
        return STAGE_NEXT;
    if (!f->report) {
        struct dav_result result = may_see(x, gateway_of(x));
        if (!dav_is_fine(result))
            return respond_error(x, result);
        ask_all(x);
    }
    return has_all(f->report) ? answer(x, f->report) : STAGE_WAIT;
}
