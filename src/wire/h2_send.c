/* The answers of an HTTP/2 connection. nghttp2 decides which stream sends next (RFC 9218: urgency,
 * incremental) and how much its windows allow; it asks read_body() for that much.
 *
 * The content goes from its source into wire->out in one step, behind room for the frame's head:
 * nghttp2 is told that the frame needs no copy, and calls h2_send_data() at once, which fills in
 * the head. All other frames are small, and are copied from nghttp2's buffer into wire->out.
 *
 * A body that fails midway, or is not as long as was announced, must not look complete: its stream
 * is reset with INTERNAL_ERROR (RFC 9113 §8.1.1). One that is complete before its request is, ends
 * with NO_ERROR, which tells the client to stop sending: linger() in h2_stream.c. */
#include "wire/h2_conn_priv.h"

enum { FRAME_HEAD_BYTES = 9, LENGTH_DIGITS_MAX = 20 };

/* --- bodies --- */

static bool knows_length(const struct h2_stream *stream)
{
    return stream->stream.response.body_bytes != LENGTH_UNKNOWN;
}

static nghttp2_nv pair(struct str name, struct str value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name.at, /* not written to; the type cannot say so */
        .value = (uint8_t *)(uintptr_t)value.at,
        .namelen = name.len,
        .valuelen = value.len,
        .flags = NGHTTP2_NV_FLAG_NONE, /* copied; names in lower case */
    };
}

static void add_pairs(nghttp2_nv *pairs, const struct http_fields *fields)
{
    for (size_t i = 0; i < fields->count; i++)
        pairs[i] = pair(fields->lines[i].name, fields->lines[i].value);
}

/* RFC 9113 §8.1: a block of fields that ends the stream, in the place of the last DATA. */
static void end_body(struct h2_stream *stream, uint32_t *flags_out)
{
    const struct http_fields *trailers = &stream->stream.response.trailers;
    *flags_out |= NGHTTP2_DATA_FLAG_EOF;
    if (!trailers->count)
        return;
    nghttp2_nv *pairs = arena_alloc(&stream->arena, trailers->count * sizeof(*pairs));
    add_pairs(pairs, trailers);
    *flags_out |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    h2_must(nghttp2_submit_trailer(stream->conn->session, stream->id, pairs, trailers->count));
}

/* What to tell nghttp2 of a pull that gave no data. */
static ssize_t no_data(struct h2_stream *stream, enum pull result, uint32_t *flags_out)
{
    bool is_whole =
        !knows_length(stream) || stream->sent_bytes == stream->stream.response.body_bytes;
    if (result == PULL_END && is_whole) {
        end_body(stream, flags_out);
        return 0;
    }
    if (result != PULL_WAIT)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* which becomes INTERNAL_ERROR */
    deadline_cancel(&stream->deadline);               /* it is us who are slow */
    return NGHTTP2_ERR_DEFERRED;
}

static ssize_t read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t want,
                         uint32_t *flags_out, nghttp2_data_source *source, void *user_data)
{
    struct h2_stream *stream = source->ptr;
    struct wire *wire = stream->wire;
    struct buf *out = &wire->out;
    uint64_t announced = stream->stream.response.body_bytes;
    size_t head_at = out->len;
    struct err err;
    (void)session;
    (void)id;
    (void)buf; /* nghttp2's own, which would be one copy more */
    (void)user_data;
    (void)buf_reserve(out, FRAME_HEAD_BYTES + want);
    out->len += FRAME_HEAD_BYTES;
    enum pull result = source_pull(stream->stream.response.body, out, want, &err);
    size_t len = out->len - head_at - FRAME_HEAD_BYTES;
    if (result != PULL_DATA || stream->sent_bytes + len > announced) {
        out->len = head_at;
        return no_data(stream, result == PULL_DATA ? PULL_FAIL : result, flags_out);
    }
    stream->sent_bytes += len;
    if (stream->sent_bytes == announced)
        *flags_out |= NGHTTP2_DATA_FLAG_EOF; /* in this frame, not in an empty one behind it */
    *flags_out |= NGHTTP2_DATA_FLAG_NO_COPY;
    deadline_arm(wire->loop, &wire->progress_deadlines, &stream->deadline);
    return (ssize_t)len;
}

