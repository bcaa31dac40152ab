/* check/read/xml_links.h: the links of sitemaps and their indexes, of RSS, Atom and OPML. */
#pragma once

#include "check/read/link.h"

enum xml_document {
    XML_DOCUMENT_OTHER, /* something else: it has no links that we know */
    XML_DOCUMENT_SITEMAP,
    XML_DOCUMENT_SITEMAP_INDEX,
    XML_DOCUMENT_FEED,
    XML_DOCUMENT_OPML,
};

/* Of the first bytes of a document: whether it has an XML declaration; and whether its outermost
 * element is <html> of XHTML's namespace. */
bool has_xml_declaration(struct str start);
bool xml_is_xhtml(struct str start);

struct xml_links;

/* Borrows the finder until freed. Gives. */
NODISCARD struct xml_links *xml_links_new(struct finder *finder);
void xml_links_free(struct xml_links *links);

/* More of the document, at any split, in the encoding that it declares. False: it is not
 * well-formed, and what comes after is not read; links found so far stand. */
NODISCARD bool xml_links_feed(struct xml_links *links, struct str bytes, bool is_last);

/* What it is; known when its first element has been read. */
enum xml_document xml_links_document(const struct xml_links *links);
