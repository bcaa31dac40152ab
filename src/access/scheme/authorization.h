/* access/scheme/authorization.h: the grammar that all schemes share (RFC 9110 §11.4). */
#pragma once

#include "base/arena.h"

enum { AUTH_PARAMS_MAX = 24 };

struct auth_param {
    struct str name;
    struct str value; /* without quotes */
};

struct authorization {
    struct str scheme;
    struct str token68; /* either this, */
    struct auth_param params[AUTH_PARAMS_MAX];
    size_t param_count; /* or these, or nothing */
};

/* Views into `field`; quoted values with a backslash are copied into the arena. False: malformed,
 * or a parameter is there twice. */
NODISCARD bool authorization_parse(struct str field, struct arena *arena,
                                   struct authorization *out);

/* In any case. Empty, NULL: there is none of that name. */
struct str authorization_get(const struct authorization *authorization, const char *name);

bool authorization_is(const struct authorization *authorization, const char *scheme);
