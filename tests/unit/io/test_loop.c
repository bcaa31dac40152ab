#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "io/loop.h"
#include "io/worker.h"

enum { CLOCK_START_MS = 1000000 };

static struct worker_pool *pool;
static struct loop *loop;
static struct buf order; /* what has happened, a word each */

static int start(__attribute__((unused)) void **state)
{
    struct err err = {0};
    clock_freeze(CLOCK_START_MS);
    pool = worker_pool_new(1, &err);
    loop = loop_new(pool, &err);
    return pool && loop ? 0 : -1;
}

static int stop(__attribute__((unused)) void **state)
{
    loop_free(loop);
    worker_pool_free(pool);
    buf_done(&order);
    clock_freeze(-1);
    return 0;
}

#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

static void note(const char *word)
{
    buf_addf(&order, "%s ", word);
}

static void check_order(const char *expected)
{
    check_str("order", buf_str(&order), expected);
    buf_clear(&order);
}

/* --- tasks --- */

/* A task that says its name and then does what the test wants. */
struct step {
    struct task task;
    const char *name;
    void (*then)(void);
};

static void run_step(struct task *task)
{
    struct step *step = CONTAINER_OF(task, struct step, task);
    if (step->name)
        note(step->name);
    if (step->then)
        step->then();
}

#define STEP(text, then)                                                                           \
    {                                                                                              \
        {.run = run_step}, (text), (then)                                                          \
    }

static void stop_loop(void)
{
    loop_stop(loop);
}

/* Ends the loop in `turns` turns from now. */
static unsigned turns_left;
static void count_turn(void);
static struct step turn = STEP(NULL, count_turn);

static void count_turn(void)
{
    if (--turns_left == 0)
        loop_stop(loop);
    else
        loop_queue(loop, &turn.task);
}

static void run_turns(unsigned turns)
{
    turns_left = turns;
    loop_queue(loop, &turn.task);
    loop_run(loop);
}

static struct step a = STEP("a", NULL), b = STEP("b", NULL), c = STEP("c", NULL);
static struct step last = STEP("last", NULL);

TEST(tasks_run_once_in_the_order_in_which_they_were_queued)
{
    loop_queue(loop, &a.task);
    loop_queue(loop, &b.task);
    loop_queue(loop, &a.task);
    loop_queue(loop, &c.task);
    run_turns(3);
    check_order("a b c ");
}

TEST(tasks_that_are_unqueued_do_not_run)
{
    loop_queue(loop, &a.task);
    loop_queue(loop, &b.task);
    loop_unqueue(&a.task);
    loop_unqueue(&a.task);
    loop_unqueue(&c.task);
    run_turns(1);
    check_order("b ");
}

static void drop_b(void)
{
    loop_unqueue(&b.task);
}

TEST(tasks_may_unqueue_others_of_the_same_turn)
{
    struct step first = STEP("first", drop_b);
    loop_queue(loop, &first.task);
    loop_queue(loop, &b.task);
    loop_queue(loop, &c.task);
    run_turns(1);
    check_order("first c ");
}

static void queue_a_and_last(void)
{
    loop_queue(loop, &a.task);
    loop_queue_last(loop, &last.task);
}

/* So that a task that goes on and on leaves room for the sockets. */
TEST(tasks_that_a_task_queues_run_in_the_next_turn)
{
    struct step first = STEP("first", queue_a_and_last);
    loop_queue_last(loop, &last.task);
    loop_queue(loop, &first.task);
    loop_queue(loop, &b.task);
    run_turns(2);
    check_order("first b last a ");
}

static void queue_last(void)
{
    loop_queue_last(loop, &last.task);
}

/* The loop must not go to sleep over it. */
TEST(last_tasks_that_a_last_task_queues_run_in_the_next_turn)
{
    struct step first = STEP("first", queue_last);
    last.then = stop_loop;
    loop_queue_last(loop, &first.task);
    loop_run(loop);
    last.then = NULL;
    check_order("first last ");
}

/* --- deadlines --- */

struct named_deadline {
    struct deadline deadline;
    const char *name;
};

static struct deadline_queue queue, other_queue;
static struct named_deadline x = {.name = "x"}, y = {.name = "y"}, z = {.name = "z"};

static void expired(struct deadline *deadline)
{
    note(CONTAINER_OF(deadline, struct named_deadline, deadline)->name);
}

