/* wire/h2_conn_priv.h: shared by h2_conn.c (the connection and its channel), h2_session.c (what
 * nghttp2 tells), h2_stream.c (requests), h2_send.c (answers) and h2_window.c (flow control). */
#pragma once

#include <nghttp2/nghttp2.h>

#include "wire/h2_budget.h"
#include "wire/h2_conn.h"
#include "wire/h2_head.h"

enum h2_state {
    H2_OPEN,      /* frames come and go */
    H2_LINGERING, /* the last has been sent, and our side is about to be closed */
    H2_SHUT,      /* it is; reading until the peer has seen the last */
    H2_DEAD,      /* the channel is closed; freed once no stream is left */
};

enum { H2_ENDED_MAX = 16 };

/* What the peer was told of the end, in this order. */
enum h2_goaway {
    GOAWAY_NONE,     /* nothing, or the shutdown notice, which promises to go on for now */
    GOAWAY_SEEN_OFF, /* draining: no new streams, those under way are answered */
    GOAWAY_LAST,     /* nothing more is read */
    GOAWAY_HASTY,    /* the same, and nothing can be lost by not lingering */
};

/* Where the client's bytes stand among its frames. */
struct h2_place {
    uint8_t head[9]; /* of a frame (RFC 9113 §4.1): what has come of it */
    size_t head_len;
    size_t left; /* of what is behind a head, or of the preface */
};

struct h2_conn {
    struct conn base;
    struct channel *channel; /* NULL once DEAD */
    struct task task;        /* the channel's, too */
    struct deadline deadline;
    struct deadline drain_deadline; /* when the client has surely seen the shutdown notice */
    nghttp2_session *session;
    enum h2_state state;
    enum h2_goaway goaway;
    struct list streams; /* that are not over */
    size_t stream_count;
    struct list noted;         /* streams that something happened to */
    struct h2_stream *heading; /* its head is arriving */
    struct h2_stream *feeding; /* its body is arriving, and its handler waits for it */
    size_t trailer_fields;     /* in the block of trailers that is arriving */
    int32_t newest_id;         /* of a stream that the peer has opened */
    int32_t left_out_from;     /* the first of the latest below that which it has not; */
    int32_t left_out_to;       /* the first behind them */
    struct h2_place place;
    int32_t ended_ids[H2_ENDED_MAX]; /* closed streams of which the client had said the last */
    size_t ended_count;              /* so many were; those beyond the array are forgotten */
    int32_t early_priority_id;       /* a PRIORITY_UPDATE came before this stream */
    struct h2_budget frames;         /* against floods of frames that carry nothing */
    struct h2_budget resets;         /* against streams that are opened to be reset */
    uint32_t end_code;               /* the peer is to be sent away with it; NO_ERROR: it is not */
    const char *end_why;             /* for the administrator; NULL: nothing to tell */
    uint64_t window_bytes;           /* granted beyond the protocol's first window: h2_window.c */
    struct buf out;                  /* what the channel did not take, from out_at on */
    size_t out_at;
    size_t run_bytes;   /* sent within this run, so that others get their share */
    bool is_running;    /* within conn_run() */
    bool is_within;     /* nghttp2's send or receive function */
    bool is_idle_timed; /* the deadline is that of an idle connection */
};

/* In the order of a life. */
enum h2_stream_state {
    STREAM_HEAD,     /* the head is arriving */
    STREAM_READY,    /* it is complete */
    STREAM_HANDLING, /* with the handler, which may pull the body */
    STREAM_AWAITING, /* the same, but the handler was told to wait for the body */
    STREAM_ANSWERED, /* respond() was called */
    STREAM_SENDING,  /* the answer is with nghttp2 */
    STREAM_LEFT,     /* its END_STREAM has been sent */
    STREAM_SENT,     /* the same, and the request is still coming */
    STREAM_GONE,     /* nobody hears the answer, which the handler still owes */
    STREAM_SETTLED,  /* nobody does, and it has come */
};

