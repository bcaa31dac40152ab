/* A request to an origin has the exchange's memory, and may outlive the exchange: the client reads
 * over what is left of an answer that nobody wants, so that the connection can go on, and a change
 * that was sent is let run to its end. So it holds the stream until it is over.
 *
 * It lets go by a job of its own: with the last of a stream the settings may go that are not in
 * force any more, and with them the client that is telling us. */
#include "gateway/ask.h"

#include "base/clock.h"
#include "base/log.h"
#include "exchange/respond.h"
#include "gateway/origin/outcome.h"

/* It has come so far that there is a head, or that there will be none: once for each. */
static void note_outcome(struct ask *ask, enum origin_outcome outcome)
{
    struct exchange *x = ask->x;
    ask->head_us = ask->started_us ? clock_mono_us() - ask->started_us : 0;
    outcome_count(x->service->gateways, ask->gateway, outcome, ask->head_us);
    outcome_note(x, ask->gateway, outcome, ask->call.status, ask->head_us);
}

static void let_go(struct job *job)
{
    const struct ask *ask = CONTAINER_OF(job, struct ask, job);
    refs_drop(&ask->x->stream->refs);
}

static void end(struct ask *ask)
{
    ask->is_over = true;
    ask->job.done = let_go;
    executor_post(ask->x->stream->executor, &ask->job);
    if (!ask->is_forgotten)
        exchange_wake(ask->x);
}

static void on_head(struct call *call, struct source *body)
{
    struct ask *ask = CONTAINER_OF(call, struct ask, call);
    ask->has_head = true;
    outcome_answered(ask->gateway, ask->pass, call);
    if (ask->is_forgotten) {
        source_close(&body);
        return;
    }
    note_outcome(ask, outcome_of(call, true));
    ask->body = body;
    exchange_wake(ask->x);
}

static void on_done(struct call *call)
{
    struct ask *ask = CONTAINER_OF(call, struct ask, call);
    if (!ask->has_head || !ask->is_forgotten)
        outcome_ended(ask->x->service->gateways, ask->gateway, ask->pass, call, ask->has_head);
    if (!ask->has_head && !ask->is_forgotten)
        note_outcome(ask, outcome_of(call, false));
    end(ask);
}

static void free_call(void *arg)
{
    call_free(arg);
}

struct ask *ask_new(struct exchange *x, const struct gateway *gateway)
{
    struct ask *ask = ARENA_NEW(x->arena, struct ask);
    ask->x = x;
    ask->gateway = gateway;
    ask->call.head = on_head;
    ask->call.done = on_done;
    arena_on_reset(x->arena, free_call, &ask->call);
    return ask;
}

/* It is refused at once, whatever it asks for. */
static struct dav_result refuse(struct ask *ask, unsigned after_s)
{
    char after[16];
    outcome_let_alone(ask->x, ask->gateway);
    str_print(after, sizeof(after), "%u", after_s);
    if (!ask->is_aside)
        respond_field(ask->x, FIELD_RETRY_AFTER, str_of_c(after));
    return dav_error(HTTP_SERVICE_UNAVAILABLE, "the server behind this gateway has not answered "
                                               "for some time: it is asked again in a while");
}

struct dav_result ask_may_start(struct ask *ask)
{
    unsigned after_s;
    return health_waits(ask->gateway->health, &after_s) ? refuse(ask, after_s) : DAV_FINE;
}

struct dav_result ask_start(struct ask *ask)
{
    struct exchange *x = ask->x;
    struct err err;
    unsigned after_s;
    struct client *client = gateway_loop_client(x->service->gateways, ask->gateway, &err);
    if (!client) {
        log_line(LOG_ERROR, "%s", err.text);
        return dav_error(HTTP_SERVICE_UNAVAILABLE, "the gateway cannot ask its origin");
    }
    if (!exchange_hold(x, CALL_MEMORY_MAX))
        return dav_busy();
    ask->holds = true;
    if (!ask->is_look)
        ask->pass = health_pass(ask->gateway->health, &after_s);
    if (ask->pass == HEALTH_WAIT)
        return refuse(ask, after_s);
    ask->started_us = clock_mono_us();
    if (!ask->call.is_safe)
        ask->call.idle_s_max = ORIGIN_IDLE_S_MAX;
    refs_take(&x->stream->refs);
    ask->is_started = true;
    client_start(client, &ask->call);
    return DAV_FINE;
}

struct source *ask_take_body(struct ask *ask)
{
    struct source *body = ask->body;
    ask->body = NULL;
    return body;
}

void ask_leave(struct ask *ask)
{
    if (!ask->is_started || ask->is_over || ask->is_forgotten)
        return;
    note_outcome(ask, ORIGIN_LEFT);
    ask->is_forgotten = true;
}

void ask_forget(struct ask *ask)
{
    struct err err; /* there is a client: it was started */
    bool goes_on = ask->call.was_sent && !ask->call.is_safe;
    source_close(&ask->body);
    if (!ask->is_started || ask->is_over || ask->is_forgotten)
        return;
    if (!ask->has_head)
        note_outcome(ask, goes_on ? ORIGIN_GOES_ON : ORIGIN_GIVEN_UP);
    ask->is_forgotten = true;
    if (goes_on || ask->has_head)
        return;
    outcome_given_up(ask->gateway, ask->pass);
    client_cancel(gateway_loop_client(ask->x->service->gateways, ask->gateway, &err), &ask->call);
    end(ask);
}

void ask_give_up(struct ask *ask)
{
    struct err err; /* as above */
    if (!ask->is_started || ask->is_over || ask->is_forgotten || ask->has_head)
        return;
    (void)str_print(ask->call.message, sizeof(ask->call.message), "it does not answer in time");
    ask->call.end = CALL_TIMEOUT;
    note_outcome(ask, outcome_of(&ask->call, false));
    outcome_ended(ask->x->service->gateways, ask->gateway, ask->pass, &ask->call, false);
    ask->is_forgotten = true;
    client_cancel(gateway_loop_client(ask->x->service->gateways, ask->gateway, &err), &ask->call);
    end(ask);
}

void ask_let_go(struct ask *ask)
{
    bool is_over = ask->is_over || !ask->is_started;
    ask_forget(ask);
    if (is_over && ask->holds)
        exchange_release(ask->x, CALL_MEMORY_MAX);
    ask->holds &= !is_over;
}
