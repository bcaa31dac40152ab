/* An HTTP/2 connection. nghttp2 keeps the protocol's state and does no I/O; this file moves bytes
 * between it and the channel.
 *
 *   OPEN --nothing left to say, after GOAWAY--> LINGERING --> SHUT --the peer has closed--> DEAD
 *     |       end_if_done()                       linger()
 *     '--channel failed or ended, abort--> DEAD
 *
 * A run (conn_run) reads what has come, lets nghttp2 take it apart, looks at each stream that
 * something happened to, and then sends: the answers to all the requests of the run leave together,
 * in one write of up to H2_OUT_BYTES. Events only note and queue the run:
 *
 *   nghttp2's callbacks  ->  h2_conn_note(stream)   h2_session.c
 *   respond(), wakers    ->  h2_conn_note(stream)   h2_stream.c
 *   h2_conn_note         ->  h2_stream_step(stream), within the run
 *
 * Invariants
 *  (1) nghttp2's send and receive functions are called by the run only, and before the first run
 *      with what came first; never within each other (is_within);
 *  (2) the session lives while the connection is OPEN; a connection lives until each of its streams
 *      is over, which may be later than the end of the channel;
 *  (3) the memory of what is received and sent is the wire's, shared by all connections of a loop:
 *      an idle connection has no buffers but nghttp2's; `out` is used only when the channel is
 *      full.
 *
 * Draining takes two GOAWAYs (RFC 9113 §6.8): the first says that there will be no more requests,
 * the second, when a PING has come back and so all that was on its way has arrived, names the last
 * one that is answered. Uploads under way are finished. A connection without requests is told and
 * closed at once; its client may not look for minutes.
 *
 * Timers: an idle connection has the idle deadline, which only a request ends; one whose peer does
 * not take what is sent has the progress deadline. Each stream has its own: see h2_stream.c. */
#include "base/mem.h"
#include "wire/h2_conn_priv.h"

enum {
    READ_BYTES = 65536,      /* one read */
    RUN_READS_MAX = 8,       /* before something is sent */
    RUN_BYTES_MAX = 1 << 20, /* sent for one connection before the others get their turn */
    DISCARD_BYTES = 1 << 20, /* one read of what nobody wants */
};

/* --- life --- */

static void free_conn(struct h2_conn *conn)
{
    struct wire *wire = conn->base.wire;
    assert(conn->state == H2_DEAD && !conn->session && conn->stream_count == 0);
    loop_unqueue(&conn->task);
    conn_done(&conn->base);
    mem_free(conn);
    wire_conn_gone(wire);
}

static void end_streams(struct h2_conn *conn)
{
    LIST_EACH (&conn->streams, link)
        h2_stream_end(CONTAINER_OF(link, struct h2_stream, link));
    nghttp2_session_del(conn->session);
    conn->session = NULL;
}

static void close_now(struct h2_conn *conn, bool is_reset)
{
    if (conn->state == H2_DEAD)
        return;
    if (conn->state == H2_OPEN)
        end_streams(conn);
    conn->state = H2_DEAD;
    channel_close(&conn->channel, is_reset);
    deadline_cancel(&conn->deadline);
    deadline_cancel(&conn->drain_deadline);
    list_remove(&conn->base.link);
    buf_done(&conn->out);
    loop_queue(conn->base.wire->loop, &conn->task);
}

void h2_conn_wake(struct h2_conn *conn)
{
    if (!conn->is_running) /* else conn_run() takes the next step by itself */
        loop_queue(conn->base.wire->loop, &conn->task);
}

void h2_conn_note(struct h2_stream *stream)
{
    list_remove(&stream->note);
    list_append(&stream->conn->noted, &stream->note);
    h2_conn_wake(stream->conn);
}

void h2_conn_end(struct h2_conn *conn, uint32_t error_code, const char *why)
{
    struct wire *wire = conn->base.wire;
    if (conn->goaway >= GOAWAY_LAST || conn->state != H2_OPEN)
        return;
    conn->goaway = GOAWAY_LAST;
    h2_must(nghttp2_session_terminate_session(conn->session, error_code));
    if (why && wire->warned)
        wire->warned(wire, conn->base.peer, why);
    h2_conn_wake(conn);
}

/* --- receiving --- */

void h2_conn_step(struct h2_conn *conn)
{
    while (!list_is_empty(&conn->noted)) {
        struct h2_stream *stream = CONTAINER_OF(conn->noted.next, struct h2_stream, note);
        list_remove(&stream->note);
        h2_stream_step(stream);
    }
    if (conn->end_code != NGHTTP2_NO_ERROR && conn->state == H2_OPEN)
        h2_conn_end(conn, conn->end_code, conn->end_why);
}

