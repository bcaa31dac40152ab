/* The members of collections, kept as listings: a second PROPFIND of a collection of ten thousand
 * members makes no system call for any that has not changed.
 *
 * A listing hangs on the node of its collection (cache.c), whose watch tells of each name that
 * comes or goes: the names are complete as long as the listing is there. What is known of a member
 * holds as long as its own inode's watch has told nothing: the directory's would not tell of a
 * change under another name, of a member that was open or mapped elsewhere, or of what happens
 * within a collection. A member that has changed loses its watch and is looked at anew by whoever
 * lists it, until learn.c has learned it again.
 *
 * Where nobody but davit writes, the collection's own watch is enough for most members (watch.c):
 * then a member is known without a watch, and costs a hundred bytes instead of eleven hundred.
 *
 * A reader holds a reference and takes members in batches, so that the mutex is never held for
 * long. When the cache drops a listing meanwhile, the reader goes on with what was known: each
 * request sees the members as they were at some moment after it began, as it would by reading the
 * directory. */
#include "base/mem.h"
#include "store/directory/cache/cache_priv.h"
#include "store/directory/entry.h"

struct cache_list {
    struct dir_cache *cache;
    struct listing *listing;
    uint32_t at;
    bool found_due;
};

/* --- what the cache does with listings; with the mutex held --- */

void members_account(struct dir_cache *cache, struct listing *listing)
{
    size_t bytes =
        listing_bytes(listing) + listing->watch_count * (WATCH_BYTES + sizeof(struct watch_number));
    cache->bytes = cache->bytes - listing->counted + bytes;
    listing->counted = bytes;
}

/* The member's watch is not the listing's any more. NULL: it had none. */
static struct watch_number *detach(struct dir_cache *cache, struct listing *listing, uint32_t index)
{
    struct listed *item = &listing->items[index];
    item->is_sure = false;
    if (item->watch < 0)
        return NULL;
    struct watch_number *watch = cache_find_number(cache, item->watch);
    assert(watch && watch->listing == listing && watch->member == index);
    watch->listing = NULL;
    item->watch = -1;
    listing->watch_count--;
    return watch;
}

void members_forget(struct dir_cache *cache, struct listing *listing, uint32_t index)
{
    struct watch_number *watch = detach(cache, listing, index);
    if (watch)
        cache_put_number(cache, watch);
    members_account(cache, listing);
}

void members_unref(struct dir_cache *cache, struct listing *listing)
{
    if (--listing->refs)
        return;
    cache->bytes -= listing->counted;
    listing_free(listing);
}

/* To end ten thousand watches takes the kernel longer than a loop may be held up: the learner does
 * it. Until then a number is as good as one that nobody knows. */
void members_drop(struct dir_cache *cache, struct cache_node *node)
{
    struct listing *listing = node->listing;
    if (!listing)
        return;
    node->listing = NULL;
    listing->node = NULL;
    for (uint32_t i = 0; i < listing->count; i++) {
        struct watch_number *watch = detach(cache, listing, i);
        if (!watch || !list_is_empty(&watch->nodes))
            continue;
        buf_add(&cache->useless, str_of((const char *)&watch->number, sizeof(watch->number)));
        map_remove(&cache->by_number, &watch->entry);
        mem_free(watch);
    }
    cache->generation++;
    members_account(cache, listing);
    members_unref(cache, listing);
    learner_wake(cache);
}

void members_take_event(struct dir_cache *cache, struct cache_node *node,
                        const struct inotify_event *event)
{
    struct listing *listing = node->listing;
    struct str name = str_of_c(event->name);
    bool is_there = event->mask & (IN_CREATE | IN_MOVED_TO);
    if (!listing || dir_is_reserved_name(name))
        return;
    listing->changes++;
    uint32_t index = listing_find(listing, name);
    if (index != LISTED_NONE)
        members_forget(cache, listing, index);
    if (is_there && !listing_is_worn(listing))
        (void)listing_add(listing, name); /* its index does not matter */
    else if (!is_there && index != LISTED_NONE)
        listing_remove(listing, index);
    members_account(cache, listing);
    if (listing_is_worn(listing))
        members_drop(cache, node);
}

