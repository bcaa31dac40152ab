/* What the connections of a loop share, whatever they speak: limits, deadlines, buffers, and the
 * memory of streams that are over. It knows none of them by name: draining and aborting reach all
 * alike, through struct conn_ops.
 *
 * A loop is drained when it has neither connections nor streams. These are counted by themselves,
 * for a stream may outlive its connection: the handler answers it also when nobody is there any
 * more. */
#include "wire/wire.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics/metrics.h"

enum { LINGER_MS = 5000 };

/* The sanitizer is to see who uses a stream that is over. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEPS_ARENAS false
#elif defined(__has_feature)
#define KEEPS_ARENAS !__has_feature(address_sanitizer)
#else
#define KEEPS_ARENAS true
#endif

void wire_init(struct wire *wire, struct loop *loop, struct http_handler *handler,
               const struct limits *limits, struct budget *memory)
{
    *wire = (struct wire){
        .loop = loop, .handler = handler, .limits = limits, .memory = memory, .date_s = -1};
    list_init(&wire->conns);
    loop_add_deadlines(loop, &wire->head_deadlines, i64_of_u64(limits->head_ms));
    loop_add_deadlines(loop, &wire->idle_deadlines, i64_of_u64(limits->idle_ms));
    loop_add_deadlines(loop, &wire->progress_deadlines, i64_of_u64(limits->progress_ms));
    loop_add_deadlines(loop, &wire->linger_deadlines, LINGER_MS);
    loop_add_deadlines(loop, &wire->ping_deadlines, i64_of_u64(limits->socket_ping_ms));
}

void wire_done(struct wire *wire)
{
    buf_done(&wire->in);
    buf_done(&wire->out);
    buf_done(&wire->spare_in);
    buf_done(&wire->spare_out);
    while (wire->spare_count)
        arena_done(&wire->spare[--wire->spare_count]);
}

void wire_take_spare(struct buf *spare, struct buf *buf)
{
    if (buf->cap)
        return;
    *buf = *spare;
    *spare = (struct buf){0};
}

void wire_give_back(struct buf *spare, struct buf *buf)
{
    enum { SPARE_BYTES_MAX = 32768 };
    if (spare->cap || buf->cap > SPARE_BYTES_MAX) {
        buf_done(buf);
        return;
    }
    buf_clear(buf);
    *spare = *buf;
    *buf = (struct buf){0};
}

void conn_link(struct conn *conn, struct wire *wire, const struct conn_ops *ops,
               const struct incoming *incoming)
{
    const struct channel *channel = incoming->channel;
    conn->ops = ops;
    conn->wire = wire;
    list_append(&wire->conns, &conn->link);
    snprintf(conn->peer, sizeof(conn->peer), "%s", incoming->peer);
    conn->endpoint = incoming->endpoint;
    conn->memory = channel->share ? &channel->share->memory : conn->wire->memory;
    conn->is_secure = channel->is_secure;
    if (channel->client)
        conn->client = mem_copy_text(channel->client, strlen(channel->client));
}

void conn_done(struct conn *conn)
{
    mem_free(conn->client);
}

/* Tells `emptied` when there is nothing left. */
static void check_empty(struct wire *wire)
{
    if (wire->is_draining && wire->conn_count == 0 && wire->stream_count == 0 && wire->emptied)
        wire->emptied(wire);
}

void wire_conn_gone(struct wire *wire)
{
    wire->conn_count--;
    metric_add(METRIC_CONNECTIONS, 0, UINT64_MAX);
    if (wire->closed)
        wire->closed(wire);
    check_empty(wire);
}

/* A stream and all that it needs fit into an arena's first chunk. Its arena is kept for the next,
 * so that most requests cost no allocation but nghttp2's. */
void *wire_new_stream(struct wire *wire, size_t size, struct arena *arena_out)
{
    wire->stream_count++;
    if (wire->spare_count)
        *arena_out = wire->spare[--wire->spare_count];
    else
        *arena_out = (struct arena){0};
    return arena_alloc(arena_out, size);
}

void wire_begin_stream(struct wire *wire, struct http_stream *stream, const struct conn *conn)
{
    stream->started_us = clock_mono_us();
    stream->executor = loop_executor(wire->loop);
    stream->memory = conn->memory;
    stream->sockets = wire->sockets;
    stream->request.peer = str_of_c(conn->peer);
    stream->request.is_secure = conn->is_secure;
    stream->request.client = str_of_c(conn->client);
    stream->request.endpoint = conn->endpoint;
}

void wire_stream_gone(struct wire *wire, struct arena arena)
{
    if (KEEPS_ARENAS && wire->spare_count < WIRE_SPARE_MAX) {
        arena_reset(&arena);
        wire->spare[wire->spare_count++] = arena;
    } else {
        arena_done(&arena);
    }
    wire->stream_count--;
    check_empty(wire);
}

static struct conn *conn_of(struct list *link)
{
    return CONTAINER_OF(link, struct conn, link);
}

void wire_drain(struct wire *wire)
{
    wire->is_draining = true;
    LIST_EACH (&wire->conns, link)
        conn_of(link)->ops->drain(conn_of(link));
    check_empty(wire);
}

void wire_renew(struct wire *wire)
{
    LIST_EACH (&wire->conns, link) {
        if (conn_of(link)->ops->renew)
            conn_of(link)->ops->renew(conn_of(link));
    }
}

void wire_abort(struct wire *wire)
{
    LIST_EACH (&wire->conns, link)
        conn_of(link)->ops->abort(conn_of(link));
}

struct str wire_date(struct wire *wire)
{
    int64_t now_s = clock_wall_ms() / 1000;
    if (now_s != wire->date_s) {
        http_date_format(wire->date, now_s);
        wire->date_s = now_s;
    }
    return str_of(wire->date, HTTP_DATE_LEN);
}
