/* store/directory/cache/cache.h: what reads have found, kept for as long as the kernel would tell
 * of a change to it. May be used from any thread; each function is quick, and works with NULL: no
 * cache. */
#pragma once

#include "store/directory/cache/content.h"
#include "store/types.h"

struct dir_cache;
struct dir_root;

struct cache_hit {
    struct store_stat stat;
    struct cache_content *content; /* gives a reference; NULL: none is kept */
};

/* NULL where nothing can be kept: the kernel does not tell of each change to this file system (it
 * is on a network), or the limits leave no bytes. has_marks: directories that are marked not to
 * tell case apart are left out. is_alone: nobody but this store changes what is below the root, so
 * that fewer watches are needed. Borrows the root until closed. Gives. */
struct dir_cache *cache_open(const struct dir_root *root, const struct limits *limits,
                             bool has_marks, bool is_alone);
void cache_close(struct dir_cache *cache);

/* False: nothing is known. */
bool cache_find(struct dir_cache *cache, struct res_path path, struct cache_hit *hit_out);

/* Whether `path` is known to be there by that very name, without any link on the way. */
bool cache_knows(struct dir_cache *cache, struct res_path path);

/* A read has found something at `path`, by that very name or not: worth keeping, if it is asked for
 * again and again. */
void cache_offer(struct dir_cache *cache, struct res_path path);

/* --- members --- */

enum { CACHE_BATCH_MEMBERS = 64, CACHE_BATCH_BYTES = 4096 };

struct cache_batch {
    size_t count;
    struct cache_batch_member {
        struct str name; /* ends in NUL */
        bool is_sure;    /* false: only its name is known */
        struct store_stat stat;
    } members[CACHE_BATCH_MEMBERS];
    char names[CACHE_BATCH_BYTES];
};

struct cache_list;

/* The members of a collection, each as it is now or at some time until it is read. NULL: they are
 * not known. Gives. */
struct cache_list *cache_list_open(struct dir_cache *cache, struct res_path path);
/* The next ones; none: that was all. */
void cache_list_read(struct cache_list *list, struct cache_batch *batch_out);
/* NULL is fine. */
void cache_list_close(struct cache_list *list);

/* A collection has been listed that was not known, all of its `count` members: worth keeping if it
 * is asked for again and again; or at once, where there is room and it was not one of many. */
void cache_offer_list(struct dir_cache *cache, struct res_path path, size_t count,
                      bool is_by_itself);

/* --- changes --- */

/* This store has changed something itself: who has looked must look again. */
void cache_note_change(struct dir_cache *cache);

/* How often something may have been mounted or unmounted, as of now. Not NULL. */
uint64_t cache_mount_changes(struct dir_cache *cache);
