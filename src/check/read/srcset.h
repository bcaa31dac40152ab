/* check/read/srcset.h: the small languages inside attributes. */
#pragma once

#include "base/str.h"

/* The next image of a srcset (HTML 4.8.4.2.1); false: there is none. */
NODISCARD bool srcset_take(struct str *rest, struct str *url_out);

/* The next of several values between white space; false: there is none. */
NODISCARD bool spaced_take(struct str *rest, struct str *value_out);

/* The URL of <meta http-equiv=refresh content="5; url=..."> (HTML 4.2.5.3); false: it has none. */
NODISCARD bool refresh_url(struct str content, struct str *url_out);
