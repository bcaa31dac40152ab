/* gateway/union/abilities.h: OPTIONS of a union. */
#pragma once

#include "exchange/exchange.h"

/* A stage: asks all origins, and answers with what all of them can. Where none of them says
 * anything else than a refusal it passes on the first one's. */
enum stage_end abilities_answer(struct exchange *x);

/* Lets go of what is under way. */
void abilities_end(struct exchange *x);
