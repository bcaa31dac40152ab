/* access/principal.h: who asks. */
#pragma once

#include "access/tokens.h"

enum access_scheme {
    ACCESS_NO_SCHEME,
#define ACCESS_SCHEME(name, word, wire, where) ACCESS_##name,
#include "access/schemes.def"
#undef ACCESS_SCHEME
    ACCESS_SCHEME_COUNT
};

struct principal {
    struct str name; /* empty: nobody has signed in */
    enum access_scheme scheme;
    struct scope scope; /* of the token that was used; otherwise everywhere */
    struct str token;   /* the id of that token; empty: he has signed in himself */
    bool is_app;        /* it is an app password (access/apps/app_passwords.h) */
    struct str address; /* where the request comes from, without a port */
    struct str link;    /* the shared link that he comes through: acts for `name`, but is not he;
                         * empty: none */
};

/* Under which locks are held. No user has the name of a link: it has a slash. */
static inline struct str principal_holder(const struct principal *principal)
{
    return principal->link.len ? principal->link : principal->name;
}

static inline bool principal_is_anonymous(const struct principal *principal)
{
    return principal->name.len == 0;
}
