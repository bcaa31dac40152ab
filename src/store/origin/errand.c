/* A store's calls block on workers; the clients of a gateway live on loops. An errand stands
 * between: it is begun, fed and emptied by the worker that has the exchange, and run by the loop of
 * that exchange, whose client keeps connections, counts, and knows the origin's circuit as for all
 * requests that are passed on. So a tree that is copied has no connections of its own.
 *
 *     worker                       mutex               loop
 *     begin, write, finish  -> wants, queued  -> attend() -> client_start, source_wake
 *     await, pull           <- has_head, ready <- on_head(), fill(), on_done()
 *
 * The worker posts one job, which says only that there is something to attend to; what that is
 * stands in the errand. Of the body that is sent and of the one that comes PIECE_BYTES are kept at
 * most: both sides work at the same time, and neither without bound.
 *
 * Invariants
 *  (1) the exchange is the worker's as long as the errand lives, and with it the settings and the
 *      client; so an errand is closed before the call returns, or with what it has opened;
 *  (2) close() waits until the loop has let go: then no job is posted, and the client knows nothing
 *      of the call;
 *  (3) what is in the call belongs to the loop until has_head or is_over was seen under the mutex;
 *  (4) what a client only wants to read nobody waits for when he has gone; what changes something
 *      goes on to its end.
 *
 * Rejected: a client with a loop of its own for each transfer (client/solo.h). It makes each thread
 * a loop's for as long as it asks, has a connection for itself, and is told nothing of what other
 * requests have found out about the origin. */
#include "store/origin/errand.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "gateway/origin/outcome.h"

enum { PIECE_BYTES = 1 << 18 };

struct errand {
    struct call call;
    struct exchange *x;
    const struct gateway *gateway;
    struct executor *executor; /* the loop's */
    enum health_pass pass;
    int64_t started_us;
    bool is_let_alone; /* by the circuit */
    bool is_busy;
    bool is_unsendable;
    bool is_noted; /* in the access log; the worker's */

    pthread_mutex_t mutex;  /* guards what follows, but for the loop's */
    pthread_cond_t changed; /* for the worker */
    bool is_posted;
    bool wants_start;
    bool wants_end;
    bool has_begun; /* the loop's client has it */
    bool has_head;
    bool is_over;
    struct buf ready; /* of the answer, to be pulled */
    bool has_ended;   /* its body */
    bool has_failed;
    struct buf queued;      /* of the upload, to be sent */
    uint64_t written_bytes; /* of it, so far */
    bool is_finished;

    struct job job;
    struct source *body; /* the answer's; the loop's */
    struct waker waker;
    struct waker gone; /* the client has */
    bool is_given_up;  /* for that; as the call */
    struct source upload;
    bool is_starving; /* it has said WAIT */
};

static bool is_unsent(const struct errand *errand)
{
    return errand->is_let_alone || errand->is_busy || errand->is_unsendable;
}

/* --- on the loop --- */

static void lock(struct errand *errand)
{
    pthread_mutex_lock(&errand->mutex);
}

static void unlock_and_tell(struct errand *errand)
{
    pthread_cond_signal(&errand->changed);
    pthread_mutex_unlock(&errand->mutex);
}

static void fill(struct errand *errand)
{
    struct err err; /* the call has it, too */
    enum pull pulled = PULL_DATA;
    lock(errand);
    while (errand->body && pulled == PULL_DATA && errand->ready.len < PIECE_BYTES)
        pulled = source_pull(errand->body, &errand->ready, PIECE_BYTES - errand->ready.len, &err);
    errand->has_failed |= pulled == PULL_FAIL;
    errand->has_ended |= pulled == PULL_END || pulled == PULL_FAIL;
    unlock_and_tell(errand);
    if (pulled == PULL_END || pulled == PULL_FAIL)
        source_close(&errand->body);
}

static void rang(struct waker *waker)
{
    fill(CONTAINER_OF(waker, struct errand, waker));
}

static int64_t lasted_us(const struct errand *errand)
{
    return errand->started_us ? clock_mono_us() - errand->started_us : 0;
}

/* What it has come to, once. */
static void count(const struct errand *errand, enum origin_outcome outcome)
{
    outcome_count(errand->x->service->gateways, errand->gateway, outcome, lasted_us(errand));
}

static void on_head(struct call *call, struct source *body)
{
    struct errand *errand = CONTAINER_OF(call, struct errand, call);
    outcome_answered(errand->gateway, errand->pass, call);
    count(errand, outcome_of(call, true));
    errand->body = body;
    if (body)
        body->waker = &errand->waker;
    lock(errand);
    errand->has_head = true;
    errand->has_ended = !body;
    unlock_and_tell(errand);
    fill(errand);
}

static void on_done(struct call *call)
{
    struct errand *errand = CONTAINER_OF(call, struct errand, call);
    outcome_ended(errand->x->service->gateways, errand->gateway, errand->pass, call,
                  errand->has_head);
    if (!errand->has_head)
        count(errand, outcome_of(call, false));
    lock(errand);
    errand->has_begun = false;
    errand->is_over = errand->has_ended = true;
    unlock_and_tell(errand);
}

