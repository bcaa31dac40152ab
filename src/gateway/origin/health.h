/* gateway/origin/health.h: whether an origin answers, known by what its requests come to: a circuit
 * breaker, and counts. For all loops; any thread. */
#pragma once

#include "base/arena.h"

/* What a request has come to, as to whether its origin lives. */
enum health_evidence {
    HEALTH_NOTHING, /* it says nothing of the origin: the client has gone, or the fault is ours */
    HEALTH_FAILS,   /* no connection, or no answer */
    HEALTH_ANSWERS, /* the head of an answer, whatever its status is */
    HEALTH_BREAKS,  /* an answer, told before, has broken off: that is only counted */
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
NODISCARD bool health_waits(struct health *health, unsigned *after_s_out);

/* What came of one. */
struct health_news {
    enum health_evidence evidence;
    enum health_pass pass; /* as it was let pass */
    unsigned status;       /* of its answer */
    const char *why;       /* it FAILS, for people */
};

void health_tell(struct health *health, const struct health_news *news);

/* A listing has waited for it in vain. Until it has answered something it has been late, and no
 * other listing waits; to find that out, one may ask every so often (is due). */
void health_late(struct health *health);
bool health_has_been_late(const struct health *health);
NODISCARD bool health_is_due(struct health *health, unsigned every_ms);

/* How it is, and what has come of requests since the settings were read. */
struct health_state {
    bool is_open;
    unsigned open_s;        /* for how long */
    unsigned in_a_row;      /* not answered; 0: the last one was */
    uint64_t answered;      /* with any status; of them */
    uint64_t server_errors; /* with a 5xx, and */
    uint64_t cut_off;       /* broken off behind the head */
    uint64_t unanswered;
    uint64_t let_alone; /* refused by us */
};

void health_look(const struct health *health, struct health_state *state_out);
