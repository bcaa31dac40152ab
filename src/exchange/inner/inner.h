/* exchange/inner/inner.h: a request within a request: it has a stream of its own, goes through all
 * that any request goes through but signing in, and its answer is caught instead of sent.
 *
 * On the loop thread, as all that begins exchanges. */
#pragma once

#include "exchange/exchange.h"

struct inner {
    struct http_stream stream; /* its answer: stream.response, and x->failure */
    struct arena arena;        /* the stream's */
    struct exchange *outer;
    struct exchange *x; /* NULL: it has not begun */
    /* The answer is there: on the loop, and perhaps within inner_begin(), before x is set. */
    void (*answered)(struct inner *inner);
    void *owner; /* the callback's */
    bool has_answered;
    bool is_left;
};

/* For that path. It brings of the outer request's fields those that say who asks, and nothing of
 * what is asked; more may be added to stream.request.fields before it begins. `body`, which it
 * takes, may be NULL. Keeps the outer stream alive. Gives. */
struct inner *inner_new(struct exchange *outer, struct str method, struct res_path path,
                        bool has_slash);
void inner_set_body(struct inner *inner, struct source *body, uint64_t body_bytes);
void inner_add_field(struct inner *inner, enum http_field id, struct str value);

/* The lock tokens of the outer request's If, as the value of an If that submits them and always
 * holds (RFC 4918 §10.4.1, §10.4.9). Empty: there are none. From the outer arena. */
struct str inner_tokens(const struct exchange *outer);

void inner_begin(struct inner *inner);

/* Takes; NULL is fine. One that has begun comes to its end, whoever hears of it, and is freed then:
 * its callback is not called any more. */
void inner_leave(struct inner **inner);
