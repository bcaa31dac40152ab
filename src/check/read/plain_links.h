/* check/read/plain_links.h: the links of lists of URLs, and of text of whose markup nothing is
 * known. Both are read whole, in UTF-8. */
#pragma once

#include "check/read/link.h"

/* A list: one thing a line. Zeroed but for the text. */
struct list_reader {
    struct str rest;
    struct html_position at; /* of what came last */
};

/* The next line that counts, without the white space around it; empty lines and those that begin
 * with '#' do not. */
bool list_take(struct list_reader *reader, struct str *line_out);

/* One URL a line; empty lines and those that begin with '#' are skipped. */
void list_links(struct finder *finder, struct str text);

/* The addresses in any text, as far as they can be told from it: "http://" and "https://" with what
 * follows, but for brackets around it and the punctuation of a sentence. */
void text_links(struct finder *finder, struct str text);
