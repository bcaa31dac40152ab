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
 * A body that does not end with its first batch is likely to be a long one. The rest of it goes
 * through a pipe where source and sink can, from the socket to the file without a copy into this
 * process and one out of it. A batch is either in `tail` or in the pipe; what the pipe cannot take,
 * with nothing in it, is pulled. The pipe has room for a batch in packets as the Internet has them,
 * and there is none where the system grants no such room: many small batches would be dearer. Nor
 * has each of many uploads one: it is two descriptors and up to 1 MiB of the kernel's memory, for
 * as long as a slow client takes.
 *
 * Invariants
 *  (1) while is_writing, only the worker touches `tail`, the pipe and `sink_code`;
 *  (2) neither side is asked again between its WAIT and its ring. */
#include "stream/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>

#include "base/fd.h"

enum {
    PIPE_BYTES = 1 << 20, /* 256 packets, or as many larger pieces as a batch has */
    PIPES_MAX = 16,       /* of all pumps */
};

static atomic_uint pipe_count;

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

static bool open_pipe(struct pump *pump)
{
    if (atomic_fetch_add(&pipe_count, 1) < PIPES_MAX && pipe2(pump->pipe_fds, O_CLOEXEC) == 0) {
        if (fcntl(pump->pipe_fds[1], F_SETPIPE_SZ, PIPE_BYTES) >= 0)
            return true;
        fd_close(pump->pipe_fds[0]);
        fd_close(pump->pipe_fds[1]);
    }
    atomic_fetch_sub(&pipe_count, 1);
    pump->pipe_fds[0] = pump->pipe_fds[1] = -1;
    return false;
}

static void close_pipe(struct pump *pump)
{
    if (pump->pipe_fds[0] < 0)
        return;
    fd_close(pump->pipe_fds[0]); /* what is in it is thrown away */
    fd_close(pump->pipe_fds[1]);
    pump->pipe_fds[0] = pump->pipe_fds[1] = -1;
    atomic_fetch_sub(&pipe_count, 1);
}

void pump_init(struct pump *pump)
{
    pump->source_waker.ring = source_rang;
    pump->sink_waker.ring = sink_rang;
    pump->source->waker = &pump->source_waker;
    pump->sink->waker = &pump->sink_waker;
    pump->sink->executor = pump->executor;
    pump->pipe_fds[0] = pump->pipe_fds[1] = -1;
    pump->job.work = write_batch;
    pump->job.done = batch_written;
}

void pump_done(struct pump *pump)
{
    assert(!pump->is_writing);
    buf_done(&pump->tail);
    close_pipe(pump);
}

/* How much to pull next. The first batch grows as it comes, since most bodies are small. */
static size_t next_want(const struct pump *pump)
{
    enum { FIRST_BYTES = 16384 };
    const struct buf *tail = &pump->tail;
    size_t room = size_max(tail->cap - tail->len, size_max(tail->len, FIRST_BYTES));
    return size_min(pump->batch_bytes - tail->len, room);
}

/* Whether what comes next goes through the pipe, which is made when it is first needed. */
static bool uses_pipe(struct pump *pump)
{
    if (pump->tail.len || !pump->moved_bytes || pump->has_no_pipe || !pump->source->ops->splice ||
        !pump->sink->ops->splice)
        return false;
    if (pump->pipe_fds[0] >= 0)
        return true;
    pump->has_no_pipe = !open_pipe(pump);
    if (!pump->has_no_pipe)
        buf_done(&pump->tail);
    return !pump->has_no_pipe;
}

/* Until there is a batch in the pipe, or no room in it. DATA with nothing in the pipe: there is
 * something, and it has to be pulled. */
static enum pull gather_in_pipe(struct pump *pump)
{
    while (pump->piped_bytes < pump->batch_bytes) {
        size_t len;
        if (pump->awaits_source)
            return PULL_WAIT;
        enum pull pulled = source_splice(pump->source, pump->pipe_fds[1],
                                         pump->batch_bytes - pump->piped_bytes, &len, &pump->err);
        pump->awaits_source = pulled == PULL_WAIT;
        pump->piped_bytes += len;
        pump->moved_bytes += len;
        if (pulled != PULL_DATA || len == 0)
            return pulled;
    }
    return PULL_DATA;
}

/* Pulls until there is a batch (DATA), or the source has no more for now, or for ever. */
static enum pull gather(struct pump *pump)
{
    if (uses_pipe(pump)) {
        enum pull pulled = gather_in_pipe(pump);
        if (pulled != PULL_DATA || pump->piped_bytes)
            return pulled;
    }
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

static unsigned write_piped(struct pump *pump)
{
    size_t len = pump->piped_bytes;
    pump->piped_bytes = 0;
    return pump->sink->ops->splice(pump->sink, pump->pipe_fds[0], len);
}

unsigned pump_write_tail(struct pump *pump)
{
    if (pump->piped_bytes)
        return write_piped(pump);
    unsigned code = pump->tail.len ? sink_write(pump->sink, buf_str(&pump->tail)) : 0;
    buf_clear(&pump->tail);
    return code;
}