int h2_send_data(nghttp2_session *session, nghttp2_frame *frame, const uint8_t *frame_head,
                 size_t len, nghttp2_data_source *source, void *user_data)
{
    struct h2_stream *stream = source->ptr;
    struct buf *out = &stream->wire->out;
    (void)session;
    (void)user_data;
    assert(frame->data.padlen == 0 && out->len >= FRAME_HEAD_BYTES + len);
    memcpy(out->at + out->len - len - FRAME_HEAD_BYTES, frame_head, FRAME_HEAD_BYTES);
    h2_budget_give(&stream->conn->frames, 2); /* the peer may answer it with WINDOW_UPDATE */
    return out->len < H2_OUT_BYTES ? 0 : NGHTTP2_ERR_PAUSE;
}

/* --- heads --- */

static struct str number(struct arena *arena, uint64_t value)
{
    char *digits = arena_alloc(arena, LENGTH_DIGITS_MAX);
    size_t at = LENGTH_DIGITS_MAX;
    do {
        digits[--at] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    return str_of(digits + at, LENGTH_DIGITS_MAX - at);
}

/* Submits the head; `body` NULL: it is the whole answer. */
static void submit(struct h2_stream *stream, const nghttp2_data_provider *body)
{
    const struct http_response *response = &stream->stream.response;
    const struct http_fields *fields = &response->fields;
    struct arena *arena = &stream->arena;
    nghttp2_nv *pairs = arena_alloc(arena, (fields->count + 3) * sizeof(*pairs));
    size_t count = 0;
    pairs[count++] = pair(STR(":status"), number(arena, response->status));
    pairs[count++] = pair(STR("date"), wire_date(stream->wire));
    add_pairs(pairs + count, fields);
    count += fields->count;
    if (knows_length(stream) && !http_is_bodiless(response->status)) /* RFC 9110 §8.6 */
        pairs[count++] = pair(STR("content-length"), number(arena, response->body_bytes));
    h2_must(nghttp2_submit_response(stream->conn->session, stream->id, pairs, count, body));
}

void h2_send_start(struct h2_stream *stream)
{
    struct wire *wire = stream->wire;
    const struct http_response *response = &stream->stream.response;
    nghttp2_data_provider body = {.source.ptr = stream, .read_callback = read_body};
    bool sends_body = response->body && response->body_bytes != 0 &&
                      !http_is_bodiless(response->status) &&
                      !str_eq(stream->stream.request.method, STR("HEAD"));
    if (response->body)
        response->body->waker = &stream->send_waker;
    submit(stream, sends_body ? &body : NULL);
    if (sends_body)
        deadline_arm(wire->loop, &wire->progress_deadlines, &stream->deadline);
}

void h2_send_proceed(struct h2_stream *stream)
{
    const nghttp2_nv status = pair(STR(":status"), STR("100"));
    int32_t rc = nghttp2_submit_headers(stream->conn->session, NGHTTP2_FLAG_NONE, stream->id, NULL,
                                        &status, 1, NULL);
    h2_must(rc);
    h2_conn_wake(stream->conn);
}

/* --- when --- */

void h2_send_resume(struct h2_stream *stream)
{
    struct wire *wire = stream->wire;
    stream->is_resumable = false;
    /* Fails when nghttp2 has not asked yet, or not got as far: it will ask. */
    if (nghttp2_session_resume_data(stream->conn->session, stream->id) == 0)
        deadline_arm(wire->loop, &wire->progress_deadlines, &stream->deadline);
}

void h2_send_stalled(struct h2_stream *stream)
{
    struct h2_conn *conn = stream->conn;
    struct wire *wire = stream->wire;
    if (nghttp2_session_get_remote_window_size(conn->session) <= 0) {
        h2_conn_end(conn, NGHTTP2_ENHANCE_YOUR_CALM,
                    "an HTTP/2 peer that takes no answers: its window stays shut");
    } else if (nghttp2_session_get_stream_remote_window_size(conn->session, stream->id) <= 0) {
        h2_must(nghttp2_submit_rst_stream(conn->session, NGHTTP2_FLAG_NONE, stream->id,
                                          NGHTTP2_CANCEL));
        h2_conn_wake(conn);
    } else { /* it is the turn of others; or the channel is full, which has its own deadline */
        deadline_arm(wire->loop, &wire->progress_deadlines, &stream->deadline);
    }
}

bool h2_send_gather(struct h2_conn *conn)
{
    struct buf *out = &conn->base.wire->out;
    const uint8_t *frame;
    while (out->len < H2_OUT_BYTES) {
        assert(conn->is_running && !conn->is_within);
        conn->is_within = true;
        ssize_t len = nghttp2_session_mem_send(conn->session, &frame);
        conn->is_within = false;
        assert(len >= 0); /* no callback fails, and memory does not either */
        if (len > 0)
            buf_add(out, str_of((const char *)frame, (size_t)len));
        else if (out->len < H2_OUT_BYTES)
            return false;
    }
    return true;
}
