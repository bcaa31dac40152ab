/* gateway/union/tokens.h: which origin of a union has given a lock token. */
#pragma once

#include "exchange/exchange.h"
#include "gateway/gateway.h"

/* `gateway` has given the token, which may stand in its brackets. */
void token_origin_note(const struct exchange *x, const struct gateway *gateway, struct str token);

/* Which of the union's origins has given one of the tokens that the request names. NULL: it names
 * none, or none that is remembered. */
const struct gateway *token_origin_find(const struct exchange *x);
