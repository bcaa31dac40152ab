/* check/read/xhtml_reader.h: XHTML and SVG as XML, told of as html_reader.h tells of HTML: bytes
 * in, events out, at any split of the bytes. The input is UTF-8. An element that is empty by its
 * tag begins and ends. */
#pragma once

#include "check/read/html_reader.h"

struct xhtml_reader;

/* Borrows events until freed. Gives. */
NODISCARD struct xhtml_reader *xhtml_reader_new(struct html_events *events);
void xhtml_reader_free(struct xhtml_reader *reader);

/* False: it cannot be read as XML any more, and is to be read as HTML from here on; nothing is to
 * be fed to it. `rest_out` is what was fed, and not told of, and stands at `at_out`; valid until
 * the reader is freed. */
NODISCARD bool xhtml_reader_feed(struct xhtml_reader *reader, struct str bytes,
                                 struct str *rest_out, struct html_position *at_out);
/* Likewise: what was left open at the end. */
NODISCARD bool xhtml_reader_end(struct xhtml_reader *reader, struct str *rest_out,
                                struct html_position *at_out);

/* From now on text is told of, or not. May be called from an event. */
void xhtml_reader_want_text(struct xhtml_reader *reader, bool wants_text);

/* The first thing that is not well-formed, for people; empty: there is none. */
struct str xhtml_reader_fault(const struct xhtml_reader *reader);
