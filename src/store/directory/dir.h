/* store/directory/dir.h: a directory store, for the files of the backend. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "store/backend.h"

struct crew;
struct dir_cache;
struct dir_kept;
struct dir_mounts;
struct dir_root;
struct flush;
struct folds;
struct known;
struct resumables;
struct others;

struct dir_store {
    struct store base;
    struct dir_root *root;
    int root_fd;
    struct dir_kept *kept;
    int staging_fd;         /* in the mount of root_fd; -1 when read-only */
    pthread_mutex_t naming; /* one at a time is linked there and renamed: staged.c */
    bool is_read_only;
    enum store_durability durability;
    const struct limits *limits;
    struct crew *crew; /* NULL: nobody helps */
    struct flush *flush;
    struct dir_cache *cache; /* NULL: none */
    struct folds *folds;
    struct dir_mounts *mounts;
    struct known *known;                     /* hashes */
    _Atomic(struct resumables *) resumables; /* NULL: none has been asked for */
    struct others *others; /* NULL: nobody else changes anything, or nobody wants to know */
};

static inline struct dir_store *dir_of(struct store *store)
{
    return CONTAINER_OF(store, struct dir_store, base);
}
