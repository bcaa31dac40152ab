/* dav/report.h: what the stages of a report (dav/extension.h) begin with. */
#pragma once

#include "dav/prop/request.h"
#include "dav/walk.h"

/* The resource that is reported on, as REPORT has found it. For the first of the report's stages,
 * until it sets x->state. */
const struct walk_item *report_item(const struct exchange *x);

/* Adds what an answer about properties has, before its first response: that it is not to be stored,
 * and may be compressed; and where the client would rather not be told what a resource does not
 * have, so be it (RFC 8144 §2.1). */
void report_begin_answer(struct exchange *x, struct propfind_request *props);
