/* An HTTP/1.1 connection. Events only make the channel note what happened and queue the
 * connection's task; conn_run() then takes steps until none is possible.
 *
 *   HEAD --complete head--> HANDLING --respond()--> SENDING --all sent--> HEAD
 *     |  read_head()           |      h1_send_start()  |  h1_conn_stream_over()
 *     |--refused head----------------------------------|--body unread--> DISCARDING --> HEAD
 *     |                                                |--last answer--> LINGERING --> SHUT
 *     |                                                '--a 101--> HANDED_ON
 *     '--preface of HTTP/2--> HANDED_ON
 *
 * h1_conn_enter() knows which state may follow which; all but HANDED_ON end in DEAD. A client whose
 * first bytes are the preface of HTTP/2 knows what it wants (RFC 9113 §3.3): channel and bytes are
 * handed on to h2_conn.c. What comes behind a 101 is another protocol's, and goes with the channel
 * to websocket/ws_conn.c.
 *
 * Back-pressure: nothing is read from the socket but on demand. In HANDLING the handler pulls the
 * request body, which reads what it needs; the next request's head is read only after the answer.
 * Clients that send a head and its body, or two halves of a head, in two segments may hold back the
 * second until the first is acknowledged (Nagle's rule: all that use Qt do); so where the rest of a
 * request is missing for the first time, what has come is acknowledged at once.
 * Pipelined requests that came in one piece are answered in one piece: an answer stays in `out`
 * until the connection has to wait for something (conn_run) or `out` is full (h1_send.c).
 *
 * A stream lives until its answer is out and nobody holds its refs: a worker may still be pulling a
 * source of it after the socket has gone. A connection lives until its stream is over: the handler
 * answers each stream exactly once, also when nobody is there any more to hear it. */
#include <errno.h>

#include "base/clock.h"
#include "base/mem.h"
#include "wire/h1_conn_priv.h"
#include "wire/h2_conn.h"
#include "wire/websocket/ws_conn.h"

enum {
    READ_BYTES = 16384,      /* one read for a head, or for framing within a body */
    DISCARD_BYTES = 1 << 20, /* one read of what nobody wants */
};

/* --- states --- */

#define STATE(state) (1U << (state))

/* What may follow each. Any of them may come to be DEAD: the peer goes when it likes. */
static const unsigned followers[] = {
    [CONN_HEAD] = STATE(CONN_HANDLING) | STATE(CONN_SENDING) | STATE(CONN_LINGERING) |
                  STATE(CONN_HANDED_ON) | STATE(CONN_DEAD),
    [CONN_HANDLING] = STATE(CONN_SENDING) | STATE(CONN_DEAD),
    [CONN_SENDING] = STATE(CONN_HEAD) | STATE(CONN_DISCARDING) | STATE(CONN_LINGERING) |
                     STATE(CONN_HANDED_ON) | STATE(CONN_DEAD),
    [CONN_DISCARDING] = STATE(CONN_HEAD) | STATE(CONN_LINGERING) | STATE(CONN_DEAD),
    [CONN_LINGERING] = STATE(CONN_SHUT) | STATE(CONN_DEAD),
    [CONN_SHUT] = STATE(CONN_DEAD),
    [CONN_HANDED_ON] = 0,
    [CONN_DEAD] = 0,
};

void h1_conn_enter(struct h1_conn *conn, enum conn_state state)
{
    bool has_stream = state == CONN_HANDLING || state == CONN_SENDING;
    assert(followers[conn->state] & STATE(state));
    assert(has_stream == (conn->stream != NULL) || state == CONN_DEAD);
    conn->state = state;
}

/* The channel is closed, or another's. */
static bool has_no_channel(const struct h1_conn *conn)
{
    return conn->state == CONN_DEAD || conn->state == CONN_HANDED_ON;
}

/* --- receiving --- */

static struct str pending(const struct h1_conn *conn)
{
    return str_from(buf_str(&conn->in), conn->in_at);
}

/* An idle connection holds no buffers. */
static void drop_in(struct h1_conn *conn)
{
    wire_give_back(&conn->base.wire->spare_in, &conn->in);
}

