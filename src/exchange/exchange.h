/* exchange/exchange.h: a request on its way through the stages of its method.
 *
 * An exchange lives in its stream's arena. While a worker runs a stage the exchange is the worker's
 * whole; nobody else looks at it. What runs it is exchange/run.c. */
#pragma once

#include "exchange/method.h"
#include "exchange/result.h"
#include "exchange/service.h"
#include "exchange/stage.h"
#include "http/message.h"
#include "multistatus/writer.h"
#include "stream/compress/compress.h"

struct client_rule;
struct handler;
struct if_header;

/* How far it has come: what its stages are. */
enum exchange_phase {
    PHASE_SIGN_IN, /* who asks (exchange/sign_in.c) */
    PHASE_ENTER,   /* the handler's, before its methods */
    PHASE_ASK,     /* may he, and what does the method consist of */
    PHASE_METHOD,
    PHASE_END, /* the answer is there, and is finished */
};

/* A collection that is seen under another prefix: paths in the URL begin with `prefix`, and what
 * they are about is in `place`. */
struct seen_under {
    struct res_path prefix; /* at == NULL: paths are what they say */
    struct res_path place;
    struct res_path aside; /* likewise, what is kept of what was deleted there; at == NULL: not */
    struct res_path aside_place;
};

/* Whether the client is to be told something (exchange/clients/clients.h). */
enum client_telling { TELLING_UNKNOWN, TELLING_NOTHING, TELLING_DUE };

/* What the body will be sent in (exchange/answer/compress.h). */
struct answer_coding {
    bool is_chosen; /* otherwise as it is */
    bool is_live;
    enum compression compression;
};

struct exchange {
    struct http_stream *stream;
    struct arena *arena; /* the stream's */
    const struct service *service;
    const struct method *method;   /* NULL: not known at all (501) */
    const struct handler *handler; /* NULL: it has not come so far */
    void *part;                    /* the handler's own */
    void *state;                   /* the method's own; in the arena */

    struct res_path path;   /* as in the URL: what answers say */
    bool has_slash;         /* it ended in '/' */
    struct seen_under seen; /* through a shared link, or by paths that other servers have */
    enum multistatus_dialect dialect;
    struct signed_in signed_in;         /* who asks; nobody until he has signed in */
    const struct if_header *conditions; /* of the If field; NULL: there is none */
    struct buf body;                    /* collected (exchange/body.h) */
    uint64_t held_bytes;                /* of the budget for bodies and answers */
    uint64_t taken_bytes;               /* of it for this exchange: these, and a few more */
    bool has_taken;                     /* some of it, at some time */
    struct answer_coding coding;        /* of the answer */
    struct dav_result failure;          /* what the answer is to say; fine: it says it already */

    const struct client_rule *client; /* what is said of its program; NULL: nothing */
    enum client_telling telling;
    bool has_multistatus; /* of the exchange's own: what is to be told is in it */
    bool is_within;       /* a part of another request */

    enum exchange_phase phase;
    const struct stage *stage;
    const struct stage *method_stages;
    const struct stage *onward; /* what comes next instead of the stage after this one; or NULL */
    bool is_waiting;            /* for exchange_wake() */
    bool is_woken;
    bool is_on_worker;  /* this stage may block */
    bool is_to_compute; /* this stage said COMPUTES */
    bool is_to_pause;   /* this stage said AGAIN */
    unsigned again_count;
    size_t field_count; /* of the answer's, when the stage that looks began */
    bool is_done;
    struct job job;
    struct waker waker; /* rings exchange_wake(): for sources and pumps */
};

/* Runs the stage that said WAIT again, soon. On the loop thread. */
void exchange_wake(struct exchange *x);

/* What the stages from the one on that looks have come to rests on what is so no more: they run
 * again, after a while, and what they have said of the answer is forgotten; the body is kept, and
 * what stages before them have read of the request. `failure`: what is answered where that has
 * happened too often. */
enum stage_end exchange_again(struct exchange *x, struct dav_result failure);

/* STAGE_NEXT, which is the first of these stages: of a method that does one of several things. */
enum stage_end exchange_go_on(struct exchange *x, const struct stage *stages);

/* What a client says by its request fields; shorthand. Empty: not there. */
struct str exchange_field(const struct exchange *x, enum http_field id);

/* Takes so much of the budget that all bodies and answers share (the limit memory_bytes), until the
 * exchange has ended, or gives some of it back. Any thread. False: it is used up, which is
 * dav_busy() to the client. */
NODISCARD bool exchange_hold(struct exchange *x, uint64_t bytes);
/* Likewise, for what goes on without, if slower: false before those find nothing who cannot. */
NODISCARD bool exchange_hold_spare(struct exchange *x, uint64_t bytes);
void exchange_release(struct exchange *x, uint64_t bytes);

/* Where *path, as in the URL, really is: rules and scopes are about that. False: outside of what is
 * seen there is nothing. Memory from the arena, where something is seen under another prefix. */
NODISCARD bool exchange_place(const struct exchange *x, struct arena *arena, struct res_path *path);

/* A source that may block, pulled on a worker ahead of the client: by little when memory is short.
 * Takes; on the loop thread. */
struct source *exchange_offload(struct exchange *x, struct source *inner);
