/* check/run/page.h: a document as it comes: from bytes to links, whatever it is. */
#pragma once

#include "check/read/charset.h"
#include "check/read/link.h"
#include "check/read/markdown/wiki.h"

enum page_type {
    PAGE_NONE, /* nothing that has links */
    PAGE_HTML,
    PAGE_XHTML, /* XML that browsers show: XHTML, SVG */
    PAGE_CSS,
    PAGE_SCRIPT,   /* a module: what it imports */
    PAGE_MANIFEST, /* of a web application */
    PAGE_XML,      /* a sitemap, a feed, a list of feeds, or nothing that has links */
    PAGE_MARKDOWN,
    PAGE_PROSE, /* of a markup that is not read: only the addresses in it are found */
    PAGE_LIST,
    PAGE_PLAIN_TEXT, /* a list, if each of its lines is an absolute URL */
    PAGE_GZIP,       /* may have one of the above packed in it */
};

/* What it is: by its media type, or where there is none by the end of its name. */
enum page_type page_type_of(struct str media_type, struct str path);
/* The same of a local file. What was named as a start is a list where its name says so; other text
 * must look like one, and of what is packed only a sitemap is read. */
enum page_type page_type_of_file(struct str path, bool is_named);

/* What of the rest is read where the place that leads there says that it is a module of a script,
 * or a manifest; otherwise PAGE_NONE. */
enum page_type page_type_of_module(struct str media_type, struct str path);
enum page_type page_type_of_manifest(struct str media_type, struct str path);

/* Whether browsers show it as a page. */
bool page_type_is_shown(enum page_type type);
/* Whether fragments may lead to names in what is of that type. */
bool page_type_has_names(enum page_type type);

struct page;

/* `media_type` says the encoding, if anything does. Borrows the finder until freed. Gives. */
NODISCARD struct page *page_new(enum page_type type, struct str media_type, struct finder *finder);
void page_free(struct page *page);

/* Of Markdown: links of wikis are links, too. Before its first byte. */
void page_want_wikilinks(struct page *page, enum wikilinks style);

/* More of it, at any split. False: it is too long, and no more is read. */
NODISCARD bool page_feed(struct page *page, struct str bytes);

/* It ends here: links that were held back are told of. False: it is damaged; what was found until
 * then stands. */
NODISCARD bool page_end(struct page *page);

/* After its end: whether it was what it was read as. */
bool page_is_understood(const struct page *page);

/* Whether only the addresses in its text were read: its markup has links that are not known. */
bool page_is_prose(const struct page *page);

/* Whether fragments lead to names in it. */
bool page_has_names(const struct page *page);

/* Whether it was too long to be read to its end. */
bool page_is_cut(const struct page *page);

/* Whether names are told of in the form of heading_name_fold(), and are to be compared in it. */
bool page_folds_names(const struct page *page);

/* How it was read, for people; empty: as it should be. */
struct str page_note(const struct page *page);

/* For the queries of its links. NULL: UTF-8. Valid until the page is freed. */
struct url_encoder *page_encoder(struct page *page);

/* From the start on, so that page_likeness() has something to say. */
void page_want_likeness(struct page *page);

/* What it looks like, for comparing with another: a digest that changes little when the text does.
 * After page_end(); HTML only. */
uint64_t page_likeness(const struct page *page, uint32_t *word_count_out);
