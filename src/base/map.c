/* A chained table of powers of two, doubled when there is one entry for each bucket. Entries live
 * inside their owners' structs, so that adding one allocates nothing (but a larger table now and
 * then) and removing one frees nothing.
 *
 * Keys come from clients: paths, lock tokens, names of properties. With a hash that they could
 * compute they would choose keys that all fall into one bucket and make each lookup walk them all.
 * So the hash is keyed with random bytes, once for the process, and is one that gives nothing away
 * about its key. The price is that the order of a walk differs from run to run: no answer may
 * depend on it.
 *
 * Invariants
 *  (1) an entry stands in the bucket that its stored hash names; the hash is never computed again,
 *      so a table grows without reading the keys;
 *  (2) bucket_count is 0 or a power of two, and buckets is NULL exactly when it is 0.
 *
 * Rejected: open addressing, which is faster for small values but moves entries about, and what is
 * embedded cannot be moved. */
#include "base/map.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/random.h"

enum { BUCKETS_MIN = 16 };

/* --- SipHash-1-3 (Aumasson, Bernstein: "SipHash: a fast short-input PRF") --- */

static uint64_t hash_key[2];
static pthread_once_t hash_key_once = PTHREAD_ONCE_INIT;

static void make_hash_key(void)
{
    random_bytes(hash_key, sizeof(hash_key));
}

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

uint64_t hash_bytes(struct str bytes)
{
    (void)pthread_once(&hash_key_once, make_hash_key); /* cannot fail with valid arguments */
    return hash_bytes_with(hash_key, bytes);
}

uint64_t hash_bytes_with(const uint64_t key[2], struct str bytes)
{
    uint64_t v[4] = {
        key[0] ^ 0x736f6d6570736575U,
        key[1] ^ 0x646f72616e646f6dU,
        key[0] ^ 0x6c7967656e657261U,
        key[1] ^ 0x7465646279746573U,
    };
    size_t whole = bytes.len & ~(size_t)7;
    uint64_t word;
    for (size_t i = 0; i < whole; i += 8) {
        memcpy(&word, bytes.at + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)bytes.len << 56;
    for (size_t i = whole; i < bytes.len; i++)
        word |= (uint64_t)(unsigned char)bytes.at[i] << (8 * (i - whole));
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* --- the table --- */

static struct map_entry **bucket_of(const struct map *map, uint64_t hash)
{
    return &map->buckets[hash & (map->bucket_count - 1)];
}

void map_done(struct map *map)
{
    mem_free(map->buckets);
    *map = (struct map){0};
}

struct map_entry *map_find(const struct map *map, struct str key)
{
    if (map->count == 0)
        return NULL;
    uint64_t hash = hash_bytes(key);
    struct map_entry *entry = *bucket_of(map, hash);
    while (entry && (entry->hash != hash || !str_eq(entry->key, key)))
        entry = entry->next;
    return entry;
}

static void grow(struct map *map)
{
    struct map old = *map;
    map->bucket_count = size_max(BUCKETS_MIN, old.bucket_count * 2);
    map->buckets = mem_new(map->bucket_count, sizeof(*map->buckets));
    for (size_t i = 0; i < old.bucket_count; i++) {
        while (old.buckets[i]) {
            struct map_entry *entry = old.buckets[i];
            old.buckets[i] = entry->next;
            struct map_entry **bucket = bucket_of(map, entry->hash);
            entry->next = *bucket;
            *bucket = entry;
        }
    }
    mem_free(old.buckets);
}

void map_add(struct map *map, struct map_entry *entry, struct str key)
{
    if (map->count >= map->bucket_count)
        grow(map);
    entry->key = key;
    entry->hash = hash_bytes(key);
    struct map_entry **bucket = bucket_of(map, entry->hash);
    entry->next = *bucket;
    *bucket = entry;
    map->count++;
}

void map_remove(struct map *map, struct map_entry *entry)
{
    struct map_entry **link = bucket_of(map, entry->hash);
    while (*link != entry) {
        assert(*link);
        link = &(*link)->next;
    }
    *link = entry->next;
    entry->next = NULL;
    map->count--;
}

struct map_entry *map_next(const struct map *map, struct map_entry *after)
{
    if (after && after->next)
        return after->next;
    size_t i = after ? (size_t)(after->hash & (map->bucket_count - 1)) + 1 : 0;
    for (; i < map->bucket_count; i++) {
        if (map->buckets[i])
            return map->buckets[i];
    }
    return NULL;
}
