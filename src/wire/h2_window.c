/* Flow control of what clients send. The protocol gives each stream and each connection a first
 * window of 64 KiB - 1, which this file never takes back. Beyond it, room is granted out of a
 * budget that all connections of a loop share (the limit upload_memory_bytes), since a granted
 * window is memory that the client may fill while the store is slow:
 *
 *   open   a body is announced: the connection gets a first window more, so that a stream that the
 *          handler does not read does not stop the others;
 *   grow   the handler reads: the stream, and with it the connection, may be as far ahead as
 *          upload_window_bytes, but never by more than a quarter of what is left of the budget. So
 *          one upload can use the link, and a hundred get little each;
 *   shrink the same rule, asked again while the body comes, takes back what others need now;
 *   close  all of it goes back.
 *
 * A window is given back to the client when the handler has taken the bytes, not when they came:
 * that is the back-pressure from the store (RFC 9113 §5.2). nghttp2 sends WINDOW_UPDATE once half
 * of a window can be given back. A smaller window is told by withholding: nothing can be taken back
 * at once. */
#include "wire/h2_conn_priv.h"

enum {
    FIRST_BYTES = NGHTTP2_INITIAL_WINDOW_SIZE,
    SHARE = 4,                 /* of what is left, one stream may have so much of it */
    SHRINK_BYTES_MIN = 131072, /* less is not worth taking back */
};

/* How much of the budget a stream that holds `held` may have in all. */
static uint64_t share_of(const struct wire *wire, uint64_t held)
{
    uint64_t budget = wire->limits->upload_memory_bytes;
    uint64_t others = wire->window_bytes - held;
    return others < budget ? (budget - others) / SHARE : 0;
}

/* Makes the stream's part of the connection's window `bytes`. */
static void set_part(struct h2_stream *stream, uint64_t bytes)
{
    struct h2_conn *conn = stream->conn;
    conn->window_bytes += bytes - stream->window_bytes;
    conn->base.wire->window_bytes += bytes - stream->window_bytes;
    stream->window_bytes = bytes;
    int32_t window = (int32_t)u64_min(FIRST_BYTES + conn->window_bytes, INT32_MAX);
    h2_must(nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0, window));
}

/* A part of the connection's window has the stream's first window in it. */
static void set_stream(struct h2_stream *stream, uint64_t part)
{
    int32_t window = (int32_t)u64_min(u64_max(part, FIRST_BYTES), INT32_MAX);
    set_part(stream, part);
    h2_must(nghttp2_session_set_local_window_size(stream->conn->session, NGHTTP2_FLAG_NONE,
                                                  stream->id, window));
}

void h2_window_open(struct h2_stream *stream)
{
    if (share_of(stream->wire, 0) >= FIRST_BYTES)
        set_part(stream, FIRST_BYTES);
}

void h2_window_grow(struct h2_stream *stream)
{
    uint64_t wanted = u64_min(stream->stream.request.body_bytes, /* it may be LENGTH_UNKNOWN */
                              stream->wire->limits->upload_window_bytes);
    uint64_t part = u64_min(wanted, share_of(stream->wire, stream->window_bytes));
    if (part > stream->window_bytes && part > FIRST_BYTES)
        set_stream(stream, part);
}

static void shrink(struct h2_stream *stream)
{
    uint64_t part = u64_max(share_of(stream->wire, stream->window_bytes), FIRST_BYTES);
    if (stream->window_bytes > part + SHRINK_BYTES_MIN)
        set_stream(stream, part);
}

void h2_window_give_back(struct h2_stream *stream, size_t len)
{
    h2_must(nghttp2_session_consume(stream->conn->session, stream->id, len));
    shrink(stream);
    h2_conn_wake(stream->conn);
}

void h2_window_close(struct h2_stream *stream)
{
    if (stream->window_bytes)
        set_part(stream, 0);
}
