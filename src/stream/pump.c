#include "stream/pump.h"

#include <errno.h>

static void source_rang(struct waker *waker)
{
    struct pump *pump = CONTAINER_OF(waker, struct pump, source_waker);
    if (!pump->is_writing)
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
    pump->source->waker = &pump->source_waker;
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

enum pump_state pump_run(struct pump *pump)
{
    if (pump->is_writing)
        return PUMP_WAIT;
    if (pump->sink_code != 0)
        return PUMP_SINK_FAILED;
    while (pump->tail.len < pump->batch_bytes) {
        size_t before = pump->tail.len;
        size_t want = next_want(pump);
        if (!buf_try_reserve(&pump->tail, want)) { /* a pull within its room cannot fail */
            (void)err_sys(&pump->err, ENOMEM, "receiving a body"); /* always false */
            return PUMP_SOURCE_FAILED;
        }
        enum pull result = source_pull(pump->source, &pump->tail, want, &pump->err);
        if (result == PULL_END)
            return PUMP_END;
        if (result == PULL_FAIL)
            return PUMP_SOURCE_FAILED;
        if (result == PULL_WAIT)
            return PUMP_WAIT;
        pump->moved_bytes += pump->tail.len - before;
    }
    pump->is_writing = true;
    executor_submit(pump->executor, &pump->job);
    return PUMP_WAIT;
}

unsigned pump_write_tail(struct pump *pump)
{
    unsigned code = pump->tail.len ? sink_write(pump->sink, buf_str(&pump->tail)) : 0;
    buf_clear(&pump->tail);
    return code;
}
