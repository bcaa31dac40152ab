/* sync/ocs.h: the envelope of answers under ocs/: {"ocs": {"meta": …, "data": …}}. */
#pragma once

#include "sync/answer.h"

/* What meta says besides that all is well. */
enum { OCS_UNKNOWN = 998 };

/* Up to <data>, whose members the caller adds. */
void ocs_begin(struct sync_answer *answer, const struct exchange *x);
enum stage_end ocs_send(struct sync_answer *answer, struct exchange *x);
