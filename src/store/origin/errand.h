/* store/origin/errand.h: a request to an origin that a worker makes, and waits for. It is sent by
 * the client that the gateway has on the exchange's loop. All functions are for the worker that has
 * the exchange, and may block. */
#pragma once

#include "exchange/exchange.h"
#include "gateway/gateway.h"

struct errand;

/* What is asked. Strings are borrowed until the errand is closed. */
struct errand_request {
    const char *method;
    const char *url;
    const struct http_field_line *fields;
    size_t field_count;
    struct str text;       /* a body that is there; at == NULL: none */
    bool has_upload;       /* one comes by errand_write() */
    uint64_t upload_bytes; /* so many, or LENGTH_UNKNOWN */
    bool is_safe;          /* it changes nothing */
    bool is_unsendable;    /* no origin may be asked for it */
};

/* Sends it. Gives; close it. */
NODISCARD struct errand *errand_begin(struct exchange *x, const struct gateway *gateway,
                                      const struct errand_request *request);

/* Waits for the head of the answer. NULL: there is none, and errand_why() says why. */
const struct call *errand_await(struct errand *errand);

/* How it has ended without a head. */
enum errand_end {
    ERRAND_FAILED,  /* it was not done */
    ERRAND_AWAY,    /* likewise: the origin cannot be reached for now */
    ERRAND_SILENT,  /* there was no answer to a question */
    ERRAND_UNKNOWN, /* nobody can say whether it was done */
    ERRAND_BUSY,    /* there is no memory for it */
    ERRAND_REFUSED, /* it was unsendable */
};
enum errand_end errand_why(const struct errand *errand);

/* In words, for the log. */
const char *errand_message(const struct errand *errand);

/* Appends what comes next of the answer's body, `want` bytes at most: DATA, END or FAIL. */
NODISCARD enum pull errand_pull(struct errand *errand, struct buf *into, size_t want);

/* More of the upload. False: it is not wanted any more, there is an answer or none will come. */
NODISCARD bool errand_write(struct errand *errand, struct str bytes);
/* All of it was written. */
void errand_finish(struct errand *errand);
/* Whether all of it has been sent: an origin may have answered before. */
bool errand_has_sent(struct errand *errand);

/* Ends it, whatever it has come to: what was not finished breaks off. NULL is fine. */
void errand_close(struct errand **errand);
