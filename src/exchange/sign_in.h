/* exchange/sign_in.h: who asks? */
#pragma once

#include "exchange/exchange.h"

/* Fills in x->signed_in, and x->seen. Ends with a zeroed stage. */
extern const struct stage sign_in_stages[];

/* Adds WWW-Authenticate with all challenges (RFC 9110 §11.6.1), once. False: there is none, because
 * only TLS or a client certificate would help. */
bool sign_in_challenge(struct exchange *x);
