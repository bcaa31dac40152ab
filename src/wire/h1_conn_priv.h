/* wire/h1_conn_priv.h: shared by h1_conn.c (the connection and what it reads) and h1_send.c (the
 * answers). */
#pragma once

#include "wire/h1_body.h"
#include "wire/h1_conn.h"
#include "wire/h1_head.h"

enum conn_state {
    CONN_HEAD,       /* between requests, or a head is arriving */
    CONN_HANDLING,   /* a turn is with the handler, which may pull its body */
    CONN_SENDING,    /* an answer is leaving */
    CONN_DISCARDING, /* the answer has left; what remains of the body is read away */
    CONN_LINGERING,  /* no more answers; reading until the peer has seen the last one */
    CONN_DEAD,       /* the socket is closed; freed once no turn is left */
};

/* One request and its answer. Outlives the connection while its `refs` are held. */
struct h1_turn {
    struct http_stream stream;
    struct arena arena;
    struct h1_conn *conn; /* NULL once the turn is over */
    struct wire *wire;
    struct h1_framing framing;
    struct h1_body body;
    struct source body_source;
    struct waker send_waker; /* the answer's body has more */
    uint64_t sent_bytes;     /* of the answer's body */
    bool has_answer;         /* respond() was called */
    bool has_proceeded;      /* the client was told to send its body, or needs no telling */
    bool awaits_body;        /* the handler was told to wait */
    bool has_timed_out;      /* the body has stood still for too long */
    bool sends_body;         /* not HEAD, not 204, not 304 */
    bool sends_chunked;
};

struct h1_conn {
    struct conn base;
    struct channel *channel; /* NULL once DEAD */
    struct task task;        /* the channel's, too */
    struct deadline deadline;
    enum conn_state state;
    struct h1_turn *turn; /* NULL in HEAD, DISCARDING and LINGERING */
    struct h1_scan scan;
    struct h1_body discarded; /* in DISCARDING: the rest of the body */
    uint64_t discard_left;    /* bytes that may yet be discarded */
    struct buf in;            /* received and not yet used from in_at on */
    size_t in_at;
    struct buf out; /* to be sent from out_at on */
    size_t out_at;
    size_t run_bytes; /* sent within this run, so that others get their share */
    bool is_running;  /* within conn_run() */
    bool keeps_alive;
    bool has_shut;      /* our side is closed: LINGERING waits for the peer's */
    bool is_head_timed; /* the deadline is that of the head which is arriving */
    bool has_spoken;    /* a head was complete or refused: it is HTTP/1.1 that is spoken */
    bool is_handed_on;  /* to h2_conn.c, with the channel and the place */
};

/* h1_send.c */

/* Turns the handler's answer into bytes: the head now, the body as the socket takes it. */
void h1_send_start(struct h1_conn *conn);

/* Goes on sending. True when the state changed or there is more to do at once. */
bool h1_send_step(struct h1_conn *conn);

/* Sends what stands in `out`. False when not all of it could leave now. */
bool h1_send_flush(struct h1_conn *conn);

/* Answers a request whose head cannot be taken, and ends the connection. */
void h1_send_refusal(struct h1_conn *conn, const struct refusal *refusal);

/* "HTTP/1.1 100 Continue". */
void h1_send_proceed(struct h1_conn *conn);

/* h1_conn.c */

/* The answer is complete, or given up: the turn ends. */
void h1_conn_turn_over(struct h1_conn *conn, bool is_complete);

/* Closes the socket; `is_reset`: so that the peer cannot take what it got for complete. */
void h1_conn_close(struct h1_conn *conn, bool is_reset);

/* Makes the turn that the next request or refusal is answered in. */
struct h1_turn *h1_conn_new_turn(struct h1_conn *conn);

static inline size_t h1_conn_unsent(const struct h1_conn *conn)
{
    return conn->out.len - conn->out_at;
}
