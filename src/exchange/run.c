/* The one loop that runs stages, and the only code above io/ that knows of threads.
 *
 *   exchange_handle() -> exchange_run()
 *        +- NEXT -----> the next stage
 *        +- WAIT -----> is_waiting; exchange_wake() posts the job, and it is run again
 *        +- BLOCKS ---> the same stage on a worker, and what may follow
 *        +- RETURNS --> the same stage on the loop
 *        +- COMPUTES -> the same stage alone, on a thread that computes
 *        +- AGAIN ----> the stages from the one on that looks, after a pause
 *        '- DONE -----> the answer is finished, and the wire gets it
 *
 * A request goes through the phases of enum exchange_phase, each of them a table of stages. Which
 * handler it comes to is known from its path and said to nobody before the rules have been asked;
 * of the handler's own stages those that come before that tell nothing to the client. A 405 is
 * known late: what may be done instead is the handler's last stage then.
 *
 * Invariants
 *  (1) the job is in one place only: with a worker (submitted), in the loop's inbox (posted), or
 *      nowhere; `is_woken` guards the second;
 *  (2) what runs on a worker ends there with a stage boundary and comes back by the job's done;
 *  (3) each exchange answers exactly once, also when the client has gone;
 *  (4) no method's stage runs before the rules have been asked, where there are any. */
#include "exchange/run.h"

#include "access/tokens.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "exchange/admit.h"
#include "exchange/answer/compress.h"
#include "exchange/answer/finish.h"
#include "exchange/browser.h"
#include "exchange/clients/clients.h"
#include "exchange/handler.h"
#include "exchange/if_header.h"
#include "exchange/respond.h"
#include "exchange/sign_in.h"

/* How often the stages that look run again. Who gets in the way has made its change each time; so
 * many in a row are a crowd, which does not become smaller by waiting here. */
enum { AGAIN_MAX = 8 };

/* --- from one stage to the next --- */

/* Rules first: who may not do it need not know whether it can be done. */
static enum stage_end ask(struct exchange *x)
{
    struct dav_result result = admit_request(x);
    if (dav_is_fine(result))
        result = x->handler->ops->find(x, &x->method_stages);
    return dav_is_fine(result) ? STAGE_NEXT : respond_error(x, result);
}

static const struct stage ask_stages[] = {
    {"ask", ask, ANYWHERE},
    {0},
};

static const struct stage *stages_of(const struct exchange *x)
{
    switch (x->phase) {
    case PHASE_SIGN_IN:
        return x->service->access ? sign_in_stages : NULL;
    case PHASE_ENTER:
        return x->handler->ops->enter;
    case PHASE_ASK:
        return ask_stages;
    case PHASE_METHOD:
        return x->method_stages;
    case PHASE_END:
        return x->handler->ops->allow;
    }
    BUG("no such phase");
}

/* That phase, or the first after it that has stages. */
static void begin_phase(struct exchange *x, enum exchange_phase phase)
{
    x->phase = phase;
    while (!(x->stage = stages_of(x)))
        x->phase++;
}

static void advance(struct exchange *x)
{
    x->stage = x->onward ? x->onward : x->stage + 1;
    x->onward = NULL;
    if (!x->stage->run) /* only a method's last stage says DONE */
        begin_phase(x, x->phase + 1);
}

/* Whether the stage that comes next may run on this kind of thread. */
static bool may_run(const struct exchange *x, bool is_on_worker)
{
    switch (x->stage->thread) {
    case ON_LOOP:
        return !is_on_worker;
    case ON_WORKER:
        return is_on_worker;
    case ANYWHERE:
        return true;
    }
    return x->handler->ops->blocks(x, x->stage->thread) == is_on_worker;
}

static void finish(struct exchange *x)
{
    x->is_done = true;
    if (x->handler && x->handler->ops->end)
        x->handler->ops->end(x);
    exchange_finish(x);
    client_tell_in_head(x);
    compress_answer(x);
    x->stream->ops->respond(x->stream);
}

/* --- again --- */

/* Whether the stages that look run once more. */
static bool begin_again(struct exchange *x)
{
    x->stream->response.fields.count = x->field_count;
    if (x->again_count == AGAIN_MAX)
        return false;
    x->again_count++;
    x->failure = DAV_FINE;
    x->handler->ops->again(x);
    while (!x->stage->looks)
        x->stage--;
    x->is_to_pause = true;
    return true;
}

