/* check/url/scheme.h: what can be said of a URL that is not fetched. */
#pragma once

#include "base/str.h"

/* Whether programs are known to open it: a scheme of IANA's list that pages use, or of an app. */
bool scheme_is_known(struct str scheme);

/* The known scheme that was probably meant, such as "https" for "htttps"; NULL: none is near. */
const char *scheme_meant(const char *scheme);

/* Of what stands behind "mailto:" and before '?': addresses, percent-encoded, separated by commas
 * (RFC 6068 §2). None at all is fine. */
bool mailto_is_valid(struct str path);