static void consume(struct h1_conn *conn, size_t len)
{
    conn->in_at += len;
    if (conn->in_at == conn->in.len) {
        drop_in(conn);
        conn->in_at = 0;
    }
}

/* Reads into `into`, behind what it holds, at most `want` bytes. */
static enum channel_rc receive(struct h1_conn *conn, struct buf *into, size_t want)
{
    size_t len;
    if (!conn->channel->may_read)
        return CHANNEL_AGAIN; /* without making room */
    enum channel_rc rc = channel_receive(conn->channel, buf_reserve(into, want), want, &len);
    if (rc == CHANNEL_OK)
        into->len += len;
    return rc;
}

static enum channel_rc fill(struct h1_conn *conn)
{
    if (conn->in_at) {
        buf_consume(&conn->in, conn->in_at);
        conn->in_at = 0;
    }
    wire_take_spare(&conn->base.wire->spare_in, &conn->in);
    enum channel_rc rc = receive(conn, &conn->in, READ_BYTES);
    if (conn->in.len == 0) /* who waits may wait long */
        drop_in(conn);
    return rc;
}

/* --- the request body, pulled by the handler --- */

static enum pull fail_pull(struct err *err, int code, const char *text)
{
    err_set(err, code, "%s", text);
    return PULL_FAIL;
}

static enum pull await_body(struct h1_stream *stream)
{
    struct wire *wire = stream->conn->base.wire;
    assert(stream->state != STREAM_ANSWERED);
    if (!stream->has_awaited && !stream->framing.expects_continue)
        channel_acknowledge(stream->conn->channel);
    stream->has_awaited = true;
    stream->state = STREAM_AWAITS_BODY;
    deadline_arm(wire->loop, &wire->progress_deadlines, &stream->conn->deadline);
    return PULL_WAIT;
}

/* Decodes what has come; DATA, END and FAIL are final, WAIT means that more must be received. */
static enum pull decode_pending(struct h1_stream *stream, struct buf *into, size_t want,
                                struct err *err)
{
    size_t before = into->len;
    struct str bytes = pending(stream->conn);
    if (bytes.len)
        consume(stream->conn, h1_body_decode(&stream->body, bytes, into, want));
    if (into->len > before)
        return PULL_DATA;
    if (stream->body.state == BODY_COMPLETE)
        return PULL_END;
    if (stream->body.state == BODY_MALFORMED)
        return fail_pull(err, EBADMSG, "the chunked body is malformed");
    return PULL_WAIT;
}

/* There is no more to come. */
static bool is_broken(const struct h1_stream *stream, struct err *err)
{
    if (stream->base.has_gone)
        err_set(err, ECONNRESET, "the client closed the connection");
    else if (stream->has_timed_out)
        err_set(err, ETIMEDOUT, "the body stalled for too long");
    return stream->base.has_gone || stream->has_timed_out;
}

static enum pull body_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct h1_stream *stream = CONTAINER_OF(self, struct h1_stream, body_source);
    struct h1_conn *conn = stream->conn;
    if (is_broken(stream, err))
        return PULL_FAIL;
    for (;;) {
        enum pull result = decode_pending(stream, into, want, err);
        if (result != PULL_WAIT)
            return result;
        size_t direct = (size_t)u64_min(want, h1_body_direct_bytes(&stream->body));
        size_t before = into->len;
        enum channel_rc got = direct ? receive(conn, into, direct) : fill(conn);
        if (got == CHANNEL_AGAIN)
            return await_body(stream);
        if (got == CHANNEL_END)
            return fail_pull(err, ECONNRESET, "the body ended early");
        if (into->len > before) {
            h1_body_skip(&stream->body, into->len - before);
            return PULL_DATA;
        }
    }
}

