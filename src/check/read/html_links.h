/* check/read/html_links.h: the links and anchors of an HTML page. */
#pragma once

#include "check/read/charset.h"
#include "check/read/link.h"

struct html_links;

/* Borrows the finder until freed. Gives. */
NODISCARD struct html_links *html_links_new(struct finder *finder);
void html_links_free(struct html_links *links);

/* The page is XHTML or SVG, sent as such: before its first byte. */
void html_links_read_xml(struct html_links *links);
/* Where it is not well-formed then, and what was made of it, for people; empty: it is. */
struct str html_links_fault(const struct html_links *links);

/* More of the page, at any split, in UTF-8. */
void html_links_feed(struct html_links *links, struct str bytes);
/* What is fed next stands there: the page is a part of another document. */
void html_links_at(struct html_links *links, struct html_position at);
void html_links_end(struct html_links *links);

/* What the first bytes of a page say of its encoding in <meta>; CHARSET_NONE: nothing. */
enum charset html_links_charset(struct str start);