static void init_deadlines(void)
{
    loop_add_deadlines(loop, &queue, 100);
    loop_add_deadlines(loop, &other_queue, 30);
    deadline_init(&x.deadline, expired);
    deadline_init(&y.deadline, expired);
    deadline_init(&z.deadline, expired);
}

/* Runs turns, and calls `during` in the one at each time. */
static const struct act {
    int64_t at_ms; /* since the start */
    void (*during)(void);
    const char *expected; /* what expires at the end of that turn */
} * acts;
static size_t act_count, act_at;
static struct step actor;

static void act(void)
{
    if (act_at > 0)
        check_order(acts[act_at - 1].expected);
    if (act_at == act_count) {
        loop_stop(loop);
        return;
    }
    if (acts[act_at].during)
        acts[act_at].during();
    act_at++;
    if (act_at < act_count)
        clock_freeze(CLOCK_START_MS + acts[act_at].at_ms);
    loop_queue(loop, &actor.task);
}

static void arm_x(void)
{
    deadline_arm(loop, &queue, &x.deadline);
}

static void arm_y(void)
{
    deadline_arm(loop, &queue, &y.deadline);
}

static void arm_z_shortly(void)
{
    deadline_arm(loop, &other_queue, &z.deadline);
}

static void cancel_y(void)
{
    deadline_cancel(&y.deadline);
    assert_false(deadline_is_armed(&y.deadline));
    deadline_cancel(&y.deadline); /* once more is fine */
}

TEST(deadlines_are_kept_moved_and_cancelled)
{
    static const struct act rows[] = {
        {0, arm_x, ""},
        {10, arm_y, ""},
        {50, arm_x, ""}, /* again: later */
        {60, arm_z_shortly, ""},
        {89, NULL, ""},
        {90, NULL, "z "},
        {109, NULL, ""},
        {110, arm_z_shortly, "y "},
        {111, arm_y, ""},
        {150, NULL, "x z "},
        {200, cancel_y, ""},
        {1000, NULL, ""},
    };
    init_deadlines();
    acts = rows;
    act_count = ARRAY_LEN(rows);
    act_at = 0;
    actor = (struct step)STEP(NULL, act);
    loop_queue(loop, &actor.task);
    loop_run(loop);
    assert_false(deadline_is_armed(&x.deadline));
}

static void stop_at_deadline(struct deadline *deadline)
{
    expired(deadline);
    loop_stop(loop);
}

/* With the clock that goes by itself, and nothing else to wake the loop. */
TEST(deadlines_wake_a_loop_that_sleeps)
{
    struct err err = {0};
    clock_freeze(-1);
    loop_free(loop);
    loop = loop_new(pool, &err); /* its time is that of its making */
    assert_non_null(loop);
    int64_t before_ms = clock_mono_ms();
    loop_add_deadlines(loop, &queue, 20);
    deadline_init(&x.deadline, stop_at_deadline);
    deadline_arm(loop, &queue, &x.deadline);
    loop_run(loop);
    assert_true(clock_mono_ms() - before_ms >= 19); /* it may have been made a moment before */
    check_order("x ");
}

/* --- watches --- */

struct named_watch {
    struct watch watch;
    const char *name;
    uint32_t events; /* that were told, together */
    void (*then)(void);
};

static void ready(struct watch *watch, uint32_t events)
{
    struct named_watch *named = CONTAINER_OF(watch, struct named_watch, watch);
    note(named->name);
    named->events |= events;
    if (named->then)
        named->then();
}

static struct named_watch p, q;

static void open_pipe(struct named_watch *named, const char *name, int *write_fd)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    *named = (struct named_watch){.watch = {ready, fds[0]}, .name = name};
    *write_fd = fds[1];
}

TEST(watch_tells_once_of_what_has_come)
{
    struct err err = {0};
    int write_fd;
    open_pipe(&p, "p", &write_fd);
    assert_true(loop_watch(loop, &p.watch, &err));
    assert_int_equal(write(write_fd, "x", 1), 1);
    run_turns(5);
    check_order("p ");
    assert_true(p.events & EPOLLIN);
    close(p.watch.fd);
    close(write_fd);
}

/* Until somebody has taken what is there: other loops may be busy. */ static int
    late_fd; /* what comes comes here; -1: nothing does */

/* The process is stopped for a minute, and meanwhile something comes. */
static void be_stopped(void)
{
    clock_freeze(CLOCK_START_MS + 60000);
    assert_true(late_fd < 0 || write(late_fd, "x", 1) == 1);
}

