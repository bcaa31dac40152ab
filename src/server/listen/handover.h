/* server/listen/handover.h: connections that one loop has accepted and another is to serve. */
#pragma once

#include "base/executor.h"
#include "base/list.h"
#include "io/socket.h"

#include <pthread.h>
#include <stdatomic.h>

struct endpoint;
struct loop;
struct share;

/* A connection that has been accepted, with its places in the counts. */
struct handed {
    int fd;
    struct socket_address peer;
    struct endpoint *endpoint;
    struct share *share;
};

/* What one loop is given by the others. */
struct handover {
    struct list link; /* of all loops' */
    const struct list *all;
    atomic_size_t count; /* of its connections, and of those that are on their way to it */
    struct loop *loop;
    void (*arrived)(struct handover *handover, const struct handed *handed); /* takes handed->fd */
    struct job job;
    pthread_mutex_t mutex; /* guards what follows */
    struct list waiting;
    bool is_posted;
};

/* One more of `all`, which it borrows; before there are threads. `arrived` is called on the thread
 * of the loop, for each connection. */
void handover_init(struct handover *handover, struct list *all, struct loop *loop,
                   void (*arrived)(struct handover *handover, const struct handed *handed));
/* Whose the next connection is to be, and counts it there: the own loop's, unless another has
 * fewer. */
struct handover *handover_choose(struct handover *own);
/* To another loop. Copies; takes handed->fd. */
void handover_give(struct handover *handover, const struct handed *handed);
/* One of its connections has gone. */
void handover_gone(struct handover *handover);
/* The loop runs no more, and nobody gives: what has come too late is closed. */
void handover_done(struct handover *handover);
