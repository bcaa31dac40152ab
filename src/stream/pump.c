/* An upload. Where bytes go decides how they are moved: to a sink that blocks by the batch, on a
 * worker, since each visit there costs a hand-over; to a sink that waits as they come, on the loop.
 *
 *     blocking:  pull until there is a batch -> a worker writes it -> pull ...   -> END
 *     waiting:   pull what there is -> push what there is room for -> ... -> end -> END
 *
 * While a sink waits its source is read ahead by a batch. That costs no more memory than a batch on
 * a worker does, and shows when the source has failed: an upload whose client has gone is dropped,
 * and not held until the place has room for what will never be of use.
 *
 * Invariants
 *  (1) while is_writing, only the worker touches `tail` and `sink_code`;
 *  (2) neither side is asked again between its WAIT and its ring. */
#include "stream/pump.h"

#include <errno.h>

static void source_rang(struct waker *waker)
{
    struct pump *pump = CONTAINER_OF(waker, struct pump, source_waker);
    pump->awaits_source = false;
    if (!pump->is_writing)
        pump->waker->ring(pump->waker);
}

static void sink_rang(struct waker *waker)
{
    struct pump *pump = CONTAINER_OF(waker, struct pump, sink_waker);
    pump->awaits_sink = false;
    pump->waker->ring(pump->waker);
}

static void write_batch(struct job *job)
{
    struct pump *pump = CONTAINER_OF(job, struct pump, job);
    pump->sink_code = pump_write_tail(pump);
}

static void batch_written(struct job *job)
{
    struct pump *pump = CONTAINER_OF(job, struct pump, job);
    pump->is_writing = false;
    pump->waker->ring(pump->waker);
}

void pump_init(struct pump *pump)
{
    pump->source_waker.ring = source_rang;
    pump->sink_waker.ring = sink_rang;
    pump->source->waker = &pump->source_waker;
    pump->sink->waker = &pump->sink_waker;
    pump->sink->executor = pump->executor;
    pump->job.work = write_batch;
    pump->job.done = batch_written;
}

void pump_done(struct pump *pump)
{
    assert(!pump->is_writing);
    buf_done(&pump->tail);
}

/* How much to pull next. The first batch grows as it comes, since most bodies are small. */
static size_t next_want(const struct pump *pump)
{
    enum { FIRST_BYTES = 16384 };
    const struct buf *tail = &pump->tail;
    size_t room = size_max(tail->cap - tail->len, size_max(tail->len, FIRST_BYTES));
    return size_min(pump->batch_bytes - tail->len, room);
}

/* Pulls until there is a batch (DATA), or the source has no more for now, or for ever. */
static enum pull gather(struct pump *pump)
{
    while (pump->tail.len < pump->batch_bytes) {
        size_t before = pump->tail.len;
        size_t want = next_want(pump);
        if (pump->awaits_source)
            return PULL_WAIT;
        if (!buf_try_reserve(&pump->tail, want)) { /* a pull within its room cannot fail */
            err_sys(&pump->err, ENOMEM, "cannot receive a body");
            return PULL_FAIL;
        }
        enum pull pulled = source_pull(pump->source, &pump->tail, want, &pump->err);
        pump->awaits_source = pulled == PULL_WAIT;
        if (pulled != PULL_DATA)
            return pulled;
        pump->moved_bytes += pump->tail.len - before;
    }
    return PULL_DATA;
}

static enum pump_state run_blocking(struct pump *pump)
{
    switch (gather(pump)) {
    case PULL_DATA:
        pump->is_writing = true;
        executor_submit(pump->executor, &pump->job);
        return PUMP_WAIT;
    case PULL_WAIT:
        return PUMP_WAIT;
    case PULL_END:
        return PUMP_END;
    case PULL_FAIL:
        return PUMP_SOURCE_FAILED;
    }
    BUG("no such pull");
}

static enum push push_tail(struct pump *pump)
{
    struct str left = buf_str(&pump->tail);
    enum push pushed = sink_push(pump->sink, &left, &pump->sink_code);
    buf_consume(&pump->tail, pump->tail.len - left.len);
    return pushed;
}

/* Reads ahead while the sink waits: so a source that fails is not found out about at the end. */
static enum pump_state run_waiting(struct pump *pump)
{
    for (;;) {
        enum pull pulled = gather(pump);
        bool has_more = pump->tail.len > 0;
        if (pulled == PULL_FAIL)
            return PUMP_SOURCE_FAILED;
        if (pump->awaits_sink || (!has_more && pulled == PULL_WAIT))
            return PUMP_WAIT;
        switch (has_more ? push_tail(pump) : sink_end(pump->sink, &pump->sink_code)) {
        case PUSH_DONE:
            if (!has_more)
                return PUMP_END;
            break;
        case PUSH_WAIT:
            pump->awaits_sink = true;
            break;
        case PUSH_FAIL:
            return PUMP_SINK_FAILED;
        }
    }
}

enum pump_state pump_run(struct pump *pump)
{
    if (pump->is_writing)
        return PUMP_WAIT;
    if (pump->sink_code != 0)
        return PUMP_SINK_FAILED;
    return pump->sink->waits ? run_waiting(pump) : run_blocking(pump);
}

unsigned pump_write_tail(struct pump *pump)
{
    unsigned code = pump->tail.len ? sink_write(pump->sink, buf_str(&pump->tail)) : 0;
    buf_clear(&pump->tail);
    return code;
}