/* Not of a chunked body: its pieces would be no larger than its chunks. */
static enum pull body_splice(struct source *self, int pipe_fd, size_t want, size_t *len_out,
                             struct err *err)
{
    struct h1_stream *stream = CONTAINER_OF(self, struct h1_stream, body_source);
    *len_out = 0;
    if (is_broken(stream, err))
        return PULL_FAIL;
    if (stream->body.state != BODY_LENGTH || pending(stream->conn).len)
        return PULL_DATA;
    want = (size_t)u64_min(want, h1_body_direct_bytes(&stream->body));
    switch (channel_splice(stream->conn->channel, pipe_fd, want, len_out)) {
    case CHANNEL_OK:
        h1_body_skip(&stream->body, *len_out);
        return PULL_DATA;
    case CHANNEL_AGAIN:
        return await_body(stream);
    case CHANNEL_END:
    case CHANNEL_FAILED:
        break;
    }
    return fail_pull(err, ECONNRESET, "the body ended early");
}

static const struct source_ops body_ops = {
    .name = "h1 body", .pull = body_pull, .splice = body_splice};

/* --- streams --- */

static void free_stream(struct refs *refs)
{
    struct h1_stream *stream = CONTAINER_OF(refs, struct h1_stream, base.refs);
    wire_stream_gone(stream->wire, stream->arena); /* which holds the stream itself */
}

static void send_woken(struct waker *waker)
{
    struct h1_stream *stream = CONTAINER_OF(waker, struct h1_stream, send_waker);
    if (stream->conn)
        loop_queue(stream->conn->base.wire->loop, &stream->conn->task);
}

static void proceed(struct http_stream *base)
{
    struct h1_stream *stream = CONTAINER_OF(base, struct h1_stream, base);
    if (stream->has_proceeded)
        return;
    stream->has_proceeded = true;
    /* The client may have sent its body without waiting: then nothing is to be said. */
    if (pending(stream->conn).len == 0 && !base->has_gone)
        h1_send_proceed(stream->conn);
}

static void respond(struct http_stream *base)
{
    struct h1_stream *stream = CONTAINER_OF(base, struct h1_stream, base);
    assert(stream->state != STREAM_ANSWERED);
    stream->state = STREAM_ANSWERED;
    if (!stream->conn->is_running) /* else conn_run() takes the next step by itself */
        loop_queue(stream->conn->base.wire->loop, &stream->conn->task);
}

static bool has_ended(struct http_stream *base)
{
    const struct h1_stream *stream = CONTAINER_OF(base, struct h1_stream, base);
    return base->has_gone || stream->conn->channel->has_ended;
}

static const struct http_stream_ops stream_ops = {
    .proceed = proceed, .respond = respond, .has_ended = has_ended};

struct h1_stream *h1_conn_new_stream(struct h1_conn *conn)
{
    struct arena arena;
    struct h1_stream *stream = wire_new_stream(conn->base.wire, sizeof(*stream), &arena);
    stream->arena = arena;
    stream->conn = conn;
    stream->wire = conn->base.wire;
    wire_begin_stream(stream->wire, &stream->base, &conn->base);
    stream->body_source.ops = &body_ops;
    stream->send_waker.ring = send_woken;
    stream->base.ops = &stream_ops;
    stream->base.arena = &stream->arena;
    refs_init(&stream->base.refs, free_stream);
    conn->stream = stream;
    conn->has_spoken = true;
    return stream;
}

static void free_conn(struct h1_conn *conn)
{
    struct wire *wire = conn->base.wire;
    assert(!conn->stream && has_no_channel(conn) && !conn->channel);
    loop_unqueue(&conn->task);
    buf_done(&conn->in);
    buf_done(&conn->out);
    bool has_place = conn->state != CONN_HANDED_ON;
    conn_done(&conn->base);
    mem_free(conn);
    if (has_place)
        wire_conn_gone(wire);
}

/* The channel is another's from now on; what it was is `incoming`, for him to take. */
static struct incoming hand_on(struct h1_conn *conn)
{
    deadline_cancel(&conn->deadline);
    list_remove(&conn->base.link);
    struct incoming incoming = {conn->channel, conn->base.endpoint, conn->base.peer};
    conn->channel = NULL;
    h1_conn_enter(conn, CONN_HANDED_ON);
    return incoming;
}

/* RFC 6455 §4.2.2: the answer was a 101. */
static void hand_to_socket(struct h1_conn *conn, struct socket_user *user)
{
    struct incoming incoming = hand_on(conn);
    struct ws_opening opening = {.user = user,
                                 .received = pending(conn),
                                 .unsent = str_from(buf_str(&conn->out), conn->out_at)};
    ws_conn_open(conn->base.wire, &incoming, &opening);
}

