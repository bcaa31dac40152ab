/* A connection that speaks WebSocket, handed over by h1_conn.c behind a 101 (RFC 6455 §4.2.2).
 *
 *   OPEN --we close--> CLOSING --the peer does, too--> SHUT --the peer has seen it--> DEAD
 *     |    leave()                                       ^
 *     |--the peer closes, or does what must not be-------'  both closes have been said
 *     '--channel ended, no answer to a ping, abort--> DEAD
 *
 * Who uses it is told at the moment when it is OPEN no more; what follows is between the two ends.
 * After both have said their close the server ends the connection (§7.1.1), and so that the last
 * frame is not lost it first says that nothing more comes, and reads until the peer has gone.
 *
 * What a peer can make us hold: what is read, READ_BYTES at a time, and only when all that was to
 * be sent has left; so at most the answers to as many pings. A text that is to be sent while more
 * than UNSENT_BYTES_MAX wait is refused to who sends it: he knows whether it matters.
 *
 * Timers. Until its user says that it is to be kept (web_socket_keep()) it has as long as a head
 * may take. Then: a peer that has been silent for socket_ping_ms is pinged, and has gone when it is
 * silent for as long again (§5.5.2). What does not leave has the progress deadline, and the end
 * that of who lingers.
 *
 * After a reload of the settings its user says whether it goes on. A drain ends it with 1001
 * (§7.4.1): there is a code for a restart, 1012, and libraries in use that take it for a mistake.
 *
 * Invariants
 *  (1) `user` is NULL unless it is OPEN;
 *  (2) it is freed when the channel is closed and nobody has its refs: what its user has begun for
 *      it comes to its end on this loop, which waits for that. */
#include "wire/websocket/ws_conn.h"

#include "base/mem.h"
#include "base/metrics/metrics.h"
#include "wire/websocket/frame.h"

enum {
    READ_BYTES = 4096,
    RUN_READS_MAX = 16, /* before the others get their turn */
    UNSENT_BYTES_MAX = 4096,
    DISCARD_BYTES = 65536,
};

enum ws_state {
    WS_STATE_OPEN,    /* texts come and go */
    WS_STATE_CLOSING, /* our close is on its way; the peer's is to come */
    WS_STATE_SHUT,    /* nothing is to be said any more; reading until the peer has seen the last */
    WS_STATE_DEAD,    /* the channel is closed */
};

struct ws_conn {
    struct conn base;
    struct web_socket socket;
    struct channel *channel; /* NULL once DEAD */
    struct task task;        /* the channel's, too */
    struct deadline deadline;
    struct deadline progress; /* of what is to be sent */
    struct socket_user *user;
    enum ws_state state;
    struct ws_reader reader;
    struct buf out; /* to be sent from out_at on */
    size_t out_at;
    bool is_kept;    /* its user has welcomed the peer */
    bool is_pinged;  /* and nothing has come since */
    bool has_shut;   /* our side of the channel */
    bool is_running; /* within run() */
};

static struct ws_conn *conn_of_socket(struct web_socket *socket)
{
    return CONTAINER_OF(socket, struct ws_conn, socket);
}

static size_t unsent(const struct ws_conn *conn)
{
    return conn->out.len - conn->out_at;
}

static void wake(struct ws_conn *conn)
{
    if (!conn->is_running)
        loop_queue(conn->base.wire->loop, &conn->task);
}

/* --- the end --- */

static void free_conn(struct refs *refs)
{
    struct web_socket *socket = CONTAINER_OF(refs, struct web_socket, refs);
    struct ws_conn *conn = conn_of_socket(socket);
    struct wire *wire = conn->base.wire;
    assert(conn->state == WS_STATE_DEAD && !conn->channel && !conn->user);
    loop_unqueue(&conn->task);
    conn_done(&conn->base);
    mem_free(conn);
    wire_conn_gone(wire);
}

static void tell_closed(struct ws_conn *conn)
{
    struct socket_user *user = conn->user;
    conn->user = NULL;
    if (!user)
        return;
    metric_add(METRIC_WEB_SOCKETS, 0, UINT64_MAX);
    if (conn->base.wire->sockets)
        budget_give(conn->base.wire->sockets, 1);
    user->ops->closed(user);
}

/* run() lets it go when it is the one that runs. */
static void close_now(struct ws_conn *conn, bool is_reset)
{
    if (conn->state == WS_STATE_DEAD)
        return;
    conn->state = WS_STATE_DEAD;
    channel_close(&conn->channel, is_reset);
    deadline_cancel(&conn->deadline);
    deadline_cancel(&conn->progress);
    list_remove(&conn->base.link);
    ws_reader_done(&conn->reader);
    buf_done(&conn->out);
    tell_closed(conn);
    wake(conn);
}