/* Longer each time, and for each a time of its own: or those who have got in each other's way would
 * meet again. */
static void pause_for_a_while(struct exchange *x)
{
    int64_t ms = 1 + (int64_t)(random_u64() % (1U << x->again_count));
    x->is_to_pause = false;
    executor_after(x->stream->executor, &x->job, ms);
}

/* --- running --- */

/* A line for each stage that was run, where people look for what takes its time (log-level debug).
 * A request for a shared link has a secret in its URL. */
static void trace(struct exchange *x, const struct stage *stage, enum stage_end end, int64_t us)
{
    static const char *const ends[] = {
        [STAGE_NEXT] = "goes on",           [STAGE_WAIT] = "waits",
        [STAGE_BLOCKS] = "is to block",     [STAGE_RETURNS] = "returns to its loop",
        [STAGE_COMPUTES] = "is to compute", [STAGE_AGAIN] = "is to be run again",
        [STAGE_DONE] = "is done",
    };
    const struct http_request *request = &x->stream->request;
    struct str target = token_mask(request->target, x->arena);
    log_line(LOG_DEBUG, "request %.*s %.*s: stage '%s' on a %s took %lld us, and %s",
             STR_ARGS(request->method), STR_ARGS(target), stage->name,
             x->is_on_worker ? "worker" : "loop", (long long)us, ends[end]);
}

static enum stage_end run_stage(struct exchange *x)
{
    const struct stage *stage = x->stage;
    if (!log_is_on(LOG_DEBUG))
        return stage->run(x);
    int64_t begun_us = clock_mono_us();
    enum stage_end end = stage->run(x);
    trace(x, stage, end, clock_mono_us() - begun_us);
    return end;
}

/* Runs stages until one must run elsewhere, waits, or is the last. True: the answer is complete. */
static bool run_stages(struct exchange *x, bool is_on_worker)
{
    bool is_retried = is_on_worker; /* the first stage on a worker may be there by STAGE_BLOCKS */
    for (;;) {
        if (!is_retried && !may_run(x, is_on_worker))
            return false;
        is_retried = false;
        if (x->stage->looks)
            x->field_count = x->stream->response.fields.count;
        switch (run_stage(x)) {
        case STAGE_NEXT:
            advance(x);
            break;
        case STAGE_WAIT:
            assert(!is_on_worker);
            x->is_waiting = true;
            return false;
        case STAGE_BLOCKS:
            assert(!is_on_worker);
            x->is_waiting = false;
            return false;
        case STAGE_RETURNS:
            assert(is_on_worker);
            return false;
        case STAGE_COMPUTES:
            assert(!is_on_worker);
            x->is_waiting = false;
            x->is_to_compute = true;
            return false;
        case STAGE_AGAIN:
            if (begin_again(x))
                return false;
            return respond_error(x, x->failure) == STAGE_DONE;
        case STAGE_DONE:
            if (x->phase == PHASE_END || !exchange_lacks_allow(x))
                return true;
            begin_phase(x, PHASE_END);
            break;
        }
    }
}

static void run_on_worker(struct job *job)
{
    struct exchange *x = CONTAINER_OF(job, struct exchange, job);
    x->is_on_worker = true;
    x->is_done = run_stages(x, true);
    x->is_on_worker = false;
}

/* What follows is not for this thread: it might wait for a disk. */
static void run_computing(struct job *job)
{
    struct exchange *x = CONTAINER_OF(job, struct exchange, job);
    x->is_to_compute = false;
    x->is_on_worker = true;
    enum stage_end end = run_stage(x);
    x->is_on_worker = false;
    assert(end == STAGE_NEXT || end == STAGE_DONE);
    x->is_done = end == STAGE_DONE;
    if (!x->is_done)
        advance(x);
}

static void exchange_run(struct exchange *x)
{
    x->is_waiting = false;
    if (x->is_done || (!x->is_to_pause && may_run(x, false) && run_stages(x, false))) {
        finish(x);
        return;
    }
    if (x->is_waiting)
        return;
    if (x->is_to_pause) {
        pause_for_a_while(x);
        return;
    }
    x->job.work = x->is_to_compute ? run_computing : run_on_worker;
    if (x->is_to_compute)
        executor_compute(x->stream->executor, &x->job);
    else
        executor_submit(x->stream->executor, &x->job);
}

