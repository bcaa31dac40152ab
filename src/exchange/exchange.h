/* dav/exchange.h: a request on its way through the stages of its method.
 *
 * An exchange lives in its stream's arena. While a worker runs a stage the exchange is the worker's
 * whole; nobody else looks at it. */
#pragma once

#include "dav/method.h"
#include "exchange/result.h"
#include "exchange/service.h"
#include "http/message.h"

struct home;
struct if_header;

struct exchange {
    struct http_stream *stream;
    struct arena *arena; /* the stream's */
    const struct dav_service *service;
    struct store *store; /* the service's */
    const struct dav_method *method;

    struct res_path path; /* as in the URL: what answers say */
    bool has_slash;       /* it ended in '/' */
    /* As located, and judged where there are rules; the store follows no link on its own. */
    struct res_path leads_to; /* what is read */
    struct res_path real;     /* what is changed, and what claims and locks are about: the same, but
                               * for a link in a method that is about its name */
    bool is_located;
    unsigned locate_count;

    struct res_path link_prefix; /* of a shared link that the URL goes through; at == NULL: none */
    struct signed_in signed_in;  /* who asks; nobody until admit_stages have run */
    struct home *homes;          /* his, as long as they must be made */

    const struct if_header *conditions; /* of the If field; NULL: there is none */
    struct buf body;                    /* of an XML method, collected */
    uint64_t held_bytes;                /* of the budget for bodies and answers */
    bool has_held;                      /* some of it, at some time */
    void *state;                        /* the method's own; in the arena */
    struct dav_result refusal;          /* of what begins with no method's stage */

    struct store_change change; /* of a method that makes one */

    const struct stage *stage;
    bool is_waiting; /* for exchange_wake() */
    bool is_woken;
    bool is_on_worker;  /* this stage may block */
    bool is_to_compute; /* this stage said COMPUTES */
    bool is_done;
    struct job job;
    struct waker waker; /* rings exchange_wake(): for sources and pumps */
};

/* Handles a request by the methods of dav/methods.def: what http_handler.handle asks for. */
void dav_handle(const struct dav_service *service, struct http_stream *stream);

/* Runs the stage that said WAIT again, soon. On the loop thread. */
void exchange_wake(struct exchange *x);

/* Begins x->change, whose ranges a stage before has filled: a stage of its own, on the loop. It is
 * ended when the exchange is done. */
enum stage_end exchange_claim(struct exchange *x);

/* Fills x->leads_to and x->real; cheap when they are filled already. */
NODISCARD struct dav_result exchange_locate(struct exchange *x);

/* What is read: where the URL leads, or is taken to lead as long as it has not been located. */
struct res_path exchange_target(const struct exchange *x);

/* 415 when there is a body of one byte or more (RFC 4918 §8.4): it might be an extension that the
 * client relies on. The first stage of the methods that take none. */
enum stage_end exchange_expect_no_body(struct exchange *x);

/* Collects the request body in x->body: NEXT when it is complete, WAIT, or DONE after an error
 * answer. A stage of its own in the methods that take XML. */
enum stage_end exchange_read_xml(struct exchange *x);

/* What was collected is not needed any more: what comes of it was copied. */
void exchange_drop_body(struct exchange *x);

/* Takes so much of the budget that all bodies and answers share (the limit memory_bytes), until the
 * exchange has ended, or gives some of it back. Any thread. False: it is used up, which is a
 * STORE_BUSY to the client. */
NODISCARD bool exchange_hold(struct exchange *x, uint64_t bytes);
void exchange_release(struct exchange *x, uint64_t bytes);

/* A source that may block, pulled on a worker ahead of the client: by little when memory is short.
 * Takes; on the loop thread. */
struct source *exchange_offload(struct exchange *x, struct source *inner);

/* 415 when the content has a coding (RFC 9110 §8.4): we take it as it is. */
NODISCARD struct dav_result exchange_check_coding(struct exchange *x);

/* Why a request body could not be read to its end: 408, 503 or 400. */
struct dav_result exchange_body_failure(const struct err *err);

/* What a client says by its request fields; shorthand. Empty: not there. */
struct str exchange_field(const struct exchange *x, enum http_field id);
