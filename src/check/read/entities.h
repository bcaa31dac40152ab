/* check/read/entities.h: character references of HTML: &amp; &#233; &copy without its semicolon. */
#pragma once

#include "base/buf.h"

/* Appends `text` with its references resolved. Within an attribute a name without semicolon that
 * runs into more of a word stays as it is (HTML 13.2.5.73). */
void entities_decode(struct buf *to, struct str text, bool in_attribute);
