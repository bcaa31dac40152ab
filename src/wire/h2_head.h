/* wire/h2_head.h: the head of an HTTP/2 request (RFC 9113 §8.3), field by field. No I/O. */
#pragma once

#include "wire/request.h"

/* Zeroed for each new head. */
struct h2_head {
    struct str scheme;
    struct str authority;
    size_t bytes;  /* as RFC 9113 §6.5.2 counts them */
    size_t fields; /* also those that were not kept */
    bool expects_continue;
    struct refusal refusal; /* why the head is not taken; its status is 0: it may be */
};

/* Adds a field to stream->request; copies both strings into stream->arena. Once there is a refusal,
 * it only counts. */
void h2_head_add(struct h2_head *head, const struct limits *limits, struct http_stream *stream,
                 struct str name, struct str value);

/* All fields have come. False: head->refusal says why the request is not taken. */
NODISCARD bool h2_head_finish(struct h2_head *head, const struct limits *limits,
                              struct http_stream *stream, bool has_body);
