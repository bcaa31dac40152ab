/* store/memory/state.h: what a store in memory is, and how much is in it. */
#pragma once

#include <pthread.h>

#include "store/backend.h"
#include "store/lock_table.h"
#include "store/memory/node.h"

struct memory_store {
    struct store base;
    pthread_mutex_t mutex; /* guards the tree and what it refers to; a visitor takes it again */
    struct node *root;
    uint64_t version; /* the last one given */
    struct lock_table *locks;
    struct claims *claims;
    const struct limits *limits;
    bool is_read_only;
    struct resumables *resumables; /* NULL: none has been asked for */
    char *uploads;                 /* their directory */
};

static inline struct memory_store *memory_of(struct store *store)
{
    return CONTAINER_OF(store, struct memory_store, base);
}

/* The attributes of something that is made now. */
struct store_stat memory_new_stat(struct memory_store *memory, bool is_collection);

/* The collection that `path` is, or would be, a member of; NULL when there is none. */
struct node *memory_parent(struct memory_store *memory, struct res_path path);

/* The bytes of properties; of contents and properties, of what is there and below, and of itself
 * alone. */
uint64_t memory_props_bytes(const struct store_props *list);
uint64_t memory_bytes(const struct node *node);
uint64_t memory_bytes_alone(const struct node *node);

/* Whether `more` bytes may come where `fewer` go, for the one who is making the change. */
bool memory_has_room(const struct memory_store *memory, const struct store_change *change,
                     uint64_t fewer, uint64_t more);
