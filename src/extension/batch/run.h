/* extension/batch/run.h: phase two: the operations are done, one after the other, while their
 * answers are sent. */
#pragma once

#include "extension/batch/operation.h"
#include "stream/spool.h"

struct batch_wish {
    bool is_json;    /* the answer */
    bool is_minimal; /* Prefer: return=minimal */
    bool is_strict;  /* Prefer: handling=strict */
};

/* Answers the exchange of the batch with it. `content` holds what the batch's parts are, and
 * outlives the answer. */
enum stage_end batch_run(struct batch *batch, const struct batch_wish *wish,
                         const struct spool *content);
