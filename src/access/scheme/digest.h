/* access/scheme/digest.h: Digest (RFC 7616): what a client sent, and what it should have been.
 * Nonces are access/nonce.h's. */
#pragma once

#include "access/scheme/authorization.h"
#include "access/secret.h"

struct digest {
    enum hash_kind hash;
    struct str user;
    struct str realm;
    struct str nonce;
    struct str uri;
    struct str response;
    struct str cnonce;
    struct str nc; /* as sent: it is part of what is hashed */
    uint64_t count;
};

/* False: malformed, or something that was not offered (another algorithm, no qop, qop=auth-int). */
NODISCARD bool digest_read(const struct authorization *authorization, struct arena *arena,
                           struct digest *out);

/* H(user ":" realm ":" password) in hexadecimal digits, as it is kept. Appends. */
void digest_add_key(struct buf *to, enum hash_kind hash, struct str user, struct str realm,
                    struct str password);

/* Whether the response is the one for that key and method. */
NODISCARD bool digest_verify(const struct digest *digest, struct str key, struct str method);

/* Appends the value of Authentication-Info (§3.5): the server knows the key, too. */
void digest_add_info(struct buf *to, const struct digest *digest, struct str key);

/* Whether the uri that was hashed is the request's target, as sent: also as an absolute URI. */
NODISCARD bool digest_is_about(const struct digest *digest, struct str target);
