#include "access/credential_cache.h"

#include <pthread.h>

#include "access/lru.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"

struct cached {
    struct lru_entry lru;
    struct sha256 key;
    int64_t until_ms;
};

struct credential_cache {
    pthread_mutex_t mutex;
    struct lru entries;
    unsigned char key[SHA256_BYTES];
    int64_t life_ms;
};

struct credential_cache *credential_cache_new(size_t max, int64_t life_ms)
{
    struct credential_cache *cache = MEM_NEW(struct credential_cache);
    pthread_mutex_init(&cache->mutex, NULL);
    lru_init(&cache->entries, max);
    cache->life_ms = life_ms;
    random_bytes(cache->key, sizeof(cache->key));
    return cache;
}

void credential_cache_free(struct credential_cache *cache)
{
    if (!cache)
        return;
    lru_done(&cache->entries);
    pthread_mutex_destroy(&cache->mutex);
    secret_wipe(cache->key, sizeof(cache->key));
    mem_free(cache);
}

struct sha256 credential_cache_key(const struct credential_cache *cache, struct str sent,
                                   struct str stored)
{
    struct str key = str_of((const char *)cache->key, sizeof(cache->key));
    struct buf both = {0};
    uint64_t len = sent.len; /* so that no other two can be run together into the same */
    buf_add(&both, str_of((const char *)&len, sizeof(len)));
    buf_add(&both, sent);
    buf_add(&both, stored);
    struct sha256 hash = secret_hmac(key, buf_str(&both));
    secret_wipe(both.at, both.len);
    buf_done(&both);
    return hash;
}

enum credential_state credential_cache_look(struct credential_cache *cache,
                                            const struct sha256 *key)
{
    enum credential_state state = CREDENTIALS_NONE;
    pthread_mutex_lock(&cache->mutex);
    struct lru_entry *found = lru_find(&cache->entries, sha256_str(key));
    if (found)
        state = CONTAINER_OF(found, struct cached, lru)->until_ms > clock_mono_ms()
                    ? CREDENTIALS_FRESH
                    : CREDENTIALS_OLD;
    pthread_mutex_unlock(&cache->mutex);
    return state;
}

void credential_cache_add(struct credential_cache *cache, const struct sha256 *key)
{
    pthread_mutex_lock(&cache->mutex);
    struct lru_entry *found = lru_find(&cache->entries, sha256_str(key));
    struct cached *cached = found ? CONTAINER_OF(found, struct cached, lru) : NULL;
    if (!cached) {
        cached = MEM_NEW(struct cached);
        cached->key = *key;
        lru_add(&cache->entries, &cached->lru, sha256_str(&cached->key));
    }
    cached->until_ms = clock_mono_ms() + cache->life_ms;
    pthread_mutex_unlock(&cache->mutex);
}

size_t credential_cache_count(struct credential_cache *cache)
{
    pthread_mutex_lock(&cache->mutex);
    size_t count = cache->entries.map.count;
    pthread_mutex_unlock(&cache->mutex);
    return count;
}
