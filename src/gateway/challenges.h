/* gateway/challenges.h: what an origin asks a client of ours to sign in with. */
#pragma once

#include "base/buf.h"

/* Appends, as a list, those challenges of a WWW-Authenticate field (RFC 9110 §11.6.1) that can be
 * met through a gateway: Basic and Bearer. False: there is none, and nothing was appended. */
NODISCARD bool challenges_pass(struct str value, struct buf *to);
