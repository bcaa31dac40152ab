/* extension/batch/run.h: phase two: the operations are done, one after the other, while their
 * answers are sent. */
#pragma once

#include "extension/batch/operation.h"
#include "stream/spool.h"

struct batch_record;

/* Answers the exchange of the batch with it. `content` holds what the batch's parts are, and
 * outlives the answer; so does `record`, in which it is kept what each has come to (NULL: nowhere),
 * and what is there already is told first, and not done. */
enum stage_end batch_run(struct batch *batch, const struct batch_wish *wish,
                         const struct spool *content, struct batch_record *record);
