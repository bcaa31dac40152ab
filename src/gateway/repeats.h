/* gateway/repeats.h: requests that clients make again: changes of which nobody has heard what
 * became of them, and uploads that were asked to sign in first. */
#pragma once

#include "gateway/relay.h"

/* The outcome of this MOVE is not known to who asked for it. */
void repeats_note(const struct exchange *x);

/* Whether that was said of the same MOVE, by the same user, within the last quarter of an hour. */
bool repeats_knows(const struct exchange *x);

/* The answer of a PUT is complete: whether its body was refused with a 401, or has come. */
void lost_body_note(struct exchange *x);

/* Whether this is a PUT of nothing to where, on the same connection, a body was refused with a 401
 * and has not come since: the client has lost it. */
bool lost_body_is(const struct exchange *x);
