/* The one loop that runs stages, and the only code above io/ that knows of threads.
 *
 *   handle() -> run() -+- NEXT ----> the next stage
 *                      +- WAIT ----> is_waiting; exchange_wake() posts the job; run() again
 *                      +- BLOCKS --> the same stage on a worker, and what follows as far as it may
 *                      +- RETURNS -> the same stage on the loop
 *                      +- COMPUTES > the same stage, and no other, on a thread that computes
 *                      '- DONE ----> the change is ended, the wire gets the answer
 *
 * Invariants
 *  (1) the job is in one place only: with a worker (submitted), in the loop's inbox (posted), or
 *      nowhere; `is_woken` guards the second;
 *  (2) what runs on a worker ends there with a stage boundary and comes back by the job's done;
 *  (3) each exchange answers exactly once, also when the client has gone. */
#include "exchange/exchange.h"

#include <errno.h>

#include "exchange/admit.h"
#include "exchange/browser.h"
#include "exchange/if_header.h"
#include "exchange/respond.h"
#include "stream/offload.h"

/* --- running --- */

static void finish(struct exchange *x)
{
    x->is_done = true;
    store_end(&x->change);
    x->stream->ops->respond(x->stream);
}

static bool belongs_on_worker(const struct exchange *x)
{
    const struct store_traits *traits = &x->store->traits;
    switch (x->stage->place) {
    case ON_LOOP:
        return false;
    case ON_READ:
        return traits->reads_block;
    case ON_LOCKS:
        return traits->reads_block || traits->locks_block;
    case ON_WORKER:
        return true;
    }
    BUG("no such place");
}

static void advance(struct exchange *x)
{
    x->stage++;
    if (!x->stage->run) /* admitted */
        x->stage = x->method->stages;
}

