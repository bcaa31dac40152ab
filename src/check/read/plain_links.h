/* check/read/plain_links.h: the links of lists of URLs, and of text of whose markup nothing is
 * known. Both are read whole, in UTF-8. */
#pragma once

#include "check/read/link.h"

/* One URL a line; empty lines and those that begin with '#' are skipped. */
void list_links(struct finder *finder, struct str text);

/* The addresses in any text, as far as they can be told from it: "http://" and "https://" with what
 * follows, but for brackets around it and the punctuation of a sentence. */
void text_links(struct finder *finder, struct str text);
