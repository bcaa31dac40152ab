/* tests/support/inbox.h: an executor whose jobs wait until the test runs them: so a test decides
 * what happens when, and a thread can wait for what it was promised. */
#pragma once

#include <pthread.h>

#include "base/executor.h"

struct inbox {
    struct executor base;
    pthread_mutex_t mutex;
    pthread_cond_t has_job;
    struct list jobs;
};

void inbox_init(struct inbox *inbox);
void inbox_done(struct inbox *inbox); /* no job may be left */

/* Runs what there is. Says how many jobs that were. */
size_t inbox_run_all(struct inbox *inbox);

/* Runs one job; waits for it where there is none yet. */
void inbox_wait(struct inbox *inbox);
