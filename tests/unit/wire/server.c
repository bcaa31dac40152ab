#include "server.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "support/scripted.h"
#include "support/test.h"
#include "wire/accept.h"

enum { CLOCK_START_MS = 1000000, CLIENT_TIMEOUT_S = 20 };

static int64_t clock_ms;

/* --- answers --- */

static struct server *server_of(struct http_handler *handler)
{
    return CONTAINER_OF(handler, struct server, handler);
}

static void answer(struct http_stream *stream, unsigned status, struct str text)
{
    stream->response.status = status;
    stream->response.body = source_of_text(stream->arena, text);
    stream->response.body_bytes = text.len;
    stream->ops->respond(stream);
}

static void answer_status(struct http_stream *stream, unsigned status)
{
    stream->response.status = status;
    stream->response.body_bytes = LENGTH_UNKNOWN;
    stream->ops->respond(stream);
}

static void answer_trailers(struct http_stream *stream)
{
    const struct http_field_line line = {FIELD_OTHER, STR("What-Came"), STR("ok=1")};
    http_fields_add(&stream->response.trailers, stream->arena, &line);
    stream->response.status = 200;
    stream->response.body = source_of_text(stream->arena, STR("hello\n"));
    stream->response.body_bytes = LENGTH_UNKNOWN;
    stream->ops->respond(stream);
}

static void answer_file(struct server *server, struct http_stream *stream)
{
    struct file_range range = {server->file_fd, 1, FILE_BYTES - 1};
    stream->response.status = 200;
    stream->response.body = source_of_file(stream->arena, &range);
    stream->response.body_bytes = range.len;
    stream->ops->respond(stream);
}

static void answer_script(struct http_stream *stream, struct str script, uint64_t body_bytes)
{
    struct scripted *scripted = ARENA_NEW(stream->arena, struct scripted);
    scripted_init(scripted, arena_text(stream->arena, script));
    stream->response.status = 200;
    stream->response.body = &scripted->base;
    stream->response.body_bytes = body_bytes;
    stream->ops->respond(stream);
}

/* A body that is gathered before it is answered. */
struct echo {
    struct waker waker;
    struct http_stream *stream;
    struct buf body;
};

static void free_body(void *arg)
{
    buf_done(arg);
}

static void echo_pull(struct waker *waker)
{
    struct echo *echo = CONTAINER_OF(waker, struct echo, waker);
    struct err err = {0};
    enum pull result = PULL_DATA;
    while (result == PULL_DATA)
        result = source_pull(echo->stream->body, &echo->body, 7, &err);
    if (result == PULL_END)
        answer(echo->stream, 200, buf_str(&echo->body));
    else if (result == PULL_FAIL)
        answer(echo->stream, 400, arena_str(echo->stream->arena, str_of_c(err.text)));
}

static void echo(struct http_stream *stream)
{
    struct echo *echo = ARENA_NEW(stream->arena, struct echo);
    arena_on_reset(stream->arena, free_body, &echo->body);
    echo->waker.ring = echo_pull;
    echo->stream = stream;
    if (!stream->body) {
        answer(stream, 200, STR_NONE);
        return;
    }
    stream->ops->proceed(stream);
    stream->body->waker = &echo->waker;
    echo_pull(&echo->waker);
}

/* Rung when the client of something late has gone. */
struct late {
    struct waker waker;
    struct server *server;
};

static void late_rang(struct waker *waker)
{
    struct server *server = CONTAINER_OF(waker, struct late, waker)->server;
    pthread_mutex_lock(&server->mutex);
    server->rings++;
    pthread_mutex_unlock(&server->mutex);
}

static void hold(struct server *server, struct http_stream *stream)
{
    struct late *late = ARENA_NEW(stream->arena, struct late);
    late->waker.ring = late_rang;
    late->server = server;
    stream->waker = &late->waker;
    pthread_mutex_lock(&server->mutex);
    assert(server->later_count < LATER_MAX);
    server->later[server->later_count++] = stream;
    pthread_cond_broadcast(&server->has_changed);
    pthread_mutex_unlock(&server->mutex);
}

/* --- WebSockets --- */

struct talker {
    struct socket_user base;
    struct server *server;
    struct web_socket *socket;
};

static struct talker *talker_of(struct socket_user *user)
{
    return CONTAINER_OF(user, struct talker, base);
}

