/* text/etag.h: entity tags (RFC 9110 §8.8.3); blanks may stand in them (RFC 2616 §3.11). */
#pragma once

#include "base/str.h"

struct etag {
    struct str opaque; /* with its quotes */
    bool is_weak;
    bool has_codings; /* a resource's own, which clients may have seen with a coding's name */
};

/* Reads one entity tag off the front of *rest, and leaves what stands behind it. */
NODISCARD bool etag_take(struct str *rest, struct etag *etag_out);

/* Weak comparison asks for the same opaque tag, strong also that neither is weak: §8.8.3.2. Where
 * the own one has codings, that of its content in one of them ("x-gzip") is the same. */
bool etag_matches_weakly(struct etag theirs, struct etag own);
bool etag_matches_strongly(struct etag theirs, struct etag own);

/* The value of an If-Match or If-None-Match field. */
enum etag_list {
    ETAG_LIST_INVALID, /* no list of entity tags: RFC 9110 lets a server ignore the field */
    ETAG_LIST_MISS,
    ETAG_LIST_HIT,
    ETAG_LIST_ANY, /* "*" */
};

/* Looks for `own` in a list. `own` NULL: the resource has no tag, so no tag in a list can hit. */
enum etag_list etag_list_find(struct str list, const struct etag *own, bool is_strong);
