/* base/shared_state.h: what all nodes that serve the same users must have together, so that a
 * client may ask any of them: secrets, a clock, and small records that expire. A node that serves
 * alone has it in its own memory (access/standalone.h). Any thread. */
#pragma once

#include "base/base.h"

enum {
    SHARED_SECRET_BYTES = 32,
    SHARED_KEY_BYTES = 16,
    SHARED_WORDS = 3,
};

enum shared_table {
    SHARED_NONCES,       /* which counts of a nonce have been used: access/nonce.c */
    SHARED_GUESSES,      /* how much is counted against whom: access/throttle.c */
    SHARED_KNOWN,        /* where users have signed in from: access/throttle.c */
    SHARED_REPEATS,      /* changes of which nobody has heard the end: gateway/repeats.c */
    SHARED_LOST,         /* bodies that were refused with a 401: likewise */
    SHARED_LOCK_ORIGINS, /* which origin of a union gave a lock token: gateway/union/tokens.c */
    SHARED_TABLES
};

/* What is kept under a key. */
struct shared_record {
    int64_t expires_ms; /* by shared_now_ms(): from then on it may be forgotten */
    uint64_t words[SHARED_WORDS];
};

/* One record of an update. */
struct shared_slot {
    enum shared_table table;
    char key[SHARED_KEY_BYTES];
    bool is_there;               /* found; otherwise the record is all zeroes */
    bool is_changed;             /* decide() sets it: the record is to be kept as it is now */
    struct shared_record record; /* found, then decided */
    int64_t lost_ms; /* what is not there and expires no later than this may have been forgotten */
};

/* Embedded in who updates. */
struct shared_update {
    struct shared_slot *slots; /* no two are the same record */
    size_t count;
    /* Says what the records are to be, by what was found. It may be called again, with what is
     * there by then, so it works out all that it says anew; it waits for nothing. */
    void (*decide)(struct shared_update *update);
};

struct shared_state {
    const struct shared_state_ops *ops;
    bool may_block; /* an update may wait, so it is made only where that harms nobody else */
};

struct shared_state_ops {
    void (*secret)(struct shared_state *state, const char *name, uint64_t generation,
                   unsigned char out[SHARED_SECRET_BYTES]);
    int64_t (*now_ms)(struct shared_state *state);
    bool (*update)(struct shared_state *state, struct shared_update *update);
};

/* The secret of that name and generation, which nobody else can guess and every node gets alike. To
 * be asked for once and then kept: a node that serves alone gets another one each time, so that
 * what has been wiped cannot be made again. Never waits. */
static inline void shared_secret(struct shared_state *state, const char *name, uint64_t generation,
                                 unsigned char out[SHARED_SECRET_BYTES])
{
    state->ops->secret(state, name, generation, out);
}

/* Milliseconds that all nodes count alike, but for a moment, which may be behind or ahead. Never
 * waits. */
static inline int64_t shared_now_ms(struct shared_state *state)
{
    return state->ops->now_ms(state);
}

/* Finds the records, has decide() look at them, and keeps what it has changed, as one step. False:
 * they cannot be reached; it may or may not have been done. */
NODISCARD static inline bool shared_update(struct shared_state *state, struct shared_update *update)
{
    return state->ops->update(state, update);
}
