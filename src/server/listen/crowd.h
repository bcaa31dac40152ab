/* server/listen/crowd.h: how many connections there are, and what is done when many have gone: what
 * they held is free memory then, but lies between other things in the heaps of several threads,
 * where malloc(3) keeps it. */
#pragma once

#include <stdatomic.h>

#include "base/executor.h"

struct crowd {
    atomic_size_t count;
    atomic_size_t most; /* since memory was given back */
    atomic_bool is_trimming;
    struct job job;
};

/* The server's threads must have ended before the crowd does. */
void crowd_init(struct crowd *crowd);

/* One more. How many there were before. */
size_t crowd_enter(struct crowd *crowd);

/* One less. Memory is given back by a worker of the executor. */
void crowd_leave(struct crowd *crowd, struct executor *executor);
