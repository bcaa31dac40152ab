/* access/throttle.h: guesses are slowed, by who is guessed at and by where they come from. */
#pragma once

#include "base/str.h"

/* Any thread. */
struct throttle;

/* Whom an attempt to sign in counts against. */
struct throttle_party {
    struct str user;    /* as the client gave it, also where there is none such; empty: none */
    struct str address; /* of the client, without a port */
};

/* Remembers at most `max` counts, and as many of where users have signed in from. */
NODISCARD struct throttle *throttle_new(size_t max);
void throttle_free(struct throttle *throttle);

/* Before what is sent is looked at: counts it as wrong. 0: it may be looked at; otherwise in how
 * many milliseconds it might be, and nothing was counted. */
NODISCARD int64_t throttle_charge(struct throttle *throttle, const struct throttle_party *party);

/* Takes a count back: it was not looked at, or it was no guess. */
void throttle_refund(struct throttle *throttle, const struct throttle_party *party);

/* The user has signed in from there. */
void throttle_know(struct throttle *throttle, const struct throttle_party *party);

/* How many counts are remembered: for tests. */
size_t throttle_count(struct throttle *throttle);
