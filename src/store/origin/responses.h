/* store/origin/responses.h: an origin's 207, response by response, in memory that does not grow. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"
#include "store/origin/inquiry.h"

/* Embedded by who reads. */
struct responses {
    struct inquiry *inquiry;
    struct davit_ms_reader *reader;
    struct buf piece;
};

/* Of an answer whose head is there. BAD_ORIGIN: it is no 207. */
NODISCARD enum store_rc responses_begin(struct responses *responses, struct inquiry *inquiry);

/* OK: *response_out is the next, valid until the next call. END: the body was complete.
 * BAD_ORIGIN: it was not. */
NODISCARD enum store_rc responses_next(struct responses *responses,
                                       const struct davit_ms_response **response_out);

void responses_end(struct responses *responses);
