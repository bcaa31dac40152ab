/* dav/allow.h: what may be done with the resource as it is. */
#pragma once

#include "exchange/exchange.h"

/* Appends the methods for Allow, as far as whoever asks may know. Reads from the store. */
void allow_add(struct exchange *x, struct buf *to);
