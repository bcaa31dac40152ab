/* stream/inflate.h: a body that is packed, unpacked as it is pulled. */
#pragma once

#include "stream/source.h"

/* Of gzip (RFC 1952, all members of it) or zlib (RFC 1950), whichever it is: what HTTP calls "gzip"
 * and "deflate". It fails, besides when `inner` does, when that is damaged or cut off. Takes the
 * source. Memory from the arena. */
NODISCARD struct source *inflate_source(struct arena *arena, struct source *inner);
