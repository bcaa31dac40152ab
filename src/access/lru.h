/* access/lru.h: a table of bounded size that forgets what was used longest ago. Not for several
 * threads at once; who owns one has the mutex. */
#pragma once

#include "base/list.h"
#include "base/map.h"

/* First member of what the table holds; made with mem_new(). */
struct lru_entry {
    struct map_entry entry;
    struct list link;
};

struct lru {
    struct map map;
    struct list order; /* longest ago first */
    size_t max;
    void (*forgetting)(struct lru *lru, struct lru_entry *entry); /* before it is freed; or NULL */
};

void lru_init(struct lru *lru, size_t max);
void lru_done(struct lru *lru);

/* NULL when absent; makes it the newest. */
struct lru_entry *lru_find(struct lru *lru, struct str key);

/* Takes `entry`; `key` must lie in it. Absent before. */
void lru_add(struct lru *lru, struct lru_entry *entry, struct str key);

/* Frees it, without a word to `forgetting`. */
void lru_remove(struct lru *lru, struct lru_entry *entry);
