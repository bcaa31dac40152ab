#include "support/test.h"

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
        cmocka_unit_test(worker_pool_that_has_nothing_to_do_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
