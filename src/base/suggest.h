/* base/suggest.h: what somebody who mistyped a name probably meant. */
#pragma once

#include "base/base.h"

/* The name that differs least from `typed`, or NULL when none is near. Borrows from `names`. */
const char *suggest(const char *typed, const char *const *names, size_t count);

/* Levenshtein's distance: insertions, removals and replacements from one to the other. */
size_t suggest_distance(const char *a, const char *b);
