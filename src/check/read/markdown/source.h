/* check/read/markdown/source.h: a part of a Markdown document, and where its lines are. */
#pragma once

#include <cmark-gfm.h>

#include "base/buf.h"
#include "check/read/html_tag.h"

enum markdown_bound {
#define BOUND(name, value, what) MARKDOWN_##name = (value),
#include "check/read/markdown/bounds.def"
#undef BOUND
};

struct fed_line {
    uint32_t start;  /* where it begins in the text */
    uint32_t number; /* in the document, from 1 */
};

struct source {
    struct str text;
    struct fed_line *lines; /* as the parser counts them; a last one stands for the end */
    size_t line_count;
    size_t line_cap;
    size_t counted;        /* the offset whose column was asked for last */
    uint32_t column;       /* its column */
    uint32_t first_number; /* of the document's lines; in the end, of what follows */
};

/* Feeds the text to the parser, without what it cannot bear, and notes the lines. `front_len` bytes
 * at its start are no Markdown. Borrows source->text as long as the source is asked. */
void source_feed(struct source *source, cmark_parser *parser, size_t front_len);
void source_done(struct source *source);

/* Where a line of the parser's, from 1, begins in the text; its end for what is behind the last. */
size_t source_line(const struct source *source, int line);

/* Columns are counted on from the last one, if that was before it on its line. */
struct html_position source_position(struct source *source, size_t offset);

/* How long the settings are that stand before the document itself (YAML between "---", TOML
 * between "+++"); 0: there are none. */
size_t front_matter_len(struct str text);
