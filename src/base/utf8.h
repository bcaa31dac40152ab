/* base/utf8.h: UTF-8 (RFC 3629), one sequence at a time. */
#pragma once

#include "base/buf.h"

/* How many bytes the character at the front of `text` has, and which it is; 0: it is none, as in
 * overlong forms, surrogates and what is cut off. `text` is not empty. */
size_t utf8_take(struct str text, uint32_t *character_out);

bool utf8_is_valid(struct str text);

/* Text for a terminal: control characters, which could steer it, and bytes that are no character
 * become U+FFFD; line ends and tabs become spaces. */
void utf8_add_printable(struct buf *to, struct str text);
