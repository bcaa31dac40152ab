/* Who asks for the first fifty of a million in some order must not make anybody hold the million: a
 * heap holds the best so far, with the worst of them at its top, and each match that is better
 * takes its place. Of two that are equal the one that was found first comes first, so that an
 * answer does not depend on what else was found.
 *
 * What is kept of a match is its paths, what is known of it, and the values that it is sorted by,
 * cut where they are long. */
#include "extension/search/best.h"

#include <stdlib.h>

#include "base/mem.h"

enum { KEY_BYTES_MAX = 256 };

struct best_match {
    struct arena arena;
    struct walk_item item;
    const struct search_query *query;
    struct search_value values[SEARCH_ORDERS_MAX]; /* that it is sorted by */
    uint64_t number;
};

void best_init(struct best *best, const struct search_query *query, size_t max)
{
    *best = (struct best){.query = query, .max = max};
    best->items = mem_new(max + 1, sizeof(*best->items));
}

static void free_match(struct best_match *match)
{
    arena_done(&match->arena);
    mem_free(match);
}

void best_done(struct best *best)
{
    for (size_t i = 0; i < best->count; i++)
        free_match(best->items[i]);
    best->count = 0;
    mem_free(best->items);
    best->items = NULL;
}

static int compare(const struct best_match *a, const struct best_match *b)
{
    struct arena arena = {0};
    int order = search_compare(a->query, &arena, a->values, b->values);
    arena_done(&arena);
    return order ? order : (a->number > b->number) - (a->number < b->number);
}

/* --- the heap --- */

static void swap(struct best *best, size_t a, size_t b)
{
    struct best_match *match = best->items[a];
    best->items[a] = best->items[b];
    best->items[b] = match;
}

static void rise(struct best *best, size_t at)
{
    for (; at && compare(best->items[at], best->items[(at - 1) / 2]) > 0; at = (at - 1) / 2)
        swap(best, at, (at - 1) / 2);
}

static void sink(struct best *best, size_t at)
{
    for (;;) {
        size_t worst = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < best->count; child++) {
            if (compare(best->items[child], best->items[worst]) > 0)
                worst = child;
        }
        if (worst == at)
            return;
        swap(best, at, worst);
        at = worst;
    }
}

/* --- matches --- */

static struct res_path copy_path(struct arena *arena, struct res_path path)
{
    struct str copy = arena_str(arena, path_str(path));
    return (struct res_path){copy.at, copy.len};
}

static struct best_match *copy_match(const struct best *best, const struct walk_item *item,
                                     const struct search_subject *subject)
{
    struct best_match *match = MEM_NEW(struct best_match);
    const struct search_query *query = best->query;
    *match = (struct best_match){.item = *item, .query = query, .number = best->seen};
    match->item.path = copy_path(&match->arena, item->path);
    match->item.real = copy_path(&match->arena, item->real);
    for (size_t i = 0; i < query->order_count; i++) {
        if (query->orders[i].prop == SIZE_MAX)
            continue;
        match->values[i] = subject->values[query->orders[i].prop];
        match->values[i].lang = STR_NONE;
        match->values[i].text =
            arena_str(&match->arena, str_first(match->values[i].text, KEY_BYTES_MAX));
    }
    return match;
}

void best_add(struct best *best, const struct walk_item *item, const struct search_subject *subject)
{
    best->seen++;
    if (best->max == 0)
        return;
    struct best_match *match = copy_match(best, item, subject);
    if (best->count < best->max) {
        best->items[best->count++] = match;
        rise(best, best->count - 1);
    } else if (compare(match, best->items[0]) < 0) {
        free_match(best->items[0]);
        best->items[0] = match;
        sink(best, 0);
    } else {
        free_match(match);
    }
}

static int compare_items(const void *a, const void *b)
{
    struct best_match *const *left = a;
    struct best_match *const *right = b;
    return compare(*left, *right);
}

void best_sort(struct best *best)
{
    if (best->count)
        qsort(best->items, best->count, sizeof(struct best_match *), compare_items);
}

const struct walk_item *best_item(const struct best *best, size_t at)
{
    return &best->items[at]->item;
}
