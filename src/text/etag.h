/* text/etag.h: entity tags (RFC 9110 §8.8.3); blanks may stand in them (RFC 2616 §3.11). */
#pragma once

#include "base/str.h"

struct etag {
    struct str opaque; /* with its quotes */
    bool is_weak;
};

/* Reads one entity tag off the front of *rest, and leaves what stands behind it. */
NODISCARD bool etag_take(struct str *rest, struct etag *etag_out);

/* Weak comparison asks for the same opaque tag, strong also that neither is weak: §8.8.3.2. */
bool etag_matches_weakly(struct etag a, struct etag b);
bool etag_matches_strongly(struct etag a, struct etag b);

/* The value of an If-Match or If-None-Match field. */
enum etag_list {
    ETAG_LIST_INVALID, /* no list of entity tags: RFC 9110 lets a server ignore the field */
    ETAG_LIST_MISS,
    ETAG_LIST_HIT,
    ETAG_LIST_ANY, /* "*" */
};

/* Looks for `own` in a list. `own` NULL: the resource has no tag, so no tag in a list can hit. */
enum etag_list etag_list_find(struct str list, const struct etag *own, bool is_strong);
