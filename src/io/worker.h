/* io/worker.h: threads for what may block. */
#pragma once

#include "base/crew.h"
#include "base/err.h"
#include "base/executor.h"

struct worker_pool;

/* Gives a pool of `count` running threads. */
NODISCARD struct worker_pool *worker_pool_new(unsigned count, struct err *err);

/* Runs what is queued, then ends the threads. */
void worker_pool_free(struct worker_pool *pool);

/* Runs job->work on a thread of the pool and posts the job to job->home. */
void worker_pool_submit(struct worker_pool *pool, struct job *job);

/* Its threads, as those who may help: half of them at most, and only while no job waits. Calls for
 * help come from its own threads or others, and end before the pool does. Borrows the pool. */
struct crew *worker_pool_crew(struct worker_pool *pool);

/* That this process may run on. */
unsigned processor_count(void);
