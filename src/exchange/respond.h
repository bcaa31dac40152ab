/* dav/respond.h: answers. Each function completes x->stream->response and returns STAGE_DONE, so
 * that a stage can end with `return respond_…`. */
#pragma once

#include "exchange/exchange.h"

/* No body. */
enum stage_end respond_status(struct exchange *x, enum http_status status);

/* An error: DAV:error where it has a condition, a short text otherwise. */
enum stage_end respond_error(struct exchange *x, struct dav_result result);

/* A body that is complete; borrows it as long as the exchange lives. */
enum stage_end respond_text(struct exchange *x, enum http_status status, struct str media_type,
                            struct str body);

/* A body of any length. Takes the source; body_bytes may be LENGTH_UNKNOWN. */
enum stage_end respond_source(struct exchange *x, enum http_status status, struct str media_type,
                              struct source *body, uint64_t body_bytes);

/* Adds a field to the answer; the value is copied. */
void respond_field(struct exchange *x, enum http_field id, struct str value);

/* RFC 4918 §5.2: Content-Location with the slash, for a collection whose URL came without it. */
void respond_location(struct exchange *x, bool is_collection);

/* `"<16 hexadecimal digits>"`, the strong entity tag of a version. Copies into the arena. */
struct str exchange_etag(struct arena *arena, const struct store_stat *stat);

/* Whether nothing can be changed there, whoever asks. */
bool exchange_is_read_only(const struct exchange *x);

/* Allow for the resource as it is, as far as whoever asks may know, into `to`. */
void exchange_allow(struct exchange *x, struct buf *to);
