/* check/model/anchor_set.h: the names that fragments may lead to, of all documents. */
#pragma once

#include "base/str.h"

/* A zeroed one with a key is empty. Names are sets of 64 bits: the keyed hash of document and name,
 * so that a page's anchors cost 8 bytes each whatever they are called; that two of them have the
 * same hash is less likely than a fault of the memory. */
struct anchor_set {
    uint64_t key[2];   /* of the hash; as it is when the first is added */
    uint64_t *slots;   /* hashes, at most half of them; 0: free */
    size_t slot_count; /* a power of two, or none */
    size_t count;
};

void anchor_set_done(struct anchor_set *set);

void anchor_set_add(struct anchor_set *set, uint32_t id, struct str name);
/* One that is known by its hash. Returns the hash. */
uint64_t anchor_set_hash(const struct anchor_set *set, uint32_t id, struct str name);
void anchor_set_add_hash(struct anchor_set *set, uint64_t hash);
bool anchor_set_has(const struct anchor_set *set, uint32_t id, struct str name);
