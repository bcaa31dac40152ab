/* access/throttle.h: guesses are slowed, by who is guessed at and by where they come from. All
 * nodes count together; each call may wait where the shared state may. Any thread. */
#pragma once

#include "base/shared_state.h"
#include "base/str.h"

/* Whom an attempt to sign in counts against. */
struct throttle_party {
    struct str user;    /* as the client gave it, also where there is none such; empty: none */
    struct str address; /* of the client, without a port */
};

enum { THROTTLE_UNKNOWN = -1 };

/* Before what is sent is looked at: counts it as wrong. 0: it may be looked at; otherwise in how
 * many milliseconds it might be, and nothing was counted. THROTTLE_UNKNOWN: the counts cannot be
 * reached, so it may not be looked at. */
NODISCARD int64_t throttle_charge(struct shared_state *shared, const struct throttle_party *party);

/* Takes a count back: it was not looked at, or it was no guess. Where that cannot be done, it stays
 * until its time is over. */
void throttle_refund(struct shared_state *shared, const struct throttle_party *party);

/* The user has signed in from there. */
void throttle_know(struct shared_state *shared, const struct throttle_party *party);
