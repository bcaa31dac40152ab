/* access/nonce.h: nonces that the server has given out, and how often each was used. */
#pragma once

#include "base/buf.h"

enum nonce_state {
    NONCE_FRESH,
    NONCE_STALE,    /* ours, but too old, or forgotten: the client may have another */
    NONCE_REPLAYED, /* ours, and this count of it has been used */
    NONCE_FOREIGN,  /* never ours */
};

enum { NONCE_TEXT_BYTES = 43 };

/* Any thread. */
struct nonces;

/* Remembers the uses of at most `max` nonces; each is good for `life_ms`. */
NODISCARD struct nonces *nonces_new(size_t max, int64_t life_ms);
void nonces_free(struct nonces *nonces);

/* Appends a new one: NONCE_TEXT_BYTES characters that need no quoting. Costs no memory. */
void nonce_make(struct nonces *nonces, struct buf *to);

/* FRESH, STALE or FOREIGN by the text alone. */
NODISCARD enum nonce_state nonce_look(struct nonces *nonces, struct str text);

/* Notes a use with that count, once the client has proved that it knows the user's secret. */
NODISCARD enum nonce_state nonce_use(struct nonces *nonces, struct str text, uint64_t count,
                                     struct str user);

/* Whether the user has used it with success, he before anybody else, and it is remembered. */
NODISCARD bool nonce_is_known(struct nonces *nonces, struct str text, struct str user);

/* How many are remembered: for tests. */
size_t nonces_used(struct nonces *nonces);
