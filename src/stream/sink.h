/* stream/sink.h: where a body goes.
 *
 * A sink is of one of two kinds, by `waits`. One that blocks is written on workers, and takes all
 * that it is given. One that waits never blocks, and is written on a loop: it takes what it has
 * room for and says
 *
 * DONE: all of it was taken.
 * WAIT: a part of it, or nothing; the waker rings once when more can be.
 * FAIL: the sink's own code says why; only close is legal after it. */
#pragma once

#include "base/executor.h"
#include "base/str.h"
#include "stream/source.h"

enum push { PUSH_DONE, PUSH_WAIT, PUSH_FAIL };

struct sink {
    const struct sink_ops *ops;
    bool waits; /* set by who makes it */
    /* Of one that waits: set before the first byte. The waker rings on the executor's thread, never
     * within a call of the sink, and not after the sink was closed. */
    struct waker *waker;
    struct executor *executor;
};

struct sink_ops {
    const char *name;

    /* Of a sink that blocks. Writes all of `bytes`. 0 when it did; any other value is the sink's
     * own code for what went wrong, and nothing more may be written. */
    unsigned (*write)(struct sink *self, struct str bytes);

    /* Of a sink that waits. Takes bytes from the front of *bytes, which it does not borrow beyond
     * the call. After WAIT neither is called before the waker has rung. */
    enum push (*push)(struct sink *self, struct str *bytes, unsigned *code_out);
    /* Nothing more comes. DONE: all that was taken is where it belongs, and has not failed there.
     * Called until it says so, or fails. */
    enum push (*end)(struct sink *self, unsigned *code_out);

    /* Optional, of a sink that blocks. As write(), `len` bytes that a pipe holds. */
    unsigned (*splice)(struct sink *self, int pipe_fd, size_t len);
};

NODISCARD static inline unsigned sink_write(struct sink *sink, struct str bytes)
{
    return sink->ops->write(sink, bytes);
}

NODISCARD static inline enum push sink_push(struct sink *sink, struct str *bytes,
                                            unsigned *code_out)
{
    return sink->ops->push(sink, bytes, code_out);
}

NODISCARD static inline enum push sink_end(struct sink *sink, unsigned *code_out)
{
    return sink->ops->end(sink, code_out);
}

/* Whether it takes from a pipe. */
static inline bool sink_splices(const struct sink *sink)
{
    return sink->ops->splice != NULL;
}

NODISCARD static inline unsigned sink_splice(struct sink *sink, int pipe_fd, size_t len)
{
    return sink->ops->splice(sink, pipe_fd, len);
}

/* A sink within another one that only passes on: it is of the same kind, and wakes the same waker.
 * Before each call of the inner one. */
static inline void sink_pass(const struct sink *outer, struct sink *inner)
{
    inner->waker = outer->waker;
    inner->executor = outer->executor;
}
