/* wire/wire.h: what the connections of one loop share. */
#pragma once

#include "base/limits.h"
#include "http/message.h"
#include "io/loop.h"
#include "io/socket.h"
#include "text/date.h"

struct wire {
    struct loop *loop;
    struct http_handler *handler;
    const struct limits *limits;
    struct deadline_queue head_deadlines;
    struct deadline_queue idle_deadlines;
    struct deadline_queue progress_deadlines;
    struct deadline_queue linger_deadlines;
    struct list conns;
    size_t conn_count;
    size_t turn_count; /* exchanges that are not over, also of connections that are */
    void (*closed)(struct wire *wire);  /* a connection has gone; may be NULL */
    void (*emptied)(struct wire *wire); /* draining, and the last of both has gone; may be NULL */
    bool is_draining;                   /* answers end their connections; idle ones are closed */

    int64_t date_s; /* what `date` says */
    char date[HTTP_DATE_LEN];
};

void wire_init(struct wire *wire, struct loop *loop, struct http_handler *handler,
               const struct limits *limits);

/* Speaks HTTP on an accepted socket. Takes fd. */
void wire_open(struct wire *wire, int fd, const struct socket_address *peer);

/* Closes idle connections now and the others after their answer. */
void wire_drain(struct wire *wire);

/* Tells `emptied` when there is nothing left; called whenever one of the counts has gone down. */
void wire_check_empty(struct wire *wire);

/* Closes every connection now. Exchanges under way still come to their end. */
void wire_abort(struct wire *wire);

/* The current Date field value (RFC 9110 §6.6.1); valid until the next call. */
struct str wire_date(struct wire *wire);
