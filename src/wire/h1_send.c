/* The answers of an HTTP/1.1 connection. The head and the first piece of the body go into `out`
 * together, so that a small answer leaves in one system call; a body that is part of a file leaves
 * by sendfile(2) behind it.
 *
 * A body that fails midway must not look complete (RFC 9112 §8): a chunked one lacks its last
 * chunk, one with a Content-Length is short, and one that ends with the connection is reset. */
#include "wire/h1_conn_priv.h"

enum {
    OUT_BYTES = 65536,          /* gathered before a write */
    SENDFILE_BYTES_MIN = 32768, /* a smaller part of a file is cheaper copied behind the head */
    RUN_BYTES_MAX = 1 << 20,    /* sent for one connection before the others get their stream */
    CHUNK_HEAD_BYTES = 10,      /* "xxxxxxxx" CR LF */
    HEAD_BYTES = 600,           /* most heads */
    QUICK_BYTES = 1000,         /* what is larger, malloc has not at hand: ten times the work */
};

/* --- to the socket --- */

static void await_writable(struct h1_conn *conn)
{
    struct wire *wire = conn->base.wire;
    if (conn->state != CONN_HANDLING) /* there the deadline is the body's */
        deadline_arm(wire->loop, &wire->progress_deadlines, &conn->deadline);
}

static bool flush(struct h1_conn *conn, bool has_more)
{
    size_t sent;
    while (h1_conn_unsent(conn)) {
        struct str unsent = str_from(buf_str(&conn->out), conn->out_at);
        bool was_writable = conn->channel->may_write;
        enum channel_rc rc = channel_send(conn->channel, unsent, has_more, &sent);
        if (rc == CHANNEL_FAILED)
            h1_conn_close(conn, false);
        else if (rc == CHANNEL_AGAIN && was_writable)
            await_writable(conn);
        if (rc != CHANNEL_OK)
            return false;
        conn->out_at += sent;
        conn->run_bytes += sent;
        if (conn->state == CONN_SENDING)
            deadline_cancel(&conn->deadline);
    }
    wire_give_back(&conn->base.wire->spare_out, &conn->out); /* an idle connection holds none */
    conn->out_at = 0;
    return true;
}

bool h1_send_flush(struct h1_conn *conn)
{
    return flush(conn, false);
}

/* --- heads --- */

static void add_field(struct buf *out, struct str name, struct str value)
{
    buf_add(out, name);
    BUF_ADD(out, ": ");
    buf_add(out, value);
    BUF_ADD(out, "\r\n");
}

static void add_fields(struct h1_conn *conn, const struct http_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        add_field(&conn->out, fields->lines[i].name, fields->lines[i].value);
}

/* How the client finds the end of the body. Not called for an answer that never has one. */
static void add_length(struct h1_conn *conn)
{
    struct h1_stream *stream = conn->stream;
    const struct http_response *response = &stream->base.response;
    if (response->body_bytes != LENGTH_UNKNOWN) {
        BUF_ADD(&conn->out, "Content-Length: ");
        buf_add_u64(&conn->out, response->body_bytes);
        BUF_ADD(&conn->out, "\r\n");
    } else if (stream->base.request.version != HTTP_1_0) {
        if (stream->answer == ANSWER_PLAIN)
            stream->answer = ANSWER_CHUNKED;
        BUF_ADD(&conn->out, "Transfer-Encoding: chunked\r\n");
    } else if (stream->answer == ANSWER_PLAIN) {
        conn->keeps_alive = false; /* RFC 9112 §6.3: an HTTP/1.0 answer ends with the connection */
    }
}

static void add_framing(struct h1_conn *conn)
{
    struct h1_stream *stream = conn->stream;
    const struct http_response *response = &stream->base.response;
    bool is_bodiless = http_is_bodiless(response->status);
    if (response->body && !is_bodiless && !str_eq(stream->base.request.method, STR("HEAD")))
        stream->answer = ANSWER_PLAIN;                     /* unless the length is not known */
    if (http_fields_has(&response->fields, FIELD_UPGRADE)) /* RFC 9110 §7.8 */
        BUF_ADD(&conn->out, "Connection: Upgrade\r\n");
    if (!is_bodiless) /* RFC 9110 §8.6 and RFC 9112 §6.1 forbid both fields where it is */
        add_length(conn);
    if (!conn->keeps_alive && response->status != HTTP_SWITCHING_PROTOCOLS)
        BUF_ADD(&conn->out, "Connection: close\r\n");
    else if (stream->base.request.version == HTTP_1_0)
        BUF_ADD(&conn->out, "Connection: keep-alive\r\n");
    BUF_ADD(&conn->out, "\r\n");
}

/* An unread body can be skipped when it is short and surely on its way. */
static bool can_skip_body(const struct h1_conn *conn)
{
    const struct h1_stream *stream = conn->stream;
    if (stream->body.state == BODY_COMPLETE)
        return true;
    bool is_long = stream->body.state == BODY_LENGTH &&
                   stream->body.left > conn->base.wire->limits->discard_bytes;
    return stream->has_proceeded && !is_long && stream->body.state != BODY_MALFORMED &&
           !stream->has_timed_out;
}

/* Room for the head and what leaves with it, at once. */
static size_t first_bytes(const struct http_response *response)
{
    bool is_short = response->body && response->body_bytes < SENDFILE_BYTES_MIN;
    size_t bytes = HEAD_BYTES + (is_short ? (size_t)response->body_bytes : 0);
    return size_max(bytes, QUICK_BYTES);
}

