/* What reads have found: for a collection and each file what a stat says, for small files also the
 * content. A second GET of a small file makes no system call to the file system.
 *
 * Promise 1 stays as it is: a read sees every change that was complete when it began, whoever made
 * it. Before anything that is kept is used, take_news() takes the events that the kernel has
 * queued, and an event drops what it is about (watch.c says why there is an event for each change).
 * Within a turn of a loop one look is enough (base/turn.h), unless this store itself has changed
 * something since (`changes`).
 *
 * What is kept forms a tree as the directories do. A node stands for a path and the inode that was
 * found there, and is right as long as
 *   (1) its parent is: each directory on the way is watched from before its members were opened, so
 *       a rename, removal or replacement of a member is an event in its directory;
 *   (2) nothing has happened to its own inode, which was watched before it was read.
 * An event that came between the watching and the insertion might have been taken by another thread
 * for something unknown; therefore `generation` counts all that was taken or dropped, and a node is
 * inserted only if it stands still from before the open. What is still in the queue will drop the
 * node when it is taken.
 *
 * Paths with symbolic links, files that somebody may be writing to, other file systems, and what
 * has more than one name (spelling/folds.c) are not kept. A node is made when a path is asked for
 * again (`seen`), so that a crawl costs nothing, and tried less and less often where that fails.
 * Nodes without members are dropped, the longest unused first, when there are more bytes than
 * allowed; the watches that they hold, some 1,000 bytes of kernel memory each, are counted as if
 * they were ours.
 *
 * A file that is too large for that, but not by much, is kept open for a while instead: content.c.
 *
 * What is known of the members of a collection hangs on its node: members.c. */
#include "store/directory/cache/cache.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/turn.h"
#include "store/directory/beside/created.h"
#include "store/directory/cache/cache_priv.h"
#include "store/directory/entry.h"
#include "store/directory/root.h"
#include "store/directory/spelling/folds.h"

enum { TEXT_BYTES_MAX = 32767 /* a larger file leaves by sendfile(2) */ };

/* What this thread has taken last. */
static _Thread_local struct {
    uint64_t id;
    uint64_t turn;
    uint64_t changes;
} last_look;

/* --- nodes; all with the mutex held --- */

struct cache_node *cache_find_node(const struct dir_cache *cache, struct res_path path)
{
    struct map_entry *entry = map_find(&cache->by_path, path_str(path));
    return entry ? CONTAINER_OF(entry, struct cache_node, entry) : NULL;
}

static struct str number_key(const int *number)
{
    return str_of((const char *)number, sizeof(*number));
}

struct watch_number *cache_find_number(const struct dir_cache *cache, int number)
{
    struct map_entry *entry = map_find(&cache->by_number, number_key(&number));
    return entry ? CONTAINER_OF(entry, struct watch_number, entry) : NULL;
}

struct watch_number *cache_take_number(struct dir_cache *cache, int number)
{
    struct watch_number *watch = cache_find_number(cache, number);
    if (!watch) {
        watch = MEM_NEW(struct watch_number);
        watch->number = number;
        list_init(&watch->nodes);
        map_add(&cache->by_number, &watch->entry, number_key(&watch->number));
    }
    return watch;
}

void cache_put_number(struct dir_cache *cache, struct watch_number *watch)
{
    if (watch->listing || !list_is_empty(&watch->nodes))
        return;
    cache->generation++;
    watcher_remove(&cache->watcher, watch->number);
    map_remove(&cache->by_number, &watch->entry);
    mem_free(watch);
}

static void drop_leaf(struct dir_cache *cache, struct cache_node *node)
{
    members_drop(cache, node);
    list_remove(&node->same_watch);
    cache_put_number(cache, node->watch);
    map_remove(&cache->by_path, &node->entry);
    list_remove(&node->siblings);
    list_remove(&node->age);
    cache->bytes -= node->bytes;
    cache->generation++;
    content_release(&node->held);
    mem_free(node);
}

