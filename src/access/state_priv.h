/* access/state_priv.h: what outlives a reload. */
#pragma once

#include "access/access.h"
#include "access/memory.h"
#include "access/nonce.h"
#include "access/throttle.h"
#include "base/random.h"

struct access_state {
    struct nonces *nonces;
    struct access_memory *memory;
    struct throttle *throttle;
    unsigned char key[SHA256_BYTES]; /* of the sessions of SCRAM, and of what strangers get */
};