void h1_conn_stream_over(struct h1_conn *conn, bool is_complete)
{
    struct h1_stream *stream = conn->stream;
    struct http_handler *handler = conn->base.wire->handler;
    struct socket_user *user = stream->base.response.socket_user;
    source_close(&stream->base.response.body);
    handler->finished(handler, &stream->base, stream->sent_bytes, is_complete);
    conn->stream = NULL;
    conn->discarded = stream->body;
    stream->conn = NULL;
    refs_drop(&stream->base.refs);
    if (user && conn->state == CONN_DEAD)
        ws_conn_never(conn->base.wire, user);
    else if (user)
        hand_to_socket(conn, user);
    if (has_no_channel(conn))
        return;
    conn->scan = (struct h1_scan){0};
    if (!conn->keeps_alive)
        h1_conn_enter(conn, CONN_LINGERING);
    else if (conn->discarded.state == BODY_COMPLETE)
        h1_conn_enter(conn, CONN_HEAD);
    else
        h1_conn_enter(conn, CONN_DISCARDING);
    conn->discard_left = conn->base.wire->limits->discard_bytes;
    deadline_cancel(&conn->deadline);
}

/* --- the steps; each says whether another is worth trying --- */

static void start_stream(struct h1_conn *conn, size_t head_len)
{
    struct h1_stream *stream = h1_conn_new_stream(conn);
    struct str head = arena_str(&stream->arena, str_first(pending(conn), head_len));
    struct refusal refusal;
    consume(conn, head_len);
    deadline_cancel(&conn->deadline);
    conn->is_head_timed = false;
    if (!h1_parse_head(head, conn->base.wire->limits, &stream->base, &stream->framing, &refusal)) {
        h1_send_refusal(conn, &refusal);
        return;
    }
    conn->keeps_alive = stream->framing.keeps_alive && !conn->base.wire->is_draining;
    stream->has_proceeded = !stream->framing.expects_continue;
    if (stream->framing.is_chunked)
        h1_body_init_chunked(&stream->body, conn->base.wire->limits->head_bytes);
    else
        h1_body_init_length(&stream->body, stream->base.request.body_bytes);
    stream->base.body = stream->base.request.has_body ? &stream->body_source : NULL;
    h1_conn_enter(conn, CONN_HANDLING);
    conn->base.wire->handler->handle(conn->base.wire->handler, &stream->base);
}

/* Between requests, and the last answer has left. */
static bool is_idle(const struct h1_conn *conn)
{
    return pending(conn).len == 0 && conn->out.len == 0;
}

/* Whether all that has come may be, or is, how a client begins that speaks HTTP/2. */
static bool is_preface(const struct h1_conn *conn)
{
    struct str bytes = str_first(pending(conn), H2_PREFACE.len);
    return !conn->has_spoken && str_starts(H2_PREFACE, bytes);
}

static void hand_to_h2(struct h1_conn *conn)
{
    struct incoming incoming = hand_on(conn);
    h2_conn_open(conn->base.wire, &incoming, pending(conn));
}

/* Looks at what has come of a head; false: more must come. */
static bool take_head(struct h1_conn *conn)
{
    struct refusal refusal;
    size_t head_len;
    if (is_preface(conn)) {
        if (pending(conn).len < H2_PREFACE.len)
            return false;
        hand_to_h2(conn);
        return true;
    }
    switch (h1_scan(&conn->scan, pending(conn), conn->base.wire->limits, &head_len, &refusal)) {
    case H1_SCAN_MORE:
        return false;
    case H1_SCAN_COMPLETE:
        start_stream(conn, head_len);
        return true;
    case H1_SCAN_REFUSED:
        (void)h1_conn_new_stream(conn); /* h1_send_refusal() finds it in conn->stream */
        h1_send_refusal(conn, &refusal);
        return true;
    }
    BUG("no such scan result");
}