static enum pull upload_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct errand *errand = CONTAINER_OF(self, struct errand, upload);
    enum pull pulled = PULL_WAIT;
    (void)err; /* it never fails: what breaks off is cancelled */
    lock(errand);
    struct str part = str_first(buf_str(&errand->queued), want);
    if (part.len) {
        buf_add(into, part);
        buf_consume(&errand->queued, part.len);
        pulled = PULL_DATA;
    } else if (errand->is_finished) {
        pulled = PULL_END;
    }
    errand->is_starving = pulled == PULL_WAIT;
    unlock_and_tell(errand);
    return pulled;
}

static const struct source_ops upload_ops = {.name = "upload of a store", .pull = upload_pull};

/* What is under way is given up: nothing more is told of it. */
static void stop(struct errand *errand)
{
    struct err err; /* there is a client: it has begun */
    struct http_stream *stream = errand->x->stream;
    source_close(&errand->body);
    if (stream->waker == &errand->gone)
        stream->waker = NULL;
    if (!errand->has_begun)
        return;
    if (!errand->has_head) {
        outcome_given_up(errand->gateway, errand->pass);
        count(errand, ORIGIN_GIVEN_UP);
    }
    client_cancel(gateway_loop_client(errand->x->service->gateways, errand->gateway, &err),
                  &errand->call);
    errand->has_begun = false;
}

static void give_up(struct errand *errand)
{
    stop(errand);
    errand->is_given_up = true;
    str_print(errand->call.message, sizeof(errand->call.message), "the client has gone");
    lock(errand);
    errand->is_over = errand->has_ended = errand->has_failed = true;
    unlock_and_tell(errand);
}

static void client_gone(struct waker *waker)
{
    struct errand *errand = CONTAINER_OF(waker, struct errand, gone);
    if (errand->has_begun)
        give_up(errand);
}

/* False: nobody waits for it. */
static bool begin_waiting(struct errand *errand)
{
    struct exchange *x = errand->x;
    if (!(x->method->flags & METHOD_IS_SAFE))
        return true;
    if (!x->stream->has_gone)
        x->stream->waker = &errand->gone;
    return !x->stream->has_gone;
}

static void start(struct errand *errand)
{
    struct err err;
    if (!begin_waiting(errand)) {
        outcome_given_up(errand->gateway, errand->pass);
        give_up(errand);
        return;
    }
    struct client *client =
        gateway_loop_client(errand->x->service->gateways, errand->gateway, &err);
    if (client) {
        errand->has_begun = true;
        errand->started_us = clock_mono_us();
        client_start(client, &errand->call);
        return;
    }
    log_line(LOG_ERROR, "%s", err.text);
    errand->call.end = CALL_OWN;
    str_print(errand->call.message, sizeof(errand->call.message), "%s", err.text);
    on_done(&errand->call);
}

static void attend(struct job *job)
{
    struct errand *errand = CONTAINER_OF(job, struct errand, job);
    lock(errand);
    bool is_start = errand->wants_start;
    bool is_end = errand->wants_end;
    bool is_fed = errand->is_starving && (errand->queued.len || errand->is_finished);
    errand->wants_start = false;
    errand->is_starving &= !is_fed;
    if (!is_end)
        errand->is_posted = false;
    pthread_mutex_unlock(&errand->mutex);
    if (is_start)
        start(errand);
    if (is_fed && !is_end)
        source_wake(&errand->upload);
    if (!is_end) {
        fill(errand);
        return;
    }
    stop(errand);
    lock(errand);
    errand->is_over = true;
    errand->is_posted = false; /* the worker frees it, once it has the mutex */
    unlock_and_tell(errand);
}

/* --- on the worker --- */

/* With the mutex. */
static void post(struct errand *errand)
{
    if (errand->is_posted)
        return;
    errand->is_posted = true;
    executor_post(errand->executor, &errand->job);
}

static void wait_for_change(struct errand *errand)
{
    pthread_cond_wait(&errand->changed, &errand->mutex);
}

struct errand *errand_begin(struct exchange *x, const struct gateway *gateway,
                            const struct errand_request *request)
{
    struct errand *errand = MEM_NEW(struct errand);
    unsigned after_s;
    pthread_mutex_init(&errand->mutex, NULL);
    pthread_cond_init(&errand->changed, NULL);
    errand->x = x;
    errand->gateway = gateway;
    errand->executor = x->stream->executor;
    errand->job.done = attend;
    errand->waker.ring = rang;
    errand->gone.ring = client_gone;
    errand->upload.ops = &upload_ops;
    errand->call = (struct call){.url = request->url,
                                 .method = request->method,
                                 .fields = request->fields,
                                 .field_count = request->field_count,
                                 .text = request->text,
                                 .upload = request->has_upload ? &errand->upload : NULL,
                                 .upload_bytes = request->upload_bytes,
                                 .is_safe = request->is_safe,
                                 .idle_s_max = request->is_safe ? 0 : ORIGIN_IDLE_S_MAX,
                                 .head = on_head,
                                 .done = on_done};
    errand->is_unsendable = request->is_unsendable;
    errand->is_busy = !exchange_hold(x, CALL_MEMORY_MAX);
    if (!is_unsent(errand))
        errand->pass = health_pass(gateway->health, &after_s);
    errand->is_let_alone = errand->pass == HEALTH_WAIT;
    errand->is_over = is_unsent(errand);
    lock(errand);
    errand->wants_start = !errand->is_over;
    if (errand->wants_start)
        post(errand);
    pthread_mutex_unlock(&errand->mutex);
    return errand;
}

