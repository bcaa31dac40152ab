/* gateway/union/untold.h: properties of a collection that no origin can tell of several. */
#pragma once

#include "base/str.h"
#include "davit/multistatus.h"

/* Whether it is one of them: of a collection that is several origins', or of one in it, of which
 * that is not known. */
bool untold_is(const struct davit_ms_element *prop, bool is_own);

/* Whether the body of a PROPFIND names properties, so that those are 404 (RFC 4918 §9.1). */
bool untold_is_asked(struct str propfind);
