/* tests/unit/wire/server.h: a server on a loop of its own thread, on the loopback interface, and
 * the client's side. The clock stands still; the test moves it. What is answered depends on the
 * path:
 *
 *   /hello       200 with a short text           /echo      the request's body, or why it failed
 *   /ignore      204, the body is not read       /later     as /hello, after server_release()
 *   /trailers    200 with a short text, length not announced, and a field behind it
 *   /unknown     200, length not announced       /file      200 with a part of a file
 *   /source/...  200, length not announced, from support/scripted.h with the script behind "source"
 *   /known/...   the same with 100 bytes announced
 *   /status/NNN  that status, without a body and its length
 *   /socket      a WebSocket, which sends back what comes; "keep" is kept, "bye" closed, "flood"
 *                answered with as much as is taken, "hold" and "let go" are about its refs */
#pragma once

#include <pthread.h>

#include "http/web_socket.h"
#include "io/worker.h"
#include "wire/wire.h"

enum { FILE_BYTES = 300000, LATER_MAX = 200 };

struct server {
    struct limits limits;
    struct budget memory; /* limits.memory_bytes of it */
    struct budget sockets;
    struct web_socket *held; /* by "hold" */
    struct worker_pool *pool;
    struct loop *loop;
    struct wire wire;
    struct http_handler handler;
    struct watch listener;
    struct socket_address address;
    pthread_t thread;
    int file_fd;
    size_t conn_count; /* see below */
    uint64_t window_bytes;
    size_t spare_bytes;

    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t has_changed;
    struct buf finished; /* "GET /hello 200 6 complete", line by line */
    struct buf warnings; /* line by line */
    struct http_stream *later[LATER_MAX];
    size_t later_count;
    unsigned rings; /* of a stream's waker: the client has gone */
    unsigned sockets_opened;
    unsigned sockets_closed;
};

/* `limits` may be changed between init and start. */
void server_init(struct server *server);
void server_start(struct server *server);
/* Ends all connections and the thread. */
void server_stop(struct server *server);

/* Runs fn(server) on the loop's thread, and returns when it has. What clients had sent before has
 * then been dealt with; NULL: only that. */
void server_call(struct server *server, void (*fn)(struct server *server));

/* Waits until so many WebSockets have been opened and closed. */
void server_expect_sockets(struct server *server, unsigned opened, unsigned closed);

/* What stands in server->wire now, copied on the loop's thread; and what is taken of the budget. */
size_t server_conn_count(struct server *server);
uint64_t server_window_bytes(struct server *server);
size_t server_spare_bytes(struct server *server); /* for what HTTP/1.1 receives */

/* Moves the clock, and lets deadlines expire. */
void server_advance(struct server *server, int64_t ms);

/* Answers what came to /later. */
void server_release(struct server *server);

/* Waits until as many lines stand in `finished`, and compares. */
void server_expect_finished(struct server *server, const char *lines);

/* What has been warned of, once what clients have sent has been dealt with. */
void server_expect_warnings(struct server *server, const char *lines);

/* --- the client --- */

int client_open(const struct server *server);
void client_send(int fd, const char *text);
void client_send_bytes(int fd, struct str bytes);
void client_send_slowly(int fd, const char *text); /* byte by byte */

/* Reads as many bytes as are expected, and compares. */
void client_expect(int fd, const char *expected);
/* Closes `fd` after it has: nothing more comes; or the connection was reset. */
void client_expect_end(int fd);
void client_expect_reset(int fd);
/* Everything up to the end; closes. */
void client_read_all(int fd, struct buf *into);
