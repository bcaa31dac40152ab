/* wire/wire.h: what the connections of one loop share, whatever they speak.
 *
 * An accepted socket has a place in wire->conn_count until wire_conn_gone(). Who speaks on it may
 * change: a struct conn that hands its channel over hands its place over with it. */
#pragma once

#include "base/budget.h"
#include "base/limits.h"
#include "http/message.h"
#include "io/channel.h"
#include "io/socket.h"
#include "text/date.h"

enum { WIRE_SPARE_MAX = 32 };

struct wire {
    struct loop *loop;
    struct http_handler *handler;
    const struct limits *limits;
    struct budget *memory;  /* for bodies and answers, of all loops */
    struct budget *sockets; /* WebSockets that are open, likewise; NULL: no bound */
    struct deadline_queue head_deadlines;
    struct deadline_queue idle_deadlines;
    struct deadline_queue progress_deadlines;
    struct deadline_queue linger_deadlines;
    struct deadline_queue ping_deadlines;
    struct list conns;
    size_t conn_count;   /* accepted and not gone */
    size_t stream_count; /* exchanges that are not over, also of connections that are */
    void (*closed)(struct wire *wire);  /* a connection has gone; may be NULL */
    void (*emptied)(struct wire *wire); /* draining, and the last of both has gone; may be NULL */
    /* A peer was sent away for what it did, as the administrator may want to know; may be NULL. */
    void (*warned)(struct wire *wire, const char *peer, const char *why);
    bool is_draining; /* answers end their connections; idle ones are closed */

    struct buf in;  /* what was received last, and is dealt with before the next */
    struct buf out; /* what is sent next */

    struct buf
        spare_in; /* the memory of what an HTTP/1.1 connection has dealt with, for the next */
    struct buf spare_out;
    struct arena spare[WIRE_SPARE_MAX]; /* of streams that are over, for the next */
    size_t spare_count;

    int64_t date_s; /* what `date` says */
    char date[HTTP_DATE_LEN];
};

/* What is spoken where clients come in. Embedded in who listens there; outlives the connections. */
struct endpoint {
    struct tls_server *tls;             /* NULL: in the clear */
    struct worker_pool *handshake_pool; /* for the computing that TLS begins with */
};

/* A connection on its way to who speaks on it, with its place in wire->conn_count. */
struct incoming {
    struct channel *channel;   /* whoever takes it clears this */
    struct endpoint *endpoint; /* NULL: nobody's; in the clear */
    const char *peer;          /* for logs; borrows */
};

/* Whatever is spoken on one channel. Embedded in it. */
struct conn {
    const struct conn_ops *ops;
    struct list link; /* wire->conns */
    struct wire *wire;
    struct endpoint *endpoint;
    struct budget *memory; /* for the bodies and answers of its requests */
    bool is_secure;
    char *client;                  /* see struct http_request */
    char peer[ADDRESS_TEXT_BYTES]; /* for logs */
};

struct conn_ops {
    void (*drain)(struct conn *conn); /* see wire_drain() */
    void (*renew)(struct conn *conn); /* see wire_renew(); NULL: nothing is to be done */
    void (*abort)(struct conn *conn); /* see wire_abort() */
};

void wire_init(struct wire *wire, struct loop *loop, struct http_handler *handler,
               const struct limits *limits, struct budget *memory);
/* Nothing is open any more. */
void wire_done(struct wire *wire);

/* Memory that one connection has done with and the next can have, one piece a loop: for a buffer
 * that has none; and back again, what is not larger than most. */
void wire_take_spare(struct buf *spare, struct buf *buf);
void wire_give_back(struct buf *spare, struct buf *buf);

/* Puts a connection on the wire's list, from which list_remove(&conn->link) takes it, and notes
 * what is known of the peer: copies, until conn_done(). The channel is the caller's to take. */
void conn_link(struct conn *conn, struct wire *wire, const struct conn_ops *ops,
               const struct incoming *incoming);
void conn_done(struct conn *conn);

/* A connection has gone, and gives its place back. */
void wire_conn_gone(struct wire *wire);

/* Memory of a request and its answer, `size` zeroed bytes, in an arena of its own, which must come
 * to lie in them. Gives. */
NODISCARD void *wire_new_stream(struct wire *wire, size_t size, struct arena *arena_out);
/* What all streams begin with. */
void wire_begin_stream(struct wire *wire, struct http_stream *stream, const struct conn *conn);
/* Nobody refers to the stream any more. Takes its arena, and with it its memory. */
void wire_stream_gone(struct wire *wire, struct arena arena);

/* Closes idle connections now and the others after their answer. */
void wire_drain(struct wire *wire);

/* Who may what may have changed: tells those who go on without asking for it again. */
void wire_renew(struct wire *wire);

/* Closes every connection now. Exchanges under way still come to their end. */
void wire_abort(struct wire *wire);

/* The current Date field value (RFC 9110 §6.6.1); valid until the next call. */
struct str wire_date(struct wire *wire);
