/* check/read/html_reader.h: HTML as tags and text (HTML 13.2.5), bytes in, events out, at any split
 * of the bytes. The input is UTF-8. There are no errors: every sequence of bytes is HTML. */
#pragma once

#include "base/buf.h"
#include "check/read/html_tag.h"

/* Embedded by who reads. What it is given is valid during the call only. */
struct html_events {
    void (*start)(struct html_events *events, const struct html_tag *tag);
    void (*end)(struct html_events *events, struct str name);

    /* Optional. Comes only while the reader's wants_text is set. `element` is the one of raw text
     * that it stands in (such as "style"), or empty. References are resolved. */
    void (*text)(struct html_events *events, struct str element, struct str text,
                 struct html_position at);
};

struct html_reader;

/* Borrows events until freed. Gives. */
NODISCARD struct html_reader *html_reader_new(struct html_events *events);
void html_reader_free(struct html_reader *reader);

void html_reader_feed(struct html_reader *reader, struct str bytes);
/* What is fed next stands there, and not behind what was fed before. */
void html_reader_at(struct html_reader *reader, struct html_position at);
void html_reader_end(struct html_reader *reader);

/* From now on text is told of, or not. May be called from an event. */
void html_reader_want_text(struct html_reader *reader, bool wants_text);
