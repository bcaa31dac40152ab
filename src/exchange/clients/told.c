/* A table of a fixed size, of which nothing is ever freed: a key may stand in one of a few places
 * next to each other, and where all of them are taken the one that was told longest ago makes room.
 * Whoever was forgotten so is told once more, which harms nobody. All loops share it without a
 * lock: where two tell the same client at once he hears it twice. */
#include "exchange/clients/told.h"

#include <stdatomic.h>

enum { WAYS = 8 };

struct told {
    struct told_slot {
        _Atomic uint64_t key; /* 0: nobody */
        _Atomic int64_t at_ms;
    } * slots;
    size_t row_count; /* of WAYS slots each */
};

struct told *told_new(struct arena *arena, size_t count_max)
{
    struct told *told = ARENA_NEW(arena, struct told);
    told->row_count = (count_max + WAYS - 1) / WAYS;
    told->slots = arena_alloc(arena, told->row_count * WAYS * sizeof(*told->slots));
    return told;
}

bool told_claim(struct told *told, uint64_t key, int64_t now_ms, int64_t period_ms)
{
    struct told_slot *row = &told->slots[key % told->row_count * WAYS];
    struct told_slot *mine = row;
    key |= 1;
    for (size_t i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&row[i].key, memory_order_relaxed) == key) {
            int64_t at_ms = atomic_load_explicit(&row[i].at_ms, memory_order_relaxed);
            if (now_ms - at_ms < period_ms)
                return false;
            mine = &row[i];
            break;
        }
        if (row[i].at_ms < mine->at_ms)
            mine = &row[i];
    }
    atomic_store_explicit(&mine->at_ms, now_ms, memory_order_relaxed);
    atomic_store_explicit(&mine->key, key, memory_order_relaxed);
    return true;
}
