/* access/gate.h: how many sign-ins may wait for a thread that hashes passwords. */
#pragma once

#include "access/secret.h"

/* Any thread. */
struct gate;

/* Somebody who waits, or whose password is being hashed. */
struct gate_seat {
    struct sha256 credentials; /* as access/credential_cache.h has them */
    uint64_t network;          /* a hash of where they come from */
    bool is_known;             /* they were right once */
    bool is_charged;           /* counted by access/throttle.h */
    bool is_taken;
};

NODISCARD struct gate *gate_new(size_t seats);
void gate_free(struct gate *gate);

/* Whether somebody with the same credentials is waiting. */
NODISCARD bool gate_has(struct gate *gate, const struct sha256 *credentials);

/* Takes a seat for `who`, which is copied. NULL: there is none left for him. Leave it. */
NODISCARD struct gate_seat *gate_enter(struct gate *gate, const struct gate_seat *who);
void gate_leave(struct gate *gate, struct gate_seat *seat);
