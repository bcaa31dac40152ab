/* io/loop.h: one thread's event loop: sockets, deadlines, and tasks.
 *
 * A turn of the loop: wait, let each ready watch note what happened, run the tasks that were
 * queued, expire deadlines. What is queued runs after all events of the turn have been noted. */
#pragma once

#include "base/err.h"
#include "base/executor.h"

struct loop;
struct worker_pool;

/* Something a file descriptor tells. `events` are epoll's. Embedded in who owns the descriptor. */
struct watch {
    void (*ready)(struct watch *watch, uint32_t events);
    int fd;
};

/* Something to do soon, on this thread. Queued at most once at a time. */
struct task {
    struct list link;
    void (*run)(struct task *task);
    bool is_queued;
};

/* Deadlines of one length, oldest first, so that arming one costs no search and no system call. */
struct deadline_queue {
    struct list deadlines;
    struct list link; /* the loop's */
    int64_t length_ms;
};

struct deadline {
    struct list link;
    int64_t at_ms;
    void (*expired)(struct deadline *deadline);
};

/* Gives. Its executor submits to `pool`, which must outlive it. */
NODISCARD struct loop *loop_new(struct worker_pool *pool, struct err *err);
void loop_free(struct loop *loop);

/* Has its executor compute on `computers`, which must outlive it, instead of on the first pool. */
void loop_compute_on(struct loop *loop, struct worker_pool *computers);

struct executor *loop_executor(struct loop *loop);

/* Runs on the calling thread until loop_stop(). */
void loop_run(struct loop *loop);
/* One turn, for who has a loop to himself: waits `wait_ms_max` at most; negative: for anything. The
 * thread counts as a loop's from then on. */
void loop_turn(struct loop *loop, int64_t wait_ms_max);
void loop_stop(struct loop *loop); /* from the loop's own thread */

/* Edge-triggered, for reading and writing. Borrows the watch until loop_forget(). */
NODISCARD bool loop_watch(struct loop *loop, struct watch *watch, struct err *err);
/* Level-triggered, for these events only, and for others from then on: for who tells from time to
 * time what it waits for, and does not read until there is no more. */
NODISCARD bool loop_watch_level(struct loop *loop, struct watch *watch, uint32_t events,
                                struct err *err);
NODISCARD bool loop_watch_change(struct loop *loop, struct watch *watch, uint32_t events,
                                 struct err *err);
/* Level-triggered, for reading, and shared with other loops: listening sockets. */
NODISCARD bool loop_watch_shared(struct loop *loop, struct watch *watch, struct err *err);
void loop_forget(struct loop *loop, struct watch *watch);

void loop_queue(struct loop *loop, struct task *task);
/* Behind all that are queued now, but in the same turn: first all receive, then all answer. */
void loop_queue_behind(struct loop *loop, struct task *task);
/* At the end of this turn, behind its tasks and deadlines, also where one of them queues it: for
 * what is to be done once for all that the turn did. */
void loop_queue_last(struct loop *loop, struct task *task);
void loop_unqueue(struct task *task);

/* The time at the start of this turn. */
int64_t loop_now_ms(const struct loop *loop);

void loop_add_deadlines(struct loop *loop, struct deadline_queue *queue, int64_t length_ms);
void loop_remove_deadlines(struct deadline_queue *queue); /* none of them is armed */
void deadline_init(struct deadline *deadline, void (*expired)(struct deadline *deadline));
/* Arms or re-arms: it expires length_ms after the start of this turn. */
void deadline_arm(struct loop *loop, struct deadline_queue *queue, struct deadline *deadline);
void deadline_cancel(struct deadline *deadline);
bool deadline_is_armed(const struct deadline *deadline);
