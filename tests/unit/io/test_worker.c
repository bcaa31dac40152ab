#include "support/test.h"

#include <sched.h>
#include <stdatomic.h>

#include "io/worker.h"
#include "support/inbox.h"

enum { JOBS = 100 };

static struct inbox inbox;

static int start(__attribute__((unused)) void **state)
{
    inbox_init(&inbox);
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    inbox_done(&inbox);
    return 0;
}

#define INBOX_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

struct counted {
    struct job job;
    pthread_t worker;
    unsigned works, dones;
    pthread_barrier_t *barrier; /* to wait at; or NULL */
};

static void work(struct job *job)
{
    struct counted *counted = CONTAINER_OF(job, struct counted, job);
    counted->worker = pthread_self();
    counted->works++;
    if (counted->barrier)
        (void)pthread_barrier_wait(counted->barrier); /* who is the last does not matter */
}

static void done(struct job *job)
{
    CONTAINER_OF(job, struct counted, job)->dones++;
}

static void submit(struct worker_pool *pool, struct counted *counted)
{
    counted->job.work = work;
    counted->job.done = done;
    counted->job.home = &inbox.base;
    worker_pool_submit(pool, &counted->job);
}

static struct worker_pool *pool_of(unsigned count)
{
    struct err err = {0};
    struct worker_pool *pool = worker_pool_new(count, &err);
    assert_non_null(pool);
    return pool;
}

TEST(worker_runs_each_job_once_and_sends_it_home)
{
    static struct counted jobs[JOBS];
    struct worker_pool *pool = pool_of(4);
    for (size_t i = 0; i < JOBS; i++)
        submit(pool, &jobs[i]);
    for (size_t i = 0; i < JOBS; i++)
        inbox_wait(&inbox);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].works, 1);
        assert_int_equal(jobs[i].dones, 1);
        assert_false(pthread_equal(jobs[i].worker, pthread_self()));
    }
    worker_pool_free(pool);
}

TEST(worker_takes_the_same_job_again)
{
    struct counted job = {0};
    struct worker_pool *pool = pool_of(1);
    for (unsigned i = 1; i <= 3; i++) {
        submit(pool, &job);
        inbox_wait(&inbox);
        assert_int_equal(job.works, i);
        assert_int_equal(job.dones, i);
    }
    worker_pool_free(pool);
}

/* Each waits for the others: they would never end one after the other. */
TEST(workers_work_at_the_same_time)
{
    enum { WORKERS = 3 };
    struct counted jobs[WORKERS] = {0};
    pthread_barrier_t barrier;
    struct worker_pool *pool = pool_of(WORKERS);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, WORKERS), 0);
    for (size_t i = 0; i < WORKERS; i++) {
        jobs[i].barrier = &barrier;
        submit(pool, &jobs[i]);
    }
    for (size_t i = 0; i < WORKERS; i++)
        inbox_wait(&inbox);
    worker_pool_free(pool);
    pthread_barrier_destroy(&barrier);
}

/* An upload that a worker is committing must not be lost when the server stops. */
TEST(worker_ends_what_is_queued_before_it_stops)
{
    static struct counted jobs[JOBS];
    memset(jobs, 0, sizeof(jobs));
    struct worker_pool *pool = pool_of(1);
    for (size_t i = 0; i < JOBS; i++)
        submit(pool, &jobs[i]);
    worker_pool_free(pool);
    assert_int_equal(inbox_run_all(&inbox), JOBS);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].works, 1);
}

/* --- calls for help --- */

enum { PARTS = 1000 };

struct parts {
    struct crew_work work;
    atomic_uint taken;
    unsigned times[PARTS]; /* that each was done */
};

static bool do_part(struct crew_work *work)
{
    struct parts *parts = CONTAINER_OF(work, struct parts, work);
    unsigned part = atomic_fetch_add(&parts->taken, 1);
    if (part >= PARTS)
        return false;
    parts->times[part]++;
    return true;
}

TEST(crew_does_each_part_once_and_shows_all_of_them)
{
    static struct parts parts;
    for (unsigned count = 0; count <= 4; count++) { /* without a pool; one that never helps; … */
        struct worker_pool *pool = count ? pool_of(count) : NULL;
        for (unsigned round = 0; round < 20; round++) {
            parts = (struct parts){.work = {do_part}};
            crew_share(pool ? worker_pool_crew(pool) : NULL, &parts.work, 3);
            for (unsigned i = 0; i < PARTS; i++)
                assert_int_equal(parts.times[i], 1);
        }
        worker_pool_free(pool);
    }
}

/* Who helps meets who has called, or the other helpers, once; what is counted are the helpers. */
struct meeting {
    struct crew_work work;
    pthread_t caller;
    pthread_barrier_t all;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned helpers;
    bool may_end;
};

