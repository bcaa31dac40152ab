/* store/directory/state/kept.h: what davit keeps beside the files: the state directory, and in it
 * the database and the journal of locks. A store that is opened because the root of another was
 * replaced shares it with that one, where it lies outside of the root. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "store/directory/state/state.h"
#include "store/lock_journal.h"

struct resumables;

struct dir_kept {
    struct state_home home; /* the state directory; -1: there is none */
    atomic_uint refs;
    pthread_mutex_t mutex; /* one makes it again at a time */
    int at_fd;             /* where `name` is looked up */
    char *name;            /* as people know it */
    bool is_inside;        /* it is a part of the root */
    struct state *state;   /* NULL: none */
    struct lock_table *locks;
    struct lock_journal *journal; /* of `locks`; NULL when read-only */
    struct claims *claims;
    struct change_log *log;        /* of what is changed; NULL: none is kept */
    struct resumables *resumables; /* of the uploads in it; NULL: nobody has asked. `mutex` */
};

/* Opens the state directory, made where it is missing: `state_dir`, or the one in `root_fd` where
 * that is NULL. `is_read_only`: none is made. Gives one reference; the caller opens what is in it.
 * NULL: `err` says why. */
NODISCARD struct dir_kept *kept_open(int root_fd, const char *state_dir, bool is_read_only,
                                     struct err *err);
struct dir_kept *kept_ref(struct dir_kept *kept);
void kept_unref(struct dir_kept *kept); /* NULL is fine */

/* Whether this is what a store with these options would keep. */
bool kept_is_at(const struct dir_kept *kept, const char *state_dir);
