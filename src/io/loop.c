/* An epoll loop. Connections are watched edge-triggered for both directions from birth to death, so
 * that a request on a kept-alive connection costs no epoll_ctl(2). Deadlines are lists ordered by
 * construction, one for each length, so that moving one costs no system call and no search.
 *
 * Other threads reach the loop only through its executor: they append a job to `inbox` under
 * `mutex` and, when the loop may be asleep, write to `wake_fd`. `is_awake` spares that write while
 * the loop is known to look at the inbox again before it sleeps.
 *
 * Jobs that are to run after a while are few (what is tried again), and each has a time of its own:
 * they are a list in the order of these times.
 *
 * A deadline is for what does not come in time. A process that was stopped (SIGSTOP, a debugger, a
 * machine that is suspended or starved) finds both at once, what has come and that it is late; time
 * that the loop itself has missed is therefore not counted (wait_events()). epoll_wait(2) says of a
 * stop that it was interrupted, and nothing of what has come: it is asked again.
 *
 * A watch may be forgotten while events for it are still in the batch that epoll_wait(2) returned;
 * `events` is therefore searched and such events are blanked. */
#include "io/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/turn.h"
#include "io/worker.h"

enum {
    EVENTS_PER_TURN = 128,
    MISSED_MS_MIN =
        1000, /* a turn that is longer by so much than it meant to wait has missed some */
};

struct loop {
    struct executor executor;
    struct worker_pool *pool;
    struct worker_pool *computers;
    int epoll_fd;
    int wake_fd;
    struct list tasks;
    struct list behind_tasks;
    struct list last_tasks;
    struct list deadline_queues;
    struct list later; /* jobs, the next one first */
    int64_t now_ms;    /* the loop's own time: the clock's, less what was missed */
    int64_t clock_ms;  /* what the clock said then */
    bool is_stopping;
    struct epoll_event events[EVENTS_PER_TURN];
    int event_count;

    pthread_mutex_t mutex; /* guards inbox */
    struct list inbox;
    atomic_bool is_awake;
};

/* --- the executor's side --- */

static void submit(struct executor *executor, struct job *job)
{
    struct loop *loop = CONTAINER_OF(executor, struct loop, executor);
    job->home = executor;
    worker_pool_submit(loop->pool, job);
}

static void compute(struct executor *executor, struct job *job)
{
    struct loop *loop = CONTAINER_OF(executor, struct loop, executor);
    job->home = executor;
    worker_pool_submit(loop->computers, job);
}

static void post(struct executor *executor, struct job *job)
{
    struct loop *loop = CONTAINER_OF(executor, struct loop, executor);
    pthread_mutex_lock(&loop->mutex);
    list_append(&loop->inbox, &job->link);
    pthread_mutex_unlock(&loop->mutex);
    if (atomic_exchange(&loop->is_awake, true))
        return;
    uint64_t one = 1;
    (void)!write(loop->wake_fd, &one, sizeof(one)); /* fails only when it is rung already */
}

static struct job *job_of(struct list *link)
{
    return CONTAINER_OF(link, struct job, link);
}

/* Behind those that come before it; most come before. */
static void after(struct executor *executor, struct job *job, int64_t ms)
{
    struct loop *loop = CONTAINER_OF(executor, struct loop, executor);
    struct list *before = loop->later.prev;
    job->at_ms = loop->now_ms + ms;
    while (before != &loop->later && job_of(before)->at_ms > job->at_ms)
        before = before->prev;
    list_append(before->next, &job->link); /* in front of the one behind it */
}

static const struct executor_ops loop_executor_ops = {
    .submit = submit, .compute = compute, .post = post, .after = after};

static void run_later(struct loop *loop)
{
    while (!list_is_empty(&loop->later) && job_of(loop->later.next)->at_ms <= loop->now_ms) {
        struct job *job = job_of(loop->later.next);
        list_remove(&job->link);
        job->done(job);
    }
}

static void run_inbox(struct loop *loop)
{
    struct list jobs;
    list_init(&jobs);
    pthread_mutex_lock(&loop->mutex);
    list_splice(&jobs, &loop->inbox);
    pthread_mutex_unlock(&loop->mutex);
    while (!list_is_empty(&jobs)) {
        struct job *job = job_of(jobs.next);
        list_remove(&job->link);
        job->done(job);
    }
}

