/* text/glob.h: patterns of * and ?, as a person types them. */
#pragma once

#include "base/str.h"

/* '*' stands for any bytes, '?' for one, any other byte for itself. All of `text` must match. Takes
 * time in proportion to pattern times text at worst. */
bool glob_matches(struct str pattern, struct str text);