static void drop_members(struct dir_cache *cache, struct cache_node *top)
{
    struct cache_node *node = top;
    for (;;) {
        if (!list_is_empty(&node->members)) {
            node = CONTAINER_OF(node->members.next, struct cache_node, siblings);
            continue;
        }
        if (node == top)
            return;
        struct cache_node *parent = node->parent;
        drop_leaf(cache, node);
        node = parent;
    }
}

static void drop(struct dir_cache *cache, struct cache_node *node)
{
    drop_members(cache, node);
    members_drop(cache, node);
    node->has_stat = false;
    if (node != cache->root)
        drop_leaf(cache, node);
}

void cache_touch(struct dir_cache *cache, struct cache_node *node)
{
    node->used = ++cache->clock;
    if (node->age.next == &cache->ages) /* what all ask for: their loops would fight for the list */
        return;
    list_remove(&node->age);
    list_append(&cache->ages, &node->age);
}

void cache_make_room(struct dir_cache *cache, uint64_t since)
{
    LIST_EACH (&cache->ages, age) {
        struct cache_node *node = CONTAINER_OF(age, struct cache_node, age);
        if (cache->bytes <= cache->bytes_max || node->used >= since)
            return;
        members_drop(cache, node);
        if (list_is_empty(&node->members) && node != cache->root)
            drop_leaf(cache, node);
    }
}

/* Takes the content. */
static struct cache_node *insert(struct dir_cache *cache, struct res_path path, int number,
                                 struct cache_content *content)
{
    struct cache_node *node = mem_new(1, sizeof(*node) + path.len + 1);
    if (path.len)
        memcpy(node->path, path.at, path.len);
    node->path_len = path.len;
    content_hold(&node->held, content);
    node->bytes = sizeof(*node) + path.len + WATCH_BYTES;
    node->bytes += content && content->fd < 0 ? content->len : 0;
    cache->bytes += node->bytes;
    list_init(&node->members);
    list_init(&node->siblings);
    if (path.len) {
        node->parent = cache_find_node(cache, path_parent(path));
        list_append(&node->parent->members, &node->siblings);
    }
    node->used = ++cache->clock;
    list_append(&cache->ages, &node->age);
    node->watch = cache_take_number(cache, number);
    list_append(&node->watch->nodes, &node->same_watch);
    map_add(&cache->by_path, &node->entry, str_of(node->path, path.len));
    return node;
}

/* --- what has happened; with the mutex held --- */

static void drop_member(struct dir_cache *cache, const struct cache_node *node, struct str name)
{
    struct arena arena = {0};
    struct res_path path = {node->path, node->path_len};
    struct cache_node *member = cache_find_node(cache, path_join(&arena, path, name));
    if (member)
        drop(cache, member);
    arena_done(&arena);
}

static bool is_directory(const struct dir_cache *cache, const struct cache_node *node)
{
    return node == cache->root || node->stat.is_collection;
}

/* Not to a directory or its names, but to what has one of them. */
static bool is_of_member(const struct inotify_event *event)
{
    return event->len && (event->mask & (IN_ATTRIB | IN_MODIFY));
}

/* What has happened to an inode that nodes stand for. */
static void take_event_of_nodes(struct dir_cache *cache, struct watch_number *watch,
                                const struct inotify_event *event)
{
    struct cache_node *node = CONTAINER_OF(watch->nodes.next, struct cache_node, same_watch);
    bool is_alone = node->same_watch.next == &watch->nodes;
    if (watch == cache->root->watch || (is_directory(cache, node) && !is_alone)) {
        /* Two paths to one directory are mounts, perhaps one within the other: all goes. */
        cache->is_over |= (event->mask & (IN_IGNORED | IN_UNMOUNT)) != 0;
        if (!is_alone || event->len == 0) {
            drop(cache, cache->root);
            return;
        }
    }
    if (event->len == 0) {
        while (cache_find_number(cache, event->wd)) /* hard links; the last one ends the watch */
            drop(cache, CONTAINER_OF(watch->nodes.next, struct cache_node, same_watch));
    } else if (!is_of_member(event)) { /* a node's is its own watch's affair */
        node->has_stat = false;
        members_take_event(cache, node, event);
        drop_member(cache, node, str_of_c(event->name));
    } else {
        members_take_change(node, str_of_c(event->name));
    }
}