/* --- life --- */

struct loop *loop_new(struct worker_pool *pool, struct err *err)
{
    struct loop *loop = MEM_NEW(struct loop);
    loop->executor.ops = &loop_executor_ops;
    loop->pool = pool;
    loop->computers = pool;
    list_init(&loop->tasks);
    list_init(&loop->behind_tasks);
    list_init(&loop->last_tasks);
    list_init(&loop->deadline_queues);
    list_init(&loop->later);
    list_init(&loop->inbox);
    pthread_mutex_init(&loop->mutex, NULL);
    loop->is_awake = true;
    loop->now_ms = loop->clock_ms = clock_mono_ms();
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET, .data.ptr = NULL};
    if (loop->epoll_fd < 0 || loop->wake_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->wake_fd, &event) < 0) {
        err_sys(err, errno, "cannot create an event loop");
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void loop_compute_on(struct loop *loop, struct worker_pool *computers)
{
    loop->computers = computers;
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    fd_close(loop->epoll_fd);
    fd_close(loop->wake_fd);
    pthread_mutex_destroy(&loop->mutex);
    mem_free(loop);
}

struct executor *loop_executor(struct loop *loop)
{
    return &loop->executor;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}

/* --- watches --- */

static bool set_watch(struct loop *loop, int how, struct watch *watch, uint32_t events,
                      struct err *err)
{
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, how, watch->fd, &event) < 0)
        return err_sys(err, errno, "cannot watch a socket");
    return true;
}

static bool add_watch(struct loop *loop, struct watch *watch, uint32_t events, struct err *err)
{
    return set_watch(loop, EPOLL_CTL_ADD, watch, events, err);
}

bool loop_watch(struct loop *loop, struct watch *watch, struct err *err)
{
    return add_watch(loop, watch, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, err);
}

bool loop_watch_level(struct loop *loop, struct watch *watch, uint32_t events, struct err *err)
{
    return add_watch(loop, watch, events, err);
}

bool loop_watch_change(struct loop *loop, struct watch *watch, uint32_t events, struct err *err)
{
    return set_watch(loop, EPOLL_CTL_MOD, watch, events, err);
}

bool loop_watch_shared(struct loop *loop, struct watch *watch, struct err *err)
{
    return add_watch(loop, watch, EPOLLIN | EPOLLEXCLUSIVE, err);
}

void loop_forget(struct loop *loop, struct watch *watch)
{
    (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL); /* absent is as good */
    for (int i = 0; i < loop->event_count; i++) {
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
    }
}

/* --- tasks --- */

static void queue(struct list *tasks, struct task *task)
{
    if (task->is_queued)
        return;
    task->is_queued = true;
    list_append(tasks, &task->link);
}

void loop_queue(struct loop *loop, struct task *task)
{
    queue(&loop->tasks, task);
}

void loop_queue_behind(struct loop *loop, struct task *task)
{
    queue(&loop->behind_tasks, task);
}

void loop_queue_last(struct loop *loop, struct task *task)
{
    queue(&loop->last_tasks, task);
}

void loop_unqueue(struct task *task)
{
    if (!task->is_queued)
        return;
    task->is_queued = false;
    list_remove(&task->link);
}

static void run_tasks(struct list *queued)
{
    struct list tasks; /* what these queue in turn runs after the next look at the sockets */
    list_init(&tasks);
    list_splice(&tasks, queued);
    while (!list_is_empty(&tasks)) {
        struct task *task = CONTAINER_OF(tasks.next, struct task, link);
        task->is_queued = false;
        list_remove(&task->link);
        task->run(task);
    }
}

/* --- deadlines --- */

void loop_add_deadlines(struct loop *loop, struct deadline_queue *queue, int64_t length_ms)
{
    list_init(&queue->deadlines);
    queue->length_ms = length_ms;
    list_append(&loop->deadline_queues, &queue->link);
}

void loop_remove_deadlines(struct deadline_queue *queue)
{
    assert(list_is_empty(&queue->deadlines));
    list_remove(&queue->link);
}

void deadline_init(struct deadline *deadline, void (*expired)(struct deadline *deadline))
{
    list_init(&deadline->link);
    deadline->expired = expired;
}

void deadline_arm(struct loop *loop, struct deadline_queue *queue, struct deadline *deadline)
{
    deadline->at_ms = loop->now_ms + queue->length_ms;
    list_remove(&deadline->link);
    list_append(&queue->deadlines, &deadline->link);
}

