/* Learning the members of a collection costs up to five times what it costs to list them: each
 * file is opened, watched, asked whether somebody writes to it, and looked at. So no client waits
 * for it: a thread does it, which begins with the first wish, a moment after it: whoever has just
 * listed the collection is still sending what he found, and would share the processor with it.
 *
 * An answer that is read while its collection is being learned comes from the directory, as
 * before. Between the mutex's being given back and taken again anybody may take events, and drop
 * what they are about. Therefore
 *   (1) the directory is watched, and the listing hangs on its node, before the first name is read:
 *       a name that comes or goes meanwhile is in an event, which finds the listing;
 *   (2) a name is in the listing before its inode is opened, and `changes` has not moved when the
 *       inode's watch is noted: so this inode had this name, and another one would be an event;
 *   (3) the watch is noted in the same step in which it is made, before the inode is looked at: an
 *       event about it finds the member and takes the watch away. What was seen counts only if the
 *       watch is still there afterwards.
 *
 * Of the names that one inode has, one is known: an event is told of the inode.
 *
 * The thread also closes files that nobody has read of late (content.h). */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "store/directory/beside/created.h"
#include "store/directory/cache/cache_priv.h"
#include "store/directory/entry.h"

enum { WISHES_MAX = 16, STACK_BYTES = 256 * 1024, MOMENT_MS = 20 };

struct wish {
    struct list link;
    uint64_t since;
    int64_t due_ms;
    size_t path_len;
    char path[];
};

struct learner {
    pthread_t thread;
    pthread_cond_t has_work;
    struct list wishes;
    unsigned wish_count;
    bool is_stopping;
};

/* A listing that is being made or completed. */
struct learning {
    struct dir_cache *cache;
    struct listing *listing;
    struct dir_entries entries; /* of the directory; `fd` alone where they are not read */
    uint64_t since;
};

/* --- a member --- */

struct candidate {
    uint32_t index;
    int fd;
    int number;
    unsigned char type; /* DT_… */
    uint64_t changes;
    char name[256];
};

static void attach(struct listing *listing, uint32_t index, struct watch_number *watch)
{
    watch->listing = listing;
    watch->member = index;
    listing->items[index].watch = watch->number;
    listing->watch_count++;
}

/* What a node knows is as good. To open its file once more would be an event, and end both. */
static bool adopt(const struct dir_cache *cache, struct listing *listing, uint32_t index)
{
    struct arena arena = {0};
    struct res_path path = {listing->node->path, listing->node->path_len};
    const struct cache_node *node =
        cache_find_node(cache, path_join(&arena, path, listing_name(listing, index)));
    arena_done(&arena);
    if (!node || !node->has_stat || node->watch->listing)
        return false;
    attach(listing, index, node->watch);
    listing->items[index].stat = node->stat;
    listing->items[index].is_sure = true;
    return true;
}

/* Notes its name; false: there is nothing to learn. */
static bool choose(struct learning *learning, struct candidate *candidate)
{
    struct listing *listing = learning->listing;
    pthread_mutex_lock(&learning->cache->mutex);
    const struct listed *item = &listing->items[candidate->index];
    bool is_wanted = listing->node && item->is_there && item->watch < 0 && !item->is_sure &&
                     item->name_len < sizeof(candidate->name) &&
                     !adopt(learning->cache, listing, candidate->index);
    if (is_wanted)
        memcpy(candidate->name, listing_name(listing, candidate->index).at, item->name_len + 1U);
    candidate->changes = listing->changes;
    pthread_mutex_unlock(&learning->cache->mutex);
    return is_wanted;
}

/* What the member is, where the directory's entry did not say. */
static unsigned char type_of(const struct learning *learning, const struct candidate *candidate)
{
    struct statx stx;
    if (!dir_statx(learning->entries.fd, candidate->name, AT_SYMLINK_NOFOLLOW, &stx))
        return DT_UNKNOWN;
    return (unsigned char)IFTODT(stx.stx_mode);
}

