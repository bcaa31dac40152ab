/* base/map.h: a hash table from bytes to the structs that embed a map_entry.
 * The hash is keyed (SipHash-1-3 with a random key), so that clients cannot make entries collide.
 */
#pragma once

#include "base/str.h"

struct map_entry {
    struct map_entry *next;
    uint64_t hash;
    struct str key; /* borrows until the entry is removed */
};

struct map {
    struct map_entry **buckets; /* a power of two of them, or none */
    size_t bucket_count;
    size_t count;
};

/* A zeroed struct map is an empty one. map_done() frees the table; entries are their owner's. */
void map_done(struct map *map);

/* NULL when absent. */
struct map_entry *map_find(const struct map *map, struct str key);

/* Absent before; `entry->key` is set from `key`, which must live as long as the entry. */
void map_add(struct map *map, struct map_entry *entry, struct str key);

/* Present before. */
void map_remove(struct map *map, struct map_entry *entry);

/* Walks all entries in no order; start with NULL, ends with NULL. Nothing may be added or removed
 * on the way, except the entry that was returned before the current one. */
struct map_entry *map_next(const struct map *map, struct map_entry *after);

/* The keyed hash itself, for other tables. Differs from run to run. */
uint64_t hash_bytes(struct str bytes);

/* The same with a key of the caller's, for what other processes are to find again. */
uint64_t hash_bytes_with(const uint64_t key[2], struct str bytes);
