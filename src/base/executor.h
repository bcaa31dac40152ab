/* base/executor.h: where work runs. Each loop thread has one executor; code above io/ knows
 * threads only through it. */
#pragma once

#include "base/list.h"

/* Embedded in what the work is about. Owned by the executor from submit or post until `done`. */
struct job {
    struct list link;
    struct executor *home;         /* set by submit and compute */
    int64_t at_ms;                 /* set by after */
    void (*work)(struct job *job); /* on a worker; may block; not called when posted */
    void (*done)(struct job *job); /* on the executor's own thread; may free or resubmit the job */
};

struct executor {
    const struct executor_ops *ops;
};

struct executor_ops {
    void (*submit)(struct executor *executor, struct job *job);
    void (*compute)(struct executor *executor, struct job *job);
    void (*post)(struct executor *executor, struct job *job);
    /* Keeps the jobs in lists by their links, and nothing else of them: see executor_recall(). */
    void (*after)(struct executor *executor, struct job *job, int64_t ms);
};

/* Runs job->work on a worker, then job->done on the executor's thread. From that thread only. */
static inline void executor_submit(struct executor *executor, struct job *job)
{
    executor->ops->submit(executor, job);
}

/* The same for what only computes, and long (a password hash): on a few threads of its own, so that
 * those that wait for disks stay free for others, and only so many compute at a time. */
static inline void executor_compute(struct executor *executor, struct job *job)
{
    executor->ops->compute(executor, job);
}

/* Runs job->done on the executor's thread, soon but never within this call. From any thread. */
static inline void executor_post(struct executor *executor, struct job *job)
{
    executor->ops->post(executor, job);
}

/* The same, when so many milliseconds have gone by. From that thread only. */
static inline void executor_after(struct executor *executor, struct job *job, int64_t ms)
{
    executor->ops->after(executor, job, ms);
}

/* Takes back one of executor_after() that has not run: it does not. From that thread only. */
static inline void executor_recall(struct job *job)
{
    list_remove(&job->link);
}
