/* gateway/union/names.h: the names that a merged listing has had. What it takes grows with them, up
 * to a bound: 16 bytes for each, and as much again. */
#pragma once

#include "base/str.h"

struct names {
    unsigned char (*at)[16]; /* hashes, by themselves; all zeroes: free */
    size_t room;             /* a power of two, or 0 */
    size_t count;
};

void names_done(struct names *names);

/* How many bytes more the next name takes; mostly none. */
size_t names_growth(const struct names *names);

/* False: it was there. */
bool names_add(struct names *names, struct str name);
