/* xml/writer.h: escaping, the one thing that writing XML needs. Elements are written by who knows
 * their names; expat-checked input never reaches the output unescaped. */
#pragma once

#include "base/buf.h"

/* Character data: & < > and carriage return. Bytes that are not UTF-8, and characters that XML
 * cannot hold, become U+FFFD: an answer must be well-formed whatever a file is called. */
void xml_add_text(struct buf *to, struct str text);

/* The same for an attribute value in double quotes: also " tab and line feed. */
void xml_add_attr(struct buf *to, struct str value);
