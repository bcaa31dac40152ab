/* check/read/plain_links.h: the links of Markdown, and of lists of URLs. Both are read whole, in
 * UTF-8. */
#pragma once

#include "check/read/link.h"

/* One URL a line; empty lines and those that begin with '#' are skipped. */
void list_links(struct finder *finder, struct str text);

/* CommonMark's links, images, reference definitions and autolinks, GitHub's bare URLs, and the HTML
 * in it. Headings are anchors, named as GitHub names them. */
void markdown_links(struct finder *finder, struct str text);