/* Only what is a file or a directory: opening others may have effects. */
static bool open_member(const struct learning *learning, struct candidate *candidate)
{
    int flags = O_NOFOLLOW | O_CLOEXEC;
    if (candidate->type == DT_UNKNOWN)
        candidate->type = type_of(learning, candidate);
    if (candidate->type == DT_DIR)
        flags |= O_PATH; /* with O_DIRECTORY an automounter would be asked for it */
    else if (candidate->type == DT_REG)
        flags |= O_RDONLY | O_NONBLOCK | O_NOCTTY;
    else
        return false;
    candidate->fd = openat(learning->entries.fd, candidate->name, flags);
    return candidate->fd >= 0;
}

static bool watch_member(struct learning *learning, struct candidate *candidate)
{
    struct dir_cache *cache = learning->cache;
    struct listing *listing = learning->listing;
    if (!listing->node || listing->changes != candidate->changes ||
        listing->items[candidate->index].watch >= 0)
        return false;
    candidate->number = watcher_add(&cache->watcher, candidate->fd, candidate->type == DT_DIR);
    if (candidate->number < 0)
        return false;
    struct watch_number *watch = cache_take_number(cache, candidate->number);
    if (watch->listing) /* it has another name after all */
        return false;
    attach(listing, candidate->index, watch);
    return true;
}

static bool look_at(const struct learning *learning, const struct candidate *candidate,
                    struct store_stat *stat_out)
{
    struct statx stx;
    bool is_directory = candidate->type == DT_DIR;
    if (!is_directory && watcher_has_writers(candidate->fd))
        return false;
    return dir_statx(candidate->fd, "", AT_EMPTY_PATH, &stx) &&
           makedev(stx.stx_dev_major, stx.stx_dev_minor) == learning->cache->watcher.dev &&
           created_stat(candidate->fd, "", &stx, stat_out) &&
           stat_out->is_collection == is_directory;
}

static void learn_open_member(struct learning *learning, struct candidate *candidate)
{
    struct dir_cache *cache = learning->cache;
    struct listing *listing = learning->listing;
    struct store_stat stat = {0};
    pthread_mutex_lock(&cache->mutex);
    bool is_watched = watch_member(learning, candidate);
    pthread_mutex_unlock(&cache->mutex);
    if (!is_watched)
        return;
    bool is_fine = look_at(learning, candidate, &stat);
    pthread_mutex_lock(&cache->mutex);
    struct listed *item = &listing->items[candidate->index];
    if (item->watch == candidate->number && is_fine) {
        item->stat = stat;
        item->is_sure = true;
    } else if (item->watch == candidate->number) {
        members_forget(cache, listing, candidate->index);
    }
    pthread_mutex_unlock(&cache->mutex);
}

/* Where the collection's watch tells of it, by the names of (1) and the count of (2): nothing needs
 * to be opened. False: it needs a watch. */
static bool learn_by_name(struct learning *learning, const struct candidate *candidate)
{
    struct dir_cache *cache = learning->cache;
    struct listing *listing = learning->listing;
    struct store_stat stat;
    struct statx stx;
    if (!cache->watcher.is_alone || candidate->type == DT_DIR ||
        !dir_statx(learning->entries.fd, candidate->name, AT_SYMLINK_NOFOLLOW, &stx) ||
        !watcher_tells_by_name(&cache->watcher, &stx) ||
        !created_stat(learning->entries.fd, candidate->name, &stx, &stat))
        return false;
    pthread_mutex_lock(&cache->mutex);
    struct listed *item = &listing->items[candidate->index];
    if (listing->node && listing->changes == candidate->changes && item->watch < 0) {
        item->stat = stat;
        item->is_sure = true;
    }
    pthread_mutex_unlock(&cache->mutex);
    return true;
}

/* Closes the file at once: that gives the lease back. */
static void learn_member(struct learning *learning, uint32_t index, unsigned char type)
{
    struct candidate candidate;
    candidate.index = index;
    candidate.type = type;
    if (!choose(learning, &candidate) || learn_by_name(learning, &candidate) ||
        !open_member(learning, &candidate))
        return;
    learn_open_member(learning, &candidate);
    fd_close(candidate.fd);
}

/* --- a listing --- */

/* Whether to go on; with the mutex held. */
static bool may_go_on(struct learning *learning)
{
    struct dir_cache *cache = learning->cache;
    struct listing *listing = learning->listing;
    members_account(cache, listing);
    cache_make_room(cache, learning->since);
    return !cache->learner->is_stopping && listing->node && cache->bytes <= cache->bytes_max &&
           listing->counted <= cache->bytes_max / 4 * 3;
}

