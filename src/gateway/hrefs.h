/* gateway/hrefs.h: URLs in XML, mapped while it streams. All other bytes stay as they are. */
#pragma once

#include "stream/source.h"

/* Which way it goes: in a request other elements hold URLs than in an answer. */
enum hrefs_direction { HREFS_OF_REQUEST, HREFS_OF_ANSWER };

/* Embedded by who maps, and looks on. */
struct href_reader {
    /* Appends what the URI is on the other side. False: it stays as it is. */
    bool (*map)(struct href_reader *reader, struct str uri, struct buf *to);

    /* Optional. Of the URL of what is to be acted on, as it came. False: it must not be, which ends
     * the reading. */
    bool (*may)(struct href_reader *reader, struct str uri);
    /* Optional. Of the href of a response, of a 207 or (is_value) within a property, as it came:
     * 200 where it is kept, 404 where the response is left out, and another where it is to be named
     * with that status alone. */
    unsigned (*judge)(struct href_reader *reader, struct str uri, bool is_value);
    /* Any property may have responses in it, for the URLs that are its value (RFC 3253 §3.8). */
    bool expands;
    /* What supportedlock has in it is left out: there are no locks. */
    bool hides_locks;
    /* Optional. The status of a response, or of one of its propstats; and its end, with what
     * judge() has said of it. */
    void (*status)(struct href_reader *reader, struct str status_line);
    void (*response_end)(struct href_reader *reader, unsigned judged);
};

/* `inner` with its URLs mapped. It fails, besides when `inner` does, when that is no XML that can
 * be read: malformed, cut off, with a document type, with a token or an href that is beyond all
 * bounds, or (where there is judge()) of a kind that is not known, or with a part of a response
 * before its href that is beyond them. Takes the source, borrows the reader until closed. Memory
 * from the arena. */
NODISCARD struct source *hrefs_source(struct arena *arena, struct source *inner,
                                      enum hrefs_direction direction, struct href_reader *reader);

/* The same of a text that is there. False: `err` says why it cannot be read. */
NODISCARD bool hrefs_map(struct str text, enum hrefs_direction direction,
                         struct href_reader *reader, struct buf *to, struct err *err);
