/* Waking a thread costs more than many a job does. So there is one wake under way at most: who is
 * woken wakes the next before it begins, if there is more to do and somebody sleeps. Short jobs
 * that come together are thus done by a thread or two, one after the other, and yet none waits
 * behind a long one while somebody has nothing to do.
 *
 * Who went to sleep last is woken first: what it has used, the caches still have.
 *
 * Threads that have nothing to do may be called to help with a job that has many parts
 * (base/crew.h), one woken by the other like that, as long as parts are left. Jobs come before
 * calls, for who wakes up and for who helps, who looks between two parts. What is called for may be
 * held up by a disk or a network, so half of the threads never help: they are there for others. */
#include "io/worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>

#include "base/mem.h"

struct worker {
    struct list link; /* of the idle ones */
    struct worker_pool *pool;
    pthread_t thread;
    sem_t woken; /* a condition would take the mutex as one that is fought for, and wake nobody */
};

/* For help with some work; on the stack of who calls. */
struct call {
    struct list link; /* of the pool's, as long as there is something left to do */
    struct crew_work *work;
    unsigned helpers_max;
    unsigned helpers; /* who are at it */
    bool is_awaited;  /* their end */
    sem_t left;       /* the last of them has gone */
};

struct worker_pool {
    struct crew crew;
    pthread_mutex_t mutex; /* guards what follows, and all that workers have but their threads */
    struct list jobs;
    struct list calls;
    struct list idle;
    unsigned helping; /* with any of the calls */
    unsigned helping_max;
    bool is_waking; /* one has been woken, and has not come yet */
    bool is_stopping;
    unsigned thread_count;
    struct worker workers[];
};

/* One that somebody who has nothing to do may follow; NULL: none. */
static struct call *find_call(struct worker_pool *pool)
{
    if (pool->helping >= pool->helping_max)
        return NULL;
    LIST_EACH (&pool->calls, link) {
        struct call *call = CONTAINER_OF(link, struct call, link);
        if (call->helpers < call->helpers_max)
            return call;
    }
    return NULL;
}

/* Lets go of the mutex, and wakes somebody if that is needed: not before, since who comes wants it.
 */
static void unlock_and_wake(struct worker_pool *pool)
{
    struct worker *worker = NULL;
    bool has_work = !list_is_empty(&pool->jobs) || find_call(pool);
    if (!pool->is_waking && !list_is_empty(&pool->idle) && has_work) {
        worker = CONTAINER_OF(pool->idle.next, struct worker, link);
        list_remove(&worker->link);
        pool->is_waking = true;
    }
    pthread_mutex_unlock(&pool->mutex);
    if (worker)
        (void)sem_post(&worker->woken); /* it is waited for, and far from its maximum */
}

static void sem_wait_for(sem_t *sem)
{
    while (sem_wait(sem) < 0)
        assert(errno == EINTR);
}

/* Follows a call; with the mutex, before and after. */
static void help(struct worker_pool *pool, struct call *call)
{
    bool has_more = true;
    call->helpers++;
    pool->helping++;
    while (has_more && list_is_empty(&pool->jobs) && !pool->is_stopping) {
        unlock_and_wake(pool);
        has_more = call->work->step(call->work);
        pthread_mutex_lock(&pool->mutex);
    }
    pool->helping--;
    call->helpers--;
    if (!has_more)
        list_remove(&call->link); /* nobody need come any more */
    if (call->helpers == 0 && call->is_awaited)
        (void)sem_post(&call->left); /* it is far from its maximum */
}

/* The next job; NULL when the pool ends. */
static struct job *worker_take(struct worker *worker)
{
    struct worker_pool *pool = worker->pool;
    struct job *job = NULL;
    pthread_mutex_lock(&pool->mutex);
    while (list_is_empty(&pool->jobs) && !pool->is_stopping) {
        struct call *call = find_call(pool);
        if (call) {
            help(pool, call);
            continue;
        }
        list_prepend(&pool->idle, &worker->link);
        pthread_mutex_unlock(&pool->mutex);
        sem_wait_for(&worker->woken);
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

/* --- helping --- */

static void share(struct crew *crew, struct crew_work *work, unsigned helpers_max)
{
    struct worker_pool *pool = CONTAINER_OF(crew, struct worker_pool, crew);
    struct call call = {.work = work, .helpers_max = helpers_max};
    (void)sem_init(&call.left, 0, 0); /* it cannot fail with these */
    pthread_mutex_lock(&pool->mutex);
    list_append(&pool->calls, &call.link);
    unlock_and_wake(pool);
    while (work->step(work))
        ;
    pthread_mutex_lock(&pool->mutex);
    list_remove(&call.link);
    while (call.helpers) {
        call.is_awaited = true;
        pthread_mutex_unlock(&pool->mutex);
        sem_wait_for(&call.left);
        pthread_mutex_lock(&pool->mutex); /* who has posted holds it until then */
    }
    pthread_mutex_unlock(&pool->mutex);
    (void)sem_destroy(&call.left); /* nobody waits */
}

static const struct crew_ops crew_ops = {.share = share};

struct crew *worker_pool_crew(struct worker_pool *pool)
{
    return &pool->crew;
}

unsigned processor_count(void)
{
    cpu_set_t cpus;
    return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (unsigned)CPU_COUNT(&cpus) : 1;
}

/* --- life --- */

struct worker_pool *worker_pool_new(unsigned count, struct err *err)
{
    struct worker_pool *pool = mem_new(1, sizeof(*pool) + count * sizeof(pool->workers[0]));
    pool->crew = (struct crew){&crew_ops, processor_count()};
    pool->helping_max = count / 2;
    pthread_mutex_init(&pool->mutex, NULL);
    list_init(&pool->jobs);
    list_init(&pool->calls);
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
