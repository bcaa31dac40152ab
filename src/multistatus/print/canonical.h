/* multistatus/print/canonical.h: XML in one form: what means the same is the same text. */
#pragma once

#include "base/buf.h"
#include "davit/multistatus.h"

/* Appends an element: D for DAV:, for other namespaces none, declared where it changes; attributes
 * sorted by namespace and name; no comments; text escaped in one way. Where there is no text beside
 * the elements, white space between them is dropped, and they stand on lines of their own: `indent`
 * is the depth of the first, at which it begins; -1: all on one line. */
void canonical_add(struct buf *to, const struct davit_ms_element *element, int indent);

/* "423 Locked" and the like is what a status line says; this is how it stands in canonical XML. */
void canonical_add_status(struct buf *to, unsigned status, struct davit_ms_text line);

void canonical_indent(struct buf *to, int indent);
