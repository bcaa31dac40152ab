/* exchange/multistatus_body.h: a 207 that is being written, in memory up to a bound, beyond that in
 * a file without a name. */
#pragma once

#include "exchange/exchange.h"
#include "multistatus/writer.h"
#include "stream/spool.h"

struct multistatus_body {
    struct multistatus ms; /* writes to the spool; multistatus_body_ms() */
    struct spool spool;    /* to be settled when it may have grown */
    bool has_begun;
    bool is_closed;
    bool has_ended;
};

/* With nothing in it yet. Dies with the exchange. */
struct multistatus_body *multistatus_body_new(struct exchange *x);

/* What responses are written with; begins the body, unless that was done. */
struct multistatus *multistatus_body_ms(struct multistatus_body *body);

/* What stands behind the last response and is not about resources: what the client is to be told.
 * Whoever writes more behind that calls it before. */
void multistatus_body_close(struct multistatus_body *body, struct exchange *x);

/* No response comes any more; the access log will say how many of them were failures. */
void multistatus_body_end(struct multistatus_body *body, struct exchange *x);

/* Answers with it, as it is; ends it, unless that was done. */
enum stage_end respond_multistatus(struct exchange *x, struct multistatus_body *body);

/* The same for one that is written while it is sent. Takes the source. */
enum stage_end respond_multistatus_source(struct exchange *x, struct source *source);
