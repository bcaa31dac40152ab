/* access/state_priv.h: what outlives a reload. */
#pragma once

#include "access/access.h"
#include "access/credential_cache.h"
#include "access/gate.h"
#include "access/nonce.h"
#include "access/throttle.h"
#include "base/random.h"

struct access_state {
    struct nonces *nonces;
    struct credential_cache *right; /* what was right */
    struct credential_cache *wrong;
    struct throttle *throttle;
    struct gate *gate;
    unsigned char key[SHA256_BYTES]; /* of the sessions of SCRAM, and of what strangers get */
};
