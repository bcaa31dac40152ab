/* access/scheme/jwt.h: JSON Web Tokens (RFC 7519) signed by a key that is known (RFC 7515, RFC
 * 7517). */
#pragma once

#include "base/arena.h"

struct err;

/* The public keys of a JWKS file. Read-only once it is made: any thread. */
struct jwt_keys;

/* NULL: `err` says why. Keys that are of a kind that we do not use are passed over. Gives. */
NODISCARD struct jwt_keys *jwt_keys_new(struct str json, struct err *err);
void jwt_keys_free(struct jwt_keys *keys);
size_t jwt_keys_count(const struct jwt_keys *keys);

/* A hash of the file: what another file's keys have vouched for counts no more. */
struct str jwt_keys_print(const struct jwt_keys *keys);

/* What a token must say. */
struct jwt_expectation {
    struct str issuer;      /* empty: whoever */
    struct str audience;    /* empty: whatever */
    const char *user_claim; /* "sub" */
    int64_t now_s;
    int64_t skew_s;          /* clocks differ by so much */
    bool is_signature_known; /* it was right lately: only the claims are looked at */
};

struct jwt_claims {
    struct str user;
    int64_t expires_s;
};

/* Whether the token is signed by one of the keys and holds now. The user's name is in the arena.
 * The signature costs about as much as a TLS handshake. */
NODISCARD bool jwt_verify(const struct jwt_keys *keys, struct str text,
                          const struct jwt_expectation *expected, struct arena *arena,
                          struct jwt_claims *out);

/* Whether it could be one: three parts in base64url. */
NODISCARD bool jwt_is_text(struct str text);
