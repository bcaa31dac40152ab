/* check/run/judge.h: what an answer, or its absence, says of a link. */
#pragma once

#include "check/run/options.h"
#include "client/call.h"

/* Of how a request ended. */
enum verdict judge_end(enum call_end end);

/* Of a status by itself; --status comes first. `is_form`: only what sends data leads there. */
enum verdict judge_status(const struct check_options *options, const struct call *call,
                          bool is_form);

/* Whether the status says where to go instead. */
bool judge_is_redirect(const struct call *call);
/* Where that is, appended, as browsers read it. */
void judge_location(const struct call *call, struct buf *to);

/* Whether asking again could change it. */
bool judge_is_worth_another_try(const struct call *call);
