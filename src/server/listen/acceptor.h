/* server/listen/acceptor.h: connections as they come: each is found a place, among all and among
 * those of its address, and a loop. */
#pragma once

#include "io/shares.h"
#include "server/listen/crowd.h"
#include "server/listen/handover.h"
#include "server/listen/port.h"
#include "server/proxy.h"

/* What those of all loops share. Filled by the server before there are threads. */
struct acceptors {
    struct ports ports;
    struct crowd crowd;
    struct list handovers;
    struct shares *shares;
    size_t conn_count_max;
};

void acceptors_init(struct acceptors *all);

/* How many connections there may be: half of the descriptors are for files, whatever clients do.
 * The log is told where that is less than the limit. */
size_t acceptor_conn_count_max(const struct limits *limits);

/* A listening socket as one loop watches it. */
struct listener {
    struct watch watch;
    struct acceptor *acceptor;
    struct port *port;
};

/* A loop's. */
struct acceptor {
    struct acceptors *all;
    struct loop *loop;
    struct wire *wire;             /* whose connections they become */
    const struct proxies *proxies; /* in force; set by the caller */
    struct handover handover;      /* what others have accepted for it */
    struct listener listeners[LISTENERS_MAX];
    bool is_accepting;
    bool is_over;
    struct deadline_queue pause_queue; /* after descriptors ran out */
    struct deadline pause;
    int64_t refusal_told_ms; /* 0: never */
    unsigned refusals;       /* since then */
    int spare_fd;            /* see refuse_by_spare(); -1: none */
};

/* Borrows all three. */
void acceptor_init(struct acceptor *acceptor, struct acceptors *all, struct loop *loop,
                   struct wire *wire);
/* Its loop runs no more. */
void acceptor_done(struct acceptor *acceptor);

void acceptor_start(struct acceptor *acceptor);
/* For good. What comes from other loops all the same is refused. */
void acceptor_stop(struct acceptor *acceptor);

/* One of its connections has gone. */
void acceptor_gone(struct acceptor *acceptor);
