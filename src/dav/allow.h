/* dav/allow.h: what may be done with the resource as it is. */
#pragma once

#include "dav/method.h"
#include "dav/prop/prop.h"

/* What the resource is to its methods, as far as whoever asks may know. Reads from the store;
 * *there is what place.target points to, where there is something. */
struct method_place allow_place(struct exchange *x, struct prop_target *there);

/* Of what is known to be there. */
struct method_place allow_place_of(const struct prop_target *there);

/* Appends the methods for Allow, likewise. */
void allow_add(struct exchange *x, struct buf *to);
