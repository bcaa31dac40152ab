/* One process has all of it: secrets are random, the clock is its own, and records are in tables of
 * bounded size behind one mutex, which is held for a few look-ups and never while something else is
 * done.
 *
 * A secret is not derived from another one, because that would have to be kept as long as the
 * process lives: who got hold of it could make the keys of tickets again that were wiped long ago.
 *
 * Nothing is removed because it has expired: it costs no more than its place in the table, which is
 * taken by who needs it. What was forgotten early, because the table was full, must not be mistaken
 * for what never was: each table has the latest expiry that it has lost (`lost_ms`). */
#include "access/standalone.h"

#include <pthread.h>

#include "access/lru.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"

struct entry {
    struct lru_entry lru;
    char key[SHARED_KEY_BYTES];
    struct shared_record record;
};

struct table {
    struct lru lru;
    int64_t lost_ms;
};

struct standalone {
    struct shared_state state;
    pthread_mutex_t mutex; /* guards the tables */
    struct table tables[SHARED_TABLES];
};

static struct standalone *standalone_of(struct shared_state *state)
{
    return CONTAINER_OF(state, struct standalone, state);
}

static void make_secret(struct shared_state *state, const char *name, uint64_t generation,
                        unsigned char out[SHARED_SECRET_BYTES])
{
    (void)state, (void)name, (void)generation; /* nobody else need have the same */
    random_bytes(out, SHARED_SECRET_BYTES);
}

static int64_t now_ms(struct shared_state *state)
{
    (void)state;
    return clock_mono_ms();
}

static void note_lost(struct lru *lru, struct lru_entry *lost)
{
    struct table *table = CONTAINER_OF(lru, struct table, lru);
    int64_t expires_ms = CONTAINER_OF(lost, struct entry, lru)->record.expires_ms;
    if (expires_ms > table->lost_ms)
        table->lost_ms = expires_ms;
}

/* --- updates: with the mutex --- */

static struct entry *find_entry(struct table *table, const struct shared_slot *slot)
{
    struct lru_entry *found = lru_find(&table->lru, str_of(slot->key, SHARED_KEY_BYTES));
    return found ? CONTAINER_OF(found, struct entry, lru) : NULL;
}

static void load_slot(struct standalone *standalone, struct shared_slot *slot)
{
    struct table *table = &standalone->tables[slot->table];
    const struct entry *entry = find_entry(table, slot);
    slot->is_there = entry != NULL;
    slot->is_changed = false;
    slot->record = entry ? entry->record : (struct shared_record){0};
    slot->lost_ms = table->lost_ms;
}

static void keep_slot(struct standalone *standalone, const struct shared_slot *slot)
{
    struct table *table = &standalone->tables[slot->table];
    struct entry *entry = find_entry(table, slot);
    if (!entry) {
        entry = MEM_NEW(struct entry);
        memcpy(entry->key, slot->key, SHARED_KEY_BYTES);
        lru_add(&table->lru, &entry->lru, str_of(entry->key, SHARED_KEY_BYTES));
    }
    entry->record = slot->record;
}

static bool update_records(struct shared_state *state, struct shared_update *update)
{
    struct standalone *standalone = standalone_of(state);
    pthread_mutex_lock(&standalone->mutex);
    for (size_t i = 0; i < update->count; i++)
        load_slot(standalone, &update->slots[i]);
    update->decide(update);
    for (size_t i = 0; i < update->count; i++) {
        if (update->slots[i].is_changed)
            keep_slot(standalone, &update->slots[i]);
    }
    pthread_mutex_unlock(&standalone->mutex);
    return true;
}

/* --- its life --- */

struct shared_state *standalone_new(const size_t max[SHARED_TABLES])
{
    static const struct shared_state_ops ops = {make_secret, now_ms, update_records};
    struct standalone *standalone = MEM_NEW(struct standalone);
    standalone->state.ops = &ops;
    pthread_mutex_init(&standalone->mutex, NULL);
    for (size_t i = 0; i < SHARED_TABLES; i++) {
        struct table *table = &standalone->tables[i];
        lru_init(&table->lru, max[i]);
        table->lru.forgetting = note_lost;
        table->lost_ms = INT64_MIN;
    }
    return &standalone->state;
}

void standalone_free(struct shared_state *state)
{
    if (!state)
        return;
    struct standalone *standalone = standalone_of(state);
    for (size_t i = 0; i < SHARED_TABLES; i++)
        lru_done(&standalone->tables[i].lru);
    pthread_mutex_destroy(&standalone->mutex);
    mem_free(standalone);
}

size_t standalone_count(struct shared_state *state, enum shared_table table)
{
    struct standalone *standalone = standalone_of(state);
    pthread_mutex_lock(&standalone->mutex);
    size_t count = standalone->tables[table].lru.map.count;
    pthread_mutex_unlock(&standalone->mutex);
    return count;
}
