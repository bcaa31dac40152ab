/* One store for each directory, whatever it is called, and for as long as any settings need it: two
 * stores of one tree would know nothing of each other's locks, and properties that one keeps would
 * be lost to the other. A directory that lies in another, or shows in it by a mount, is refused. To
 * let the outer store serve it was rejected: what the inner one has kept in its own state would be
 * gone from view, and the outer one may come or go with a reload while requests are under way.
 *
 * One path can come to lead to another directory (root.c): then the pooled store is lost, serves
 * what is under way, which is told UNAVAILABLE, and a new one is opened beside it. The new one is
 * told of the old one, whose state it shares where that does not lie in the root: locks and
 * properties are kept under paths, and the paths are the same. So there may be several stores of
 * one path, of which at most one is not lost. */
#include "server/store_pool.h"

#include <pthread.h>

#include "base/list.h"
#include "base/mem.h"
#include "store/registry.h"
#include "store/trash/trash.h"
#include "store/view/usage.h"

struct pooled {
    struct list link;
    struct store *store;
    struct store *opened; /* that, or the one in it */
    char *root;
    bool is_alone;
    bool is_synced;
    bool has_acls;
    struct trash_options keep; /* keep_s 0: it keeps nothing */
    struct arena arena;
    unsigned refs;
};

struct store_pool {
    pthread_mutex_t mutex;
    struct list stores;
    struct usages *usages;
    void (*moved)(void *arg);
    void *moved_arg;
    struct crew *crew;
};

struct store_pool *store_pool_new(void (*moved)(void *arg), void *arg, struct crew *crew)
{
    struct store_pool *pool = MEM_NEW(struct store_pool);
    pool->moved = moved;
    pool->moved_arg = arg;
    pool->crew = crew;
    pthread_mutex_init(&pool->mutex, NULL);
    list_init(&pool->stores);
    pool->usages = usages_new();
    return pool;
}

void store_pool_free(struct store_pool *pool)
{
    if (!pool)
        return;
    assert(list_is_empty(&pool->stores));
    usages_free(pool->usages);
    pthread_mutex_destroy(&pool->mutex);
    mem_free(pool);
}

/* NULL: none is open. One that is lost serves its last requests: it is *lost_out. */
static struct pooled *find_root(struct store_pool *pool, const char *root, struct store **lost_out)
{
    LIST_EACH (&pool->stores, link) {
        struct pooled *pooled = CONTAINER_OF(link, struct pooled, link);
        bool is_named = strcmp(pooled->root, root) == 0;
        if (store_is_lost(pooled->store))
            *lost_out = is_named ? pooled->opened : *lost_out;
        else if (is_named || store_compare_roots(pooled->root, root) == STORE_ROOTS_ONE)
            return pooled;
    }
    return NULL;
}

/* Also of those that only requests under way still use. */
static bool is_apart(struct store_pool *pool, const char *root, struct err *err)
{
    LIST_EACH (&pool->stores, link) {
        struct pooled *pooled = CONTAINER_OF(link, struct pooled, link);
        if (!store_is_lost(pooled->store) &&
            store_compare_roots(pooled->root, root) == STORE_ROOTS_MEET)
            return err_set(err, 0,
                           "'%s' cannot be served while '%s' is still open: one is inside the "
                           "other; restart davit",
                           root, pooled->root);
    }
    return true;
}

static struct pooled *add(struct store_pool *pool, const struct store_options *asked,
                          const struct trash_options *keep, struct store *lost, struct err *err)
{
    struct store *store;
    struct store_options options = *asked;
    if (!options.is_read_only && !is_apart(pool, options.root, err))
        return NULL;
    options.moved = pool->moved;
    options.moved_arg = pool->moved_arg;
    options.before = lost;
    options.crew = pool->crew;
    if (!store_open("directory", &options, &store, err))
        return NULL;
    struct pooled *pooled = MEM_NEW(struct pooled);
    pooled->opened = store;
    pooled->keep = *keep;
    pooled->keep.name = arena_str(&pooled->arena, keep->name);
    pooled->store = keep->keep_s ? trash_store_new(&store, &pooled->keep) : store;
    pooled->root = mem_copy_text(options.root, strlen(options.root));
    pooled->is_alone = options.is_alone;
    pooled->is_synced = options.is_synced;
    pooled->has_acls = options.has_acls;
    list_append(&pool->stores, &pooled->link);
    return pooled;
}

/* What it was opened for cannot be changed while it is open. */
static bool agrees(const struct pooled *pooled, const struct store_options *options,
                   struct err *err)
{
    const char *key = "acl";
    if (pooled->is_alone != options->is_alone)
        key = "others-write";
    else if (pooled->is_synced != options->is_synced)
        key = "sync";
    return (pooled->is_alone == options->is_alone && pooled->is_synced == options->is_synced &&
            pooled->has_acls == options->has_acls) ||
           err_set(err, 0, "%s of '%s' cannot be both yes and no; to change it, restart davit", key,
                   options->root);
}

static bool agrees_to_keep(const struct pooled *pooled, const struct trash_options *keep,
                           const char *root, struct err *err)
{
    const struct trash_options *kept = &pooled->keep;
    return (kept->keep_s == keep->keep_s && kept->keep_bytes == keep->keep_bytes &&
            kept->levels == keep->levels && str_eq(kept->name, keep->name)) ||
           err_set(err, 0,
                   "keep, keep-bytes and trash of '%s' must be the same in all mounts of it; to "
                   "change them, restart davit",
                   root);
}

struct store *store_pool_take(struct store_pool *pool, const struct store_options *options,
                              const struct trash_options *keep, struct err *err)
{
    pthread_mutex_lock(&pool->mutex);
    struct store *lost = NULL;
    struct pooled *pooled = find_root(pool, options->root, &lost);
    if (!pooled)
        pooled = add(pool, options, keep, lost, err);
    else if (!agrees(pooled, options, err) || !agrees_to_keep(pooled, keep, options->root, err))
        pooled = NULL;
    if (pooled)
        pooled->refs++;
    pthread_mutex_unlock(&pool->mutex);
    return pooled ? pooled->store : NULL;
}

void store_pool_drop(struct store_pool *pool, struct store *store)
{
    if (!store)
        return;
    pthread_mutex_lock(&pool->mutex);
    LIST_EACH (&pool->stores, link) {
        struct pooled *pooled = CONTAINER_OF(link, struct pooled, link);
        if (pooled->store != store || --pooled->refs > 0)
            continue;
        list_remove(&pooled->link);
        usages_forget(pool->usages, pooled->store);
        store_close(&pooled->store);
        arena_done(&pooled->arena);
        mem_free(pooled->root);
        mem_free(pooled);
    }
    pthread_mutex_unlock(&pool->mutex);
}

struct usages *store_pool_usages(const struct store_pool *pool)
{
    return pool->usages;
}
