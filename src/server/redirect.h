/* server/redirect.h: answers of a listener that only says where https is. */
#pragma once

#include "dav/service.h"
#include "http/message.h"

struct redirect {
    const struct public_name *public_names; /* as in struct dav_service */
    size_t public_name_count;
    unsigned tls_port; /* for all other names */
};

/* Sends the client to the same path and query under https. */
void redirect_answer(const struct redirect *redirect, struct http_stream *stream);
