/* http/accept.h: what a client takes, and how gladly (RFC 9110 §12.4.2, §12.5). Weights are in
 * thousandths; 0: not at all. */
#pragma once

#include "base/str.h"

enum { ACCEPT_WEIGHT_MAX = 1000 };

/* Of one member of a list, by what stands behind its first ';'. */
unsigned accept_weight(struct str parameters);

/* Of that media type in the value of an Accept, where it is named itself: a range that it is in
 * says nothing of who understands it. */
unsigned accept_weight_of_type(struct str accept, struct str type);