static void check_stop(bool has_come, const char *expected)
{
    struct err err = {0};
    struct step stopped = STEP(NULL, be_stopped);
    int write_fd;
    init_deadlines();
    open_pipe(&p, "p", &write_fd);
    late_fd = has_come ? write_fd : -1;
    assert_true(loop_watch(loop, &p.watch, &err));
    deadline_arm(loop, &queue, &x.deadline);
    loop_queue(loop, &stopped.task);
    run_turns(3);
    check_order(expected);
    deadline_cancel(&x.deadline);
    close(p.watch.fd);
    close(write_fd);
}

TEST(what_came_while_the_process_was_stopped_is_not_late)
{
    check_stop(true, "p ");
}

TEST(what_did_not_come_while_the_process_was_stopped_is_late)
{
    check_stop(false, "x ");
}

TEST(watch_shared_tells_again_and_again)
{
    struct err err = {0};
    int write_fd;
    open_pipe(&p, "p", &write_fd);
    assert_true(loop_watch_shared(loop, &p.watch, &err));
    assert_int_equal(write(write_fd, "x", 1), 1);
    run_turns(3);
    check_order("p p p ");
    close(p.watch.fd);
    close(write_fd);
}

/* For the events that are wanted now, again and again. */
TEST(watch_level_tells_what_is_wanted_until_something_else_is)
{
    struct err err = {0};
    int write_fd;
    open_pipe(&p, "p", &write_fd);
    assert_true(loop_watch_level(loop, &p.watch, EPOLLIN, &err));
    assert_int_equal(write(write_fd, "x", 1), 1);
    loop_turn(loop, -1);
    loop_turn(loop, -1);
    check_order("p p ");
    assert_true(
        loop_watch_change(loop, &p.watch, EPOLLOUT, &err)); /* which a pipe's end never is */
    loop_turn(loop, 0);
    check_order("");
    assert_true(loop_watch_change(loop, &p.watch, EPOLLIN, &err));
    loop_turn(loop, -1);
    loop_forget(loop, &p.watch);
    loop_turn(loop, 0);
    check_order("p ");
    close(p.watch.fd);
    close(write_fd);
}

TEST(turn_waits_no_longer_than_it_may)
{
    loop_turn(loop, 1); /* nothing comes */
    loop_queue(loop, &a.task);
    loop_turn(loop, INT64_MAX); /* nor is it waited for */
    check_order("a ");
}

TEST(queue_of_deadlines_can_be_taken_away)
{
    struct deadline_queue other;
    init_deadlines();
    loop_add_deadlines(loop, &other, 1);
    deadline_arm(loop, &queue, &x.deadline);
    loop_remove_deadlines(&other);
    memset(&other, 0xff, sizeof(other));
    clock_freeze(CLOCK_START_MS + 100);
    loop_turn(loop, 0);
    check_order("x ");
}

static void forget_both(void)
{
    loop_forget(loop, &p.watch);
    loop_forget(loop, &q.watch);
    p.then = q.then = NULL;
}

/* Both are ready in the same turn; whoever comes first forgets the other, which is gone then. */
TEST(watch_that_was_forgotten_in_the_same_turn_tells_nothing)
{
    struct err err = {0};
    int write_p, write_q;
    open_pipe(&p, "one", &write_p);
    open_pipe(&q, "one", &write_q);
    p.then = q.then = forget_both;
    assert_true(loop_watch_shared(loop, &p.watch, &err));
    assert_true(loop_watch_shared(loop, &q.watch, &err));
    assert_int_equal(write(write_p, "x", 1), 1);
    assert_int_equal(write(write_q, "x", 1), 1);
    run_turns(3);
    check_order("one ");
    close(p.watch.fd);
    close(q.watch.fd);
    close(write_p);
    close(write_q);
}

/* Events are noted before any task runs, and tasks run before deadlines. */
TEST(turn_has_its_order)
{
    struct err err = {0};
    int write_fd;
    init_deadlines();
    open_pipe(&p, "event", &write_fd);
    assert_true(loop_watch(loop, &p.watch, &err));
    assert_int_equal(write(write_fd, "x", 1), 1);
    deadline_arm(loop, &other_queue, &z.deadline);
    loop_queue_last(loop, &last.task);
    loop_queue(loop, &a.task);
    clock_freeze(CLOCK_START_MS + 30);
    run_turns(1);
    check_order("event a z last ");
    close(p.watch.fd);
    close(write_fd);
}

