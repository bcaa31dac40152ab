/* check/read/field_links.h: the links of a Link field (RFC 8288). */
#pragma once

#include "check/read/link.h"

/* `is_response`: the field came with an answer, so that browsers fetch what it is to fetch early;
 * otherwise a page has it in <meta http-equiv>, which they pass over. Read up to the first fault.
 */
void field_links(struct finder *finder, struct str value, struct html_position at,
                 bool is_response);
