/* sync/ocs.h: the envelope of answers under ocs/: {"ocs": {"meta": …, "data": …}}. */
#pragma once

#include "sync/answer.h"

/* What meta says besides that all is well. */
enum { OCS_UNKNOWN = 998 };

/* Up to the data, whose members the caller adds: with names, or without. */
void ocs_begin(struct sync_answer *answer, const struct exchange *x);
void ocs_begin_list(struct sync_answer *answer, const struct exchange *x);

/* Ends it. */
enum stage_end ocs_send(struct sync_answer *answer, struct exchange *x);

/* An answer without data that says why; of version 2, which has the status in it. */
enum stage_end ocs_refuse(struct exchange *x, enum http_status status, struct str message);
