/* davit/multistatus_writer.h: write a 207 body piece by piece. Part of davit/multistatus.h.
 *
 * The form is the one that every client reads: one prefix D for DAV:, no indentation, elements in
 * the order of RFC 4918 §14, "HTTP/1.1" in each status whatever the wire. What has been written is
 * taken out as often as one likes, so that a body of any length needs little memory:
 *
 *     davit_ms_writer_begin(writer);
 *     davit_ms_writer_response(writer, href);
 *     davit_ms_writer_propstat(writer);
 *     davit_ms_writer_prop(writer, &property);        any number of them
 *     davit_ms_writer_status(writer, 200);
 *     davit_ms_writer_end(writer);                    the body, and whatever is open in it
 *     send(davit_ms_writer_bytes(writer)); davit_ms_writer_clear(writer);
 *
 * A failure stays: it is enough to look at the result of davit_ms_writer_end(). */
#pragma once

#include "davit/multistatus.h"

#ifdef __cplusplus
extern "C" {
#endif

struct davit_ms_writer;

/* NULL: there is no memory. */
struct davit_ms_writer *davit_ms_writer_new(void);
void davit_ms_writer_free(struct davit_ms_writer *writer);

/* What was written since the last clear; valid until the next call. */
struct davit_ms_text davit_ms_writer_bytes(const struct davit_ms_writer *writer);
void davit_ms_writer_clear(struct davit_ms_writer *writer);

/* What was written so far, as a reader would count it. */
const struct davit_ms_verdict *davit_ms_writer_verdict(const struct davit_ms_writer *writer);

/* Text that is passed in is escaped; bytes that are no UTF-8, and characters that XML cannot hold,
 * become U+FFFD. `attributes` and `value` of an element are XML and written as they are. An href
 * must be a URI reference, percent-encoded already (RFC 4918 §8.3). */

enum davit_ms_rc davit_ms_writer_begin(struct davit_ms_writer *writer);

/* Begins a response; ends the one before. */
enum davit_ms_rc davit_ms_writer_response(struct davit_ms_writer *writer,
                                          struct davit_ms_text href);

/* Another href for the same status (§14.24): directly behind the first. */
enum davit_ms_rc davit_ms_writer_href(struct davit_ms_writer *writer, struct davit_ms_text href);

/* Begins a propstat; ends the one before. Then its properties. */
enum davit_ms_rc davit_ms_writer_propstat(struct davit_ms_writer *writer);
enum davit_ms_rc davit_ms_writer_prop(struct davit_ms_writer *writer,
                                      const struct davit_ms_element *prop);

/* The status of the propstat that is open, otherwise of the response. */
enum davit_ms_rc davit_ms_writer_status(struct davit_ms_writer *writer, unsigned status);

/* Behind a status, in this order: the codes of its error; its description, `lang` may be empty. */
enum davit_ms_rc davit_ms_writer_condition(struct davit_ms_writer *writer,
                                           const struct davit_ms_element *condition);
enum davit_ms_rc davit_ms_writer_description(struct davit_ms_writer *writer,
                                             struct davit_ms_text text, struct davit_ms_text lang);

/* Says that all about the propstat has been written: what follows is about the response. */
enum davit_ms_rc davit_ms_writer_propstat_end(struct davit_ms_writer *writer);

/* §14.9; then elements of your own. The last of a response. */
enum davit_ms_rc davit_ms_writer_location(struct davit_ms_writer *writer,
                                          struct davit_ms_text href);
enum davit_ms_rc davit_ms_writer_other(struct davit_ms_writer *writer,
                                       const struct davit_ms_element *other);

/* A whole response, as the reader gives it. */
enum davit_ms_rc davit_ms_writer_copy(struct davit_ms_writer *writer,
                                      const struct davit_ms_response *response);

/* Behind the last response: of the whole; a description stands before a token. */
enum davit_ms_rc davit_ms_writer_head_description(struct davit_ms_writer *writer,
                                                  struct davit_ms_text text,
                                                  struct davit_ms_text lang);
enum davit_ms_rc davit_ms_writer_sync_token(struct davit_ms_writer *writer,
                                            struct davit_ms_text token);

/* Ends what is open, and the body. Only a body that is ended is complete: if what it lists cannot
 * be listed to the end, do not call this, and break the connection off. */
enum davit_ms_rc davit_ms_writer_end(struct davit_ms_writer *writer);

#ifdef __cplusplus
}
#endif
