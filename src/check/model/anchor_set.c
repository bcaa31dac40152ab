#include "check/model/anchor_set.h"

#include "base/map.h"
#include "base/mem.h"

enum { SLOTS_MIN = 1024 };

void anchor_set_done(struct anchor_set *set)
{
    mem_free(set->slots);
    *set = (struct anchor_set){0};
}

uint64_t anchor_set_hash(const struct anchor_set *set, uint32_t id, struct str name)
{
    uint64_t hash = hash_bytes_with(set->key, name) ^
                    hash_bytes_with(set->key, str_of((const char *)&id, sizeof(id)));
    return hash ? hash : 1;
}

static uint64_t *slot_of(const struct anchor_set *set, uint64_t hash)
{
    size_t at = (size_t)hash & (set->slot_count - 1);
    while (set->slots[at] && set->slots[at] != hash)
        at = (at + 1) & (set->slot_count - 1);
    return &set->slots[at];
}

/* What is free between the old ones is given back first: at a hundred thousand pages the two tables
 * are what a run's memory is at its most. */
static void grow(struct anchor_set *set)
{
    uint64_t *old = set->slots;
    size_t count = 0;
    for (size_t i = 0; i < set->slot_count; i++) {
        if (old[i])
            old[count++] = old[i];
    }
    if (count)
        old = mem_resize(old, count * sizeof(*old));
    set->slot_count = size_max(SLOTS_MIN, set->slot_count * 2);
    set->slots = mem_new(set->slot_count, sizeof(*set->slots));
    for (size_t i = 0; i < count; i++)
        *slot_of(set, old[i]) = old[i];
    mem_free(old);
}

void anchor_set_add_hash(struct anchor_set *set, uint64_t hash)
{
    if ((set->count + 1) * 2 > set->slot_count)
        grow(set);
    uint64_t *slot = slot_of(set, hash);
    set->count += *slot == 0;
    *slot = hash;
}

void anchor_set_add(struct anchor_set *set, uint32_t id, struct str name)
{
    anchor_set_add_hash(set, anchor_set_hash(set, id, name));
}

bool anchor_set_has(const struct anchor_set *set, uint32_t id, struct str name)
{
    return set->count && *slot_of(set, anchor_set_hash(set, id, name)) != 0;
}