static bool read_head(struct h1_conn *conn)
{
    struct wire *wire = conn->base.wire;
    if (take_head(conn))
        return true;
    enum channel_rc got = fill(conn);
    if (got == CHANNEL_OK)
        return true;
    if (got == CHANNEL_END || (wire->is_draining && !is_idle(conn))) {
        h1_conn_enter(conn, CONN_LINGERING);
        return true;
    }
    if (wire->is_draining) { /* no answer could be lost; its client may not look for minutes */
        h1_conn_close(conn, false);
    } else if (pending(conn).len == 0) {
        deadline_arm(wire->loop, &wire->idle_deadlines, &conn->deadline);
    } else if (!conn->is_head_timed) {
        conn->is_head_timed = true; /* once: a head may not come byte by byte for ever */
        channel_acknowledge(conn->channel);
        deadline_arm(wire->loop, &wire->head_deadlines, &conn->deadline);
    }
    return false;
}

static bool handling_step(struct h1_conn *conn)
{
    struct h1_stream *stream = conn->stream;
    if (conn->channel->has_failed) { /* the handler is told; the answer ends the stream */
        h1_conn_close(conn, false);
        return false;
    }
    if (stream->state == STREAM_ANSWERED) {
        deadline_cancel(&conn->deadline);
        h1_send_start(conn);
        return true;
    }
    if (stream->state == STREAM_AWAITS_BODY && (conn->channel->may_read || stream->has_timed_out)) {
        stream->state = STREAM_WORKING;
        deadline_cancel(&conn->deadline);
        source_wake(&stream->body_source);
    }
    return stream->state == STREAM_ANSWERED;
}

static bool discarding_step(struct h1_conn *conn)
{
    struct h1_body *body = &conn->discarded;
    size_t direct = (size_t)u64_min(DISCARD_BYTES, h1_body_direct_bytes(body));
    size_t len = 0;
    enum channel_rc got = CHANNEL_OK;
    if (pending(conn).len) {
        len = h1_body_decode(body, pending(conn), NULL, SIZE_MAX);
        consume(conn, len);
    } else if (direct) {
        got = channel_skip(conn->channel, direct, &len);
        h1_body_skip(body, len);
    } else {
        got = fill(conn);
    }
    bool is_over = len > conn->discard_left || body->state == BODY_MALFORMED;
    conn->discard_left -= u64_min(len, conn->discard_left);
    if (got == CHANNEL_END || is_over)
        h1_conn_enter(conn, CONN_LINGERING);
    else if (body->state == BODY_COMPLETE)
        h1_conn_enter(conn, CONN_HEAD);
    else if (got == CHANNEL_AGAIN)
        deadline_arm(conn->base.wire->loop, &conn->base.wire->progress_deadlines, &conn->deadline);
    return got != CHANNEL_AGAIN;
}

/* RFC 9112 §9.6: the last answer would be lost if we closed on a client that still sends. */
static bool lingering_step(struct h1_conn *conn)
{
    if (!h1_send_flush(conn))
        return false;
    h1_conn_enter(conn, CONN_SHUT);
    channel_shut(conn->channel);
    deadline_arm(conn->base.wire->loop, &conn->base.wire->linger_deadlines, &conn->deadline);
    return true;
}

static bool shut_step(struct h1_conn *conn)
{
    size_t len;
    consume(conn, pending(conn).len);
    enum channel_rc got = channel_skip(conn->channel, DISCARD_BYTES, &len);
    if (got == CHANNEL_END)
        h1_conn_close(conn, false);
    return got == CHANNEL_OK;
}

static bool h1_conn_step(struct h1_conn *conn)
{
    switch (conn->state) {
    case CONN_HEAD:
        return read_head(conn);
    case CONN_HANDLING:
        return handling_step(conn);
    case CONN_SENDING:
        return h1_send_step(conn);
    case CONN_DISCARDING:
        return discarding_step(conn);
    case CONN_LINGERING:
        return lingering_step(conn);
    case CONN_SHUT:
        return shut_step(conn);
    case CONN_HANDED_ON:
        return false;
    case CONN_DEAD:
        if (conn->stream && conn->stream->state == STREAM_ANSWERED)
            h1_conn_stream_over(conn, false);
        return false;
    }
    BUG("no such connection state");
}

