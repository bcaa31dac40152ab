/* Flow control of what clients send. The protocol gives each stream and each connection a first
 * window of 64 KiB - 1, which this file never takes back. Beyond it, room is granted out of the
 * budget that all bodies and answers share (the limit memory_bytes), since a granted window is
 * memory that the client may fill while the store is slow:
 *
 *   open   a body is announced: the connection gets a first window more, so that a stream that the
 *          handler does not read does not stop the others;
 *   grow   the handler reads: the stream, and with it the connection, may be as far ahead as
 *          upload_window_bytes, but never by more than a quarter of what can be spared. So one
 *          upload can use the link, a hundred get little each, and bodies that have to be read as
 *          a whole find room beside them;
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
    SHARE = 4,                 /* of what can be spared, one stream may have so much of it */
    SHRINK_BYTES_MIN = 131072, /* less is not worth taking back */
};

/* How much of the budget the stream may have in all. */
static uint64_t share_of(const struct h2_stream *stream)
{
    return (budget_spare(stream->stream.memory) + stream->window_bytes) / SHARE;
}

/* Makes the stream's part of the connection's window `bytes`. False: others were quicker. */
static bool set_part(struct h2_stream *stream, uint64_t bytes)
{
    struct h2_conn *conn = stream->conn;
    uint64_t held = stream->window_bytes;
    if (bytes > held && !budget_take(stream->stream.memory, bytes - held))
        return false;
    if (bytes < held)
        budget_give(stream->stream.memory, held - bytes);
    conn->window_bytes += bytes - held;
    stream->window_bytes = bytes;
    int32_t window = (int32_t)u64_min(FIRST_BYTES + conn->window_bytes, INT32_MAX);
    h2_must(nghttp2_session_set_local_window_size(conn->session, NGHTTP2_FLAG_NONE, 0, window));
    return true;
}

/* A part of the connection's window has the stream's first window in it. */
static void set_stream(struct h2_stream *stream, uint64_t part)
{
    int32_t window = (int32_t)u64_min(u64_max(part, FIRST_BYTES), INT32_MAX);
    if (!set_part(stream, part))
        return; /* it stays as it was */
    h2_must(nghttp2_session_set_local_window_size(stream->conn->session, NGHTTP2_FLAG_NONE,
                                                  stream->id, window));
}

void h2_window_open(struct h2_stream *stream)
{
    if (share_of(stream) >= FIRST_BYTES)
        (void)set_part(stream, FIRST_BYTES); /* it goes without */
}

void h2_window_grow(struct h2_stream *stream)
{
    uint64_t wanted = u64_min(stream->stream.request.body_bytes, /* it may be LENGTH_UNKNOWN */
                              stream->wire->limits->upload_window_bytes);
    uint64_t part = u64_min(wanted, share_of(stream));
    if (part > stream->window_bytes && part > FIRST_BYTES)
        set_stream(stream, part);
}

static void shrink(struct h2_stream *stream)
{
    uint64_t part = u64_max(share_of(stream), FIRST_BYTES);
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
        (void)set_part(stream, 0); /* nothing is taken */
}
