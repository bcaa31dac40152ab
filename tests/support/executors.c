#include "support/executors.h"

static struct job *take_first(struct list *jobs)
{
    if (list_is_empty(jobs))
        return NULL;
    struct job *job = CONTAINER_OF(jobs->next, struct job, link);
    list_remove(&job->link);
    return job;
}

/* --- inline --- */

static void inline_submit(struct executor *executor, struct job *job)
{
    struct inline_executor *self = CONTAINER_OF(executor, struct inline_executor, executor);
    job->home = executor;
    list_append(&self->submitted, &job->link);
    self->submit_count++;
}

static void inline_post(struct executor *executor, struct job *job)
{
    struct inline_executor *self = CONTAINER_OF(executor, struct inline_executor, executor);
    list_append(&self->posted, &job->link);
}

static void inline_after(struct executor *executor, struct job *job, int64_t ms)
{
    (void)ms; /* time goes by at once */
    inline_post(executor, job);
}

static const struct executor_ops inline_ops = {
    .submit = inline_submit, .compute = inline_submit, .post = inline_post, .after = inline_after};

void inline_executor_init(struct inline_executor *inline_executor)
{
    *inline_executor = (struct inline_executor){.executor.ops = &inline_ops};
    list_init(&inline_executor->submitted);
    list_init(&inline_executor->posted);
}

size_t inline_executor_run(struct inline_executor *inline_executor)
{
    for (size_t count = 0;; count++) {
        struct job *job = take_first(&inline_executor->submitted);
        if (job)
            job->work(job);
        else
            job = take_first(&inline_executor->posted);
        if (!job)
            return count;
        job->done(job);
    }
}

/* --- threaded --- */

static void threaded_submit(struct executor *executor, struct job *job)
{
    struct threaded_executor *self = CONTAINER_OF(executor, struct threaded_executor, executor);
    job->home = executor;
    pthread_mutex_lock(&self->mutex);
    list_append(&self->submitted, &job->link);
    pthread_cond_broadcast(&self->has_changed);
    pthread_mutex_unlock(&self->mutex);
}

static void threaded_post(struct executor *executor, struct job *job)
{
    struct threaded_executor *self = CONTAINER_OF(executor, struct threaded_executor, executor);
    pthread_mutex_lock(&self->mutex);
    list_append(&self->finished, &job->link);
    pthread_cond_broadcast(&self->has_changed);
    pthread_mutex_unlock(&self->mutex);
}

static void threaded_after(struct executor *executor, struct job *job, int64_t ms)
{
    (void)ms; /* likewise */
    threaded_post(executor, job);
}

static const struct executor_ops threaded_ops = {.submit = threaded_submit,
                                                 .compute = threaded_submit,
                                                 .post = threaded_post,
                                                 .after = threaded_after};

static void *work(void *arg)
{
    struct threaded_executor *self = arg;
    pthread_mutex_lock(&self->mutex);
    for (;;) {
        struct job *job = take_first(&self->submitted);
        if (!job && self->is_stopping)
            break;
        if (!job) {
            pthread_cond_wait(&self->has_changed, &self->mutex);
            continue;
        }
        pthread_mutex_unlock(&self->mutex);
        job->work(job);
        executor_post(job->home, job);
        pthread_mutex_lock(&self->mutex);
    }
    pthread_mutex_unlock(&self->mutex);
    return NULL;
}

void threaded_executor_init(struct threaded_executor *threaded)
{
    *threaded = (struct threaded_executor){.executor.ops = &threaded_ops};
    pthread_mutex_init(&threaded->mutex, NULL);
    pthread_cond_init(&threaded->has_changed, NULL);
    list_init(&threaded->submitted);
    list_init(&threaded->finished);
    int rc = pthread_create(&threaded->worker, NULL, work, threaded);
    assert(rc == 0);
}

void threaded_executor_done(struct threaded_executor *threaded)
{
    pthread_mutex_lock(&threaded->mutex);
    threaded->is_stopping = true;
    pthread_cond_broadcast(&threaded->has_changed);
    pthread_mutex_unlock(&threaded->mutex);
    pthread_join(threaded->worker, NULL);
    pthread_cond_destroy(&threaded->has_changed);
    pthread_mutex_destroy(&threaded->mutex);
}

void threaded_executor_run_one(struct threaded_executor *threaded)
{
    pthread_mutex_lock(&threaded->mutex);
    struct job *job = take_first(&threaded->finished);
    while (!job) {
        pthread_cond_wait(&threaded->has_changed, &threaded->mutex);
        job = take_first(&threaded->finished);
    }
    pthread_mutex_unlock(&threaded->mutex);
    job->done(job);
}
