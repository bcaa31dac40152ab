/* A request over HTTP/2 and its answer.
 *
 *   HEAD --head complete--> HANDLING --respond()--> SENDING --sent, and all received--> over
 *     |  start()               |   h2_send_start()     |  h2_stream_end()
 *     |                        |                       '--sent--> SENT --received, reset--> over
 *     '--closed early--> over  '--reset--> GONE            linger()     h2_stream_end()
 *        h2_stream_end()                     '--respond()--> over
 *
 * A stream is over when its answer has left and its request has come, or when it can reach nobody
 * and the handler has answered: the handler answers each request exactly once, also when nobody is
 * there any more to hear it. A refused head is answered here, without the handler. The memory lives
 * on while `refs` are held: a worker may still be pulling a source of it.
 *
 * The body waits in `in` until the handler pulls it; what it has taken is given back to the client
 * as window (h2_window.c). What comes after the answer is discarded.
 *
 * One deadline for each state: HEAD, while a header block is open, since no other frame may come
 * before its end; HANDLING, while the handler waits for the body; SENDING, while the answer waits
 * for a window; SENT, until the client is told to stop. Nothing is timed while it is us who are
 * slow. */
#include <errno.h>

#include "base/mem.h"
#include "wire/h2_conn_priv.h"

/* --- the request body, pulled by the handler --- */

static struct str unread(const struct h2_stream *stream)
{
    return str_from(buf_str(&stream->in), stream->in_at);
}

static void forget_in(struct h2_stream *stream)
{
    buf_done(&stream->in);
    stream->in_at = 0;
}

static void stop_client(struct h2_stream *stream)
{
    if (!stream->has_stopped && !stream->is_closed)
        h2_must(nghttp2_submit_rst_stream(stream->conn->session, NGHTTP2_FLAG_NONE, stream->id,
                                          NGHTTP2_NO_ERROR));
    stream->has_stopped = true;
    h2_conn_wake(stream->conn);
}

/* Nobody will pull these bytes. A client that has little more to send may; one that has much is
 * stopped by its window at first, and by a reset once the answer has been sent. */
static void discard(struct h2_stream *stream, size_t len)
{
    nghttp2_session *session = stream->conn->session;
    stream->discarded_bytes += len;
    if (stream->discarded_bytes <= stream->wire->limits->discard_bytes) {
        h2_must(nghttp2_session_consume(session, stream->id, len));
    } else {
        h2_must(nghttp2_session_consume_connection(session, len));
        if (stream->state == STREAM_SENT)
            stop_client(stream);
    }
}

static void discard_unread(struct h2_stream *stream)
{
    discard(stream, unread(stream).len);
    forget_in(stream);
}

void h2_stream_receive(struct h2_stream *stream, struct str bytes)
{
    if (stream->has_answer || stream->state == STREAM_GONE) {
        discard(stream, bytes.len);
        return;
    }
    buf_add(&stream->in, bytes);
    if (stream->awaits_body)
        h2_conn_note(stream);
}

static enum pull fail_pull(struct err *err, int code, const char *text)
{
    (void)err_set(err, code, "%s", text); /* always false; FAIL says it */
    return PULL_FAIL;
}

/* Moves what has come to the handler; a whole batch changes hands without a copy. */
static void take(struct h2_stream *stream, struct buf *into, size_t want)
{
    struct str bytes = str_first(unread(stream), want);
    if (into->len == 0 && bytes.len == stream->in.len) {
        struct buf empty = *into;
        *into = stream->in;
        stream->in = empty;
    } else {
        buf_add(into, bytes);
        stream->in_at += bytes.len;
        if (unread(stream).len == 0)
            forget_in(stream);
    }
    h2_window_give_back(stream, bytes.len);
}

static enum pull body_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct h2_stream *stream = CONTAINER_OF(self, struct h2_stream, body_source);
    if (stream->stream.has_gone)
        return fail_pull(err, ECONNRESET, "the client has gone");
    if (stream->has_timed_out)
        return fail_pull(err, ETIMEDOUT, "the body has not moved for too long");
    if (!stream->has_pulled && !stream->has_ended)
        h2_window_grow(stream);
    stream->has_pulled = true;
    if (unread(stream).len) {
        take(stream, into, want);
        return PULL_DATA;
    }
    if (stream->has_ended)
        return PULL_END;
    stream->awaits_body = true;
    deadline_arm(stream->wire->loop, &stream->wire->progress_deadlines, &stream->deadline);
    return PULL_WAIT;
}

static const struct source_ops body_ops = {.name = "h2 body", .pull = body_pull};

/* --- what the handler calls --- */

static void proceed(struct http_stream *base)
{
    struct h2_stream *stream = CONTAINER_OF(base, struct h2_stream, stream);
    bool is_needed = !stream->has_proceeded && !base->has_gone;
    stream->has_proceeded = true;
    /* The client may have sent its body without waiting: then nothing is to be said. */
    if (is_needed && !stream->has_ended && unread(stream).len == 0)
        h2_send_proceed(stream);
}

static void respond(struct http_stream *base)
{
    struct h2_stream *stream = CONTAINER_OF(base, struct h2_stream, stream);
    assert(!stream->has_answer);
    stream->has_answer = true;
    h2_conn_note(stream);
}

static const struct http_stream_ops stream_ops = {.proceed = proceed, .respond = respond};

