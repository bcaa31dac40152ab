/* store/memory/memory_priv.h: shared by the files of the memory backend. */
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
};

static inline struct memory_store *memory_of(struct store *store)
{
    return CONTAINER_OF(store, struct memory_store, base);
}

/* The attributes of something that is made now. */
struct store_stat memory_new_stat(struct memory_store *memory, bool is_collection);

/* The collection that `path` is, or would be, a member of; NULL when there is none. */
struct node *memory_parent(struct memory_store *memory, struct res_path path);

/* --- tree.c --- */

NODISCARD enum store_rc memory_remove(struct store *store, struct res_path path,
                                      struct store_visitor *visitor);
NODISCARD enum store_rc memory_copy(struct store *store, const struct store_transfer *transfer,
                                    struct store_visitor *visitor);
NODISCARD enum store_rc memory_move(struct store *store, const struct store_transfer *transfer,
                                    struct store_visitor *visitor);
