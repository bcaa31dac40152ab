/* check/read/css.h: the links of a style sheet: url(...), @import and image-set(...)
 * (CSS Syntax 3, §4). */
#pragma once

#include "check/read/link.h"

struct css_reader;

/* Borrows the finder until freed. `at` is where the style sheet begins in its document. Gives. */
NODISCARD struct css_reader *css_reader_new(struct finder *finder, struct html_position at);
void css_reader_free(struct css_reader *reader);

/* What stands in url() is a link of this kind, and not LINK_CSS_URL. */
void css_reader_want_kind(struct css_reader *reader, enum link_kind kind);

/* More of it, at any split, in UTF-8. */
void css_reader_feed(struct css_reader *reader, struct str bytes);
void css_reader_end(struct css_reader *reader);
