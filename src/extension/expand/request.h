/* extension/expand/request.h: what an expand-property asks for (RFC 3253 §3.8): properties, and of
 * what their hrefs lead to others, and so on. */
#pragma once

#include "dav/prop/request.h"

struct expand_node {
    struct propfind_request props;
    struct expand_node **inner; /* for each name, of what the hrefs in it lead to; NULL: nothing */
    bool expands;               /* one of them is there */
    struct prop_rewriter rewriter; /* this and what follows are who answers' */
    struct exchange *x;
};

/* 400 where the body makes no sense, 413 where it asks too deep, or for too much. props.wants_locks
 * of the first is that of them all. Memory from the arena. */
NODISCARD struct dav_result expand_parse(struct str body, const struct limits *limits,
                                         struct arena *arena, struct expand_node **root_out);
