#include "support/inbox.h"

static void inbox_post(struct executor *executor, struct job *job)
{
    struct inbox *inbox = CONTAINER_OF(executor, struct inbox, base);
    pthread_mutex_lock(&inbox->mutex);
    list_append(&inbox->jobs, &job->link);
    pthread_cond_signal(&inbox->has_job);
    pthread_mutex_unlock(&inbox->mutex);
}

static void inbox_submit(struct executor *executor, struct job *job)
{
    (void)executor, (void)job;
    BUG("there are no workers here");
}

static const struct executor_ops inbox_ops = {
    .submit = inbox_submit, .compute = inbox_submit, .post = inbox_post};

void inbox_init(struct inbox *inbox)
{
    inbox->base.ops = &inbox_ops;
    pthread_mutex_init(&inbox->mutex, NULL);
    pthread_cond_init(&inbox->has_job, NULL);
    list_init(&inbox->jobs);
}

void inbox_done(struct inbox *inbox)
{
    assert(list_is_empty(&inbox->jobs));
    pthread_cond_destroy(&inbox->has_job);
    pthread_mutex_destroy(&inbox->mutex);
}

/* NULL when there is none. */
static struct job *take_job(struct inbox *inbox, bool waits)
{
    struct job *job = NULL;
    pthread_mutex_lock(&inbox->mutex);
    while (waits && list_is_empty(&inbox->jobs))
        pthread_cond_wait(&inbox->has_job, &inbox->mutex);
    if (!list_is_empty(&inbox->jobs)) {
        job = CONTAINER_OF(inbox->jobs.next, struct job, link);
        list_remove(&job->link);
    }
    pthread_mutex_unlock(&inbox->mutex);
    return job;
}

size_t inbox_run_all(struct inbox *inbox)
{
    size_t count = 0;
    struct job *job;
    while ((job = take_job(inbox, false))) {
        job->done(job);
        count++;
    }
    return count;
}

void inbox_wait(struct inbox *inbox)
{
    struct job *job = take_job(inbox, true);
    job->done(job);
}
