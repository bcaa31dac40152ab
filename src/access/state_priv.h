/* access/state_priv.h: what outlives a reload. */
#pragma once

#include "access/apps/app_passwords.h"
#include "access/credential_cache.h"
#include "access/gate.h"
#include "access/nonce.h"
#include "access/throttle.h"
#include "base/shared_state.h"

struct access_state {
    struct shared_state *shared; /* nonces and throttling are there */
    struct nonces nonces;
    struct credential_cache *right; /* what was right */
    struct credential_cache *wrong;
    struct gate *gate;
    struct app_passwords *apps;
    unsigned char key[SHARED_SECRET_BYTES]; /* of SCRAM's sessions, and of what strangers get */
    uint64_t decoy_key[2]; /* by which strangers are spread over those they are measured against */
};

struct access;

/* Whether a certificate may be that user's. */
bool access_has_certificate(const struct access *access, struct str user);
