/* A quota needs to know how many bytes there are in a part of a store. Counting them takes a walk,
 * so it is done once, and what davit changes is added and taken off. Other programs change files,
 * too: what was counted is believed for FRESH_MS, or for as long as keeps the counting itself to a
 * hundredth of the time, whichever is longer.
 *
 * Bytes are those of the files' contents, as clients see them, and of dead properties, not the
 * blocks of a disk; collections are free. What a link leads to is not counted: it is elsewhere.
 *
 * All is counted that a path leads to, or quotas could be got around by depth: beyond CURSORS_MAX
 * collections within each other the outer ones are closed, and listed again from where they were
 * on the way back. Who changes them meanwhile may have a member counted twice or not at all.
 *
 * usage_take() is check and change in one step, so that two uploads at once cannot both have the
 * last of the room. While somebody counts, others go on with the old number, or wait for the first
 * one. What is taken meanwhile may be counted twice or not at all, until it is counted again.
 *
 * Rejected: quotas of the file system. They need root, are for the owner of files (which is davit),
 * and few file systems have them for directories. */
#include "store/view/usage.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/map.h"
#include "base/mem.h"
#include "store/gather.h"

enum { FRESH_MS = 60000, SHARE = 100, CURSORS_MAX = 400 };

struct usage {
    struct map_entry entry;
    struct str key;
    const struct store *store;
    uint64_t bytes;
    int64_t fresh_until_ms; /* 0: in doubt */
    bool is_known;
    bool is_counting; /* somebody is */
};

struct usages {
    pthread_mutex_t mutex;
    pthread_cond_t counted;
    struct map map;
};

struct usages *usages_new(void)
{
    struct usages *usages = MEM_NEW(struct usages);
    pthread_mutex_init(&usages->mutex, NULL);
    pthread_cond_init(&usages->counted, NULL);
    return usages;
}

static void free_usage(struct usages *usages, struct usage *usage)
{
    map_remove(&usages->map, &usage->entry);
    mem_free((void *)(uintptr_t)usage->key.at);
    mem_free(usage);
}

void usages_forget(struct usages *usages, const struct store *store)
{
    pthread_mutex_lock(&usages->mutex);
    struct map_entry *entry = map_next(&usages->map, NULL);
    while (entry) {
        struct usage *usage = CONTAINER_OF(entry, struct usage, entry);
        entry = map_next(&usages->map, entry);
        if (!store || usage->store == store)
            free_usage(usages, usage);
    }
    pthread_mutex_unlock(&usages->mutex);
}

void usages_free(struct usages *usages)
{
    if (!usages)
        return;
    usages_forget(usages, NULL);
    map_done(&usages->map);
    pthread_cond_destroy(&usages->counted);
    pthread_mutex_destroy(&usages->mutex);
    mem_free(usages);
}

/* --- counting --- */

/* A collection that the counting is within. */
struct level {
    struct store_cursor *cursor; /* NULL: closed, until the counting comes back to it */
    size_t path_len;
    size_t counted; /* of its members */
};

struct counting {
    struct store *store;
    struct buf path;
    struct level *levels; /* the outermost first */
    size_t count, room;
    size_t closed; /* so many of the outer levels are */
    uint64_t bytes;
};

static struct res_path counting_path(const struct counting *counting)
{
    return (struct res_path){counting->path.at, counting->path.len};
}

/* Enters the collection that the path is at. What cannot be looked at is not counted: it cannot be
 * removed by who is over his quota either. */
static void enter(struct counting *counting)
{
    struct level level = {.path_len = counting->path.len};
    if (store_list(counting->store, counting_path(counting), WANTS_PROPS | WANTS_ASIDE,
                   &level.cursor) != STORE_OK)
        return;
    if (counting->count == counting->room) {
        counting->room = counting->room ? 2 * counting->room : 16;
        counting->levels = mem_resize(counting->levels, counting->room * sizeof(*counting->levels));
    }
    if (counting->count - counting->closed == CURSORS_MAX)
        store_cursor_close(&counting->levels[counting->closed++].cursor);
    counting->levels[counting->count++] = level;
}

/* Goes on where the innermost collection was left when it was closed. False: it cannot be. */
static bool come_back(struct counting *counting)
{
    struct level *level = &counting->levels[counting->count - 1];
    struct store_member member;
    counting->path.len = level->path_len;
    if (store_list(counting->store, counting_path(counting), WANTS_PROPS | WANTS_ASIDE,
                   &level->cursor) != STORE_OK)
        return false;
    for (size_t i = 0; i < level->counted; i++) {
        if (store_cursor_next(level->cursor, &member) != STORE_OK)
            return false;
    }
    return true;
}

static void leave(struct counting *counting)
{
    bool is_back = false;
    while (counting->count && !is_back) {
        store_cursor_close(&counting->levels[--counting->count].cursor);
        bool is_closed = counting->count && counting->closed == counting->count;
        counting->closed -= is_closed;
        is_back = !is_closed || come_back(counting);
    }
}

