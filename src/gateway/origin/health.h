/* gateway/origin/health.h: whether an origin answers, known by what its requests come to: a circuit
 * breaker, and counts. For all loops; any thread. */
#pragma once

#include "base/arena.h"

/* What a request has come to, as to whether its origin lives. */
enum health_evidence {
    HEALTH_NOTHING, /* it says nothing of the origin: the client has gone, or the fault is ours */
    HEALTH_FAILS,   /* no connection, or no answer */
    HEALTH_ANSWERS, /* the head of an answer, whatever its status is */
};

enum health_pass {
    HEALTH_ASK,
    HEALTH_TRY,  /* the circuit is open, and this one is to find out whether it can be closed */
    HEALTH_WAIT, /* it is open: the origin is not to be asked */
};

struct health_options {
    unsigned failures_max; /* so many in a row open the circuit; 0: nothing does */
    unsigned retry_ms;     /* how long it stays open before one request is let try */
};

struct health;

/* Of the origin that the log calls `name`. Memory from the arena, which may be reset when nobody
 * uses it any more. */
NODISCARD struct health *health_new(struct arena *arena, struct str name,
                                    const struct health_options *options);

/* Before a request. WAIT: for so many seconds, which is the end of it; after the others
 * health_tell() is called, once. */
NODISCARD enum health_pass health_pass(struct health *health, unsigned *after_s_out);

/* What came of one. */
struct health_news {
    enum health_evidence evidence;
    enum health_pass pass; /* as it was let pass */
    const char *why;       /* it FAILS, for people */
};

void health_tell(struct health *health, const struct health_news *news);
