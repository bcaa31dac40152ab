/* access/scheme/basic.h: Basic (RFC 7617). */
#pragma once

#include "access/scheme/authorization.h"

struct basic {
    struct str user; /* without the domain that Windows puts before it */
    struct str password;
    struct str other_password; /* the same characters as other bytes; NULL: there are none */
};

/* Memory from the arena. False: malformed. */
NODISCARD bool basic_read(const struct authorization *authorization, struct arena *arena,
                          struct basic *out);