void h1_send_start(struct h1_conn *conn)
{
    struct h1_stream *stream = conn->stream;
    const struct http_response *response = &stream->base.response;
    struct buf *out = &conn->out;
    conn->keeps_alive &= can_skip_body(conn) && !conn->base.wire->is_draining;
    wire_take_spare(&conn->base.wire->spare_out, out);
    (void)buf_reserve(out, first_bytes(response));
    BUF_ADD(out, "HTTP/1.1 ");
    buf_add_u64(out, response->status);
    buf_add_char(out, ' ');
    buf_add(out, http_reason(response->status));
    BUF_ADD(out, "\r\n");
    add_field(out, http_field_name(FIELD_DATE), wire_date(conn->base.wire));
    add_fields(conn, &response->fields);
    add_framing(conn);
    if (response->body)
        response->body->waker = &stream->send_waker;
    h1_conn_enter(conn, CONN_SENDING);
}

void h1_send_proceed(struct h1_conn *conn)
{
    BUF_ADD(&conn->out, "HTTP/1.1 100 Continue\r\n\r\n");
    (void)h1_send_flush(conn); /* what cannot leave now leaves on the next edge */
}

void h1_send_refusal(struct h1_conn *conn, const struct refusal *refusal)
{
    refusal_answer(refusal, &conn->stream->base);
    conn->stream->state = STREAM_ANSWERED;
    conn->keeps_alive = false;
    h1_send_start(conn);
}

/* --- bodies --- */

static bool fail(struct h1_conn *conn)
{
    const struct h1_stream *stream = conn->stream;
    bool ends_with_connection =
        stream->answer != ANSWER_CHUNKED && stream->base.response.body_bytes == LENGTH_UNKNOWN;
    if (!ends_with_connection)
        (void)h1_send_flush(conn); /* the peer may have what is true so far */
    if (conn->state != CONN_DEAD)
        h1_conn_close(conn, ends_with_connection);
    return false;
}

static bool finish(struct h1_conn *conn)
{
    struct h1_stream *stream = conn->stream;
    uint64_t announced = stream->base.response.body_bytes;
    if (stream->answer != ANSWER_BODILESS && announced != LENGTH_UNKNOWN &&
        stream->sent_bytes != announced)
        return fail(conn);
    if (stream->answer == ANSWER_CHUNKED) { /* RFC 9112 §7.1.2 */
        BUF_ADD(&conn->out, "0\r\n");
        add_fields(conn, &stream->base.response.trailers);
        BUF_ADD(&conn->out, "\r\n");
    }
    h1_conn_stream_over(conn, true);
    return true;
}

/* Pulls the next piece into `out`, within a chunk where chunks are used. */
static bool pull_piece(struct h1_conn *conn)
{
    struct h1_stream *stream = conn->stream;
    struct err err;
    size_t head_at = conn->out.len;
    size_t room = OUT_BYTES - size_min(OUT_BYTES / 2, h1_conn_unsent(conn));
    if (stream->answer == ANSWER_CHUNKED)
        BUF_ADD(&conn->out, "00000000\r\n");
    size_t data_at = conn->out.len;
    enum pull result = source_pull(stream->base.response.body, &conn->out, room, &err);
    size_t len = conn->out.len - data_at;
    if (result != PULL_DATA) {
        conn->out.len = head_at;
        if (result == PULL_WAIT)
            return false;
        return result == PULL_END ? finish(conn) : fail(conn);
    }
    stream->sent_bytes += len;
    if (stream->answer == ANSWER_CHUNKED) {
        conn->out.len = head_at;
        buf_add_hex(&conn->out, len, CHUNK_HEAD_BYTES - 2); /* leading zeros are fine: §7.1 */
        conn->out.len = data_at + len;
        BUF_ADD(&conn->out, "\r\n");
    }
    return true;
}

static bool send_file(struct h1_conn *conn, const struct file_range *range)
{
    struct h1_stream *stream = conn->stream;
    struct source *body = stream->base.response.body;
    size_t want = (size_t)u64_min(range->len, RUN_BYTES_MAX);
    size_t sent = 0;
    if (!flush(conn, true))
        return false;
    bool was_writable = conn->channel->may_write;
    enum channel_rc rc = channel_send_file(conn->channel, range->fd, range->offset, want, &sent);
    if (rc == CHANNEL_AGAIN && was_writable)
        await_writable(conn);
    if (rc == CHANNEL_AGAIN)
        return false;
    if (rc != CHANNEL_OK || sent == 0) /* the disk or the peer failed, or the file is shorter now */
        return fail(conn);
    body->ops->skip(body, sent);
    stream->sent_bytes += sent;
    conn->run_bytes += sent;
    deadline_cancel(&conn->deadline);
    return true;
}

bool h1_send_step(struct h1_conn *conn)
{
    struct h1_stream *stream = conn->stream;
    struct source *body = stream->base.response.body;
    struct file_range range;
    if (stream->answer == ANSWER_BODILESS)
        return finish(conn);
    if (conn->run_bytes >= RUN_BYTES_MAX) {
        loop_queue(conn->base.wire->loop, &conn->task);
        return false;
    }
    bool is_in_file = stream->answer == ANSWER_PLAIN && body->ops->peek_file &&
                      channel_sends_files(conn->channel) && body->ops->peek_file(body, &range) &&
                      range.len >= SENDFILE_BYTES_MIN;
    if (is_in_file)
        return send_file(conn, &range);
    if (h1_conn_unsent(conn) >= OUT_BYTES && !flush(conn, false))
        return false;
    return pull_piece(conn);
}
