/* gateway/union/merge.h: a PROPFIND of a collection that several origins have. */
#pragma once

#include "exchange/exchange.h"

/* A stage, behind the one that makes the plan. Passes by what is no PLAN_LIST. */
enum stage_end merge_answer(struct exchange *x);

/* Lets go of what is under way. */
void merge_end(struct exchange *x);
