/* check/read/markdown/markdown.h: the links and anchors of a Markdown document, as CommonMark and
 * GitHub have them. */
#pragma once

#include "check/read/link.h"
#include "check/read/markdown/wiki.h"

struct markdown_reader;

/* Names of headings and of HTML are told of in the form of heading_name_fold(). Borrows the finder
 * until freed. Gives. */
NODISCARD struct markdown_reader *markdown_reader_new(struct finder *finder);
void markdown_reader_free(struct markdown_reader *reader);

/* Links of wikis are links, too. Before the first byte. */
void markdown_reader_want_wikilinks(struct markdown_reader *reader, enum wikilinks style);

/* More of the document, at any split, in UTF-8. */
void markdown_reader_feed(struct markdown_reader *reader, struct str bytes);
void markdown_reader_end(struct markdown_reader *reader);
