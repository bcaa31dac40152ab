/* base/utf8.h: UTF-8 (RFC 3629), one sequence at a time. */
#pragma once

#include "base/buf.h"

/* How many bytes the character at the front of `text` has, and which it is; 0: it is none, as in
 * overlong forms, surrogates and what is cut off. `text` is not empty. */
size_t utf8_take(struct str text, uint32_t *character_out);

bool utf8_is_valid(struct str text);

enum { UTF8_ESCAPE_BYTES = 6 };

/* How a log or a terminal shows what stands at the front of `text`, which is not empty. What could
 * steer a terminal, end a line, or turn the direction of text round is written as "\u202e", and a
 * control character of ASCII or a byte that is no character as "\x1b". A view into `text` or
 * `escape`; says how many bytes of `text` it is. */
size_t utf8_take_visible(struct str text, char escape[UTF8_ESCAPE_BYTES], struct str *visible_out);

/* Whether any of it would be escaped. */
bool utf8_is_steering(struct str text);

/* The same for all of a text, on one line: line ends and tabs become spaces. */
void utf8_add_printable(struct buf *to, struct str text);
