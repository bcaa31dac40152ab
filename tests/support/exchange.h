/* tests/support/exchange.h: an exchange that came over no wire, for what looks at a request. */
#pragma once

#include "exchange/exchange.h"

struct bare_exchange {
    struct arena arena;
    struct limits limits;
    struct service service;
    struct http_stream stream;
    struct exchange x;
};

/* For Host dav.test, on the root, without fields and without a handler. */
void bare_exchange_init(struct bare_exchange *bare);
void bare_exchange_done(struct bare_exchange *bare);

/* Adds a line to the request's fields; the value is borrowed. at == NULL adds none. */
void bare_exchange_add(struct bare_exchange *bare, enum http_field id, struct str value);