/* One request and its answer. Outlives the connection while its `refs` are held. */
struct h2_stream {
    struct http_stream stream;
    struct arena arena;
    struct h2_conn *conn; /* NULL once it is over */
    struct wire *wire;
    struct list link; /* conn->streams */
    struct list note; /* conn->noted */
    struct deadline deadline;
    enum h2_stream_state state;
    int32_t id;
    struct h2_head head;
    struct source body_source;
    struct str fresh;         /* of the body: what has just come, in wire->in */
    struct list chunks;       /* of the body: what came before and was not pulled */
    size_t unread_bytes;      /* of both */
    uint64_t window_bytes;    /* of conn->window_bytes */
    struct waker send_waker;  /* the answer's body has more */
    uint64_t sent_bytes;      /* of the answer's body */
    uint64_t discarded_bytes; /* of the request's body */
    bool has_body;            /* the head was not the end of the request */
    bool has_ended;           /* the client will send no more on this stream */
    bool has_proceeded;       /* the client was told to send its body, or needs no telling */
    bool has_pulled;          /* the handler wants the body */
    bool has_timed_out;       /* the body has stood still for too long */
    bool is_resumable;        /* nghttp2 waits for the answer's body, which has more */
    bool has_stopped;         /* the client was told to */
    bool is_closed;           /* nghttp2 has forgotten the stream */
};

/* h2_conn.c */

/* Something happened to the stream that h2_stream_step() is to look at. */
void h2_conn_note(struct h2_stream *stream);

/* Looks at the streams that were noted. */
void h2_conn_step(struct h2_conn *conn);

/* Something is to be sent, or looked at. */
void h2_conn_wake(struct h2_conn *conn);

/* Says GOAWAY and ends the connection. `why` is for the administrator; NULL: nothing to tell. */
void h2_conn_end(struct h2_conn *conn, uint32_t error_code, const char *why);

/* A PING of ours has come back. */
void h2_conn_pong(struct h2_conn *conn);

/* h2_session.c */

/* Makes conn->session and submits the server's preface. */
void h2_session_open(struct h2_conn *conn);

/* Takes what the peer sent; h2_conn_step() is to follow. */
void h2_session_receive(struct h2_conn *conn, struct str bytes);

/* h2_stream.c */

/* A request begins. Adds it to the connection. */
struct h2_stream *h2_stream_new(struct h2_conn *conn, int32_t id);

/* Goes on to a later state. */
void h2_stream_enter(struct h2_stream *stream, enum h2_stream_state state);

/* Does what has become possible. */
void h2_stream_step(struct h2_stream *stream);

/* The stream is no more: whoever still works on its answer is told. The session must live. */
void h2_stream_end(struct h2_stream *stream);

/* A part of the request's body. True: the handler waits for it, and can have it from where it is
 * as soon as nghttp2 has returned; then h2_stream_keep() keeps the rest. */
NODISCARD bool h2_stream_receive(struct h2_stream *stream, struct str bytes);
void h2_stream_keep(struct h2_stream *stream);

/* h2_send.c */

enum { H2_OUT_BYTES = 65536 }; /* gathered before a write */

/* Turns the handler's answer into frames, which nghttp2 sends as the windows allow. */
void h2_send_start(struct h2_stream *stream);

/* The answer's body has more, for which nghttp2 has been waiting. */
void h2_send_resume(struct h2_stream *stream);

/* The answer has not moved for too long. */
void h2_send_stalled(struct h2_stream *stream);

/* "100 Continue". */
void h2_send_proceed(struct h2_stream *stream);

/* Serialises what is to be sent into wire->out. False: there is no more, for now. */
NODISCARD bool h2_send_gather(struct h2_conn *conn);

/* nghttp2's: puts a DATA frame, whose content read_body() has placed already, behind the others. */
int h2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *frame_head,
                 size_t len, nghttp2_data_source *source, void *user_data);

/* h2_window.c */

/* A body is announced: it gets room on the connection beside those of the others. */
void h2_window_open(struct h2_stream *stream);

/* The handler reads: more may be on its way while it does. */
void h2_window_grow(struct h2_stream *stream);

/* The handler has taken `len` bytes: the client may send as many. */
void h2_window_give_back(struct h2_stream *stream, size_t len);

/* The body is over: the room is for others. */
void h2_window_close(struct h2_stream *stream);

/* nghttp2 fails for want of memory, which does not happen, or when it is called in a wrong way. */
static inline void h2_must(int rc)
{
    assert(rc == 0);
}
