#include "multistatus/lint/state.h"

#include "base/map.h"
#include "base/mem.h"

void lint_found(struct lint *lint, enum lint_rule rule, struct davit_ms_place place,
                struct str detail)
{
    const struct lint_finding finding = {rule, place, detail};
    lint->counts[lint_rules[rule].severity]++;
    lint->sink->found(lint->sink, &finding);
}

static void set_put(struct hash_set *set, uint64_t hash)
{
    size_t at = hash & (set->slot_count - 1);
    while (set->slots[at])
        at = (at + 1) & (set->slot_count - 1);
    set->slots[at] = hash;
}

static void set_grow(struct hash_set *set)
{
    struct hash_set old = *set;
    set->slot_count = size_max(64, old.slot_count * 2);
    set->slots = mem_new(set->slot_count, sizeof(*set->slots));
    for (size_t i = 0; i < old.slot_count; i++) {
        if (old.slots[i])
            set_put(set, old.slots[i]);
    }
    mem_free(old.slots);
}

bool hash_set_add(struct hash_set *set, struct str text)
{
    uint64_t hash = hash_bytes(text) | 1; /* never 0 */
    if (set->count * 2 >= set->slot_count)
        set_grow(set);
    for (size_t at = hash & (set->slot_count - 1); set->slots[at];
         at = (at + 1) & (set->slot_count - 1)) {
        if (set->slots[at] == hash)
            return true;
    }
    set_put(set, hash);
    set->count++;
    return false;
}

void hash_set_done(struct hash_set *set)
{
    mem_free(set->slots);
    *set = (struct hash_set){0};
}
