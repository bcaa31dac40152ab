/* check/read/html_layers.h: HTML within SVG within HTML: what a tag is part of. */
#pragma once

#include "check/read/html_tag.h"

enum { HTML_LAYERS_MAX = 64 }; /* deeper ones are taken for what is around them */

/* A zeroed one is at the start of a page. */
struct html_layers {
    uint8_t layers[HTML_LAYERS_MAX]; /* newest last */
    size_t count;
};

/* A start tag as it decides what its content is part of. Returns whether the tag is foreign: SVG's
 * or MathML's. */
bool html_layers_start(struct html_layers *layers, const struct html_tag *tag);
void html_layers_end(struct html_layers *layers, struct str name);

/* Whether what comes now is foreign. */
bool html_layers_is_foreign(const struct html_layers *layers);