/* Our close is the last frame that we send (RFC 6455 §5.5.1). */
static void leave(struct ws_conn *conn, unsigned code, enum ws_state state)
{
    struct wire *wire = conn->base.wire;
    if (conn->state != WS_STATE_OPEN)
        return;
    wire_take_spare(&wire->spare_out, &conn->out);
    ws_add_close(&conn->out, code);
    conn->state = state;
    deadline_arm(wire->loop, &wire->linger_deadlines, &conn->deadline);
    tell_closed(conn);
    wake(conn);
}

/* --- sending --- */

/* False: not all of it could leave now. */
static bool flush(struct ws_conn *conn)
{
    struct wire *wire = conn->base.wire;
    size_t sent;
    while (unsent(conn)) {
        struct str bytes = str_from(buf_str(&conn->out), conn->out_at);
        enum channel_rc rc = channel_send(conn->channel, bytes, false, &sent);
        if (rc == CHANNEL_FAILED)
            close_now(conn, false);
        else if (rc == CHANNEL_AGAIN && !deadline_is_armed(&conn->progress))
            deadline_arm(wire->loop, &wire->progress_deadlines, &conn->progress);
        if (rc != CHANNEL_OK)
            return false;
        conn->out_at += sent;
        deadline_cancel(&conn->progress);
    }
    if (conn->out.cap)
        wire_give_back(&wire->spare_out, &conn->out); /* an idle connection holds none */
    conn->out_at = 0;
    return true;
}

static bool send_text(struct web_socket *socket, struct str text)
{
    struct ws_conn *conn = conn_of_socket(socket);
    if (conn->state != WS_STATE_OPEN || unsent(conn) > UNSENT_BYTES_MAX)
        return false;
    wire_take_spare(&conn->base.wire->spare_out, &conn->out);
    ws_add_text(&conn->out, text);
    wake(conn);
    return true;
}

static void keep(struct web_socket *socket)
{
    struct ws_conn *conn = conn_of_socket(socket);
    struct wire *wire = conn->base.wire;
    conn->is_kept = true;
    if (conn->state == WS_STATE_OPEN)
        deadline_arm(wire->loop, &wire->ping_deadlines, &conn->deadline);
}

static void close_socket(struct web_socket *socket, enum web_socket_code code)
{
    leave(conn_of_socket(socket), code, WS_STATE_CLOSING);
}

static const struct web_socket_ops socket_ops = {
    .send = send_text, .keep = keep, .close = close_socket};

/* --- receiving --- */

/* The peer lives. */
static void note_life(struct ws_conn *conn)
{
    struct wire *wire = conn->base.wire;
    conn->is_pinged = false;
    if (conn->is_kept && conn->state == WS_STATE_OPEN)
        deadline_arm(wire->loop, &wire->ping_deadlines, &conn->deadline);
}

/* The peer's close is answered with the code that it said (RFC 6455 §5.5.1), and a mistake of its
 * with one that says which (§7.1.7). */
static void end(struct ws_conn *conn)
{
    leave(conn, conn->reader.code, WS_STATE_SHUT);
    conn->state = WS_STATE_SHUT;
}

static void take_event(struct ws_conn *conn, enum ws_event event)
{
    switch (event) {
    case WS_TEXT:
        if (conn->user)
            conn->user->ops->received(conn->user, conn->reader.text);
        break;
    case WS_PING:
        if (conn->state == WS_STATE_OPEN)
            ws_add_pong(&conn->out, conn->reader.text);
        break;
    case WS_CLOSE:
    case WS_FAILED:
        end(conn);
        break;
    case WS_PONG:
    case WS_MORE:
        break;
    }
}

static bool is_heard(const struct ws_conn *conn)
{
    return conn->state == WS_STATE_OPEN || conn->state == WS_STATE_CLOSING;
}

static void take(struct ws_conn *conn, struct str bytes)
{
    enum ws_event event;
    do {
        event = ws_read(&conn->reader, &bytes);
        take_event(conn, event);
    } while (event != WS_MORE && is_heard(conn));
}

/* One read. False: there is nothing to be read now, or it was the last. */
static bool receive(struct ws_conn *conn)
{
    struct buf *in = &conn->base.wire->in;
    size_t len;
    buf_clear(in);
    enum channel_rc rc =
        channel_receive(conn->channel, buf_reserve(in, READ_BYTES), READ_BYTES, &len);
    if (rc == CHANNEL_AGAIN)
        return false;
    if (rc != CHANNEL_OK) {
        close_now(conn, false);
        return false;
    }
    note_life(conn);
    take(conn, str_of(in->at, len));
    return true;
}

