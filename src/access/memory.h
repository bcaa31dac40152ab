/* access/memory.h: credentials that were right lately, so that a thousand requests cost one
 * password hash, or those that were wrong, so that they cost one and count once. */
#pragma once

#include "access/secret.h"

/* Any thread. */
struct access_memory;

/* At most `max` of them, each for `life_ms`. */
NODISCARD struct access_memory *access_memory_new(size_t max, int64_t life_ms);
void access_memory_free(struct access_memory *memory);

/* What stands for credentials in the memory: a hash with a key that never leaves the process, of
 * what the client sent and of what it was compared with. A changed password is therefore another
 * entry, and what the memory holds gives no password away. */
struct sha256 access_memory_key(const struct access_memory *memory, struct str sent,
                                struct str stored);

enum memory_state {
    MEMORY_NONE,
    MEMORY_OLD, /* added once, and not forgotten, but its time is over */
    MEMORY_FRESH,
};

NODISCARD enum memory_state access_memory_look(struct access_memory *memory,
                                               const struct sha256 *key);
void access_memory_add(struct access_memory *memory, const struct sha256 *key);

/* How many there are: for tests. */
size_t access_memory_count(struct access_memory *memory);
