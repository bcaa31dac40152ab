/* extension/batch/intake.h: the body of a batch, in whichever of its forms it comes. */
#pragma once

#include "extension/batch/operation.h"
#include "stream/content_hash.h"
#include "stream/spool.h"

#define BATCH_TYPE_XML   "application/vnd.davit.batch+xml"
#define BATCH_TYPE_JSON  "application/vnd.davit.batch+json"
#define BATCH_TYPE_PARTS "multipart/related"

typedef void batch_read_fn(struct batch *batch, struct str body);

struct batch_intake {
    struct batch batch;
    struct spool content; /* of parts */
    batch_read_fn *read;  /* of what says what is to be done: the body, or its first part */
    struct batch_multipart *multipart; /* NULL: the body is that itself */
    struct content_check *asked;       /* a hash of all that is asked for; NULL: nobody wants it */
};

/* Begins, by the Content-Type. False: it is none of a batch. */
NODISCARD bool batch_intake_begin(struct exchange *x, struct batch_intake *intake);
/* The same by the method, which is one of Exchange's for many. */
void batch_intake_begin_targets(struct exchange *x, struct batch_intake *intake);

/* Before the body comes: its hash is wanted, with that of what the head asks for. */
void batch_intake_hash(struct batch_intake *intake);

/* Stages' work: takes the body, to its end; then reads the batch (phase one), and lets the body go.
 * As a stage on the loop, which goes to workers and back. */
enum stage_end batch_intake_run(struct exchange *x, struct batch_intake *intake);
enum stage_end batch_intake_read(struct exchange *x, struct batch_intake *intake);
