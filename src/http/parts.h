/* http/parts.h: a multipart body (RFC 2046 §5.1), read as it comes. Of a part that says how long it
 * is the content is not looked through. */
#pragma once

#include "base/buf.h"
#include "http/fields.h"

enum {
    PARTS_BOUNDARY_BYTES_MAX = 70, /* RFC 2046 §5.1.1 */
    PARTS_HEAD_BYTES_MAX = 16384,
    PARTS_END_BYTES_MAX = PARTS_BOUNDARY_BYTES_MAX + 4,
};

enum parts_state {
    PARTS_BOUNDARY, /* its line comes next */
    PARTS_HEAD,
    PARTS_CONTENT,
    PARTS_TAIL, /* of content the end of its last line comes next */
    PARTS_OVER, /* the last boundary has come; what follows is nothing */
};

struct parts {
    struct str boundary; /* borrows */
    enum parts_state state;
    struct buf head; /* what has come of it, or of a line of a boundary */
    bool has_part;   /* a part has come */
    uint64_t left;   /* bytes of content; UINT64_MAX: as many as stand before the boundary */
    bool may_search; /* a part need not say its length; set behind parts_init() */
    char end[PARTS_END_BYTES_MAX]; /* what ends the content of one that does not */
    size_t end_bytes;
    size_t found; /* so many bytes of it have come */
};

/* The boundary of a multipart/related or multipart/mixed, from a Content-Type. False: it is none.
 */
NODISCARD bool parts_boundary(struct str content_type, struct arena *arena,
                              struct str *boundary_out);

/* The boundary is one that parts_boundary() takes. */
void parts_init(struct parts *parts, struct str boundary);
void parts_done(struct parts *parts);

enum parts_event {
    PARTS_MORE,      /* all bytes were taken: nothing new */
    PARTS_BEGINS,    /* a part: its fields */
    PARTS_BYTES,     /* content, the next of it */
    PARTS_ENDS,      /* of a part: all of its content has come */
    PARTS_MALFORMED, /* or its length is not said where it must be */
};

/* Takes from *bytes what comes next. BEGINS: *fields_out, memory from the arena. BYTES:
 * *content_out, a view of them. */
NODISCARD enum parts_event parts_next(struct parts *parts, struct str *bytes, struct arena *arena,
                                      struct http_fields *fields_out, struct str *content_out);
