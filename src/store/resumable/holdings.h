/* store/resumable/holdings.h: how much an owner has begun and not ended. */
#pragma once

#include <pthread.h>

#include "base/list.h"
#include "store/resumable/record.h"

struct holdings {
    uint64_t count;
    uint64_t bytes; /* of what has a size, that; of others what has been received */
};

/* What one is counted as: nothing, when it is done. */
struct holdings held_by(const struct record *record);

struct holders;

/* Reads all of the owner's records. */
typedef struct holdings holdings_ask_fn(struct holders *holders, uint64_t mark);

/* What is remembered. Embedded, zeroed before holders_init(). */
struct holders {
    pthread_mutex_t mutex; /* held for moments */
    struct list list;      /* the one that was asked for last is the last */
    size_t count;
    holdings_ask_fn *ask;
};
void holders_init(struct holders *holders, holdings_ask_fn *ask);
void holders_done(struct holders *holders);

enum holdings_by {
    HOLDINGS_REMEMBERED, /* never less than there is; more, where some have gone by other ways */
    HOLDINGS_COUNTED     /* what there is: reads all of the owner's records */
};
struct holdings holdings_of(struct holders *holders, uint64_t mark, enum holdings_by by);

/* One of the owner's was counted as `before`, and is to be as `after`. */
void holdings_change(struct holders *holders, uint64_t mark, const struct holdings *before,
                     const struct holdings *after);

/* Of his some have gone by other ways. */
void holdings_forget(struct holders *holders, uint64_t mark);
