#include "access/lru.h"

#include "base/mem.h"

void lru_init(struct lru *lru, size_t max)
{
    *lru = (struct lru){.max = max};
    list_init(&lru->order);
}

void lru_remove(struct lru *lru, struct lru_entry *entry)
{
    map_remove(&lru->map, &entry->entry);
    list_remove(&entry->link);
    mem_free(entry);
}

void lru_done(struct lru *lru)
{
    LIST_EACH (&lru->order, item)
        lru_remove(lru, CONTAINER_OF(item, struct lru_entry, link));
    map_done(&lru->map);
}

struct lru_entry *lru_find(struct lru *lru, struct str key)
{
    struct map_entry *found = map_find(&lru->map, key);
    if (!found)
        return NULL;
    struct lru_entry *entry = CONTAINER_OF(found, struct lru_entry, entry);
    list_remove(&entry->link);
    list_append(&lru->order, &entry->link);
    return entry;
}

void lru_add(struct lru *lru, struct lru_entry *entry, struct str key)
{
    while (lru->map.count >= lru->max) {
        struct lru_entry *oldest = CONTAINER_OF(lru->order.next, struct lru_entry, link);
        if (lru->forgetting)
            lru->forgetting(lru, oldest);
        lru_remove(lru, oldest);
    }
    map_add(&lru->map, &entry->entry, key);
    list_append(&lru->order, &entry->link);
}
