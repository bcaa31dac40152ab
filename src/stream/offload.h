/* stream/offload.h: makes a source that may block into one that waits. */
#pragma once

#include "base/executor.h"
#include "base/refs.h"
#include "stream/source.h"

/* Pulls `inner` on a worker, at most `ahead_bytes` ahead of the consumer. `owner` is what inner's
 * memory belongs to: it is kept alive while a worker is at it, also after close. Takes inner;
 * gives; memory of its own. */
NODISCARD struct source *source_offload(struct source *inner, struct executor *executor,
                                        struct refs *owner, size_t ahead_bytes);
