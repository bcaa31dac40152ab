/* access/credential_cache.h: credentials that were right lately, so that a thousand requests cost
 * one password hash, or those that were wrong, so that they cost one and count once. */
#pragma once

#include "access/secret.h"

/* Any thread. */
struct credential_cache;

/* At most `max` of them, each for `life_ms`. */
NODISCARD struct credential_cache *credential_cache_new(size_t max, int64_t life_ms);
void credential_cache_free(struct credential_cache *cache);

/* What stands for credentials in the cache: a hash with a key that never leaves the process, of
 * what the client sent and of what it was compared with. A changed password is therefore another
 * entry, and what the cache holds gives no password away. */
struct sha256 credential_cache_key(const struct credential_cache *cache, struct str sent,
                                   struct str stored);

enum credential_state {
    CREDENTIALS_NONE,
    CREDENTIALS_OLD, /* added once, and not forgotten, but its time is over */
    CREDENTIALS_FRESH,
};

NODISCARD enum credential_state credential_cache_look(struct credential_cache *cache,
                                                      const struct sha256 *key);
void credential_cache_add(struct credential_cache *cache, const struct sha256 *key);

/* How many there are: for tests. */
size_t credential_cache_count(struct credential_cache *cache);
