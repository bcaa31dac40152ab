/* server/store_pool.h: the stores that are open, each once: a reload that keeps a mount must not
 * open its directory a second time, unless something else is in its place now. On the main thread,
 * except for store_pool_drop(). */
#pragma once

#include "store/store.h"

struct err;
struct store_pool;
struct trash_options;

/* `moved` is called, on any thread, when a store's root can be opened anew (store_options.moved):
 * by a reload. The crew helps the stores (store_options.crew). */
NODISCARD struct store_pool *store_pool_new(void (*moved)(void *arg), void *arg, struct crew *crew);

/* All stores have been dropped. */
void store_pool_free(struct store_pool *pool);

/* The store of options->root, opened now where it is not open yet, or is lost; in one that keeps
 * what is deleted, where `keep` says so (keep_s is not 0). NULL: `err` says why. Gives; drop it. */
NODISCARD struct store *store_pool_take(struct store_pool *pool,
                                        const struct store_options *options,
                                        const struct trash_options *keep, struct err *err);

/* Who counts for quotas in them. */
struct usages *store_pool_usages(const struct store_pool *pool);

/* Any thread; the last one closes it. NULL is fine. */
void store_pool_drop(struct store_pool *pool, struct store *store);
