/* gateway/origin/health.h: whether an origin answers, known by what its requests come to: a circuit
 * breaker. For all loops; any thread. */
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

/* Before that, where much would be read first: whether it would be WAIT, or would have been just
 * now. Nothing has to be told of it. */
NODISCARD bool health_waits(const struct health *health, unsigned *after_s_out);

/* What came of one. */
struct health_news {
    enum health_evidence evidence;
    enum health_pass pass; /* as it was let pass */
    const char *why;       /* it FAILS, for people */
};

/* True: this has opened the circuit. */
bool health_tell(struct health *health, const struct health_news *news);

enum circuit {
    CIRCUIT_CLOSED,
    CIRCUIT_OPEN,
    CIRCUIT_HALF_OPEN, /* it is open, and one tries, or may */
};

/* "closed", "open", "half-open". */
const char *circuit_name(enum circuit circuit);

struct health_state {
    enum circuit circuit;
    unsigned since_s;  /* for how long it has been closed, or not closed */
    unsigned in_a_row; /* not answered; 0: the last one was */
};

void health_look(const struct health *health, struct health_state *state_out);

/* A listing has waited for it in vain. Until it has answered something it has been late, and no
 * other listing waits; to find that out, one may ask every so often (is due). */
void health_late(struct health *health);
bool health_has_been_late(const struct health *health);
NODISCARD bool health_is_due(struct health *health, unsigned every_ms);