static void count(struct server *server, unsigned *number)
{
    pthread_mutex_lock(&server->mutex);
    (*number)++;
    pthread_cond_broadcast(&server->has_changed);
    pthread_mutex_unlock(&server->mutex);
}

static void talker_opened(struct socket_user *user, struct web_socket *socket)
{
    struct talker *talker = talker_of(user);
    talker->socket = socket;
    count(talker->server, &talker->server->sockets_opened);
}

static void talker_received(struct socket_user *user, struct str text)
{
    static const char much[4000];
    struct talker *talker = talker_of(user);
    if (str_eq(text, STR("keep")))
        web_socket_keep(talker->socket);
    if (str_eq(text, STR("hold"))) {
        talker->server->held = talker->socket;
        refs_take(&talker->socket->refs);
    }
    while (str_eq(text, STR("flood")) && web_socket_send(talker->socket, str_of(much, 4000)))
        ;
    if (str_eq(text, STR("bye")))
        web_socket_close(talker->socket, SOCKET_NORMAL);
    else
        (void)!web_socket_send(talker->socket, text); /* or the client does not read */
}

static void talker_closed(struct socket_user *user)
{
    struct talker *talker = talker_of(user);
    count(talker->server, &talker->server->sockets_closed);
    mem_free(talker);
}

static void talker_renewed(struct socket_user *user)
{
    web_socket_close(talker_of(user)->socket, SOCKET_GOING_AWAY);
}

static const struct socket_user_ops talker_ops = {.opened = talker_opened,
                                                  .received = talker_received,
                                                  .renewed = talker_renewed,
                                                  .closed = talker_closed};

static void open_socket(struct server *server, struct http_stream *stream)
{
    const char *why;
    struct talker *talker = MEM_NEW(struct talker);
    *talker = (struct talker){.base.ops = &talker_ops, .server = server};
    enum http_status status = web_socket_offer(stream, &talker->base, &why);
    if (status == HTTP_SWITCHING_PROTOCOLS) {
        stream->ops->respond(stream);
        return;
    }
    mem_free(talker);
    answer(stream, status, str_of_c(why));
}

static void handle(struct http_handler *handler, struct http_stream *stream)
{
    struct str path = stream->request.path;
    uint64_t status;
    http_response_set(stream, FIELD_SERVER, STR("test"));
    if (str_eq(path, STR("/echo")))
        echo(stream);
    else if (str_eq(path, STR("/ignore")))
        answer_status(stream, 204);
    else if (str_eq(path, STR("/later")))
        hold(server_of(handler), stream);
    else if (str_eq(path, STR("/socket")))
        open_socket(server_of(handler), stream);
    else if (str_eq(path, STR("/trailers")))
        answer_trailers(stream);
    else if (str_eq(path, STR("/unknown")))
        answer_script(stream, STR("d"), LENGTH_UNKNOWN);
    else if (str_eq(path, STR("/file")))
        answer_file(server_of(handler), stream);
    else if (str_starts(path, STR("/source/")))
        answer_script(stream, str_from(path, 8), LENGTH_UNKNOWN);
    else if (str_starts(path, STR("/known/")))
        answer_script(stream, str_from(path, 7), 100);
    else if (str_starts(path, STR("/status/")) && str_parse_u64(str_from(path, 8), &status))
        answer_status(stream, (unsigned)status);
    else
        answer(stream, 200, STR("hello\n"));
}

static void finished(struct http_handler *handler, const struct http_stream *stream,
                     uint64_t sent_bytes, bool is_complete)
{
    struct server *server = server_of(handler);
    pthread_mutex_lock(&server->mutex);
    buf_addf(&server->finished, "%.*s %.*s %u %llu %s\n", STR_ARGS(stream->request.method),
             STR_ARGS(stream->request.path), stream->response.status,
             (unsigned long long)sent_bytes, is_complete ? "complete" : "cut");
    pthread_cond_broadcast(&server->has_changed);
    pthread_mutex_unlock(&server->mutex);
}

static void warned(struct wire *wire, const char *peer, const char *why)
{
    struct server *server = CONTAINER_OF(wire, struct server, wire);
    pthread_mutex_lock(&server->mutex);
    assert(*peer);
    buf_addf(&server->warnings, "%s\n", why);
    pthread_mutex_unlock(&server->mutex);
}