static void run_again(struct job *job)
{
    struct exchange *x = CONTAINER_OF(job, struct exchange, job);
    x->is_woken = false;
    exchange_run(x);
}

static void waker_rang(struct waker *waker)
{
    exchange_wake(CONTAINER_OF(waker, struct exchange, waker));
}

/* --- the beginning --- */

static struct dav_result read_target(struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    x->path = PATH_ROOT;
    if (request->path.len == 0) /* "*": the server as a whole */
        return DAV_FINE;
    switch (path_decode(x->arena, request->path, &x->path, &x->has_slash)) {
    case PATH_OK:
        return DAV_FINE;
    case PATH_MALFORMED:
        return dav_error(HTTP_BAD_REQUEST, "the path is not properly encoded");
    case PATH_FORBIDDEN:
        return dav_error(HTTP_BAD_REQUEST, "a name in the path contains a NUL or an encoded slash");
    case PATH_ABOVE_ROOT:
        return dav_error(HTTP_BAD_REQUEST, "the path leads above the root");
    }
    BUG("no such path result");
}

/* What is not known is whoever's that passes it on. */
static const struct method *find_method(struct exchange *x)
{
    struct str name = x->stream->request.method;
    const struct method *method = method_find(name);
    const struct handler *handler = method ? NULL : handler_find(x->service, x->path);
    if (handler && handler->ops->takes_others)
        method = method_other(x->arena, name);
    return method;
}

static struct dav_result exchange_begin(struct exchange *x)
{
    struct dav_result result = read_target(x);
    browser_share(x);
    if (dav_is_fine(result))
        result = client_admit(x);
    if (!dav_is_fine(result))
        return result;
    if (http_fields_conflict(&x->stream->request.fields))
        return dav_error(HTTP_BAD_REQUEST,
                         "a field that may occur only once occurs more than once");
    x->method = find_method(x);
    result = browser_check_origin(x);
    if (!dav_is_fine(result))
        return result;
    if (!x->method)
        return dav_error(HTTP_NOT_IMPLEMENTED, "this server does not know this method");
    return if_header_read(x);
}

/* It is a part of a transfer that this server makes, and that waits for it: what it holds meanwhile
 * this one may wait for. */
static bool is_own_transfer(const struct exchange *x)
{
    const struct http_fields *fields = &x->stream->request.fields;
    struct str mark = x->service->between_mark;
    for (size_t i = 0; i < fields->count && mark.len; i++) {
        const struct http_field_line *line = &fields->lines[i];
        if (line->id == FIELD_VIA && line->value.len &&
            memmem(line->value.at, line->value.len, mark.at, mark.len))
            return true;
    }
    return false;
}

static struct dav_result find_handler(struct exchange *x)
{
    if (is_own_transfer(x))
        return dav_error(HTTP_LOOP_DETECTED,
                         "the other server of this transfer is this one itself");
    x->handler = handler_of_request(x);
    if (!x->handler)
        return dav_not_found();
    x->part = arena_alloc(x->arena, x->handler->ops->part_bytes);
    return DAV_FINE;
}

static struct exchange *exchange_new(const struct service *service, struct http_stream *stream)
{
    struct exchange *x = ARENA_NEW(stream->arena, struct exchange);
    x->stream = stream;
    x->arena = stream->arena;
    x->service = service;
    x->job.done = run_again;
    x->waker.ring = waker_rang;
    return x;
}

static void exchange_start(struct exchange *x, enum exchange_phase phase)
{
    struct dav_result result = exchange_begin(x);
    if (dav_is_fine(result))
        result = find_handler(x);
    if (dav_is_fine(result) && browser_answer_preflight(x)) {
        x->is_done = true;
    } else if (dav_is_fine(result)) {
        begin_phase(x, phase);
    } else {
        (void)respond_error(x, result); /* no stage of any handler has run: nothing else to do */
        x->is_done = true;
    }
    exchange_run(x);
}

void exchange_handle(const struct service *service, struct http_stream *stream)
{
    exchange_start(exchange_new(service, stream), PHASE_SIGN_IN);
}

struct exchange *exchange_handle_within(const struct exchange *outer, struct http_stream *stream)
{
    struct exchange *x = exchange_new(outer->service, stream);
    x->is_within = true;
    x->signed_in = outer->signed_in;
    if (x->signed_in.principal.link.len) /* what a handler shows otherwise it shows once more */
        x->seen = outer->seen;
    exchange_start(x, PHASE_ENTER);
    return x;
}
