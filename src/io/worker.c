/* Waking a thread costs more than many a job. So there is one wake under way at most: who is woken
 * wakes the next before it begins, if there is more to do and somebody sleeps. Short jobs that come
 * together are thus done by a thread or two, one after the other, and yet none waits behind a long
 * one while somebody has nothing to do. */
#include "io/worker.h"

#include <pthread.h>

#include "base/mem.h"

struct worker_pool {
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t has_work;
    struct list jobs;
    unsigned idle_count;
    bool is_waking; /* one of them has been woken, and has not come yet */
    bool is_stopping;
    unsigned thread_count;
    pthread_t threads[];
};

/* With the mutex held: whether the caller is to wake somebody, once it has let go of it. */
static bool begin_wake(struct worker_pool *pool)
{
    if (pool->is_waking || pool->idle_count == 0 || list_is_empty(&pool->jobs))
        return false;
    pool->is_waking = true;
    return true;
}

/* The next job; NULL when the pool ends. */
static struct job *take(struct worker_pool *pool)
{
    struct job *job = NULL;
    pthread_mutex_lock(&pool->mutex);
    while (list_is_empty(&pool->jobs) && !pool->is_stopping) {
        pool->idle_count++;
        pthread_cond_wait(&pool->has_work, &pool->mutex);
        pool->idle_count--;
        pool->is_waking = false;
    }
    if (!list_is_empty(&pool->jobs)) {
        job = CONTAINER_OF(pool->jobs.next, struct job, link);
        list_remove(&job->link);
    }
    bool wakes = begin_wake(pool);
    pthread_mutex_unlock(&pool->mutex);
    if (wakes)
        pthread_cond_signal(&pool->has_work);
    return job;
}

static void *work(void *arg)
{
    struct worker_pool *pool = arg;
    for (struct job *job = take(pool); job; job = take(pool)) {
        job->work(job);
        executor_post(job->home, job);
    }
    return NULL;
}

struct worker_pool *worker_pool_new(unsigned count, struct err *err)
{
    struct worker_pool *pool = mem_new(1, sizeof(*pool) + count * sizeof(pool->threads[0]));
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->has_work, NULL);
    list_init(&pool->jobs);
    for (; pool->thread_count < count; pool->thread_count++) {
        int rc = pthread_create(&pool->threads[pool->thread_count], NULL, work, pool);
        if (rc != 0) {
            (void)err_sys(err, rc, "starting a worker thread"); /* always false; NULL says it */
            worker_pool_free(pool);
            return NULL;
        }
    }
    return pool;
}

void worker_pool_free(struct worker_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->is_stopping = true;
    pthread_cond_broadcast(&pool->has_work);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++)
        pthread_join(pool->threads[i], NULL);
    pthread_cond_destroy(&pool->has_work);
    pthread_mutex_destroy(&pool->mutex);
    mem_free(pool);
}

void worker_pool_submit(struct worker_pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->mutex);
    list_append(&pool->jobs, &job->link);
    bool wakes = begin_wake(pool);
    pthread_mutex_unlock(&pool->mutex);
    if (wakes)
        pthread_cond_signal(&pool->has_work);
}
