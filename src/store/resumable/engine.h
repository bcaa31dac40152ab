/* store/resumable/engine.h: who keeps the resumable uploads of one store: for backends. */
#pragma once

#include "base/err.h"
#include "base/limits.h"

struct resumables;

struct resumables_options {
    bool is_flushed;             /* what is told is on the disk; otherwise, with the kernel */
    const struct limits *limits; /* must outlive it */
    /* Their directory has been removed: makes it again, and gives a descriptor; -1: it cannot, and
     * that was logged. */
    int (*reopen)(void *arg);
    void *arg;
};

/* Takes fd: a directory of ours alone, from where a rename leads to most resources. What a crash
 * has left half made or half removed goes. Gives. */
NODISCARD struct resumables *resumables_open(int fd, const struct resumables_options *options);
void resumables_close(struct resumables *resumables); /* NULL is fine */

/* Removes all there are; nobody uses one. */
void resumables_remove_all(struct resumables *resumables);