/* Nothing that comes matters any more (RFC 6455 §7.1.1). False: nothing to be done now. */
static bool linger(struct ws_conn *conn)
{
    size_t len;
    if (!conn->has_shut)
        channel_shut(conn->channel);
    conn->has_shut = true;
    enum channel_rc rc = channel_skip(conn->channel, DISCARD_BYTES, &len);
    if (rc != CHANNEL_OK && rc != CHANNEL_AGAIN)
        close_now(conn, false);
    return rc == CHANNEL_OK;
}

/* --- running --- */

/* False: there is nothing more to be done now. */
static bool step(struct ws_conn *conn)
{
    if (conn->state == WS_STATE_DEAD || !flush(conn))
        return false;
    return conn->state == WS_STATE_SHUT ? linger(conn) : receive(conn);
}

static void run(struct task *task)
{
    struct ws_conn *conn = CONTAINER_OF(task, struct ws_conn, task);
    conn->is_running = true;
    for (int steps = 0; step(conn); steps++) {
        if (steps == RUN_READS_MAX) {
            loop_queue(conn->base.wire->loop, &conn->task);
            break;
        }
    }
    if (conn->state != WS_STATE_DEAD)
        (void)!flush(conn); /* what cannot leave now leaves on the next edge */
    conn->is_running = false;
    if (conn->state != WS_STATE_DEAD)
        return;
    loop_unqueue(&conn->task); /* it runs no more, whoever still has a ref */
    refs_drop(&conn->socket.refs);
}

/* --- events --- */

static void stalled(struct deadline *deadline)
{
    close_now(CONTAINER_OF(deadline, struct ws_conn, progress), true);
}

static void expired(struct deadline *deadline)
{
    struct ws_conn *conn = CONTAINER_OF(deadline, struct ws_conn, deadline);
    struct wire *wire = conn->base.wire;
    if (conn->state != WS_STATE_OPEN || conn->is_pinged) {
        close_now(conn, true);
    } else if (!conn->is_kept) {
        leave(conn, SOCKET_POLICY, WS_STATE_CLOSING);
    } else {
        conn->is_pinged = true;
        if (unsent(conn) == 0)
            ws_add_ping(&conn->out); /* or else what waits to be taken asks as well */
        deadline_arm(wire->loop, &wire->ping_deadlines, &conn->deadline);
        wake(conn);
    }
}

static void drain(struct conn *base)
{
    leave(CONTAINER_OF(base, struct ws_conn, base), SOCKET_GOING_AWAY, WS_STATE_CLOSING);
}

static void abort_now(struct conn *base)
{
    close_now(CONTAINER_OF(base, struct ws_conn, base), true);
}

static void renew(struct conn *base)
{
    struct ws_conn *conn = CONTAINER_OF(base, struct ws_conn, base);
    if (conn->user)
        conn->user->ops->renewed(conn->user);
}

static const struct conn_ops ws_ops = {.drain = drain, .renew = renew, .abort = abort_now};

/* --- the beginning --- */

void ws_conn_open(struct wire *wire, struct incoming *incoming, const struct ws_opening *opening)
{
    struct ws_conn *conn = MEM_NEW(struct ws_conn);
    conn_link(&conn->base, wire, &ws_ops, incoming);
    refs_init(&conn->socket.refs, free_conn);
    conn->socket.ops = &socket_ops;
    conn->user = opening->user;
    conn->reader.message_bytes_max = (size_t)wire->limits->socket_message_bytes;
    conn->task.run = run;
    deadline_init(&conn->deadline, expired);
    deadline_init(&conn->progress, stalled);
    conn->channel = incoming->channel;
    conn->channel->ready = &conn->task;
    incoming->channel = NULL;
    buf_add(&conn->out, opening->unsent);
    metric_add(METRIC_WEB_SOCKETS, 0, 1);
    deadline_arm(wire->loop, &wire->head_deadlines, &conn->deadline);
    loop_queue(wire->loop, &conn->task); /* something may have come already */
    conn->user->ops->opened(conn->user, &conn->socket);
    if (wire->is_draining)
        drain(&conn->base);
    take(conn, opening->received);
}

void ws_conn_never(struct wire *wire, struct socket_user *user)
{
    if (wire->sockets)
        budget_give(wire->sockets, 1);
    user->ops->closed(user);
}
