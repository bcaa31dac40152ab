/* stream/pump.h: an upload: source to sink. The only loop that moves request bodies. */
#pragma once

#include "base/executor.h"
#include "stream/sink.h"
#include "stream/source.h"

enum pump_state {
    PUMP_WAIT,          /* the waker rings when there is more to do */
    PUMP_END,           /* the source has ended; of a sink that blocks, the last bytes still stand
                         * in `tail`, and one that waits has all */
    PUMP_SOURCE_FAILED, /* `err` says why */
    PUMP_SINK_FAILED,   /* `sink_code` says why */
};

struct pump {
    struct source *source; /* borrows */
    struct sink *sink;     /* borrows; written on workers, unless it waits */
    struct executor *executor;
    struct waker *waker;  /* rung on the executor's thread */
    struct buf tail;      /* what has been read and not yet written */
    int pipe_fds[2];      /* or it is in this pipe; -1: there is none */
    size_t piped_bytes;   /* in the pipe; then `tail` is empty */
    bool has_no_pipe;     /* one was tried, and cannot be had */
    size_t batch_bytes;   /* how much is gathered before a worker is asked to write it; how far the
                           * source is read ahead of a sink that waits */
    uint64_t moved_bytes; /* read from the source so far */
    struct err err;
    unsigned sink_code;
    bool is_writing;    /* a worker has `tail` */
    bool awaits_source; /* it said WAIT, and has not rung since */
    bool awaits_sink;   /* likewise */
    struct job job;
    struct waker source_waker;
    struct waker sink_waker;
};

/* All of `source`, `sink`, `executor`, `waker` and `batch_bytes` are set by the caller before. */
void pump_init(struct pump *pump);
void pump_done(struct pump *pump);

/* Moves what can be moved now. Call it again after the waker rang. A body that fits into one
 * batch never visits a worker here: PUMP_END leaves it in `tail` for the caller's commit. */
NODISCARD enum pump_state pump_run(struct pump *pump);

/* Writes what is left; on a worker, after PUMP_END. 0, or the sink's code. */
NODISCARD unsigned pump_write_tail(struct pump *pump);