static void note(struct errand *errand)
{
    const struct call *call = &errand->call;
    bool is_noted = errand->is_noted || errand->is_busy || errand->is_unsendable;
    errand->is_noted = true;
    if (is_noted)
        return;
    if (errand->is_let_alone)
        outcome_let_alone(errand->x, errand->gateway);
    else if (!errand->has_head && errand->is_given_up)
        outcome_note(errand->x, errand->gateway, ORIGIN_GIVEN_UP, 0, lasted_us(errand));
    else
        outcome_note(errand->x, errand->gateway, outcome_of(call, errand->has_head), call->status,
                     lasted_us(errand));
}

const struct call *errand_await(struct errand *errand)
{
    lock(errand);
    while (!errand->has_head && !errand->is_over)
        wait_for_change(errand);
    pthread_mutex_unlock(&errand->mutex);
    note(errand);
    return errand->has_head ? &errand->call : NULL;
}

enum errand_end errand_why(const struct errand *errand)
{
    const struct call *call = &errand->call;
    if (errand->is_unsendable)
        return ERRAND_REFUSED;
    if (errand->is_busy)
        return ERRAND_BUSY;
    if (errand->is_let_alone || (call->end == CALL_REFUSED && !call->was_sent))
        return ERRAND_AWAY;
    if (call->was_sent && !call->is_safe)
        return ERRAND_UNKNOWN;
    return call->end == CALL_TIMEOUT ? ERRAND_SILENT : ERRAND_FAILED;
}

const char *errand_message(const struct errand *errand)
{
    if (errand->is_unsendable)
        return "there is a name in it that leads up for some servers";
    if (errand->is_busy)
        return "there is no memory for the request";
    return errand->is_let_alone ? "it is let alone for a while" : errand->call.message;
}

enum pull errand_pull(struct errand *errand, struct buf *into, size_t want)
{
    enum pull pulled = PULL_DATA;
    lock(errand);
    while (!errand->ready.len && !errand->has_ended)
        wait_for_change(errand);
    struct str part = str_first(buf_str(&errand->ready), want);
    if (!part.len)
        pulled = errand->has_failed || (errand->is_over && errand->call.end != CALL_ANSWERED)
                     ? PULL_FAIL
                     : PULL_END;
    buf_add(into, part);
    buf_consume(&errand->ready, part.len);
    if (part.len && !errand->has_ended)
        post(errand);
    pthread_mutex_unlock(&errand->mutex);
    return pulled;
}

bool errand_write(struct errand *errand, struct str bytes)
{
    lock(errand);
    while (bytes.len && !errand->has_head && !errand->is_over) {
        struct str part = str_first(bytes, PIECE_BYTES - size_min(PIECE_BYTES, errand->queued.len));
        if (!part.len) {
            wait_for_change(errand);
            continue;
        }
        buf_add(&errand->queued, part);
        errand->written_bytes += part.len;
        bytes = str_from(bytes, part.len);
        post(errand);
    }
    bool is_wanted = !errand->has_head && !errand->is_over;
    pthread_mutex_unlock(&errand->mutex);
    return is_wanted;
}

void errand_finish(struct errand *errand)
{
    lock(errand);
    errand->is_finished = true;
    post(errand);
    pthread_mutex_unlock(&errand->mutex);
}

bool errand_has_sent(struct errand *errand)
{
    lock(errand);
    bool is_all = errand->is_finished || errand->written_bytes == errand->call.upload_bytes;
    bool has_sent = is_all && !errand->queued.len;
    pthread_mutex_unlock(&errand->mutex);
    return has_sent;
}

void errand_close(struct errand **closing)
{
    struct errand *errand = *closing;
    *closing = NULL;
    if (!errand)
        return;
    lock(errand);
    if (!is_unsent(errand)) {
        errand->wants_end = true;
        post(errand);
    }
    while (errand->is_posted)
        wait_for_change(errand);
    pthread_mutex_unlock(&errand->mutex);
    if (!errand->is_busy)
        exchange_release(errand->x, CALL_MEMORY_MAX);
    call_free(&errand->call);
    buf_done(&errand->ready);
    buf_done(&errand->queued);
    pthread_cond_destroy(&errand->changed);
    pthread_mutex_destroy(&errand->mutex);
    mem_free(errand);
}
