/* gateway/failure.h: what is said where an origin does not answer, by failures.def. */
#pragma once

#include "gateway/ask.h"

/* What the client is told of a request that has ended without an answer, and what the log
 * is; not of one whose own body has failed. */
NODISCARD struct dav_result failure_of(const struct ask *ask);

/* The same in words alone, of what was asked beside what the client has asked. */
NODISCARD struct dav_result failure_words(const struct ask *ask);

/* Has the log say what became of it. */
void failure_note(const struct ask *ask, const char *what);