static void take_event(struct dir_cache *cache, const struct inotify_event *event)
{
    struct watch_number *watch = cache_find_number(cache, event->wd);
    if (watch && watch->listing && !is_of_member(event)) {
        members_forget(cache, watch->listing, watch->member);
        watch = cache_find_number(cache, event->wd); /* it ends where nothing else needs it */
    }
    if (watch && !list_is_empty(&watch->nodes))
        take_event_of_nodes(cache, watch, event);
}

static void take_news(struct dir_cache *cache)
{
    size_t len = 0;
    enum watcher_news news;
    while ((news = watcher_take(&cache->watcher, cache->news, sizeof(cache->news), &len)) !=
           NEWS_NONE) {
        cache->generation++;
        if (news == NEWS_ALL) {
            cache->mount_changes++;
            drop(cache, cache->root);
        }
        for (size_t at = 0; news == NEWS_EVENTS && at < len;) {
            const struct inotify_event *event = (const void *)(cache->news + at);
            at += sizeof(*event) + event->len;
            if (event->mask & IN_Q_OVERFLOW)
                drop(cache, cache->root);
            else
                take_event(cache, event);
        }
    }
}

/* After this, what is kept is right. */
void cache_look(struct dir_cache *cache)
{
    uint64_t turn = turn_current();
    uint64_t changes = atomic_load(&cache->changes);
    if (turn && last_look.turn == turn && last_look.id == cache->id && last_look.changes == changes)
        return;
    take_news(cache);
    last_look.id = cache->id;
    last_look.turn = turn;
    last_look.changes = changes;
}

/* Where nothing is kept, no look is needed. */
struct cache_node *cache_find_now(struct dir_cache *cache, struct res_path path)
{
    if (!cache_find_node(cache, path))
        return NULL;
    cache_look(cache);
    return cache->is_over ? NULL : cache_find_node(cache, path);
}

void cache_note_change(struct dir_cache *cache)
{
    if (cache)
        atomic_fetch_add(&cache->changes, 1);
}

uint64_t cache_mount_changes(struct dir_cache *cache)
{
    pthread_mutex_lock(&cache->mutex);
    cache_look(cache);
    uint64_t changes = cache->mount_changes;
    pthread_mutex_unlock(&cache->mutex);
    return changes;
}

/* --- asking --- */

bool cache_find(struct dir_cache *cache, struct res_path path, struct cache_hit *hit_out)
{
    if (!cache)
        return false;
    pthread_mutex_lock(&cache->mutex);
    struct cache_node *node = cache_find_now(cache, path);
    bool is_hit = node && node->has_stat;
    if (is_hit) {
        cache_touch(cache, node);
        *hit_out = (struct cache_hit){node->stat, node->held.content};
        if (node->held.content)
            atomic_fetch_add(&node->held.content->refs, 1);
        (void)open_files_use(&cache->open_files, &node->held); /* not the first: it is one */
    }
    pthread_mutex_unlock(&cache->mutex);
    return is_hit;
}

bool cache_knows(struct dir_cache *cache, struct res_path path)
{
    if (!cache)
        return false;
    pthread_mutex_lock(&cache->mutex);
    bool is_known = cache_find_now(cache, path) != NULL;
    pthread_mutex_unlock(&cache->mutex);
    return is_known;
}

/* --- learning --- */

/* A number that was made for nothing must not stay; whoever got the same one meanwhile must not
 * insert it. With the mutex held. */
static void forget(struct dir_cache *cache, int number)
{
    cache->generation++;
    if (number >= 0 && !cache_find_number(cache, number))
        watcher_remove(&cache->watcher, number);
}

