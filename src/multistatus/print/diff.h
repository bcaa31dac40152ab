/* multistatus/print/diff.h: what differs between two bodies. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"

/* One of the two, held as sorted text. */
struct snapshot;

NODISCARD struct snapshot *snapshot_new(void); /* gives */
void snapshot_free(struct snapshot *snapshot);
void snapshot_add(struct snapshot *snapshot, const struct davit_ms_response *response);

/* Appends a line for each member and property that was added (+), removed (-) or changed (~);
 * returns how many lines. Sorts both. */
size_t snapshot_diff(struct snapshot *a, struct snapshot *b, struct buf *to);
