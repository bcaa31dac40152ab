/* http/conditional.h: conditional requests (RFC 9110 §13). */
#pragma once

#include "http/fields.h"
#include "text/etag.h"

/* The selected representation as it is now. */
struct http_representation {
    bool exists;
    bool has_etag;
    struct etag etag;
    int64_t modified_s; /* seconds since 1970; negative: not known */
};

enum http_precondition {
    PRECONDITION_HOLDS,
    PRECONDITION_NOT_MODIFIED, /* 304 */
    PRECONDITION_FAILED,       /* 412 */
};

/* Evaluates If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in the order of
 * RFC 9110 §13.2.2. `is_read`: the method is GET or HEAD. */
enum http_precondition http_conditional(const struct http_fields *fields, bool is_read,
                                        const struct http_representation *now, struct arena *arena);

/* Whether there is any of these four. */
bool http_is_conditional(const struct http_fields *fields);

/* Whether If-Match failed only for what a proxy that compresses makes of entity tags: the
 * resource's own one is there as a weak one, or with a suffix like "-gzip". */
bool http_if_match_was_altered(const struct http_fields *fields,
                               const struct http_representation *now, struct arena *arena);

/* Whether Range is to be honoured: there is no If-Range, or it holds (RFC 9110 §13.1.5). */
bool http_if_range_holds(const struct http_fields *fields, const struct http_representation *now);