static bool meet(struct crew_work *work)
{
    struct meeting *meeting = CONTAINER_OF(work, struct meeting, work);
    pthread_mutex_lock(&meeting->mutex);
    meeting->helpers += !pthread_equal(pthread_self(), meeting->caller);
    pthread_mutex_unlock(&meeting->mutex);
    (void)pthread_barrier_wait(&meeting->all); /* who is the last does not matter */
    pthread_mutex_lock(&meeting->mutex);
    while (!meeting->may_end)
        pthread_cond_wait(&meeting->changed, &meeting->mutex);
    pthread_mutex_unlock(&meeting->mutex);
    return false;
}

static void let_end(struct meeting *meeting)
{
    pthread_mutex_lock(&meeting->mutex);
    meeting->may_end = true;
    pthread_cond_broadcast(&meeting->changed);
    pthread_mutex_unlock(&meeting->mutex);
}

static void meeting_init(struct meeting *meeting, unsigned count)
{
    *meeting = (struct meeting){.work = {meet}};
    assert_int_equal(pthread_barrier_init(&meeting->all, NULL, count), 0);
    assert_int_equal(pthread_mutex_init(&meeting->mutex, NULL), 0);
    assert_int_equal(pthread_cond_init(&meeting->changed, NULL), 0);
}

static void meeting_done(struct meeting *meeting)
{
    pthread_barrier_destroy(&meeting->all);
    pthread_mutex_destroy(&meeting->mutex);
    pthread_cond_destroy(&meeting->changed);
}

struct caller {
    struct worker_pool *pool;
    struct meeting *meeting;
    unsigned helpers_max;
};

static void *call_for_help(void *arg)
{
    struct caller *caller = arg;
    caller->meeting->caller = pthread_self();
    crew_share(worker_pool_crew(caller->pool), &caller->meeting->work, caller->helpers_max);
    return NULL;
}

/* Those who help are stuck; two jobs that need a thread each, at the same time, find them. */
TEST(crew_leaves_half_of_the_workers_to_others)
{
    enum { WORKERS = 4 };
    struct worker_pool *pool = pool_of(WORKERS);
    struct meeting meeting;
    struct caller caller = {pool, &meeting, 8};
    struct counted jobs[WORKERS / 2] = {0};
    pthread_barrier_t barrier;
    pthread_t thread;
    meeting_init(&meeting, 1 + WORKERS / 2);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, WORKERS / 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, call_for_help, &caller), 0);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i].barrier = &barrier;
        submit(pool, &jobs[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
        inbox_wait(&inbox);
    let_end(&meeting);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(meeting.helpers, WORKERS / 2);
    worker_pool_free(pool);
    pthread_barrier_destroy(&barrier);
    meeting_done(&meeting);
}

TEST(crew_sends_no_more_than_were_called_for)
{
    struct worker_pool *pool = pool_of(8);
    struct meeting meeting;
    struct caller caller = {pool, &meeting, 1};
    meeting_init(&meeting, 2);
    meeting.may_end = true;
    (void)call_for_help(&caller);
    assert_int_equal(meeting.helpers, 1);
    worker_pool_free(pool);
    meeting_done(&meeting);
}

/* Work that ends when a job has been done, for which there is only the thread that helps. */
struct endless {
    struct crew_work work;
    pthread_t caller;
    atomic_bool has_help;
    atomic_bool is_over;
    struct counted *job;
    struct worker_pool *pool;
};

static bool go_on(struct crew_work *work)
{
    struct endless *endless = CONTAINER_OF(work, struct endless, work);
    if (!pthread_equal(pthread_self(), endless->caller)) {
        endless->has_help = true;
        return !endless->is_over;
    }
    while (!endless->has_help) /* somebody will come */
        (void)sched_yield();
    submit(endless->pool, endless->job);
    inbox_wait(&inbox);
    endless->is_over = true;
    return false;
}

TEST(crew_helps_only_while_no_job_waits)
{
    struct counted busy = {0};
    struct counted job = {0};
    pthread_barrier_t barrier;
    struct endless endless = {.work = {go_on}, .caller = pthread_self(), .job = &job};
    endless.pool = pool_of(2);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, 2), 0);
    busy.barrier = &barrier;
    submit(endless.pool, &busy);
    crew_share(worker_pool_crew(endless.pool), &endless.work, 1);
    assert_int_equal(job.works, 1);
    (void)pthread_barrier_wait(&barrier); /* as above */
    inbox_wait(&inbox);
    worker_pool_free(endless.pool);
    pthread_barrier_destroy(&barrier);
}

/* --- the end --- */

TEST(worker_pool_that_has_nothing_to_do_ends)
{
    worker_pool_free(pool_of(3));
    worker_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        INBOX_TEST(worker_runs_each_job_once_and_sends_it_home),
        INBOX_TEST(worker_takes_the_same_job_again),
        INBOX_TEST(workers_work_at_the_same_time),
        INBOX_TEST(worker_ends_what_is_queued_before_it_stops),
        INBOX_TEST(crew_does_each_part_once_and_shows_all_of_them),
        INBOX_TEST(crew_leaves_half_of_the_workers_to_others),
        INBOX_TEST(crew_sends_no_more_than_were_called_for),
        INBOX_TEST(crew_helps_only_while_no_job_waits),
        cmocka_unit_test(worker_pool_that_has_nothing_to_do_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
