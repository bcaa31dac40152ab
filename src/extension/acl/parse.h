/* extension/acl/parse.h: the body of an ACL (RFC 3744 §8.1). */
#pragma once

#include "access/acl/acl.h"
#include "exchange/exchange.h"

/* An entry as it was sent. */
struct acl_entry {
    struct ace ace;  /* without a name, where there is an href */
    struct str href; /* of the principal; empty: it is no user or group */
};

struct acl_request {
    struct acl_entry *entries;
    size_t count; /* 0: the resource shall have no list of its own */
};

/* 400: it is no list. A condition of §8.1.1: it is one that cannot be had. Memory from the arena.
 */
NODISCARD struct dav_result acl_parse(struct str body, const struct limits *limits,
                                      struct arena *arena, struct acl_request *request_out);