/* One read, and all that follows from it. False: there is nothing to read now. */
static bool receive(struct h2_conn *conn)
{
    struct buf *in = &conn->base.wire->in;
    size_t len;
    if (conn->goaway >= GOAWAY_LAST || !conn->channel->may_read ||
        !nghttp2_session_want_read(conn->session))
        return false;
    buf_clear(in);
    enum channel_rc rc =
        channel_receive(conn->channel, buf_reserve(in, READ_BYTES), READ_BYTES, &len);
    if (rc == CHANNEL_END)
        close_now(conn, false); /* no window will be opened any more: no answer can be finished */
    if (rc != CHANNEL_OK)
        return false;
    h2_session_receive(conn, str_of(in->at, len));
    return true;
}

/* Requests that have come are answered behind all that others have to receive in this turn: what
 * the store looks up once then holds for all of them (base/turn.h). */
static bool receives_first(struct h2_conn *conn)
{
    if (conn->state != H2_OPEN || !list_is_empty(&conn->noted) || !receive(conn) ||
        list_is_empty(&conn->noted))
        return false;
    loop_queue_behind(conn->base.wire->loop, &conn->task);
    return true;
}

/* --- sending --- */

static struct str unsent(const struct h2_conn *conn)
{
    return str_from(buf_str(&conn->out), conn->out_at);
}

/* Sends what it can of *bytes, and takes that off. False: not all of it could leave now. */
static bool push(struct h2_conn *conn, struct str *bytes)
{
    struct wire *wire = conn->base.wire;
    size_t sent;
    while (bytes->len) {
        bool was_writable = conn->channel->may_write;
        enum channel_rc rc = channel_send(conn->channel, *bytes, false, &sent);
        if (rc == CHANNEL_AGAIN && was_writable) {
            conn->is_idle_timed = false;
            deadline_arm(wire->loop, &wire->progress_deadlines, &conn->deadline);
        }
        if (rc == CHANNEL_FAILED)
            close_now(conn, false);
        if (rc != CHANNEL_OK)
            return false;
        *bytes = str_from(*bytes, sent);
        conn->run_bytes += sent;
    }
    return true;
}

/* What stands in `out` from earlier runs. */
static bool push_unsent(struct h2_conn *conn)
{
    struct str bytes = unsent(conn);
    if (bytes.len == 0)
        return true;
    bool is_all = push(conn, &bytes);
    if (conn->state == H2_DEAD)
        return false;
    conn->out_at = conn->out.len - bytes.len;
    if (!is_all)
        return false;
    buf_done(&conn->out);
    conn->out_at = 0;
    deadline_cancel(&conn->deadline);
    return true;
}

/* Gathers and sends until there is nothing more, or the channel is full. */
static void send_all(struct h2_conn *conn)
{
    struct buf *out = &conn->base.wire->out;
    bool has_more = true;
    while (has_more && push_unsent(conn)) {
        if (conn->run_bytes >= RUN_BYTES_MAX) { /* others want their share of the loop */
            loop_queue(conn->base.wire->loop, &conn->task);
            return;
        }
        buf_clear(out);
        has_more = h2_send_gather(conn);
        struct str bytes = buf_str(out);
        if (!push(conn, &bytes)) {
            if (conn->state == H2_OPEN)
                buf_add(&conn->out, bytes);
            return;
        }
    }
}

/* --- the end --- */

/* RFC 9112 §9.6 says why, for any HTTP: the last frames would be lost if we closed on a peer that
 * still sends. */
static void linger(struct h2_conn *conn)
{
    struct wire *wire = conn->base.wire;
    size_t len;
    if (conn->state == H2_LINGERING) {
        conn->state = H2_SHUT;
        channel_shut(conn->channel);
        deadline_arm(wire->loop, &wire->linger_deadlines, &conn->deadline);
    }
    enum channel_rc rc = CHANNEL_OK;
    for (int reads = 0; rc == CHANNEL_OK && reads < RUN_READS_MAX; reads++)
        rc = channel_skip(conn->channel, DISCARD_BYTES, &len);
    if (rc == CHANNEL_END)
        close_now(conn, false);
    else if (rc == CHANNEL_OK)
        loop_queue(wire->loop, &conn->task);
}

/* nghttp2 wants nothing any more: GOAWAY has been said by either side, and no stream is left. */
static void end_if_done(struct h2_conn *conn)
{
    if (nghttp2_session_want_read(conn->session) || nghttp2_session_want_write(conn->session) ||
        unsent(conn).len)
        return;
    if (conn->goaway == GOAWAY_HASTY) {
        close_now(conn, false);
        return;
    }
    end_streams(conn);
    conn->state = H2_LINGERING;
    deadline_cancel(&conn->drain_deadline);
}

static void time_idleness(struct h2_conn *conn)
{
    struct wire *wire = conn->base.wire;
    bool is_idle = conn->stream_count == 0;
    if (unsent(conn).len || conn->is_idle_timed == is_idle)
        return; /* in `out`: the deadline is that of sending */
    assert(!conn->out.at);
    conn->is_idle_timed = is_idle;
    if (is_idle)
        deadline_arm(wire->loop, &wire->idle_deadlines, &conn->deadline);
    else
        deadline_cancel(&conn->deadline);
}

