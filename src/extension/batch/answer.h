/* extension/batch/answer.h: what the operations of a batch have come to, as XML or as JSON. */
#pragma once

#include "extension/batch/operation.h"
#include "multistatus/verdict.h"

/* Of one operation. */
struct batch_outcome {
    const struct batch_operation *operation;
    struct dav_result why;                    /* a failure may have one */
    unsigned status;                          /* what the request by itself would be answered */
    bool is_skipped;                          /* it was not begun */
    const struct http_fields *fields;         /* of that answer; NULL: there was none */
    uint64_t content_bytes;                   /* of a HEAD; LENGTH_UNKNOWN: it does not say */
    const struct davit_ms_response *response; /* what a 207 says of it; NULL: it was none */
};

struct batch_answer {
    struct buf out; /* to be sent */
    struct davit_ms_writer *writer;
    struct buf members; /* of the operation that is told next: those that failed */
    uint64_t untold;    /* of those, beyond what is kept */
    bool is_json;
    bool is_minimal; /* what has succeeded is counted, and not told */
    bool has_any;
    struct davit_ms_verdict verdict; /* of all operations */
    uint64_t skipped;
    unsigned status; /* of the operation that was told last */
};

/* False: there is no memory. */
NODISCARD bool batch_answer_init(struct batch_answer *answer, bool is_json);
void batch_answer_done(struct batch_answer *answer);

void batch_answer_begin(struct batch_answer *answer);

/* A resource for whose sake the operation that is told next has failed. */
void batch_answer_member(struct batch_answer *answer, const struct davit_ms_response *response);

/* True: the operation has succeeded. */
bool batch_answer_tell(struct batch_answer *answer, const struct batch_outcome *outcome);

/* It was told before, with this text, which comes next. True: likewise. */
bool batch_answer_tell_again(struct batch_answer *answer, unsigned status, bool is_skipped);

/* With the summary as the last that is said. */
void batch_answer_end(struct batch_answer *answer);

/* "total=3, ok=1, failed=1, skipped=1, worst=423" (RFC 9651 §3.2). */
void batch_answer_add_summary(const struct batch_answer *answer, struct buf *to);