TEST(watch_of_what_cannot_be_watched_fails)
{
    struct err err = {0};
    struct watch none = {ready, -1};
    assert_false(loop_watch(loop, &none, &err));
    assert_int_equal(err.code, EBADF);
    assert_false(loop_watch_shared(loop, &none, &err));
    loop_forget(loop, &none);
}

/* --- the executor --- */

struct threaded_job {
    struct job job;
    pthread_t work_thread, done_thread;
    bool has_worked;
};

static void work(struct job *job)
{
    struct threaded_job *threaded = CONTAINER_OF(job, struct threaded_job, job);
    threaded->work_thread = pthread_self();
    threaded->has_worked = true;
}

static void done(struct job *job)
{
    CONTAINER_OF(job, struct threaded_job, job)->done_thread = pthread_self();
    note("done");
    loop_stop(loop);
}

TEST(executor_works_elsewhere_and_ends_here)
{
    struct threaded_job job = {.job = {.work = work, .done = done}};
    executor_submit(loop_executor(loop), &job.job);
    check_order("");
    loop_run(loop);
    check_order("done ");
    assert_true(job.has_worked);
    assert_false(pthread_equal(job.work_thread, pthread_self()));
    assert_true(pthread_equal(job.done_thread, pthread_self()));
}

TEST(executor_posts_never_within_the_call)
{
    struct threaded_job job = {.job = {.work = work, .done = done}};
    executor_post(loop_executor(loop), &job.job);
    check_order("");
    loop_run(loop);
    check_order("done ");
    assert_false(job.has_worked);
}

enum { JOBS = 1000 };
static size_t done_count;

static void count_done(struct job *job)
{
    if (++done_count == JOBS)
        loop_stop(loop);
    (void)job; /* only their number matters */
}

static void *post_many(void *arg)
{
    struct job *jobs = arg;
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].done = count_done;
        executor_post(loop_executor(loop), &jobs[i]);
    }
    return NULL;
}

/* No wake-up is lost, however the two threads meet. */
TEST(executor_loses_no_job)
{
    static struct job jobs[JOBS];
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, post_many, jobs), 0);
    loop_run(loop);
    assert_int_equal(done_count, JOBS);
    pthread_join(thread, NULL);
}

struct later_job {
    struct job job;
    const char *name;
};

static void note_later(struct job *job)
{
    note(CONTAINER_OF(job, struct later_job, job)->name);
    if (--turns_left == 0)
        loop_stop(loop);
}

TEST(executor_runs_later_what_is_to_run_after_a_while)
{
    struct later_job jobs[] = {{.name = "30"}, {.name = "10"}, {.name = "20"}, {.name = "10'"}};
    const int64_t ms[] = {30, 10, 20, 10};
    clock_freeze(-1);
    turns_left = ARRAY_LEN(jobs);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        jobs[i].job.done = note_later;
        executor_after(loop_executor(loop), &jobs[i].job, ms[i]);
    }
    loop_run(loop);
    check_order("10 10' 20 30 ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(tasks_run_once_in_the_order_in_which_they_were_queued),
        LOOP_TEST(tasks_that_are_unqueued_do_not_run),
        LOOP_TEST(tasks_may_unqueue_others_of_the_same_turn),
        LOOP_TEST(tasks_that_a_task_queues_run_in_the_next_turn),
        LOOP_TEST(last_tasks_that_a_last_task_queues_run_in_the_next_turn),
        LOOP_TEST(deadlines_are_kept_moved_and_cancelled),
        LOOP_TEST(deadlines_wake_a_loop_that_sleeps),
        LOOP_TEST(watch_tells_once_of_what_has_come),
        LOOP_TEST(what_came_while_the_process_was_stopped_is_not_late),
        LOOP_TEST(what_did_not_come_while_the_process_was_stopped_is_late),
        LOOP_TEST(watch_shared_tells_again_and_again),
        LOOP_TEST(watch_that_was_forgotten_in_the_same_turn_tells_nothing),
        LOOP_TEST(watch_level_tells_what_is_wanted_until_something_else_is),
        LOOP_TEST(turn_waits_no_longer_than_it_may),
        LOOP_TEST(queue_of_deadlines_can_be_taken_away),
        LOOP_TEST(turn_has_its_order),
        LOOP_TEST(watch_of_what_cannot_be_watched_fails),
        LOOP_TEST(executor_works_elsewhere_and_ends_here),
        LOOP_TEST(executor_posts_never_within_the_call),
        LOOP_TEST(executor_loses_no_job),
        LOOP_TEST(executor_runs_later_what_is_to_run_after_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