void deadline_cancel(struct deadline *deadline)
{
    list_remove(&deadline->link);
}

bool deadline_is_armed(const struct deadline *deadline)
{
    return !list_is_empty(&deadline->link);
}

static void expire_deadlines(struct loop *loop)
{
    LIST_EACH (&loop->deadline_queues, queue_link) {
        struct deadline_queue *queue = CONTAINER_OF(queue_link, struct deadline_queue, link);
        while (!list_is_empty(&queue->deadlines)) {
            struct deadline *first = CONTAINER_OF(queue->deadlines.next, struct deadline, link);
            if (first->at_ms > loop->now_ms)
                break;
            list_remove(&first->link);
            first->expired(first);
        }
    }
}

/* Milliseconds until the first deadline or later job; -1: there is none. */
static int64_t next_deadline_ms(const struct loop *loop)
{
    int64_t first_ms = INT64_MAX;
    if (!list_is_empty(&loop->later))
        first_ms = job_of(loop->later.next)->at_ms;
    LIST_EACH (&loop->deadline_queues, queue_link) {
        struct deadline_queue *queue = CONTAINER_OF(queue_link, struct deadline_queue, link);
        if (list_is_empty(&queue->deadlines))
            continue;
        int64_t at_ms = CONTAINER_OF(queue->deadlines.next, struct deadline, link)->at_ms;
        first_ms = at_ms < first_ms ? at_ms : first_ms;
    }
    if (first_ms == INT64_MAX)
        return -1;
    return first_ms > loop->now_ms ? first_ms - loop->now_ms : 0;
}

/* --- running --- */

static int wait_ms(struct loop *loop)
{
    if (!list_is_empty(&loop->tasks) || !list_is_empty(&loop->behind_tasks) ||
        !list_is_empty(&loop->last_tasks))
        return 0;
    atomic_store(&loop->is_awake, false);
    pthread_mutex_lock(&loop->mutex);
    bool has_jobs = !list_is_empty(&loop->inbox);
    pthread_mutex_unlock(&loop->mutex);
    int64_t left_ms = next_deadline_ms(loop);
    return has_jobs ? 0 : (int)(left_ms > INT32_MAX ? INT32_MAX : left_ms);
}

/* What has come, and the time. Where nothing has come, nothing is lost by counting. */
static void wait_events(struct loop *loop, int timeout_ms)
{
    int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, timeout_ms);
    int64_t turn_ms = clock_mono_ms() - loop->clock_ms;
    bool is_late = timeout_ms >= 0 && turn_ms - timeout_ms > MISSED_MS_MIN;
    if (count <= 0 && is_late)
        count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_PER_TURN, 0);
    assert(count >= 0 || errno == EINTR);
    loop->event_count = count > 0 ? count : 0;
    bool has_missed = false;
    for (int i = 0; is_late && i < loop->event_count; i++)
        has_missed = has_missed || loop->events[i].data.ptr;
    loop->clock_ms += turn_ms;
    if (!has_missed)
        loop->now_ms += turn_ms;
}

static void note_events(struct loop *loop)
{
    for (int i = 0; i < loop->event_count; i++) {
        struct watch *watch = loop->events[i].data.ptr;
        if (watch)
            watch->ready(watch, loop->events[i].events);
    }
    loop->event_count = 0;
}

void loop_turn(struct loop *loop, int64_t wait_ms_max)
{
    int timeout_ms = wait_ms(loop);
    if (wait_ms_max >= 0 && (timeout_ms < 0 || wait_ms_max < timeout_ms))
        timeout_ms = (int)(wait_ms_max > INT32_MAX ? INT32_MAX : wait_ms_max);
    wait_events(loop, timeout_ms);
    atomic_store(&loop->is_awake, true);
    turn_next();
    note_events(loop);
    run_inbox(loop);
    run_later(loop);
    run_tasks(&loop->tasks);
    run_tasks(&loop->behind_tasks);
    expire_deadlines(loop);
    run_tasks(&loop->last_tasks);
}

void loop_run(struct loop *loop)
{
    while (!loop->is_stopping)
        loop_turn(loop, -1);
    turn_over();
}

void loop_stop(struct loop *loop)
{
    loop->is_stopping = true;
}
