/* dav/kept.h: what is kept of content as dead properties, and answers to GET say: its language, and
 * its type where its name tells none. May look into the store's properties, where there are any. */
#pragma once

#include "exchange/exchange.h"
#include "store/types.h"

/* The value of the dead property getcontentlanguage; it is what Content-Language says (RFC 4918
 * §15.3). Empty: there is none. */
struct str kept_language(struct exchange *x);

/* What Content-Type says (§15.5): what the name tells, or else what the PUT gave. */
struct str kept_type(struct exchange *x);

/* Under the change of a PUT that has been made: keeps the type that it gave, the value of a
 * Content-Type, if the name tells none. */
NODISCARD enum store_rc kept_type_set(struct exchange *x, struct str given, bool replaces);