/* All names, each learned at once. False: it was given up. */
static bool learn_all(struct learning *learning)
{
    struct dir_cache *cache = learning->cache;
    struct dir_entry entry;
    enum store_rc rc;
    while ((rc = dir_entries_next(&learning->entries, &entry)) == STORE_OK) {
        if (dir_is_reserved_name(entry.name))
            continue;
        uint32_t index = LISTED_NONE;
        pthread_mutex_lock(&cache->mutex);
        if (may_go_on(learning) && !listing_is_worn(learning->listing))
            index = listing_add(learning->listing, entry.name);
        pthread_mutex_unlock(&cache->mutex);
        if (index == LISTED_NONE)
            return false;
        learn_member(learning, index, entry.type);
    }
    return rc == STORE_END;
}

/* Those that were asked for again since they changed. */
static bool learn_due(struct learning *learning)
{
    struct dir_cache *cache = learning->cache;
    struct listing *listing = learning->listing;
    for (uint32_t i = 0;; i++) {
        pthread_mutex_lock(&cache->mutex);
        while (i < listing->count && !listing->items[i].is_due)
            i++;
        bool is_over = i >= listing->count;
        bool goes_on = may_go_on(learning);
        if (!is_over)
            listing->items[i].is_due = false;
        pthread_mutex_unlock(&cache->mutex);
        if (is_over || !goes_on)
            return true; /* what is known remains known */
        learn_member(learning, i, DT_UNKNOWN);
    }
}

/* The listing, hanging on its node; NULL where nothing can be kept. With the mutex held. */
static struct listing *learn_begin(struct dir_cache *cache, struct res_path path)
{
    cache_look(cache);
    if (!cache_learn_way(cache, path))
        return NULL;
    struct cache_node *node = cache_find_node(cache, path);
    if (!node->listing) {
        node->listing = listing_new();
        node->listing->node = node;
        node->listing->refs = 1;
    }
    cache_touch(cache, node);
    node->listing->refs++;
    return node->listing;
}

static void end(struct learning *learning, bool is_complete)
{
    struct listing *listing = learning->listing;
    pthread_mutex_lock(&learning->cache->mutex);
    members_account(learning->cache, listing);
    if (listing->node && is_complete)
        listing->is_complete = true;
    else if (listing->node)
        members_drop(learning->cache, listing->node);
    members_unref(learning->cache, listing);
    pthread_mutex_unlock(&learning->cache->mutex);
}

static void grant(struct dir_cache *cache, const struct wish *wish)
{
    struct res_path path = {wish->path, wish->path_len};
    struct learning learning = {.cache = cache, .since = wish->since};
    struct dir_name name;
    struct statx stx;
    if (dir_name_of(path, &name) != STORE_OK)
        return;
    pthread_mutex_lock(&cache->mutex);
    learning.listing = cache->is_over ? NULL : learn_begin(cache, path);
    bool was_complete = learning.listing && learning.listing->is_complete;
    pthread_mutex_unlock(&cache->mutex);
    if (!learning.listing)
        return;
    bool is_complete = false;
    int fd = watcher_open(&cache->watcher, name.text, O_RDONLY | O_DIRECTORY, &stx);
    if (fd >= 0) {
        dir_entries_init(&learning.entries, fd);
        is_complete = was_complete ? learn_due(&learning) : learn_all(&learning);
        dir_entries_done(&learning.entries);
    }
    end(&learning, is_complete);
}

/* --- the thread --- */

/* Ends a watch that nobody needs, unless somebody has got the same one meanwhile. */
static void clear_away(struct dir_cache *cache)
{
    int number;
    cache->useless.len -= sizeof(number);
    memcpy(&number, cache->useless.at + cache->useless.len, sizeof(number));
    if (!cache_find_number(cache, number)) {
        cache->generation++;
        watcher_remove(&cache->watcher, number);
    }
    if (cache->useless.len == 0)
        buf_done(&cache->useless);
}

static struct wish *next_wish(struct learner *learner)
{
    if (list_is_empty(&learner->wishes))
        return NULL;
    struct wish *wish = CONTAINER_OF(learner->wishes.next, struct wish, link);
    list_remove(&wish->link);
    learner->wish_count--;
    return wish;
}

