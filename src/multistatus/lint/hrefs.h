/* multistatus/lint/hrefs.h: the rules about hrefs. */
#pragma once

#include "multistatus/lint/state.h"

/* All about one href of a response. */
void lint_href(struct lint *lint, const struct davit_ms_href *href);

/* Of a response: whether its slash fits its resourcetype. */
void lint_slash(struct lint *lint, const struct davit_ms_response *response);
