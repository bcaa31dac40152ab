/* store/directory/root.h: whether the root is still where it was. */
#pragma once

#include <stdatomic.h>
#include <sys/stat.h>

#include "store/store.h"

struct dir_store;

/* Where the root was found. */
struct dir_root {
    char *path;
    int fd;      /* dir->root_fd */
    uint64_t id; /* no other store's */
    dev_t dev;
    ino_t ino;
    atomic_int place;         /* enum root_place */
    void (*moved)(void *arg); /* store_options.moved */
    void *moved_arg;
    atomic_int_fast64_t told_ms; /* when moved() was called last */
};

/* Opens options->root as dir->root_fd. */
NODISCARD bool dir_root_open(struct dir_store *dir, const struct store_options *options,
                             struct err *err);
void dir_root_close(struct dir_store *dir);

/* OK; UNAVAILABLE: the path of the root does not lead to what is open. Quick. */
NODISCARD enum store_rc dir_root_check(const struct dir_store *dir);

/* The same, asked anew and in silence. */
bool dir_root_is_here(const struct dir_root *root);

/* As store_ops.is_lost. */
bool dir_is_lost(struct store *store);