void members_take_change(const struct cache_node *node, struct str name)
{
    struct listing *listing = node->listing;
    uint32_t index = listing ? listing_find(listing, name) : LISTED_NONE;
    if (index == LISTED_NONE || listing->items[index].watch >= 0) /* that one tells as well */
        return;
    listing->changes++; /* who is just looking at it must not believe what he saw */
    listing->items[index].is_sure = false;
}

/* --- reading --- */

struct cache_list *cache_list_open(struct dir_cache *cache, struct res_path path)
{
    struct cache_list *list = NULL;
    if (!cache)
        return NULL;
    pthread_mutex_lock(&cache->mutex);
    struct cache_node *node = cache_find_now(cache, path);
    if (node && node->listing && node->listing->is_complete) {
        cache_touch(cache, node);
        list = MEM_NEW(struct cache_list);
        list->cache = cache;
        list->listing = node->listing;
        list->listing->refs++;
    }
    pthread_mutex_unlock(&cache->mutex);
    return list;
}

/* Whether a member that is not known is worth being learned: at the first, second, fourth... time
 * that it is asked for, and then each 64th. */
static bool note_try(struct listed *item)
{
    item->tries = item->tries == 128 ? 65 : (uint8_t)(item->tries + 1);
    return (item->tries & (item->tries - 1)) == 0;
}

static void give(struct cache_list *list, struct cache_batch *batch, size_t *names_len)
{
    struct listing *listing = list->listing;
    struct listed *item = &listing->items[list->at];
    char *name = batch->names + *names_len;
    if (!item->is_sure && note_try(item))
        list->found_due = item->is_due = true;
    memcpy(name, listing_name(listing, list->at).at, item->name_len + 1U);
    *names_len += item->name_len + 1U;
    batch->members[batch->count++] = (struct cache_batch_member){
        .name = str_of(name, item->name_len), .is_sure = item->is_sure, .stat = item->stat};
}

void cache_list_read(struct cache_list *list, struct cache_batch *batch_out)
{
    size_t names_len = 0;
    batch_out->count = 0;
    pthread_mutex_lock(&list->cache->mutex);
    for (; list->at < list->listing->count && batch_out->count < CACHE_BATCH_MEMBERS; list->at++) {
        const struct listed *item = &list->listing->items[list->at];
        if (names_len + item->name_len + 1U > sizeof(batch_out->names))
            break;
        if (item->is_there)
            give(list, batch_out, &names_len);
    }
    pthread_mutex_unlock(&list->cache->mutex);
}

void cache_list_close(struct cache_list *list)
{
    if (!list)
        return;
    struct dir_cache *cache = list->cache;
    pthread_mutex_lock(&cache->mutex);
    const struct cache_node *node = list->listing->node;
    if (list->found_due && node)
        learner_wish(cache, (struct res_path){node->path, node->path_len}, node->used);
    members_unref(cache, list->listing);
    pthread_mutex_unlock(&cache->mutex);
    mem_free(list);
}

/* --- being offered --- */

void cache_offer_list(struct dir_cache *cache, struct res_path path, size_t count,
                      bool is_by_itself)
{
    uint64_t before;
    if (!cache || dir_is_reserved(path))
        return;
    size_t watch_bytes = cache->watcher.is_alone ? 0 : WATCH_BYTES + sizeof(struct watch_number);
    size_t bytes = count * (watch_bytes + sizeof(struct listed));
    pthread_mutex_lock(&cache->mutex);
    bool is_often = cache_is_asked_often(cache, ~hash_bytes(path_str(path)), &before);
    size_t bytes_max = cache->bytes_max / 4 * 3; /* the rest is for what else there is */
    bool has_room = is_by_itself && bytes + cache->bytes <= bytes_max;
    if ((is_often || has_room) && bytes <= bytes_max)
        learner_wish(cache, path, before);
    pthread_mutex_unlock(&cache->mutex);
}
