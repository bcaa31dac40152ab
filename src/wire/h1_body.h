/* wire/h1_body.h: the body of an HTTP/1.1 request, from bytes (RFC 9112 §6 and §7). No I/O. */
#pragma once

#include "base/buf.h"

enum h1_body_state {
    BODY_LENGTH,    /* `left` bytes to come */
    BODY_SIZE,      /* within the digits of a chunk size */
    BODY_EXTENSION, /* within chunk extensions */
    BODY_SIZE_LF,   /* the LF of the chunk size line is next */
    BODY_DATA,      /* `left` bytes of chunk data to come */
    BODY_DATA_CR,   /* the CR LF behind chunk data is next */
    BODY_DATA_LF,
    BODY_TRAILER, /* a trailer line begins, or the empty line that ends it all */
    BODY_TRAILER_NAME,
    BODY_TRAILER_VALUE,
    BODY_TRAILER_LF, /* the LF of a trailer line is next */
    BODY_END_LF,     /* the LF of the empty line is next */
    BODY_COMPLETE,
    BODY_MALFORMED,
};

struct h1_body {
    enum h1_body_state state;
    uint64_t left;
    unsigned digits;       /* of the chunk size so far */
    size_t overhead_bytes; /* extensions and trailers so far, against `overhead_bytes_max` */
    size_t overhead_bytes_max;
};

void h1_body_init_length(struct h1_body *body, uint64_t length);
void h1_body_init_chunked(struct h1_body *body, size_t overhead_bytes_max);

/* Decodes from the front of `bytes`, appends at most `want` bytes of content to `into`, and
 * returns how many of `bytes` it used. `into` NULL: the content is discarded. Stops at
 * BODY_COMPLETE and BODY_MALFORMED; otherwise uses all bytes or delivers `want`. */
NODISCARD size_t h1_body_decode(struct h1_body *body, struct str bytes, struct buf *into,
                                size_t want);

/* Counts content that was read into place without passing through h1_body_decode(); only while
 * h1_body_direct_bytes() allows it. */
void h1_body_skip(struct h1_body *body, uint64_t len);

/* How many bytes of plain content come next, whatever follows them. */
uint64_t h1_body_direct_bytes(const struct h1_body *body);
