/* extension/search/best.h: the first of many matches, in the order of a query. */
#pragma once

#include "dav/walk.h"
#include "extension/search/evaluate.h"

struct best_match;

struct best {
    const struct search_query *query;
    size_t max;
    struct best_match **items; /* a heap, the last in order at its top; sorted by best_sort() */
    size_t count;
    uint64_t seen; /* matches, kept or not */
};

void best_init(struct best *best, const struct search_query *query, size_t max);
void best_done(struct best *best);

/* One more match; keeps it where it is among the first `max` so far. Copies. */
void best_add(struct best *best, const struct walk_item *item,
              const struct search_subject *subject);

/* No more are added: puts them in order. */
void best_sort(struct best *best);

/* After that: the item at that place. */
const struct walk_item *best_item(const struct best *best, size_t at);
