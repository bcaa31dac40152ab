/* gateway/union/removal.h: a DELETE of what several origins have. */
#pragma once

#include "exchange/exchange.h"

/* A stage, behind the one that makes the plan. Passes by what is no PLAN_EACH. */
enum stage_end removal_answer(struct exchange *x);

/* Lets go of what is under way. */
void removal_end(struct exchange *x);
