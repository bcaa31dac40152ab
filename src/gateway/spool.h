/* gateway/spool.h: a body whose length is not known, for an origin that must know it. */
#pragma once

#include "gateway/relay.h"

/* A stage before the request is sent: where the origin takes no chunks, and the client has not said
 * how long its body is, all of it is kept until that is known. */
enum stage_end spool_upload(struct exchange *x);

/* How long the request's body is: as it says, or as it was found to be; LENGTH_UNKNOWN: the origin
 * is to take chunks. */
uint64_t spool_upload_bytes(const struct exchange *x);