/* Counts the next member of the innermost collection. */
static void count_member(struct counting *counting)
{
    struct level *level = &counting->levels[counting->count - 1];
    struct store_member member;
    if (store_cursor_next(level->cursor, &member) != STORE_OK) {
        leave(counting);
        return;
    }
    level->counted++;
    path_step(&counting->path, level->path_len, member.name);
    if (member.rc != STORE_OK || member.is_link)
        return;
    counting->bytes +=
        member.stat.size_bytes + store_prop_bytes(counting->store, counting_path(counting), NULL);
    if (member.stat.is_collection)
        enter(counting);
}

static uint64_t count_members(struct store *store, struct res_path path)
{
    struct counting counting = {.store = store};
    buf_add(&counting.path, path_str(path));
    enter(&counting);
    while (counting.count)
        count_member(&counting);
    mem_free(counting.levels);
    buf_done(&counting.path);
    return counting.bytes;
}

enum store_rc tree_bytes(struct store *store, struct res_path path, uint64_t *bytes_out)
{
    struct store_stat stat;
    enum store_rc rc = store_stat(store, path, 0, &stat);
    if (rc == STORE_OK)
        *bytes_out = stat.size_bytes + store_prop_bytes(store, path, NULL);
    if (rc == STORE_OK && stat.is_collection)
        *bytes_out += count_members(store, path);
    return rc;
}

/* --- the table; all with the mutex held --- */

static struct usage *find_or_add(const struct usage_place *place)
{
    struct buf key = {0};
    buf_add(&key, str_of((const char *)&place->store, sizeof(place->store)));
    buf_add(&key, path_str(place->base));
    struct map_entry *entry = map_find(&place->usages->map, buf_str(&key));
    struct usage *usage = entry ? CONTAINER_OF(entry, struct usage, entry) : NULL;
    if (!usage) {
        usage = MEM_NEW(struct usage);
        usage->key = str_of(mem_copy_text(key.at, key.len), key.len);
        usage->store = place->store;
        map_add(&place->usages->map, &usage->entry, usage->key);
    }
    buf_done(&key);
    return usage;
}

/* Lets go of the mutex while it counts. A store is not forgotten while requests use it, so the
 * usage stays. */
static enum store_rc count(const struct usage_place *place, struct usage *usage)
{
    struct usages *usages = place->usages;
    uint64_t bytes = 0;
    usage->is_counting = true;
    pthread_mutex_unlock(&usages->mutex);
    int64_t begin_ms = clock_mono_ms();
    enum store_rc rc = tree_bytes(place->store, place->base, &bytes);
    int64_t end_ms = clock_mono_ms();
    pthread_mutex_lock(&usages->mutex);
    int64_t fresh_ms = (end_ms - begin_ms) * SHARE;
    usage->is_counting = false;
    usage->is_known |= rc == STORE_OK;
    if (rc == STORE_OK) {
        usage->bytes = bytes;
        usage->fresh_until_ms = end_ms + (fresh_ms > FRESH_MS ? fresh_ms : FRESH_MS);
    }
    pthread_cond_broadcast(&usages->counted);
    return rc;
}

static enum store_rc bring_up_to_date(const struct usage_place *place, struct usage *usage)
{
    while (usage->is_counting && !usage->is_known)
        pthread_cond_wait(&place->usages->counted, &place->usages->mutex);
    if (usage->is_counting || (usage->is_known && clock_mono_ms() < usage->fresh_until_ms))
        return STORE_OK;
    return count(place, usage);
}

/* --- questions --- */

enum store_rc usage_get(const struct usage_place *place, uint64_t *bytes_out)
{
    pthread_mutex_lock(&place->usages->mutex);
    struct usage *usage = find_or_add(place);
    enum store_rc rc = bring_up_to_date(place, usage);
    if (rc == STORE_OK)
        *bytes_out = usage->bytes;
    pthread_mutex_unlock(&place->usages->mutex);
    return rc;
}

static enum store_rc take(struct usage *usage, uint64_t more, uint64_t quota)
{
    bool has_room = usage->bytes <= quota && more <= quota - usage->bytes;
    if (more && !has_room)
        return STORE_OVER_QUOTA;
    usage->bytes += more;
    return STORE_OK;
}

enum store_rc usage_take(const struct usage_place *place, uint64_t more, uint64_t quota)
{
    pthread_mutex_lock(&place->usages->mutex);
    struct usage *usage = find_or_add(place);
    enum store_rc rc = bring_up_to_date(place, usage);
    if (rc == STORE_OK)
        rc = take(usage, more, quota);
    pthread_mutex_unlock(&place->usages->mutex);
    return rc;
}

enum store_rc usage_take_known(const struct usage_place *place, uint64_t more, uint64_t quota)
{
    pthread_mutex_lock(&place->usages->mutex);
    enum store_rc rc = take(find_or_add(place), more, quota);
    pthread_mutex_unlock(&place->usages->mutex);
    return rc;
}

void usage_give(const struct usage_place *place, uint64_t fewer)
{
    pthread_mutex_lock(&place->usages->mutex);
    struct usage *usage = find_or_add(place);
    usage->bytes -= fewer < usage->bytes ? fewer : usage->bytes;
    pthread_mutex_unlock(&place->usages->mutex);
}

void usage_doubt(const struct usage_place *place)
{
    pthread_mutex_lock(&place->usages->mutex);
    find_or_add(place)->fresh_until_ms = 0;
    pthread_mutex_unlock(&place->usages->mutex);
}