/* A directory whose parent is known: watched, then looked at. With the mutex held. */
static bool learn_directory(struct dir_cache *cache, struct res_path path)
{
    struct dir_name name;
    struct statx stx;
    struct cache_node *node = cache_find_node(cache, path);
    if (node && node->has_stat)
        return true;
    if (dir_name_of(path, &name) != STORE_OK)
        return false;
    int fd = watcher_open(&cache->watcher, name.text, O_PATH | O_DIRECTORY, &stx);
    if (fd < 0)
        return false;
    if (cache->has_marks && folds_is_marked(fd)) { /* its members have more names than one */
        fd_close(fd);
        return false;
    }
    int number = node ? node->watch->number : watcher_add(&cache->watcher, fd, true);
    bool is_fine = number >= 0 && dir_statx(fd, "", AT_EMPTY_PATH, &stx);
    fd_close(fd);
    if (!is_fine) {
        forget(cache, number);
        return false;
    }
    if (!node)
        node = insert(cache, path, number, NULL);
    node->has_stat = dir_stat_of(&stx, &node->stat);
    return true;
}

bool cache_learn_way(struct dir_cache *cache, struct res_path path)
{
    /* An event of the root's own may have been taken long ago: a root that has gone stays gone. */
    bool is_fine = !cache->is_over && (cache->root->has_stat || dir_root_is_here(cache->found)) &&
                   learn_directory(cache, PATH_ROOT);
    struct str rest = path_str(path);
    while (rest.len && is_fine) {
        (void)str_cut(&rest, '/');
        size_t len = rest.len ? (size_t)(rest.at - path.at) - 1 : path.len;
        is_fine = learn_directory(cache, (struct res_path){path.at, len});
    }
    return is_fine;
}

struct learned {
    int number;
    struct store_stat stat;
    struct cache_content *content;
};

/* As long as there is a thread to close it. */
static struct cache_content *keep_open(struct dir_cache *cache, int fd, size_t len)
{
    pthread_mutex_lock(&cache->mutex);
    struct cache_content *content = open_files_keep(&cache->open_files, fd, len);
    if (content && !learner_begin(cache)) {
        content_drop(content);
        content = NULL;
    }
    pthread_mutex_unlock(&cache->mutex);
    return content;
}

/* Reads what is behind fd, watched before it is looked at. */
static bool read_file(struct dir_cache *cache, int fd, struct learned *learned)
{
    struct statx stx;
    learned->number = watcher_add(&cache->watcher, fd, false);
    if (learned->number < 0 || watcher_has_writers(fd) || !dir_statx(fd, "", AT_EMPTY_PATH, &stx) ||
        !created_stat(fd, "", &stx, &learned->stat))
        return false;
    if (stx.stx_size <= TEXT_BYTES_MAX)
        learned->content = content_read(fd, (size_t)stx.stx_size);
    else
        learned->content = keep_open(cache, fd, (size_t)stx.stx_size);
    return learned->content || stx.stx_size > TEXT_BYTES_MAX;
}

static void learn_file(struct dir_cache *cache, struct res_path path, int fd, uint64_t generation)
{
    struct learned learned = {.number = -1};
    bool is_fine = read_file(cache, fd, &learned);
    pthread_mutex_lock(&cache->mutex);
    if (is_fine && cache->generation == generation && !cache_find_node(cache, path)) {
        struct cache_node *node = insert(cache, path, learned.number, learned.content);
        node->stat = learned.stat;
        node->has_stat = true;
        if (open_files_use(&cache->open_files, &node->held))
            learner_wake(cache); /* which waits for nothing yet */
        cache_make_room(cache, UINT64_MAX);
    } else {
        forget(cache, learned.number);
        content_drop(learned.content);
    }
    pthread_mutex_unlock(&cache->mutex);
}

/* To open a file that is watched already would be an event, and what is to be learned be lost. */
static void forget_listed(struct dir_cache *cache, struct res_path path)
{
    const struct cache_node *parent = cache_find_node(cache, path_parent(path));
    struct listing *listing = path_is_root(path) || !parent ? NULL : parent->listing;
    uint32_t index = listing ? listing_find(listing, path_name(path)) : LISTED_NONE;
    if (index != LISTED_NONE && listing->items[index].watch >= 0)
        members_forget(cache, listing, index);
}

