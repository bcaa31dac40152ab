/* exchange/respond.h: answers. Each function completes x->stream->response, or says what it is to
 * be, and returns STAGE_DONE, so that a stage can end with `return respond_…`. */
#pragma once

#include "exchange/exchange.h"

/* No body. */
enum stage_end respond_status(struct exchange *x, enum http_status status);

/* An error: DAV:error where it has a condition, a short text otherwise. It is written when the
 * answer is finished (exchange/answer/finish.h). */
enum stage_end respond_error(struct exchange *x, struct dav_result result);

/* A body that is complete; borrows it as long as the exchange lives. */
enum stage_end respond_text(struct exchange *x, enum http_status status, struct str media_type,
                            struct str body);

/* A body of any length. Takes the source; body_bytes may be LENGTH_UNKNOWN. */
enum stage_end respond_source(struct exchange *x, enum http_status status, struct str media_type,
                              struct source *body, uint64_t body_bytes);

/* Adds a field to the answer; the value is copied. */
void respond_field(struct exchange *x, enum http_field id, struct str value);

/* A wish of the client's has been granted (RFC 7240 §3), which makes it another answer; empty: one
 * of Brief, which has no name. */
void respond_preferred(struct exchange *x, struct str preference);

/* RFC 4918 §5.2: Content-Location with the slash, for a collection whose URL came without it. */
void respond_location(struct exchange *x, bool is_collection);
