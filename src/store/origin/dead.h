/* store/origin/dead.h: which of an origin's properties are dead. */
#pragma once

#include "davit/multistatus.h"
#include "text/path.h"

/* Whether somebody has set it; `path` is the resource's. */
bool prop_is_dead(const struct davit_ms_element *prop, struct res_path path);

/* Whether one of those in a response is, that were found. */
bool response_has_dead(const struct davit_ms_response *response, struct res_path path);
