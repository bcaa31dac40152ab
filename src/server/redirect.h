/* server/redirect.h: answers of a listener that only says where https is. */
#pragma once

#include "server/names.h"

struct redirect {
    unsigned tls_port; /* for names of which --public-url does not say more */
};

/* Sends the client to the same path and query under https. */
void redirect_answer(const struct redirect *redirect, const struct known_names *names,
                     struct http_stream *stream);
