/* A listing is a source over a directory or a database: pulling it blocks. The offload pulls it on
 * a worker into `filling`, while the consumer on the loop takes from `ready`. At most one job is
 * under way, so the inner source is never pulled by two threads.
 *
 * Invariants
 *  (1) while is_busy, only the worker touches `inner`, `filling`, `last` and `err`;
 *  (2) while is_busy, `owner` is held, because inner's memory is the owner's;
 *  (3) a close while is_busy is carried out by the job's done function.
 *
 * The first job gathers little, so that the first byte leaves early; later jobs gather up to
 * `ahead_bytes`, so that a hand-over is paid once for many members. */
#include "stream/offload.h"

#include "base/mem.h"

enum { FIRST_FILL_BYTES = 4096 };

struct offload {
    struct source base;
    struct source *inner;
    struct executor *executor;
    struct refs *owner;
    struct job job;
    struct buf ready;
    struct buf filling;
    size_t fill_bytes; /* how much the job under way gathers */
    size_t next_bytes; /* how much the next one will */
    size_t ahead_bytes;
    enum pull last; /* what inner said last; DATA at the start */
    struct err err;
    bool is_busy;
    bool is_closed;
    bool is_awaited; /* the consumer was told to wait */
};

static void fill(struct job *job)
{
    struct offload *offload = CONTAINER_OF(job, struct offload, job);
    while (offload->last == PULL_DATA && offload->filling.len < offload->fill_bytes) {
        size_t want = offload->fill_bytes - offload->filling.len;
        offload->last = source_pull(offload->inner, &offload->filling, want, &offload->err);
        assert(offload->last != PULL_WAIT); /* what may block does not wait as well */
    }
}

static void start_fill(struct offload *offload)
{
    offload->is_busy = true;
    offload->fill_bytes = offload->next_bytes;
    offload->next_bytes = size_min(offload->next_bytes * 4, offload->ahead_bytes);
    refs_take(offload->owner);
    executor_submit(offload->executor, &offload->job);
}

static void destroy(struct offload *offload)
{
    source_close(&offload->inner);
    buf_done(&offload->ready);
    buf_done(&offload->filling);
    mem_free(offload);
}

static void filled(struct job *job)
{
    struct offload *offload = CONTAINER_OF(job, struct offload, job);
    struct refs *owner = offload->owner;
    offload->is_busy = false;
    if (offload->is_closed) {
        destroy(offload);
    } else if (offload->is_awaited) {
        offload->is_awaited = false;
        source_wake(&offload->base);
    }
    refs_drop(owner);
}

static enum pull offload_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct offload *offload = CONTAINER_OF(self, struct offload, base);
    if (offload->ready.len == 0 && !offload->is_busy && offload->filling.len) {
        struct buf empty = offload->ready;
        offload->ready = offload->filling;
        offload->filling = empty;
    }
    if (!offload->is_busy && offload->filling.len == 0 && offload->last == PULL_DATA)
        start_fill(offload);
    if (offload->ready.len) {
        size_t len = size_min(want, offload->ready.len);
        buf_add(into, str_first(buf_str(&offload->ready), len));
        buf_consume(&offload->ready, len);
        return PULL_DATA;
    }
    if (offload->is_busy) {
        offload->is_awaited = true;
        return PULL_WAIT;
    }
    if (offload->last == PULL_FAIL)
        *err = offload->err;
    return offload->last;
}

static void offload_close(struct source *self)
{
    struct offload *offload = CONTAINER_OF(self, struct offload, base);
    offload->is_closed = true;
    if (!offload->is_busy)
        destroy(offload);
}

static const struct source_ops offload_ops = {
    .name = "offload",
    .pull = offload_pull,
    .close = offload_close,
};

struct source *source_offload(struct source *inner, struct executor *executor, struct refs *owner,
                              size_t ahead_bytes)
{
    struct offload *offload = MEM_NEW(struct offload);
    offload->base.ops = &offload_ops;
    offload->inner = inner;
    offload->executor = executor;
    offload->owner = owner;
    offload->job.work = fill;
    offload->job.done = filled;
    offload->ahead_bytes = ahead_bytes;
    offload->next_bytes = size_min(FIRST_FILL_BYTES, ahead_bytes);
    offload->last = PULL_DATA;
    return &offload->base;
}
