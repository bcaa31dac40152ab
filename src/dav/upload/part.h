/* dav/upload/part.h: content that takes the place of a part of what is there: SabreDAV's PATCH, and
 * PUT with Content-Range (RFC 9110 §14.5). */
#pragma once

#include "exchange/exchange.h"
#include "http/upload_fields.h"
#include "store/types.h"

/* A whole, as it will be. */
struct part {
    struct source *source; /* of all of it */
    uint64_t bytes;
    uint64_t base_version; /* of what the rest of it is taken from */
    bool has_base;
    struct content_check *check; /* set before: what the request's content goes by; may be NULL */
};

/* What the request says of a part: *wants_out false where it is of a whole. Not fine: it may not be
 * said here, or is malformed. */
NODISCARD struct dav_result part_read(struct exchange *x, bool *wants_out,
                                      struct upload_part *wish_out);

/* Puts the whole together, of the request's body and what is at the target now. What it is made of
 * is let go with the exchange. */
NODISCARD struct dav_result part_open(struct exchange *x, const struct upload_part *wish,
                                      struct part *part_out);

/* Under the change: 409 where there is something else by now than what the rest is of. */
NODISCARD struct dav_result part_check(const struct part *part, const struct store_stat *stat,
                                       bool exists);
