/* cli/saved_response.h: a 207 as people keep it: the body alone, or a saved HTTP exchange in front
 * of it: the heads that `curl -i` writes, and the request's, where a tool keeps that, too. Bytes
 * in, the body's bytes out. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "multistatus/lint/finding.h"
#include "wire/h1_body.h"

/* Embedded by who wants the body. False stops. */
struct saved_response_sink {
    bool (*body)(struct saved_response_sink *sink, struct str bytes);
};

enum saved_state {
    SAVED_START,        /* a head or the body: what it is, is not known yet */
    SAVED_HEAD,         /* within a head */
    SAVED_REQUEST_BODY, /* `request_left` bytes of it to come */
    SAVED_ANSWER,       /* another head may follow, or the body */
    SAVED_BODY,
    SAVED_CHUNKS, /* a body that still has its chunks */
    SAVED_OVER,   /* the last chunk has come */
};

struct saved_response {
    struct saved_response_sink *sink; /* borrows */
    enum saved_state state;
    struct lint_exchange exchange; /* what the heads say; complete when the body begins */
    struct arena arena;
    struct buf pending;
    uint64_t request_left;
    bool is_chunked;
    struct h1_body chunks;
};

/* A zeroed one with its sink set is at the start. */
void saved_response_done(struct saved_response *saved);

/* False: the sink does not want more. */
NODISCARD bool saved_response_feed(struct saved_response *saved, struct str bytes);
NODISCARD bool saved_response_end(struct saved_response *saved);

/* A line of a head that comes by itself, as from a fetch; then everything fed is the body. */
void saved_head_line(struct saved_response *saved, struct str line);
void saved_head_over(struct saved_response *saved);
