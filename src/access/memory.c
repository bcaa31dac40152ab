#include "access/memory.h"

#include <pthread.h>

#include "access/lru.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"

struct verified {
    struct lru_entry lru;
    struct sha256 key;
    int64_t until_ms;
};

struct access_memory {
    pthread_mutex_t mutex;
    struct lru verified;
    unsigned char key[SHA256_BYTES];
    int64_t life_ms;
};

struct access_memory *access_memory_new(size_t max, int64_t life_ms)
{
    struct access_memory *memory = MEM_NEW(struct access_memory);
    (void)pthread_mutex_init(&memory->mutex, NULL); /* cannot fail without attributes */
    lru_init(&memory->verified, max);
    memory->life_ms = life_ms;
    random_bytes(memory->key, sizeof(memory->key));
    return memory;
}

void access_memory_free(struct access_memory *memory)
{
    if (!memory)
        return;
    lru_done(&memory->verified);
    (void)pthread_mutex_destroy(&memory->mutex); /* nobody holds it */
    secret_wipe(memory->key, sizeof(memory->key));
    mem_free(memory);
}

struct sha256 access_memory_key(const struct access_memory *memory, struct str sent,
                                struct str stored)
{
    struct str key = str_of((const char *)memory->key, sizeof(memory->key));
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

enum memory_state access_memory_look(struct access_memory *memory, const struct sha256 *key)
{
    enum memory_state state = MEMORY_NONE;
    (void)pthread_mutex_lock(&memory->mutex); /* cannot fail: not recursive, not robust */
    struct lru_entry *found = lru_find(&memory->verified, sha256_str(key));
    if (found)
        state = CONTAINER_OF(found, struct verified, lru)->until_ms > clock_mono_ms() ? MEMORY_FRESH
                                                                                      : MEMORY_OLD;
    (void)pthread_mutex_unlock(&memory->mutex); /* held */
    return state;
}

void access_memory_add(struct access_memory *memory, const struct sha256 *key)
{
    (void)pthread_mutex_lock(&memory->mutex); /* cannot fail: not recursive, not robust */
    struct lru_entry *found = lru_find(&memory->verified, sha256_str(key));
    struct verified *verified = found ? CONTAINER_OF(found, struct verified, lru) : NULL;
    if (!verified) {
        verified = MEM_NEW(struct verified);
        verified->key = *key;
        lru_add(&memory->verified, &verified->lru, sha256_str(&verified->key));
    }
    verified->until_ms = clock_mono_ms() + memory->life_ms;
    (void)pthread_mutex_unlock(&memory->mutex); /* held */
}

size_t access_memory_count(struct access_memory *memory)
{
    (void)pthread_mutex_lock(&memory->mutex); /* cannot fail: not recursive, not robust */
    size_t count = memory->verified.map.count;
    (void)pthread_mutex_unlock(&memory->mutex); /* held */
    return count;
}
