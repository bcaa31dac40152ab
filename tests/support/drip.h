/* tests/support/drip.h: a source of a text that comes in small pieces, with a wait before each. */
#pragma once

#include "stream/source.h"

struct drip {
    struct source base;
    struct str rest;
    size_t step; /* bytes at most */
    bool fails;  /* at the end */
    bool has_waited;
};

/* Borrows the text. */
struct drip drip_of(struct str text, size_t step);
