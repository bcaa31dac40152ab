/* gateway/ask.h: a request to an origin, on behalf of an exchange. */
#pragma once

#include "client/call.h"
#include "exchange/exchange.h"
#include "gateway/gateway.h"

/* In the exchange's arena, which it keeps alive until it is over. */
struct ask {
    struct call call; /* the caller sets url, method, fields, body and is_safe */
    struct exchange *x;
    const struct gateway *gateway;
    struct source *body; /* the answer's; NULL: its head is not there yet, or it was taken */
    bool is_look;        /* set by the caller: about the origin's health, past the circuit */
    bool is_aside;       /* likewise: beside what the client asks; the answer's head says nothing */
    bool is_started;
    bool has_head; /* call.status and call.answer are set */
    bool is_over;  /* call.end is set */
    bool is_forgotten;
    bool holds; /* its part of the budget */
    enum health_pass pass;
    int64_t started_us;
    int64_t head_us; /* from the start to the head of the answer, or to the end without one */
    struct job job;
};

/* Whether neither the head nor the end has come. */
static inline bool ask_is_pending(const struct ask *ask)
{
    return !ask->has_head && !ask->is_over;
}

/* An empty one. */
struct ask *ask_new(struct exchange *x, const struct gateway *gateway);

/* 503: its origin is to be let alone, as it would be said at the start. For who would have to read
 * much before that; what is fine now may not be then. */
NODISCARD struct dav_result ask_may_start(struct ask *ask);

/* Sends it. From then on the exchange is woken when has_head or is_over becomes true. On the loop.
 * 503: it cannot be sent, for want of memory or of a client; or its origin is to be let alone for a
 * while, which Retry-After says. */
NODISCARD struct dav_result ask_start(struct ask *ask);

/* The answer's body, to be closed sooner or later; pulled on the loop. Gives. NULL: it was taken,
 * or has none. */
struct source *ask_take_body(struct ask *ask);

/* Nobody waits for it any more. What was only asked is given up; a change that may have arrived
 * goes on to its end, since the origin makes it anyway. */
void ask_forget(struct ask *ask);

/* The same of what was asked, and has no head yet; but it goes on, to tell the origin's health. */
void ask_leave(struct ask *ask);

/* A question that has waited too long for an answer: it is given up, and counts against its origin.
 * call.message says so. */
void ask_give_up(struct ask *ask);

/* ask_forget() of one of several of an exchange: what it holds of the budget is given back where it
 * needs no more of it. */
void ask_let_go(struct ask *ask);
