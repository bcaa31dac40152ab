/* wire/request.h: what must hold of a request, whichever wire carries it (RFC 9110), and the answer
 * to one that it does not hold of. No I/O. */
#pragma once

#include "base/limits.h"
#include "http/message.h"

/* Why a request is refused: the status to answer with, and a short text for a person. */
struct refusal {
    unsigned status;
    const char *text;
};

/* Always false, for the caller to return. */
bool refuse(struct refusal *refusal_out, unsigned status, const char *text);

/* Makes the refusal the stream's answer; its body is a line of text. */
void refusal_answer(const struct refusal *refusal, struct http_stream *stream);

/* Splits request->target; the method must be known. An absolute form sets host and port, too. */
NODISCARD bool request_split_target(struct http_request *request, const struct limits *limits,
                                    struct refusal *refusal_out);

/* Adds a field line whose strings live as long as the request. */
NODISCARD bool request_add_field(struct http_request *request, const struct limits *limits,
                                 struct arena *arena, const struct http_field_line *line,
                                 struct refusal *refusal_out);

size_t request_count_lines(const struct http_request *request, enum http_field id);

/* Finds the host among target and fields; the target's own authority, if any, wins. */
NODISCARD bool request_check_host(struct http_request *request, struct refusal *refusal_out);

/* Reads Content-Length into has_body and body_bytes, which are untouched when there is none. */
NODISCARD bool request_check_length(struct http_request *request, struct refusal *refusal_out);

/* has_body must be known. */
NODISCARD bool request_check_expectation(const struct http_request *request,
                                         bool *expects_continue_out, struct refusal *refusal_out);