/* A request that has come is answered behind all that others have to receive in this turn: what the
 * store looks up once then holds for all of them (base/turn.h). */
static bool receives_first(struct h1_conn *conn)
{
    if (conn->state != CONN_HEAD || pending(conn).len || fill(conn) != CHANNEL_OK)
        return false;
    loop_queue_behind(conn->base.wire->loop, &conn->task);
    return true;
}

static void conn_run(struct task *task)
{
    enum { RUN_STEPS_MAX = 64 };
    struct h1_conn *conn = CONTAINER_OF(task, struct h1_conn, task);
    if (receives_first(conn))
        return;
    conn->run_bytes = 0;
    conn->is_running = true;
    for (int steps = 0; h1_conn_step(conn); steps++) {
        if (steps == RUN_STEPS_MAX) { /* others want their share of the loop */
            loop_queue(conn->base.wire->loop, &conn->task);
            break;
        }
    }
    conn->is_running = false;
    if (!has_no_channel(conn))
        (void)h1_send_flush(conn); /* what cannot leave now leaves on the next edge */
    if (has_no_channel(conn) && !conn->stream)
        free_conn(conn);
}

/* --- events --- */

static void deadline_expired(struct deadline *deadline)
{
    struct h1_conn *conn = CONTAINER_OF(deadline, struct h1_conn, deadline);
    static const struct refusal too_slow = {HTTP_REQUEST_TIMEOUT, "the request head took too long"};
    if (conn->state == CONN_HANDLING) {
        conn->stream->has_timed_out = true;
    } else if (conn->state == CONN_HEAD && pending(conn).len) {
        (void)h1_conn_new_stream(conn); /* h1_send_refusal() finds it in conn->stream */
        h1_send_refusal(conn, &too_slow);
    } else {
        h1_conn_close(conn, conn->state == CONN_SENDING);
    }
    loop_queue(conn->base.wire->loop, &conn->task);
}

static void drain(struct conn *base)
{
    struct h1_conn *conn = CONTAINER_OF(base, struct h1_conn, base);
    conn->keeps_alive = false;
    loop_queue(conn->base.wire->loop, &conn->task);
}

static void abort_now(struct conn *base)
{
    h1_conn_close(CONTAINER_OF(base, struct h1_conn, base), true);
}

static const struct conn_ops h1_ops = {.drain = drain, .abort = abort_now};

static struct h1_conn *open_conn(struct wire *wire, struct incoming *incoming)
{
    struct h1_conn *conn = MEM_NEW(struct h1_conn);
    conn_link(&conn->base, wire, &h1_ops, incoming);
    conn->task.run = conn_run;
    deadline_init(&conn->deadline, deadline_expired);
    conn->channel = incoming->channel;
    conn->channel->ready = &conn->task;
    incoming->channel = NULL;
    loop_queue(wire->loop, &conn->task); /* something may have come already */
    return conn;
}

void h1_conn_open(struct wire *wire, struct incoming *incoming)
{
    (void)open_conn(wire, incoming); /* its task does the rest */
}

void h1_conn_refuse(struct wire *wire, struct incoming *incoming, const struct refusal *refusal)
{
    struct h1_conn *conn = open_conn(wire, incoming);
    (void)h1_conn_new_stream(conn); /* h1_send_refusal() finds it in conn->stream */
    h1_send_refusal(conn, refusal);
}

void h1_conn_close(struct h1_conn *conn, bool is_reset)
{
    if (conn->state == CONN_DEAD)
        return;
    channel_close(&conn->channel, is_reset);
    deadline_cancel(&conn->deadline);
    list_remove(&conn->base.link);
    bool is_sending = conn->state == CONN_SENDING;
    h1_conn_enter(conn, CONN_DEAD);
    loop_queue(conn->base.wire->loop, &conn->task);
    if (is_sending) {
        h1_conn_stream_over(conn, false);
    } else if (conn->stream) {
        conn->stream->base.has_gone = true;
        if (conn->stream->state == STREAM_AWAITS_BODY)
            source_wake(&conn->stream->body_source);
        else if (conn->stream->base.waker)
            conn->stream->base.waker->ring(conn->stream->base.waker);
    }
}