/* Waits until the first wish is due, or there is a file to close; without either, for one. */
static void await(struct dir_cache *cache, struct learner *learner)
{
    int64_t due_ms = open_files_close_unused(&cache->open_files);
    if (!list_is_empty(&learner->wishes)) {
        const struct wish *wish = CONTAINER_OF(learner->wishes.next, struct wish, link);
        due_ms = wish->due_ms < due_ms ? wish->due_ms : due_ms;
    }
    if (due_ms == INT64_MAX) {
        pthread_cond_wait(&learner->has_work, &cache->mutex);
        return;
    }
    struct timespec until = {.tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000};
    (void)pthread_cond_clockwait(&learner->has_work, &cache->mutex, CLOCK_MONOTONIC, &until);
}

static struct wish *next_due(struct learner *learner)
{
    const struct wish *wish = CONTAINER_OF(learner->wishes.next, struct wish, link);
    bool is_due = !list_is_empty(&learner->wishes) && wish->due_ms <= clock_mono_ms();
    return is_due ? next_wish(learner) : NULL;
}

static void *learn_run(void *arg)
{
    struct dir_cache *cache = arg;
    struct learner *learner = cache->learner;
    pthread_mutex_lock(&cache->mutex);
    while (!learner->is_stopping) {
        struct wish *wish = cache->useless.len ? NULL : next_due(learner);
        if (!wish && !cache->useless.len) {
            await(cache, learner);
            continue;
        }
        if (!wish)
            clear_away(cache);
        pthread_mutex_unlock(&cache->mutex);
        if (wish)
            grant(cache, wish);
        mem_free(wish);
        pthread_mutex_lock(&cache->mutex);
    }
    pthread_mutex_unlock(&cache->mutex);
    return NULL;
}

/* Without the thread nothing is learned, and nothing is wrong. */
static bool start(struct dir_cache *cache)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t before;
    struct learner *learner = MEM_NEW(struct learner);
    list_init(&learner->wishes);
    pthread_cond_init(&learner->has_work, NULL);
    cache->learner = learner;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loops' affair */
    int code = pthread_create(&learner->thread, &attributes, learn_run, cache);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (code == 0)
        return true;
    cache->learner = NULL;
    pthread_cond_destroy(&learner->has_work);
    mem_free(learner);
    return false;
}

bool learner_begin(struct dir_cache *cache)
{
    return cache->learner || start(cache);
}

void learner_wake(struct dir_cache *cache)
{
    if (cache->learner && (cache->useless.len || !list_is_empty(&cache->open_files.holders)))
        pthread_cond_signal(&cache->learner->has_work);
}

static bool is_wished(const struct learner *learner, struct res_path path)
{
    LIST_EACH (&learner->wishes, link) {
        const struct wish *wish = CONTAINER_OF(link, struct wish, link);
        if (str_eq(str_of(wish->path, wish->path_len), path_str(path)))
            return true;
    }
    return false;
}

void learner_wish(struct dir_cache *cache, struct res_path path, uint64_t since)
{
    if (!learner_begin(cache))
        return;
    struct learner *learner = cache->learner;
    if (learner->wish_count == WISHES_MAX || is_wished(learner, path))
        return;
    struct wish *wish = mem_new(1, sizeof(*wish) + path.len + 1);
    wish->since = since;
    wish->due_ms = clock_mono_ms() + MOMENT_MS;
    wish->path_len = path.len;
    if (path.len)
        memcpy(wish->path, path.at, path.len);
    list_append(&learner->wishes, &wish->link);
    learner->wish_count++;
    pthread_cond_signal(&learner->has_work);
}

void learner_stop(struct dir_cache *cache)
{
    struct learner *learner = cache->learner;
    if (!learner)
        return;
    pthread_mutex_lock(&cache->mutex);
    learner->is_stopping = true;
    pthread_cond_signal(&learner->has_work);
    pthread_mutex_unlock(&cache->mutex);
    (void)pthread_join(learner->thread, NULL); /* it runs */
    for (struct wish *wish = next_wish(learner); wish; wish = next_wish(learner))
        mem_free(wish);
    cache->learner = NULL;
    pthread_cond_destroy(&learner->has_work);
    mem_free(learner);
}
