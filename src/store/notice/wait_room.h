/* store/notice/wait_room.h: a place where a thread that may block waits for what is posted to it:
 * an executor of its own, to which nothing can be submitted. */
#pragma once

#include <pthread.h>

#include "base/executor.h"

struct wait_room {
    struct executor executor;
    pthread_mutex_t mutex; /* guards posted */
    pthread_cond_t has_posted;
    struct list posted;
};

void wait_room_init(struct wait_room *room);
void wait_room_done(struct wait_room *room); /* nothing may be posted any more */

/* Waits for a job, and runs it. */
void wait_room_run(struct wait_room *room);
