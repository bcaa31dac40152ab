/* access/scheme/basic.h: Basic (RFC 7617). */
#pragma once

#include "access/scheme/authorization.h"

struct basic {
    struct str user; /* without the domain that Windows puts before it */
    struct str password;
};

/* Memory from the arena. False: malformed. */
NODISCARD bool basic_read(const struct authorization *authorization, struct arena *arena,
                          struct basic *out);
