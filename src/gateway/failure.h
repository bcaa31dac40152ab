/* gateway/failure.h: what is said where an origin does not answer, by failures.def. */
#pragma once

#include "gateway/ask.h"

/* What the client is told of a request that has ended without an answer, and what the log is (the
 * note of the response). */
NODISCARD struct dav_result failure_of(const struct ask *ask);
