/* tests/support/executors.h: two executors for tests. Both run `done` only when the test asks for
 * it, on the test's thread: the inline one is the same in every run, the threaded one has a real
 * worker, for the sanitizers to watch. */
#pragma once

#include <pthread.h>

#include "base/executor.h"

struct inline_executor {
    struct executor executor;
    struct list submitted;
    struct list posted;
    size_t submit_count; /* so far */
};

void inline_executor_init(struct inline_executor *inline_executor);

/* Works off what is there now and what that brings, in order. Says how many jobs it was. */
size_t inline_executor_run(struct inline_executor *inline_executor);

struct threaded_executor {
    struct executor executor;
    pthread_t worker;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t has_changed;
    struct list submitted;
    struct list finished;
    bool is_stopping;
};

void threaded_executor_init(struct threaded_executor *threaded);
void threaded_executor_done(struct threaded_executor *threaded);

/* Waits for a job that the worker has finished, and runs its `done`. */
void threaded_executor_run_one(struct threaded_executor *threaded);
