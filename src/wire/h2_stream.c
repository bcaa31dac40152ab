/* A request over HTTP/2 and its answer.
 *
 *   HEAD --head complete--> READY --start()--> HANDLING <--body_pull(), what came--> AWAITING
 *   HANDLING, AWAITING --respond()--> ANSWERED --> SENDING --END_STREAM is sent--> LEFT
 *   LEFT --linger(): the request is still coming--> SENT
 *
 *   h2_stream_end(), when the stream is closed or the connection ends:
 *   HANDLING, AWAITING --> GONE --respond()--> SETTLED --> over
 *   all others --> over
 *
 * A life goes one way only, but for HANDLING and AWAITING: h2_stream_enter(). What nghttp2 tells
 * while it works is a step and a note (READY, LEFT); all else is done by h2_stream_step().
 *
 * A stream is over when its answer has left and its request has come, or when it can reach nobody
 * and the handler has answered: the handler answers each request exactly once, also when nobody is
 * there any more to hear it. A refused head is answered here, without the handler. The memory lives
 * on while `refs` are held: a worker may still be pulling a source of it.
 *
 * When the handler waits for the body, nghttp2 is made to return, and the handler pulls what has
 * come from where it was received. Only what it does not take then is kept, in chunks. What it has
 * taken is given back to the client as window (h2_window.c). What comes after the answer is
 * discarded.
 *
 * One deadline for each state: HEAD, while a header block is open, since no other frame may come
 * before its end; HANDLING, while the handler waits for the body; SENDING, while the answer waits
 * for a window; SENT, until the client is told to stop. Nothing is timed while it is us who are
 * slow. */
#include <errno.h>

#include "base/mem.h"
#include "wire/h2_conn_priv.h"

enum { CHUNK_BYTES = 32768 };

void h2_stream_enter(struct h2_stream *stream, enum h2_stream_state state)
{
    assert(state > stream->state || (stream->state == STREAM_AWAITING && state == STREAM_HANDLING));
    stream->state = state;
}

/* --- the request body, pulled by the handler --- */

/* A part of the body that came while the handler was busy. */
struct chunk {
    struct list link;
    size_t at; /* where the next pull begins */
    size_t len;
    char bytes[CHUNK_BYTES];
};

static struct chunk *chunk_of(struct list *link)
{
    return CONTAINER_OF(link, struct chunk, link);
}

static void drop_chunk(struct chunk *chunk)
{
    list_remove(&chunk->link);
    mem_free(chunk);
}

static void keep(struct h2_stream *stream, struct str bytes)
{
    while (bytes.len) {
        struct chunk *last = chunk_of(stream->chunks.prev);
        if (list_is_empty(&stream->chunks) || last->len == CHUNK_BYTES) {
            last = mem_resize(NULL, sizeof(*last)); /* not zeroed */
            last->at = last->len = 0;
            list_append(&stream->chunks, &last->link);
        }
        struct str part = str_first(bytes, CHUNK_BYTES - last->len);
        memcpy(last->bytes + last->len, part.at, part.len);
        last->len += part.len;
        bytes = str_from(bytes, part.len);
    }
}

void h2_stream_keep(struct h2_stream *stream)
{
    keep(stream, stream->fresh);
    stream->fresh = STR_NONE;
}

/* Appends at most `want` of the bytes that come next; false: there are none. */
static bool h2_stream_take(struct h2_stream *stream, struct buf *into, size_t want)
{
    struct chunk *first = chunk_of(stream->chunks.next);
    bool is_kept = !list_is_empty(&stream->chunks);
    struct str bytes = stream->fresh;
    if (is_kept)
        bytes = str_of(first->bytes + first->at, first->len - first->at);
    bytes = str_first(bytes, want);
    buf_add(into, bytes);
    stream->unread_bytes -= bytes.len;
    if (!is_kept)
        stream->fresh = str_from(stream->fresh, bytes.len);
    else if ((first->at += bytes.len) == first->len)
        drop_chunk(first);
    if (bytes.len)
        h2_window_give_back(stream, bytes.len);
    return bytes.len;
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
    LIST_EACH (&stream->chunks, link)
        drop_chunk(chunk_of(link));
    discard(stream, stream->unread_bytes);
    stream->fresh = STR_NONE;
    stream->unread_bytes = 0;
}

bool h2_stream_receive(struct h2_stream *stream, struct str bytes)
{
    if (stream->state >= STREAM_ANSWERED) {
        discard(stream, bytes.len);
        return false;
    }
    stream->unread_bytes += bytes.len;
    if (stream->state != STREAM_AWAITING) {
        keep(stream, bytes);
        return false;
    }
    stream->fresh = bytes;
    h2_conn_note(stream);
    return true;
}

