/* wire/h1_conn_priv.h: shared by h1_conn.c (the connection and what it reads) and h1_send.c (the
 * answers). */
#pragma once

#include "wire/h1_body.h"
#include "wire/h1_conn.h"
#include "wire/h1_head.h"

enum conn_state {
    CONN_HEAD,       /* between requests, or a head is arriving */
    CONN_HANDLING,   /* a stream is with the handler, which may pull its body */
    CONN_SENDING,    /* an answer is leaving */
    CONN_DISCARDING, /* the answer has left; what remains of the body is read away */
    CONN_LINGERING,  /* no more answers; what stands in `out` is leaving */
    CONN_SHUT,       /* our side is closed; reading until the peer has seen the last answer */
    CONN_HANDED_ON,  /* to another, with the channel and the place; freed at the end of the run */
    CONN_DEAD,       /* the socket is closed; freed once no stream is left */
};

enum h1_stream_state {
    STREAM_WORKING,     /* it is for the handler to go on */
    STREAM_AWAITS_BODY, /* the handler was told to wait for the body */
    STREAM_ANSWERED,    /* respond() was called */
};

enum h1_answer {
    ANSWER_BODILESS, /* to HEAD, or 204, or 304 */
    ANSWER_PLAIN,    /* as long as was announced, or until the connection ends */
    ANSWER_CHUNKED,
};

/* One request and its answer. Outlives the connection while its `refs` are held. */
struct h1_stream {
    struct http_stream base;
    struct arena arena;
    struct h1_conn *conn; /* NULL once the stream is over */
    struct wire *wire;
    enum h1_stream_state state;
    enum h1_answer answer; /* how its body is sent */
    struct h1_framing framing;
    struct h1_body body;
    struct source body_source;
    struct waker send_waker; /* the answer's body has more */
    uint64_t sent_bytes;     /* of the answer's body */
    bool has_proceeded;      /* the client was told to send its body, or needs no telling */
    bool has_awaited;        /* the body was not there when the handler wanted it */
    bool has_timed_out;      /* the body has stood still for too long */
};

struct h1_conn {
    struct conn base;
    struct channel *channel; /* NULL once HANDED_ON or DEAD */
    struct task task;        /* the channel's, too */
    struct deadline deadline;
    enum conn_state state;
    struct h1_stream *stream; /* in HANDLING and SENDING, and in DEAD while it owes an answer */
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
    bool is_head_timed; /* the deadline is that of the head which is arriving */
    bool has_spoken;    /* a head was complete or refused: it is HTTP/1.1 that is spoken */
};

/* h1_send.c */

/* Streams the handler's answer into bytes: the head now, the body as the socket takes it. */
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

/* The answer is complete, or given up: the stream ends. */
void h1_conn_stream_over(struct h1_conn *conn, bool is_complete);

/* Goes to another state, which must be one that follows. */
void h1_conn_enter(struct h1_conn *conn, enum conn_state state);

/* Closes the socket; `is_reset`: so that the peer cannot take what it got for complete. */
void h1_conn_close(struct h1_conn *conn, bool is_reset);

/* Makes the stream that the next request or refusal is answered in. */
struct h1_stream *h1_conn_new_stream(struct h1_conn *conn);

static inline size_t h1_conn_unsent(const struct h1_conn *conn)
{
    return conn->out.len - conn->out_at;
}
