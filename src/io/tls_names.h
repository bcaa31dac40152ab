/* io/tls_names.h: whom a certificate is for. */
#pragma once

#include "base/str.h"

/* Whether a certificate's name, which may begin with "*.", is for `host`. Both in lower case. */
bool tls_name_fits(struct str name, struct str host);
