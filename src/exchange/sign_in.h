/* exchange/sign_in.h: who asks? */
#pragma once

#include "exchange/exchange.h"

/* Fills in x->signed_in, and x->seen. Ends with a zeroed stage. */
extern const struct stage sign_in_stages[];

/* The client's address, without a port; and whether nobody else can read along. */
struct str sign_in_address(const struct exchange *x);
bool sign_in_is_confidential(const struct exchange *x);

/* Adds WWW-Authenticate with all challenges (RFC 9110 §11.6.1), once. False: there is none, because
 * only TLS or a client certificate would help. */
bool sign_in_challenge(struct exchange *x);

/* The same, without what apps alone can do: for a page. */
void sign_in_challenge_people(struct exchange *x);

/* Signs in by that value of Authorization, or that shared link, instead of what the request has:
 * x->signed_in says who. BLOCKS: to be asked again by a stage that says COMPUTES. */
NODISCARD enum sign_in_end sign_in_by(struct exchange *x, struct str authorization,
                                      struct str link);
