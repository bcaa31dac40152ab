/* store/origin/origin_state.h: what an origin's store knows, for the files of this folder. */
#pragma once

#include "gateway/gateway.h"
#include "store/backend.h"

/* What is known of one resource. */
struct seen {
    struct arena arena;
    struct res_path path; /* at == NULL: of none */
    enum store_rc rc;     /* OK, or why the rest is not known */
    struct store_stat stat;
    struct str tag;         /* its ETag; empty: it has none */
    bool has_executable;    /* the origin knows such a thing */
    bool has_locks;         /* some cover it */
    bool has_props;         /* of one that is listed: there may be dead properties */
    bool is_listed;         /* from the listing whose cursor stands at it: without its locks */
    struct lock_list locks; /* that cover it */
};

struct origin {
    struct store base;
    struct exchange *x;
    const struct gateway *gateway;
    struct http_fields asker; /* who asks */
    struct str tokens;        /* an If field's value; empty: there are none to be sent */
    struct seen seen;         /* what was looked at last */
    struct seen read;         /* what was opened last, as it was then: path and tag */
};

static inline struct origin *origin_of(struct store *store)
{
    return CONTAINER_OF(store, struct origin, base);
}
