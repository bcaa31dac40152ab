/* multistatus/lint/props.h: the rules about values of properties. */
#pragma once

#include "multistatus/lint/state.h"

/* A property that was found. */
void lint_prop(struct lint *lint, const struct davit_ms_element *prop);
