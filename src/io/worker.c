/* Waking a thread costs more than many a job does. So there is one wake under way at most: who is
 * woken wakes the next before it begins, if there is more to do and somebody sleeps. Short jobs
 * that come together are thus done by a thread or two, one after the other, and yet none waits
 * behind a long one while somebody has nothing to do.
 *
 * Who went to sleep last is woken first: what it has used, the caches still have. */
#include "io/worker.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

#include "base/mem.h"

struct worker {
    struct list link; /* of the idle ones */
    struct worker_pool *pool;
    pthread_t thread;
    sem_t woken; /* a condition would take the mutex as one that is fought for, and wake nobody */
};

struct worker_pool {
    pthread_mutex_t mutex; /* guards what follows, and all that workers have but their threads */
    struct list jobs;
    struct list idle;
    bool is_waking; /* one has been woken, and has not come yet */
    bool is_stopping;
    unsigned thread_count;
    struct worker workers[];
};

/* Lets go of the mutex, and wakes somebody if that is needed: not before, since who comes wants it.
 */
static void unlock_and_wake(struct worker_pool *pool)
{
    struct worker *worker = NULL;
    if (!pool->is_waking && !list_is_empty(&pool->idle) && !list_is_empty(&pool->jobs)) {
        worker = CONTAINER_OF(pool->idle.next, struct worker, link);
        list_remove(&worker->link);
        pool->is_waking = true;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (worker)
        (void)sem_post(&worker->woken); /* it is waited for, and far from its maximum */
}

static void sleep_until_woken(struct worker *worker)
{
    while (sem_wait(&worker->woken) < 0)
        assert(errno == EINTR);
}

/* The next job; NULL when the pool ends. */
static struct job *worker_take(struct worker *worker)
{
    struct worker_pool *pool = worker->pool;
    struct job *job = NULL;
    pthread_mutex_lock(&pool->mutex);
    while (list_is_empty(&pool->jobs) && !pool->is_stopping) {
        list_prepend(&pool->idle, &worker->link);
        pthread_mutex_unlock(&pool->mutex);
        sleep_until_woken(worker);
        pthread_mutex_lock(&pool->mutex);
        pool->is_waking = false;
    }
    if (!list_is_empty(&pool->jobs)) {
        job = CONTAINER_OF(pool->jobs.next, struct job, link);
        list_remove(&job->link);
    }
    unlock_and_wake(pool);
    return job;
}

static void *work(void *arg)
{
    struct worker *worker = arg;
    for (struct job *job = worker_take(worker); job; job = worker_take(worker)) {
        job->work(job);
        executor_post(job->home, job);
    }
    return NULL;
}

struct worker_pool *worker_pool_new(unsigned count, struct err *err)
{
    struct worker_pool *pool = mem_new(1, sizeof(*pool) + count * sizeof(pool->workers[0]));
    pthread_mutex_init(&pool->mutex, NULL);
    list_init(&pool->jobs);
    list_init(&pool->idle);
    for (; pool->thread_count < count; pool->thread_count++) {
        struct worker *worker = &pool->workers[pool->thread_count];
        worker->pool = pool;
        list_init(&worker->link);
        (void)sem_init(&worker->woken, 0, 0); /* it cannot fail with these */
        int rc = pthread_create(&worker->thread, NULL, work, worker);
        if (rc != 0) {
            (void)sem_destroy(&worker->woken); /* nobody waits */
            err_sys(err, rc, "cannot start a worker thread");
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
    list_init(&pool->idle); /* all of them are woken here */
    for (unsigned i = 0; i < pool->thread_count; i++)
        (void)sem_post(&pool->workers[i].woken); /* as above */
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        (void)sem_destroy(&pool->workers[i].woken); /* as above */
    }
    pthread_mutex_destroy(&pool->mutex);
    mem_free(pool);
}

void worker_pool_submit(struct worker_pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->mutex);
    list_append(&pool->jobs, &job->link);
    unlock_and_wake(pool);
}
