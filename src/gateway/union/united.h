/* gateway/union/united.h: a request to a tree of several origins: a union's part of an exchange. */
#pragma once

#include "gateway/relay.h"
#include "gateway/union/survey.h"

struct listing;
struct removal;
struct abilities;

struct united {
    struct relay relay; /* of the origin that it goes to, as any gateway's */
    struct survey
        *look; /* what they have at its path; NULL: it has not come so far, likewise below */
    struct survey *to;     /* at its destination */
    struct survey *parent; /* of what is to be made */
    struct plan plan;
    bool is_sent; /* the relay's ask has been started */
    struct listing *listing;
    struct removal *removal;
    struct abilities *abilities;
};

static inline struct united *united_of(const struct exchange *x)
{
    return CONTAINER_OF(relay_of(x), struct united, relay);
}

/* It goes there, as to the only one. */
void united_choose(const struct exchange *x, const struct gateway *gateway);

/* The answer to that ask, which is under way, is the answer. */
void united_pass_on(const struct exchange *x, struct ask *ask);

/* Has the answer name the origins that it lacks; bits in their order. */
void united_tell_missing(struct exchange *x, uint64_t missing);