static void send_woken(struct waker *waker)
{
    struct h2_stream *stream = CONTAINER_OF(waker, struct h2_stream, send_waker);
    stream->is_resumable = true;
    if (stream->conn)
        h2_conn_note(stream);
}

/* --- life --- */

static void free_stream(struct refs *refs)
{
    struct h2_stream *stream = CONTAINER_OF(refs, struct h2_stream, stream.refs);
    struct wire *wire = stream->wire;
    arena_done(&stream->arena);
    mem_free(stream);
    wire_stream_gone(wire);
}

static void deadline_expired(struct deadline *deadline)
{
    struct h2_stream *stream = CONTAINER_OF(deadline, struct h2_stream, deadline);
    if (stream->state == STREAM_HEAD) {
        h2_conn_end(stream->conn, NGHTTP2_ENHANCE_YOUR_CALM, NULL);
    } else if (stream->state == STREAM_HANDLING) {
        stream->has_timed_out = true;
        h2_conn_note(stream);
    } else if (stream->state == STREAM_SENDING) {
        h2_send_stalled(stream);
    } else {
        stop_client(stream);
    }
}

struct h2_stream *h2_stream_new(struct h2_conn *conn, int32_t id)
{
    struct h2_stream *stream = MEM_NEW(struct h2_stream);
    stream->conn = conn;
    stream->wire = conn->base.wire;
    stream->id = id;
    list_init(&stream->note);
    list_append(&conn->streams, &stream->link);
    conn->stream_count++;
    deadline_init(&stream->deadline, deadline_expired);
    wire_begin_stream(stream->wire, &stream->stream, &conn->base);
    stream->body_source.ops = &body_ops;
    stream->send_waker.ring = send_woken;
    stream->stream.ops = &stream_ops;
    stream->stream.arena = &stream->arena;
    refs_init(&stream->stream.refs, free_stream);
    return stream;
}

/* Nothing refers to the stream any more but its refs. */
static void over(struct h2_stream *stream)
{
    list_remove(&stream->link);
    list_remove(&stream->note);
    stream->conn->stream_count--;
    stream->conn = NULL;
    refs_drop(&stream->stream.refs);
}

static void finish(struct h2_stream *stream, bool is_complete)
{
    struct http_handler *handler = stream->wire->handler;
    source_close(&stream->stream.response.body);
    handler->finished(handler, &stream->stream, stream->sent_bytes, is_complete);
}

/* RFC 9113 §8.1: the answer is complete and the request is not. Some clients lose an answer that a
 * reset follows at once, so they get a moment to see it and to stop by themselves. */
static void linger(struct h2_stream *stream)
{
    struct wire *wire = stream->wire;
    finish(stream, true);
    stream->state = STREAM_SENT;
    deadline_arm(wire->loop, &wire->linger_deadlines, &stream->deadline);
    if (stream->discarded_bytes > wire->limits->discard_bytes)
        stop_client(stream);
}

void h2_stream_end(struct h2_stream *stream)
{
    if (stream->state == STREAM_GONE)
        return;
    enum h2_stream_state state = stream->state;
    stream->state = STREAM_GONE;
    deadline_cancel(&stream->deadline);
    discard_unread(stream);
    h2_window_close(stream);
    if (state == STREAM_HEAD || state == STREAM_SENT) {
        over(stream);
    } else if (stream->has_answer) {
        finish(stream, stream->is_sent);
        over(stream);
    } else {
        stream->stream.has_gone = true;
        if (stream->awaits_body)
            source_wake(&stream->body_source);
        else if (stream->stream.waker)
            stream->stream.waker->ring(stream->stream.waker);
    }
}

/* --- what becomes possible --- */

static void start(struct h2_stream *stream)
{
    struct wire *wire = stream->wire;
    struct http_request *request = &stream->stream.request;
    deadline_cancel(&stream->deadline);
    stream->state = STREAM_HANDLING;
    if (!h2_head_finish(&stream->head, wire->limits, &stream->stream, stream->has_body)) {
        refusal_answer(&stream->head.refusal, &stream->stream);
        stream->has_answer = true;
        return;
    }
    stream->has_proceeded = !stream->head.expects_continue;
    stream->stream.body = request->has_body ? &stream->body_source : NULL;
    if (request->has_body && !stream->has_ended)
        h2_window_open(stream);
    wire->handler->handle(wire->handler, &stream->stream);
}

static bool can_pull(const struct h2_stream *stream)
{
    return unread(stream).len || stream->has_ended || stream->has_timed_out;
}

void h2_stream_step(struct h2_stream *stream)
{
    if (stream->state == STREAM_GONE) {
        if (stream->has_answer) {
            finish(stream, false);
            over(stream);
        }
        return;
    }
    if (stream->is_closed) {
        h2_stream_end(stream); /* which may be the last that is known of it */
        return;
    }
    if (stream->state == STREAM_HEAD && stream->has_head)
        start(stream);
    if (stream->awaits_body && can_pull(stream)) {
        stream->awaits_body = false;
        deadline_cancel(&stream->deadline);
        source_wake(&stream->body_source);
    }
    if (stream->state == STREAM_HANDLING && stream->has_answer) {
        discard_unread(stream);
        h2_send_start(stream);
    } else if (stream->state == STREAM_SENDING && stream->is_sent) {
        linger(stream);
    } else if (stream->state == STREAM_SENDING && stream->is_resumable) {
        h2_send_resume(stream);
    }
}
