/* gateway/relay.h: a request on its way to an origin, and its answer on the way back: a gateway's
 * part of an exchange. */
#pragma once

#include "exchange/handler.h"
#include "gateway/ask.h"
#include "gateway/hrefs.h"
#include "multistatus/verdict.h"

struct report;
struct spool;

struct relay {
    const struct gateway *gateway; /* to which it goes; NULL: to the handler's own */
    struct report *report; /* of origins (gateway/origin/report.h); NULL: none is asked for */
    struct ask *ask;
    bool is_unconditional;     /* conditions are not for this origin */
    struct res_path to;        /* where a Destination leads; at == NULL: there is none */
    struct str destination;    /* its path, as the client wrote it */
    struct spool *spool;       /* its body, kept until all of it was there; NULL: it streams */
    struct source upload;      /* the request's body, as the client is given it */
    uint64_t upload_left;      /* of it, or LENGTH_UNKNOWN */
    bool has_upload;           /* it is not at its end */
    struct err upload_err;     /* why it failed */
    bool is_cut;               /* it is not to be pulled any more */
    bool is_confirming;        /* the ask is about what has become of a MOVE */
    bool is_source_gone;       /* of that one */
    unsigned refusal;          /* what it was answered with when it was made again */
    bool has_retried;          /* with a slash at the end */
    struct buf text;           /* a collected body, mapped */
    struct href_reader reader; /* of the answer's XML */
    bool filters;              /* not all members may be seen by whoever asks */
    unsigned member_status;    /* the worst so far, of the response that is being read */
    struct davit_ms_verdict verdict;
    struct source body; /* the answer's, as the wire is given it */
    struct source *inner;
    struct buf first; /* of it, looked at before the head is sent */
    bool is_replaced; /* that is all, and ours */
};

static inline struct relay *relay_of(const struct exchange *x)
{
    return x->part;
}

/* The gateway that the request goes to. */
static inline const struct gateway *gateway_of(const struct exchange *x)
{
    const struct gateway *chosen = relay_of(x)->gateway;
    return chosen ? chosen : x->handler->shared;
}
