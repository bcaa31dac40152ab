/* dav/lock/if_check.h: whether what the If field says holds (RFC 4918 §10.4). */
#pragma once

#include "exchange/exchange.h"

/* A stage: adds to the target's change, for reading, what the lists are about, so that what they
 * say is still so when the change is made. */
enum stage_end if_header_cover(struct exchange *x);

/* 412 unless the request has no If field or one of its lists holds now. */
NODISCARD struct dav_result if_header_check(struct exchange *x);
