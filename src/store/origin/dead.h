/* store/origin/dead.h: which of an origin's properties are dead. */
#pragma once

#include "davit/multistatus.h"
#include "store/types.h"

/* Whether somebody has set it; `path` is the resource's. */
bool prop_is_dead(const struct davit_ms_element *prop, struct res_path path);

/* Whether one of those in a response is: also where the origin does not show what it is. */
bool response_has_dead(const struct davit_ms_response *response, struct res_path path);

/* OK: all dead ones of a resource stand in its response; or why some do not. */
enum store_rc response_untold(const struct davit_ms_response *response, struct res_path path);