static void run_open(struct h2_conn *conn)
{
    bool has_read = true;
    assert(conn->session);
    h2_conn_step(conn);
    for (int reads = 0; has_read && reads < RUN_READS_MAX; reads++) {
        has_read = receive(conn);
        h2_conn_step(conn);
    }
    if (conn->state != H2_OPEN)
        return;
    do {
        h2_conn_step(conn);
        send_all(conn);
    } while (conn->state == H2_OPEN && !list_is_empty(&conn->noted));
    if (conn->state != H2_OPEN)
        return;
    if (has_read) /* perhaps there is more; the next edge may not come */
        loop_queue(conn->base.wire->loop, &conn->task);
    end_if_done(conn);
    if (conn->state == H2_OPEN)
        time_idleness(conn);
}

static void conn_run(struct task *task)
{
    struct h2_conn *conn = CONTAINER_OF(task, struct h2_conn, task);
    conn->run_bytes = 0;
    conn->is_running = true;
    if (conn->state != H2_DEAD && conn->channel->has_failed)
        close_now(conn, false);
    if (receives_first(conn)) {
        conn->is_running = false;
        return;
    }
    if (conn->state == H2_OPEN)
        run_open(conn);
    if (conn->state == H2_LINGERING || conn->state == H2_SHUT)
        linger(conn);
    if (conn->state != H2_OPEN)
        h2_conn_step(conn); /* handlers that still owe an answer */
    conn->is_running = false;
    if (conn->state == H2_DEAD && conn->stream_count == 0)
        free_conn(conn);
}

/* --- events --- */

static void deadline_expired(struct deadline *deadline)
{
    struct h2_conn *conn = CONTAINER_OF(deadline, struct h2_conn, deadline);
    if (conn->state == H2_OPEN && conn->is_idle_timed)
        h2_conn_end(conn, NGHTTP2_NO_ERROR, NULL);
    else
        close_now(conn, conn->state == H2_OPEN);
}

static void see_off(struct h2_conn *conn)
{
    if (conn->goaway != GOAWAY_NONE)
        return;
    conn->goaway = GOAWAY_SEEN_OFF;
    h2_must(nghttp2_submit_goaway(conn->session, NGHTTP2_FLAG_NONE,
                                  nghttp2_session_get_last_proc_stream_id(conn->session),
                                  NGHTTP2_NO_ERROR, NULL, 0));
    h2_conn_wake(conn);
}

static void drain_expired(struct deadline *deadline)
{
    see_off(CONTAINER_OF(deadline, struct h2_conn, drain_deadline));
}

void h2_conn_pong(struct h2_conn *conn)
{
    if (deadline_is_armed(&conn->drain_deadline)) {
        deadline_cancel(&conn->drain_deadline);
        see_off(conn);
    }
}

static void drain(struct conn *base)
{
    struct h2_conn *conn = CONTAINER_OF(base, struct h2_conn, base);
    struct wire *wire = base->wire;
    if (conn->state != H2_OPEN || conn->goaway >= GOAWAY_LAST)
        return;
    if (conn->stream_count == 0) {
        h2_conn_end(conn, NGHTTP2_NO_ERROR, NULL);
        conn->goaway = GOAWAY_HASTY;
        return;
    }
    h2_must(nghttp2_submit_shutdown_notice(conn->session)); /* a PING follows it: h2_session.c */
    deadline_arm(wire->loop, &wire->linger_deadlines, &conn->drain_deadline);
    h2_conn_wake(conn);
}

static void abort_now(struct conn *base)
{
    close_now(CONTAINER_OF(base, struct h2_conn, base), true);
}

static const struct conn_ops h2_ops = {.drain = drain, .abort = abort_now};

void h2_conn_open(struct wire *wire, struct incoming *incoming, struct str first_bytes)
{
    struct h2_conn *conn = MEM_NEW(struct h2_conn);
    int64_t now_ms = loop_now_ms(wire->loop);
    conn_link(&conn->base, wire, &h2_ops, incoming);
    conn->task.run = conn_run;
    list_init(&conn->streams);
    list_init(&conn->noted);
    deadline_init(&conn->deadline, deadline_expired);
    deadline_init(&conn->drain_deadline, drain_expired);
    h2_budget_init(&conn->frames, wire->limits->h2_idle_frames, now_ms);
    h2_budget_init(&conn->resets, wire->limits->h2_resets, now_ms);
    conn->newest_id = -1;
    conn->channel = incoming->channel;
    conn->channel->ready = &conn->task;
    channel_keep_prompt(conn->channel);
    incoming->channel = NULL;
    h2_session_open(conn);
    h2_session_receive(conn, first_bytes);
    if (wire->is_draining)
        drain(&conn->base);
    h2_conn_wake(conn);
}
