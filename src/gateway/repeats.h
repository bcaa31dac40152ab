/* gateway/repeats.h: changes of which nobody has heard what became of them, and which clients make
 * again. */
#pragma once

#include "gateway/relay.h"

/* The outcome of this MOVE is not known to who asked for it. */
void repeats_note(const struct exchange *x);

/* Whether that was said of the same MOVE, by the same user, within the last quarter of an hour. */
bool repeats_knows(const struct exchange *x);