/* --- the loop's thread --- */

struct call {
    struct job job;
    struct server *server;
    void (*fn)(struct server *server);
    bool is_done;
};

static void call_done(struct job *job)
{
    struct call *call = CONTAINER_OF(job, struct call, job);
    if (call->fn)
        call->fn(call->server);
    pthread_mutex_lock(&call->server->mutex);
    call->is_done = true;
    pthread_cond_broadcast(&call->server->has_changed);
    pthread_mutex_unlock(&call->server->mutex);
}

static void call_once(struct server *server, void (*fn)(struct server *server))
{
    struct call call = {.job.done = call_done, .server = server, .fn = fn};
    executor_post(loop_executor(server->loop), &call.job);
    pthread_mutex_lock(&server->mutex);
    while (!call.is_done)
        pthread_cond_wait(&server->has_changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
}

void server_call(struct server *server, void (*fn)(struct server *server))
{
    call_once(server, NULL); /* the turn that sees what was sent before */
    call_once(server, NULL); /* the end of that turn */
    call_once(server, fn);
    call_once(server, NULL);
}

static void look(struct server *server)
{
    server->conn_count = server->wire.conn_count;
    server->window_bytes = atomic_load(&server->memory.taken);
    server->spare_bytes = server->wire.spare_in.cap;
}

size_t server_conn_count(struct server *server)
{
    server_call(server, look);
    return server->conn_count;
}

uint64_t server_window_bytes(struct server *server)
{
    server_call(server, look);
    return server->window_bytes;
}

size_t server_spare_bytes(struct server *server)
{
    server_call(server, look);
    return server->spare_bytes;
}

void server_advance(struct server *server, int64_t ms)
{
    server_call(server, NULL);
    clock_ms += ms;
    clock_freeze(clock_ms);
    server_call(server, NULL);
}

static void release(struct server *server)
{
    for (size_t i = 0; i < server->later_count; i++)
        answer(server->later[i], 200, STR("hello\n"));
    server->later_count = 0;
}

void server_release(struct server *server)
{
    pthread_mutex_lock(&server->mutex);
    while (server->later_count == 0)
        pthread_cond_wait(&server->has_changed, &server->mutex);
    pthread_mutex_unlock(&server->mutex);
    server_call(server, release);
}

static void accept_all(struct watch *watch, uint32_t events)
{
    struct server *server = CONTAINER_OF(watch, struct server, listener);
    struct socket_address peer;
    int fd;
    (void)events; /* only one kind was asked for */
    while ((fd = socket_accept(watch->fd, &peer)) >= 0)
        wire_accept(&server->wire, fd, &peer, NULL, NULL);
}

static void *run(void *arg)
{
    struct server *server = arg;
    loop_run(server->loop);
    return NULL;
}

void server_init(struct server *server)
{
    *server = (struct server){.limits = limits_default(),
                              .handler = {.handle = handle, .finished = finished},
                              .listener.ready = accept_all};
}

static int file_of_bytes(void)
{
    int fd = memfd_create("test", MFD_CLOEXEC);
    struct buf bytes = {0};
    for (uint64_t i = 0; i < FILE_BYTES; i++)
        buf_add_char(&bytes, scripted_byte(i));
    assert(fd >= 0 && write(fd, bytes.at, bytes.len) == FILE_BYTES);
    buf_done(&bytes);
    return fd;
}

void server_start(struct server *server)
{
    struct err err;
    struct socket_address any;
    clock_ms = CLOCK_START_MS;
    clock_freeze(clock_ms);
    server->file_fd = file_of_bytes();
    pthread_mutex_init(&server->mutex, NULL);
    pthread_cond_init(&server->has_changed, NULL);
    server->pool = worker_pool_new(1, &err);
    server->loop = loop_new(server->pool, &err);
    assert(server->pool && server->loop);
    server->memory.max = server->limits.memory_bytes;
    wire_init(&server->wire, server->loop, &server->handler, &server->limits, &server->memory);
    server->wire.warned = warned;
    server->sockets.max = server->limits.socket_count;
    server->wire.sockets = &server->sockets;
    bool is_fine = address_parse("127.0.0.1:0", &any, &err);
    assert(is_fine && socket_listen(&any, &server->listener.fd, &server->address, &err));
    is_fine = loop_watch_shared(server->loop, &server->listener, &err);
    assert(is_fine);
    int rc = pthread_create(&server->thread, NULL, run, server);
    assert(rc == 0);
}

static void end_connections(struct server *server)
{
    wire_abort(&server->wire);
    release(server); /* each is answered once, also when nobody hears it */
}

static void end_loop(struct server *server)
{
    loop_forget(server->loop, &server->listener);
    loop_stop(server->loop);
}

void server_stop(struct server *server)
{
    server_call(server, end_connections);
    call_once(server, end_loop);
    pthread_join(server->thread, NULL);
    assert(server->wire.conn_count == 0 && atomic_load(&server->sockets.taken) == 0);
    close(server->listener.fd);
    close(server->file_fd);
    wire_done(&server->wire);
    loop_free(server->loop);
    worker_pool_free(server->pool);
    buf_done(&server->finished);
    buf_done(&server->warnings);
    pthread_cond_destroy(&server->has_changed);
    pthread_mutex_destroy(&server->mutex);
    clock_freeze(-1);
}

static size_t count_lines(struct str text)
{
    size_t count = 0;
    while (text.len) {
        (void)str_cut(&text, '\n');
        count++;
    }
    return count;
}

void server_expect_finished(struct server *server, const char *lines)
{
    pthread_mutex_lock(&server->mutex);
    while (count_lines(buf_str(&server->finished)) < count_lines(str_of_c(lines)))
        pthread_cond_wait(&server->has_changed, &server->mutex);
    check_str("finished", buf_str(&server->finished), lines);
    buf_clear(&server->finished);
    pthread_mutex_unlock(&server->mutex);
}

void server_expect_sockets(struct server *server, unsigned opened, unsigned closed)
{
    pthread_mutex_lock(&server->mutex);
    while (server->sockets_opened < opened || server->sockets_closed < closed)
        pthread_cond_wait(&server->has_changed, &server->mutex);
    check_int("opened", server->sockets_opened, opened);
    check_int("closed", server->sockets_closed, closed);
    pthread_mutex_unlock(&server->mutex);
}

void server_expect_warnings(struct server *server, const char *lines)
{
    server_call(server, NULL);
    pthread_mutex_lock(&server->mutex);
    check_str("warnings", buf_str(&server->warnings), lines);
    buf_clear(&server->warnings);
    pthread_mutex_unlock(&server->mutex);
}

/* --- the client --- */

int client_open(const struct server *server)
{
    const struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT_S}; /* a test that hangs should fail */
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), 0);
    assert_int_equal(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)), 0);
    assert_int_equal(
        connect(fd, (const struct sockaddr *)&server->address.storage, server->address.len), 0);
    return fd;
}

