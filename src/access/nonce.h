/* access/nonce.h: nonces that the server has given out, and how often each was used. */
#pragma once

#include "base/buf.h"
#include "base/shared_state.h"

enum nonce_state {
    NONCE_FRESH,
    NONCE_STALE,    /* ours, but too old, used up, or forgotten: the client may have another */
    NONCE_REPLAYED, /* ours, and this count of it has been used */
    NONCE_FOREIGN,  /* never ours */
    NONCE_UNKNOWN,  /* ours, but whether this count of it has been used cannot be found out now */
};

enum {
    NONCE_TEXT_BYTES = 43,
    NONCE_COUNT_MAX = 1 << 20, /* uses of one, after which it is stale */
};

/* What nonces are made and known by. Read-only once it is initialised, any thread. */
struct nonces {
    struct shared_state *shared; /* the uses are there */
    unsigned char key[SHARED_SECRET_BYTES];
    int64_t life_ms;
};

/* Each nonce is good for `life_ms` after it was made or was last used with success, on every node
 * that has the same shared state. It must outlive them. */
void nonces_init(struct nonces *nonces, struct shared_state *shared, int64_t life_ms);
void nonces_done(struct nonces *nonces);

/* Appends a new one: NONCE_TEXT_BYTES characters that need no quoting. Costs no memory. */
void nonce_make(const struct nonces *nonces, struct buf *to);

/* FRESH, STALE or FOREIGN by the text alone, as if nobody had used it. */
NODISCARD enum nonce_state nonce_look(const struct nonces *nonces, struct str text);

/* Notes a use with that count, once the client has proved that it knows the user's secret. May wait
 * where the shared state may, as does the next. */
NODISCARD enum nonce_state nonce_use(const struct nonces *nonces, struct str text, uint64_t count,
                                     struct str user);

/* Whether the user has used it with success, he before anybody else, and it is remembered. */
NODISCARD bool nonce_is_known(const struct nonces *nonces, struct str text, struct str user);
