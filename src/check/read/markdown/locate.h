/* check/read/markdown/locate.h: where in the source something stands that the parser has found. */
#pragma once

#include "check/read/markdown/source.h"

/* The block that is being walked, and how far. */
struct locator {
    const struct source *source;
    size_t start, end; /* the block's */
    size_t next;       /* what was found last ends here */
    size_t closed;     /* links have brackets of their own: those up to here are taken */
    int skipped;       /* lines of its start that the parser has taken out, and does not count */
};

/* A block begins whose text has lines of its own. */
void locator_enter(struct locator *locator, cmark_node *block);

/* Text without markup, such as that of code; its first line counts. Returns where it is, or would
 * be; what is found next stands behind it. */
size_t locate_text(struct locator *locator, cmark_node *node, struct str text);

/* A link's or an image's destination, or what stands for it. `text` is what a reader sees. */
size_t locate_link(struct locator *locator, cmark_node *node, struct str text);
