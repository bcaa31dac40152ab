/* multistatus/verdict.h: how many members of a 207 have which status. The struct is the library's,
 * davit/multistatus.h; the server counts with it what it writes. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"

/* Of the longest text, with its NUL: 20 digits for each count. */
enum { VERDICT_BYTES = 32 * (DAVIT_MS_FAILURES_MAX + 1) };

/* Appends "ok=98,423=2". */
void verdict_format(const struct davit_ms_verdict *verdict, struct buf *to);

/* The status of a member whose properties have several (its propstats): a failure if there is one,
 * otherwise the success. A property that does not exist (404) is no failure of its resource; one
 * that failed because another did (424) gives way to that one. */
unsigned verdict_worse(unsigned a, unsigned b);
