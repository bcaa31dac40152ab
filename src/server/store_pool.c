#include "server/store_pool.h"

#include <pthread.h>

#include "base/list.h"
#include "base/mem.h"
#include "store/registry.h"
#include "store/usage.h"

struct pooled {
    struct list link;
    struct store *store;
    char *root;
    unsigned refs;
};

struct store_pool {
    pthread_mutex_t mutex;
    struct list stores;
    struct usages *usages;
};

struct store_pool *store_pool_new(void)
{
    struct store_pool *pool = MEM_NEW(struct store_pool);
    (void)pthread_mutex_init(&pool->mutex, NULL); /* cannot fail without attributes */
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
    (void)pthread_mutex_destroy(&pool->mutex); /* nobody holds it */
    mem_free(pool);
}

static struct pooled *find_root(struct store_pool *pool, const char *root)
{
    LIST_EACH (&pool->stores, link) {
        struct pooled *pooled = CONTAINER_OF(link, struct pooled, link);
        if (strcmp(pooled->root, root) == 0)
            return pooled;
    }
    return NULL;
}

static struct pooled *add(struct store_pool *pool, const struct store_options *options,
                          struct err *err)
{
    struct store *store;
    if (!store_open("directory", options, &store, err))
        return NULL;
    struct pooled *pooled = MEM_NEW(struct pooled);
    pooled->store = store;
    pooled->root = mem_copy_text(options->root, strlen(options->root));
    list_append(&pool->stores, &pooled->link);
    return pooled;
}

struct store *store_pool_take(struct store_pool *pool, const struct store_options *options,
                              struct err *err)
{
    (void)pthread_mutex_lock(&pool->mutex); /* cannot fail: not recursive, not robust */
    struct pooled *pooled = find_root(pool, options->root);
    if (!pooled)
        pooled = add(pool, options, err);
    if (pooled)
        pooled->refs++;
    (void)pthread_mutex_unlock(&pool->mutex); /* held */
    return pooled ? pooled->store : NULL;
}

void store_pool_drop(struct store_pool *pool, struct store *store)
{
    if (!store)
        return;
    (void)pthread_mutex_lock(&pool->mutex); /* cannot fail: not recursive, not robust */
    LIST_EACH (&pool->stores, link) {
        struct pooled *pooled = CONTAINER_OF(link, struct pooled, link);
        if (pooled->store != store || --pooled->refs > 0)
            continue;
        list_remove(&pooled->link);
        usages_forget(pool->usages, pooled->store);
        store_close(&pooled->store);
        mem_free(pooled->root);
        mem_free(pooled);
    }
    (void)pthread_mutex_unlock(&pool->mutex); /* held */
}

struct usages *store_pool_usages(const struct store_pool *pool)
{
    return pool->usages;
}
