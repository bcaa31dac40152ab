/* text/json.h: JSON, written (RFC 8259). */
#pragma once

#include "base/buf.h"

/* Appends a string with its quotes. Control characters are escaped, C1 ones and DEL too, so that
 * the text cannot steer a terminal; bytes that are no UTF-8 become U+FFFD. */
void json_add(struct buf *to, struct str text);

/* Appends a comma, unless the object or array has only begun; then "name": of a member. */
void json_add_comma(struct buf *to);
void json_add_name(struct buf *to, struct str name);

/* A whole member. */
void json_add_member(struct buf *to, struct str name, struct str text);
void json_add_number(struct buf *to, struct str name, uint64_t number);
void json_add_bool(struct buf *to, struct str name, bool is_true);
