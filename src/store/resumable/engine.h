/* store/resumable/engine.h: who keeps the resumable uploads of one store: for backends. */
#pragma once

#include "base/err.h"
#include "base/limits.h"
#include "store/resumable.h"

struct resumables;

struct resumables_options {
    bool is_flushed;             /* what is told is on the disk; otherwise, with the kernel */
    int64_t sweep_ms;            /* so often it is looked for what is over; 0: never */
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

/* --- from another process, while a server may be running on the directory --- */

/* To whom all of them are shown, in no order. Embedded. */
struct resumables_visitor {
    /* `told` without its pieces; borrows. is_over: nobody may use it any more. */
    void (*show)(struct resumables_visitor *visitor, const struct resumable *told, bool is_over);
};
void resumables_show(int fd, const struct limits *limits, struct resumables_visitor *visitor);

/* What was done. */
struct resumables_expired {
    size_t count;
    size_t busy; /* so many stay, since a request is about them */
};
/* Removes all that are over; with an id those that have it, however old they are. */
struct resumables_expired resumables_expire(int fd, const struct limits *limits, struct str id);

/* --- for a store that keeps nothing --- */

/* Removes all there are; nobody uses one. */
void resumables_remove_all(struct resumables *resumables);