void client_send_bytes(int fd, struct str bytes)
{
    while (bytes.len) {
        ssize_t sent = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL);
        assert_true(sent > 0);
        bytes = str_from(bytes, (size_t)sent);
    }
}

void client_send(int fd, const char *text)
{
    client_send_bytes(fd, str_of_c(text));
}

void client_send_slowly(int fd, const char *text)
{
    for (; *text; text++)
        client_send_bytes(fd, str_of(text, 1));
}

void client_expect(int fd, const char *expected)
{
    struct buf got = {0};
    size_t want = strlen(expected);
    ssize_t len = 1;
    while (got.len < want && len > 0) {
        len = recv(fd, buf_reserve(&got, want - got.len), want - got.len, 0);
        got.len += len > 0 ? (size_t)len : 0;
    }
    check_str("received", buf_str(&got), expected);
    buf_done(&got);
}

void client_expect_end(int fd)
{
    char byte;
    ssize_t len = recv(fd, &byte, 1, 0);
    check_int("end", len, 0);
    close(fd);
}

void client_expect_reset(int fd)
{
    char byte;
    ssize_t len = recv(fd, &byte, 1, 0);
    check_int("reset", len, -1);
    check_int("reset", errno, ECONNRESET);
    close(fd);
}

void client_read_all(int fd, struct buf *into)
{
    ssize_t len;
    while ((len = recv(fd, buf_reserve(into, 65536), 65536, 0)) > 0)
        into->len += (size_t)len;
    check_int("the end", len, 0);
    close(fd);
}