static void learn(struct dir_cache *cache, struct res_path path)
{
    struct dir_name name;
    struct statx stx;
    if (dir_is_reserved(path) || dir_name_of(path, &name) != STORE_OK)
        return;
    pthread_mutex_lock(&cache->mutex);
    cache_look(cache);
    bool is_fine = cache_learn_way(cache, path_is_root(path) ? path : path_parent(path));
    if (is_fine)
        forget_listed(cache, path);
    uint64_t generation = cache->generation;
    pthread_mutex_unlock(&cache->mutex);
    int fd = is_fine ? watcher_open(&cache->watcher, name.text, O_PATH, &stx) : -1;
    if (fd < 0)
        return;
    fd_close(fd);
    if (S_ISREG(stx.stx_mode)) {
        fd = watcher_open(&cache->watcher, name.text, O_RDONLY | O_NONBLOCK | O_NOCTTY, &stx);
        if (fd < 0)
            return;
        if (S_ISREG(stx.stx_mode))
            learn_file(cache, path, fd, generation);
        fd_close(fd);
    } else if (S_ISDIR(stx.stx_mode)) {
        pthread_mutex_lock(&cache->mutex);
        (void)(cache->generation == generation && learn_directory(cache, path)); /* or later */
        cache_make_room(cache, UINT64_MAX);
        pthread_mutex_unlock(&cache->mutex);
    }
}

/* True at the second, fourth, eighth... and then each 64th time that it is asked about and not
 * found. Two paths that meet in one place must not push each other out for ever: only each
 * TURNS_AWAY-th of the others gets it. */
bool cache_is_asked_often(struct dir_cache *cache, uint64_t hash, uint64_t *before_out)
{
    struct seen *seen = &cache->seen[hash % SEEN_COUNT];
    uint32_t tag = (uint32_t)(hash >> 32);
    *before_out = 0;
    cache->clock++;
    if (seen->tag != tag && seen->count && ++seen->other_count % TURNS_AWAY)
        return false;
    if (seen->tag != tag)
        *seen = (struct seen){.tag = tag};
    seen->count++;
    *before_out = seen->last;
    seen->last = cache->clock;
    return seen->count > 1 && (seen->count % 64 == 0 || (seen->count & (seen->count - 1)) == 0);
}

void cache_offer(struct dir_cache *cache, struct res_path path)
{
    if (!cache)
        return;
    pthread_mutex_lock(&cache->mutex);
    uint64_t before; /* of no interest: room is made for it in any case */
    bool tries = cache_is_asked_often(cache, hash_bytes(path_str(path)), &before);
    pthread_mutex_unlock(&cache->mutex);
    if (tries)
        learn(cache, path);
}

/* --- life --- */

struct dir_cache *cache_open(const struct dir_root *root, const struct limits *limits,
                             bool has_marks, bool is_alone)
{
    static atomic_uint_fast64_t last_id;
    struct watcher watcher;
    if (limits->cache_bytes == 0 || !watcher_init(&watcher, root->fd, is_alone))
        return NULL;
    int number = watcher_add(&watcher, root->fd, true);
    if (number < 0) {
        watcher_done(&watcher);
        return NULL;
    }
    struct dir_cache *cache = MEM_NEW(struct dir_cache);
    cache->id = atomic_fetch_add(&last_id, 1) + 1;
    cache->found = root;
    cache->watcher = watcher;
    cache->bytes_max = (size_t)limits->cache_bytes;
    open_files_init(&cache->open_files, limits);
    cache->has_marks = has_marks;
    atomic_init(&cache->changes, 0);
    pthread_mutex_init(&cache->mutex, NULL);
    list_init(&cache->ages);
    cache->root = insert(cache, PATH_ROOT, number, NULL);
    return cache;
}

void cache_close(struct dir_cache *cache)
{
    if (!cache)
        return;
    learner_stop(cache);
    drop_members(cache, cache->root);
    drop_leaf(cache, cache->root);
    map_done(&cache->by_path);
    map_done(&cache->by_number);
    watcher_done(&cache->watcher);
    buf_done(&cache->useless);
    pthread_mutex_destroy(&cache->mutex);
    mem_free(cache);
}