/* Runs stages until one must run elsewhere, waits, or is the last. True: the answer is complete. */
static bool run_stages(struct exchange *x, bool is_on_worker)
{
    bool is_retried = is_on_worker; /* the first stage on a worker may be there by STAGE_BLOCKS */
    for (;;) {
        if (!is_retried && belongs_on_worker(x) != is_on_worker)
            return false;
        is_retried = false;
        switch (x->stage->run(x)) {
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
        case STAGE_DONE:
            return true;
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
    enum stage_end end = x->stage->run(x);
    x->is_on_worker = false;
    assert(end == STAGE_NEXT || end == STAGE_DONE);
    x->is_done = end == STAGE_DONE;
    if (!x->is_done)
        advance(x);
}

static void run(struct exchange *x)
{
    x->is_waiting = false;
    if (x->is_done || (!belongs_on_worker(x) && run_stages(x, false))) {
        finish(x);
        return;
    }
    if (x->is_waiting)
        return;
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
    run(x);
}

void exchange_wake(struct exchange *x)
{
    if (!x->is_waiting || x->is_woken)
        return;
    x->is_woken = true;
    executor_post(x->stream->executor, &x->job);
}

static void waker_rang(struct waker *waker)
{
    exchange_wake(CONTAINER_OF(waker, struct exchange, waker));
}

/* --- changes --- */

static void change_begun(struct store_change *change)
{
    exchange_wake(CONTAINER_OF(change, struct exchange, change));
}

enum stage_end exchange_claim(struct exchange *x)
{
    struct store_change *change = &x->change;
    if (!change->begun) {
        change->executor = x->stream->executor;
        change->begun = change_begun;
        if (!store_begin(x->store, change))
            return STAGE_WAIT;
    }
    return change->is_begun ? STAGE_NEXT : respond_error(x, dav_from_store(change->rc));
}

/* --- what several methods need --- */

struct dav_result exchange_locate(struct exchange *x)
{
    unsigned flags = x->method->flags;
    if (x->is_located)
        return DAV_FINE;
    enum store_rc rc = store_locate(x->store, x->arena, x->path, LOCATE_RESOURCE, &x->leads_to);
    x->real = x->leads_to;
    if (rc == STORE_OK && (flags & METHOD_OF_NAME))
        rc = store_locate(x->store, x->arena, x->path, LOCATE_NAME, &x->real);
    if (rc == STORE_NO_PARENT && !(flags & METHOD_ON_UNMAPPED))
        rc = STORE_NOT_FOUND;
    x->is_located = rc == STORE_OK;
    return dav_from_store(rc);
}

struct res_path exchange_target(const struct exchange *x)
{
    return x->is_located ? x->leads_to : x->path;
}

struct str exchange_field(const struct exchange *x, enum http_field id)
{
    return http_fields_get(&x->stream->request.fields, id);
}

struct dav_result exchange_check_coding(struct exchange *x)
{
    struct str codings =
        http_fields_join(&x->stream->request.fields, FIELD_CONTENT_ENCODING, x->arena);
    while (codings.len) {
        if (str_eq_nocase(str_trim(str_cut(&codings, ',')), STR("identity")))
            continue;
        respond_field(x, FIELD_ACCEPT_ENCODING, STR("identity")); /* RFC 9110 §15.5.16 */
        return dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "content is taken without a coding only");
    }
    return DAV_FINE;
}

struct dav_result exchange_body_failure(const struct err *err)
{
    if (err->code == ENOMEM)
        return dav_from_store(STORE_BUSY);
    if (err->code == ETIMEDOUT)
        return dav_error(HTTP_REQUEST_TIMEOUT, "the request body has not moved for too long");
    return dav_error(HTTP_BAD_REQUEST, "the request body is malformed or incomplete");
}

static void release_all(void *arg)
{
    const struct exchange *x = arg;
    budget_give(x->stream->memory, x->held_bytes);
}

bool exchange_hold(struct exchange *x, uint64_t bytes)
{
    if (!budget_take(x->stream->memory, bytes))
        return false;
    if (!x->has_held)
        arena_on_reset(x->arena, release_all, x);
    x->has_held = true;
    x->held_bytes += bytes;
    return true;
}

void exchange_release(struct exchange *x, uint64_t bytes)
{
    assert(bytes <= x->held_bytes);
    x->held_bytes -= bytes;
    budget_give(x->stream->memory, bytes);
}

struct source *exchange_offload(struct exchange *x, struct source *inner)
{
    enum { AHEAD_BYTES = 65536, AHEAD_BYTES_POOR = 4096 };
    /* What is gathered, what the client takes, and what the inner source has ready. */
    bool is_fine = exchange_hold(x, 3 * (uint64_t)AHEAD_BYTES);
    return source_offload(inner, x->stream->executor, &x->stream->refs,
                          is_fine ? AHEAD_BYTES : AHEAD_BYTES_POOR);
}

void exchange_drop_body(struct exchange *x)
{
    exchange_release(x, x->body.cap);
    buf_done(&x->body);
}

static void free_body(void *arg)
{
    buf_done(arg);
}

/* Before the first pull of a body that is to be collected in x->body. */
static void begin_body(struct exchange *x)
{
    struct http_stream *stream = x->stream;
    if (stream->body->waker)
        return;
    stream->body->waker = &x->waker;
    arena_on_reset(x->arena, free_body, &x->body);
    stream->ops->proceed(stream);
}

enum stage_end exchange_expect_no_body(struct exchange *x)
{
    struct http_stream *stream = x->stream;
    struct err err;
    enum pull pulled = PULL_DATA;
    if (!stream->body)
        return STAGE_NEXT;
    if (stream->request.body_bytes == LENGTH_UNKNOWN) { /* it may yet have no bytes */
        begin_body(x);
        pulled = source_pull(stream->body, &x->body, 1, &err);
    }
    if (pulled == PULL_END)
        return STAGE_NEXT;
    if (pulled == PULL_WAIT)
        return STAGE_WAIT;
    if (pulled == PULL_FAIL)
        return respond_error(x, exchange_body_failure(&err));
    return respond_error(x, dav_error(HTTP_UNSUPPORTED_MEDIA_TYPE, "the method takes no body"));
}

/* Room for the next pull, which then cannot fail for want of memory. False: there is none. */
static bool make_room(struct exchange *x, size_t room)
{
    size_t before = x->body.cap;
    if (buf_try_reserve(&x->body, room) && exchange_hold(x, x->body.cap - before))
        return true;
    buf_done(&x->body);
    exchange_release(x, before);
    return false;
}

/* How much to pull next: a body of known length is not given more room than it needs. */
static size_t next_step(const struct exchange *x)
{
    enum { STEP_BYTES = 16384 };
    uint64_t announced = x->stream->request.body_bytes; /* it may be LENGTH_UNKNOWN */
    uint64_t left = announced > x->body.len ? announced - x->body.len : 1; /* 1: to see the end */
    return (size_t)u64_min(left, STEP_BYTES);
}

enum stage_end exchange_read_xml(struct exchange *x)
{
    struct http_stream *stream = x->stream;
    size_t max = x->service->limits->xml_bytes;
    struct err err;
    if (!stream->body)
        return STAGE_NEXT;
    struct dav_result result = exchange_check_coding(x);
    if (!dav_is_fine(result))
        return respond_error(x, result);
    if (stream->request.body_bytes != LENGTH_UNKNOWN && stream->request.body_bytes > max)
        return respond_error(x, dav_error(HTTP_CONTENT_TOO_LARGE, "the request body is too long"));
    begin_body(x);
    for (;;) {
        size_t want = next_step(x);
        if (!make_room(x, want))
            return respond_error(x, dav_from_store(STORE_BUSY));
        switch (source_pull(stream->body, &x->body, want, &err)) {
        case PULL_DATA:
            if (x->body.len > max)
                return respond_error(
                    x, dav_error(HTTP_CONTENT_TOO_LARGE, "the request body is too long"));
            break;
        case PULL_WAIT:
            return STAGE_WAIT;
        case PULL_END:
            return STAGE_NEXT;
        case PULL_FAIL:
            return respond_error(x, exchange_body_failure(&err));
        }
    }
}

/* --- the beginning --- */

static struct dav_result read_target(struct exchange *x)
{
    const struct http_request *request = &x->stream->request;
    if (request->path.len == 0) { /* "*": the server as a whole */
        x->path = PATH_ROOT;
        return DAV_FINE;
    }
    switch (path_decode(x->arena, request->path, &x->path, &x->has_slash)) {
    case PATH_OK:
        return DAV_FINE;
    case PATH_MALFORMED:
        return dav_error(HTTP_BAD_REQUEST, "the path is not well encoded");
    case PATH_FORBIDDEN:
        return dav_error(HTTP_BAD_REQUEST, "the path has a NUL or an encoded slash in a name");
    case PATH_ABOVE_ROOT:
        return dav_error(HTTP_BAD_REQUEST, "the path leads above the root");
    }
    BUG("no such path result");
}

static struct dav_result begin(struct exchange *x)
{
    struct dav_result result = read_target(x);
    if (!dav_is_fine(result))
        return result;
    if (http_fields_conflict(&x->stream->request.fields))
        return dav_error(HTTP_BAD_REQUEST, "a field that has one value is there more than once");
    x->method = dav_method_find(x->stream->request.method);
    result = browser_check_origin(x);
    if (!dav_is_fine(result))
        return result;
    if (!x->method)
        return dav_error(HTTP_NOT_IMPLEMENTED, "this server does not know the method");
    if (!x->method->stages)
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this server does not serve the method");
    bool is_write = x->method->flags & METHOD_WRITES;
    if (is_write && x->service->is_read_only)
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "this server is read-only");
    if (is_write && path_is_root(x->path) && !(x->method->flags & METHOD_ON_ROOT))
        return dav_error(HTTP_METHOD_NOT_ALLOWED, "not on the root");
    return if_header_read(x);
}

/* An answer of 405 says what may be done there (RFC 9110 §15.5.6), for which the store is asked. */
static enum stage_end refuse(struct exchange *x)
{
    return respond_error(x, x->refusal);
}

static const struct stage refused_stages[] = {
    {"refuse", refuse, ON_READ},
};

void dav_handle(const struct dav_service *service, struct http_stream *stream)
{
    struct exchange *x = ARENA_NEW(stream->arena, struct exchange);
    x->stream = stream;
    x->arena = stream->arena;
    x->service = service;
    x->store = service->view /* nobody has signed in yet, and nobody has a home */
                   ? service->view(service, &x->signed_in.principal, x->arena, &x->homes)
                   : service->store;
    x->job.done = run_again;
    x->waker.ring = waker_rang;
    x->refusal = begin(x);
    if (!dav_is_fine(x->refusal))
        x->stage = refused_stages;
    else
        x->stage = service->access ? admit_stages : x->method->stages;
    run(x);
}