static enum pull fail_pull(struct err *err, int code, const char *text)
{
    err_set(err, code, "%s", text);
    return PULL_FAIL;
}

static enum pull body_pull(struct source *self, struct buf *into, size_t want, struct err *err)
{
    struct h2_stream *stream = CONTAINER_OF(self, struct h2_stream, body_source);
    if (stream->stream.has_gone)
        return fail_pull(err, ECONNRESET, "the client closed the connection");
    if (stream->has_timed_out)
        return fail_pull(err, ETIMEDOUT, "the body stalled for too long");
    if (!stream->has_pulled && !stream->has_ended)
        h2_window_grow(stream);
    stream->has_pulled = true;
    if (h2_stream_take(stream, into, want))
        return PULL_DATA;
    if (stream->has_ended)
        return PULL_END;
    if (stream->state != STREAM_AWAITING)
        h2_stream_enter(stream, STREAM_AWAITING);
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
    if (is_needed && !stream->has_ended && stream->unread_bytes == 0)
        h2_send_proceed(stream);
}

static void respond(struct http_stream *base)
{
    struct h2_stream *stream = CONTAINER_OF(base, struct h2_stream, stream);
    h2_stream_enter(stream, stream->state == STREAM_GONE ? STREAM_SETTLED : STREAM_ANSWERED);
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
    wire_stream_gone(stream->wire, stream->arena); /* which holds the stream itself */
}

static void deadline_expired(struct deadline *deadline)
{
    struct h2_stream *stream = CONTAINER_OF(deadline, struct h2_stream, deadline);
    if (stream->state <= STREAM_READY) {
        h2_conn_end(stream->conn, NGHTTP2_ENHANCE_YOUR_CALM, NULL);
    } else if (stream->state <= STREAM_ANSWERED) {
        stream->has_timed_out = true;
        h2_conn_note(stream);
    } else if (stream->state <= STREAM_LEFT) {
        h2_send_stalled(stream);
    } else {
        stop_client(stream);
    }
}

struct h2_stream *h2_stream_new(struct h2_conn *conn, int32_t id)
{
    struct arena arena;
    struct h2_stream *stream = wire_new_stream(conn->base.wire, sizeof(*stream), &arena);
    stream->arena = arena;
    stream->conn = conn;
    stream->wire = conn->base.wire;
    stream->id = id;
    list_init(&stream->note);
    list_init(&stream->chunks);
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
    h2_stream_enter(stream, STREAM_SENT);
    deadline_arm(wire->loop, &wire->linger_deadlines, &stream->deadline);
    if (stream->discarded_bytes > wire->limits->discard_bytes)
        stop_client(stream);
}

void h2_stream_end(struct h2_stream *stream)
{
    enum h2_stream_state state = stream->state;
    if (state >= STREAM_GONE)
        return;
    h2_stream_enter(stream, STREAM_GONE);
    deadline_cancel(&stream->deadline);
    discard_unread(stream);
    h2_window_close(stream);
    if (state <= STREAM_READY || state == STREAM_SENT) {
        over(stream);
    } else if (state >= STREAM_ANSWERED) {
        finish(stream, state == STREAM_LEFT);
        over(stream);
    } else {
        stream->stream.has_gone = true;
        if (state == STREAM_AWAITING)
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
    h2_stream_enter(stream, STREAM_HANDLING);
    if (!h2_head_finish(&stream->head, wire->limits, &stream->stream, stream->has_body)) {
        refusal_answer(&stream->head.refusal, &stream->stream);
        h2_stream_enter(stream, STREAM_ANSWERED);
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
    return stream->unread_bytes || stream->has_ended || stream->has_timed_out;
}

void h2_stream_step(struct h2_stream *stream)
{
    if (stream->state == STREAM_SETTLED) {
        finish(stream, false);
        over(stream);
        return;
    }
    if (stream->state == STREAM_GONE)
        return;
    if (stream->is_closed) {
        h2_stream_end(stream); /* which may be the last that is known of it */
        return;
    }
    if (stream->state == STREAM_READY)
        start(stream);
    if (stream->state == STREAM_AWAITING && can_pull(stream)) {
        h2_stream_enter(stream, STREAM_HANDLING);
        deadline_cancel(&stream->deadline);
        source_wake(&stream->body_source);
    }
    if (stream->state == STREAM_ANSWERED) {
        discard_unread(stream);
        h2_window_close(stream);
        h2_stream_enter(stream, STREAM_SENDING);
        h2_send_start(stream);
    } else if (stream->state == STREAM_LEFT) {
        linger(stream);
    } else if (stream->state == STREAM_SENDING && stream->is_resumable) {
        h2_send_resume(stream);
    }
}
