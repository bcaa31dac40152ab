/* wire/h1_head.h: the head of an HTTP/1.1 request (RFC 9112 §2 to §6.3), from bytes. No I/O.
 *
 * Strict: what two parsers could read differently is refused, because a proxy before us may be
 * the other parser (request smuggling). */
#pragma once

#include "wire/request.h"

/* How far a head that is still arriving has been looked at. Zeroed for each new head. */
struct h1_scan {
    size_t at;         /* bytes looked at */
    size_t line_start; /* of the line that is arriving */
    bool has_line;     /* a first line has been seen */
};

enum h1_scan_rc {
    H1_SCAN_MORE,     /* not complete yet */
    H1_SCAN_COMPLETE, /* *len_out bytes are the head */
    H1_SCAN_REFUSED,  /* `refusal_out` says why */
};

/* Looks for the end of the head in `bytes`, which hold all that has come of it. May be called
 * after every byte; does not look at a byte twice. */
NODISCARD enum h1_scan_rc h1_scan(struct h1_scan *scan, struct str bytes,
                                  const struct limits *limits, size_t *len_out,
                                  struct refusal *refusal_out);

/* What the head says about the connection and the framing of the body. */
struct h1_framing {
    bool is_chunked;
    bool expects_continue;
    bool keeps_alive;
};

/* Parses a complete head into stream->request, whose strings are views into `head`; what must be
 * allocated comes from stream->arena. The request is untouched when the head is refused. */
NODISCARD bool h1_parse_head(struct str head, const struct limits *limits,
                             struct http_stream *stream, struct h1_framing *framing_out,
                             struct refusal *refusal_out);
