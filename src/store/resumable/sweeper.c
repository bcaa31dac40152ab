/* What is over goes after some minutes, whether anybody comes or not: there is a thread that looks,
 * where an engine has been opened, which is where somebody has ever begun an upload. Rejected: the
 * threads that are there. The one that learns what has been listed runs where there is a cache and
 * something was listed, and a server's loops know nothing of stores and may not wait for a disk. */
#include <signal.h>

#include "base/clock.h"
#include "store/resumable/answers.h"
#include "store/resumable/engine_priv.h"

struct sweep {
    struct shelf_visitor visitor;
    struct resumables *of;
};

static void sweep_one(struct shelf_visitor *visitor, int owner_fd, const char *name, int info_fd,
                      struct record *record)
{
    struct resumables *of = CONTAINER_OF(visitor, struct sweep, visitor)->of;
    if (is_expired(of, record) && shelf_holds_alone(info_fd) &&
        record_read(info_fd, visitor->arena, record) == STORE_OK && is_expired(of, record)) {
        (void)!shelf_remove(of, owner_fd, name); /* or it is logged, and tried again */
        holdings_forget(&of->holders, owner_mark(record->told.wish.owner));
    }
    arena_reset(visitor->arena);
}

void sweeper_sweep(struct resumables *of)
{
    struct arena arena = {0};
    struct sweep sweep = {.visitor = {.show = sweep_one, .arena = &arena}, .of = of};
    shelf_visit(of, 0, &sweep.visitor);
    arena_done(&arena);
    answers_sweep(of);
    appends_forget_gone(of);
}

static void *sweep(void *arg)
{
    struct resumables *of = arg;
    pthread_mutex_lock(&of->mutex);
    while (!of->is_closing) {
        int64_t due_ms = clock_mono_ms() + of->options.sweep_ms;
        struct timespec until = {.tv_sec = due_ms / 1000, .tv_nsec = due_ms % 1000 * 1000000};
        while (!of->is_closing && clock_mono_ms() < due_ms)
            (void)pthread_cond_clockwait(&of->closes, &of->mutex, CLOCK_MONOTONIC, &until);
        if (of->is_closing)
            break;
        pthread_mutex_unlock(&of->mutex);
        sweeper_sweep(of);
        pthread_mutex_lock(&of->mutex);
    }
    pthread_mutex_unlock(&of->mutex);
    return NULL;
}

void sweeper_start(struct resumables *of)
{
    sigset_t all;
    sigset_t before;
    pthread_cond_init(&of->closes, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the loops' affair */
    of->has_sweeper =
        of->options.sweep_ms > 0 && pthread_create(&of->sweeper, NULL, sweep, of) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void sweeper_stop(struct resumables *of)
{
    pthread_mutex_lock(&of->mutex);
    of->is_closing = true;
    pthread_cond_signal(&of->closes);
    pthread_mutex_unlock(&of->mutex);
    if (of->has_sweeper)
        (void)pthread_join(of->sweeper, NULL); /* it is there */
    pthread_cond_destroy(&of->closes);
}
