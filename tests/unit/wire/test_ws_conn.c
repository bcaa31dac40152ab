/* A WebSocket from the upgrade to the end. Frames of the client have a mask of zeros. */
#include "support/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "server.h"

#define DATE   "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n"
#define SERVER "Server: test\r\n"
#define ASK                                                                                        \
    "GET /socket HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"             \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
#define OPENED                                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\n" DATE SERVER "Upgrade: websocket\r\n"                    \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nConnection: Upgrade\r\n\r\n"

static struct server server;

static int start(__attribute__((unused)) void **state)
{
    server_init(&server);
    server.limits.socket_count = 2;
    server_start(&server);
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    server_stop(&server);
    return 0;
}

static void add_frame(struct buf *to, unsigned first, struct str payload)
{
    assert(payload.len < 126);
    buf_add_char(to, (char)first);
    buf_add_char(to, (char)(0x80 | payload.len));
    buf_add(to, str_of("\0\0\0\0", 4));
    buf_add(to, payload);
}

static void send_frame(int fd, unsigned first, struct str payload)
{
    struct buf frame = {0};
    add_frame(&frame, first, payload);
    client_send_bytes(fd, buf_str(&frame));
    buf_done(&frame);
}

static void say(int fd, const char *text)
{
    send_frame(fd, 0x81, str_of_c(text));
}

static void expect_bytes(int fd, struct str expected)
{
    struct buf got = {0};
    ssize_t len = 1;
    while (got.len < expected.len && len > 0) {
        len = recv(fd, buf_reserve(&got, expected.len - got.len), expected.len - got.len, 0);
        got.len += len > 0 ? (size_t)len : 0;
    }
    check_bytes("received", buf_str(&got), expected);
    buf_done(&got);
}

static void expect_text(int fd, const char *text)
{
    struct buf frame = {0};
    buf_add_char(&frame, (char)0x81);
    buf_add_char(&frame, (char)strlen(text));
    buf_add(&frame, str_of_c(text));
    expect_bytes(fd, buf_str(&frame));
    buf_done(&frame);
}

static int open_socket(void)
{
    int fd = client_open(&server);
    client_send(fd, ASK);
    client_expect(fd, OPENED);
    return fd;
}

static int open_kept(void)
{
    int fd = open_socket();
    say(fd, "keep");
    expect_text(fd, "keep");
    return fd;
}

/* --- --- */

TEST(ws_conn_carries_texts)
{
    int fd = open_socket();
    say(fd, "Hello");
    expect_text(fd, "Hello");
    send_frame(fd, 0x01, STR("in "));
    send_frame(fd, 0x89, STR("alive?"));
    send_frame(fd, 0x80, STR("pieces"));
    expect_bytes(fd, STR("\x8a\x06"
                         "alive?"));
    expect_text(fd, "in pieces");
    server_expect_finished(&server, "GET /socket 101 0 complete\n");
    server_expect_sockets(&server, 1, 0);
    close(fd);
    server_expect_sockets(&server, 1, 1);
}

TEST(ws_conn_takes_what_came_with_the_request)
{
    int fd = client_open(&server);
    struct buf bytes = {0};
    BUF_ADD(&bytes, ASK);
    add_frame(&bytes, 0x81, STR("first"));
    add_frame(&bytes, 0x81, STR("second"));
    client_send_bytes(fd, buf_str(&bytes));
    client_expect(fd, OPENED);
    expect_text(fd, "first");
    expect_text(fd, "second");
    buf_done(&bytes);
    close(fd);
}

TEST(ws_conn_takes_bytes_one_by_one)
{
    int fd = client_open(&server);
    struct buf bytes = {0};
    client_send_slowly(fd, ASK);
    client_expect(fd, OPENED);
    add_frame(&bytes, 0x81, STR("slowly"));
    for (size_t i = 0; i < bytes.len; i++)
        client_send_bytes(fd, str_of(bytes.at + i, 1));
    expect_text(fd, "slowly");
    buf_done(&bytes);
    close(fd);
}

/* RFC 6455 §7.1.1, §5.5.1. */
TEST(ws_conn_is_closed_by_the_client)
{
    int fd = open_socket();
    send_frame(fd, 0x88, STR("\x03\xe9going"));
    expect_bytes(fd, STR("\x88\x02\x03\xe9"));
    client_expect_end(fd);
    server_expect_sockets(&server, 1, 1);
}

TEST(ws_conn_is_closed_by_the_server)
{
    int fd = open_socket();
    say(fd, "bye");
    expect_bytes(fd, STR("\x88\x02\x03\xe8"));
    server_expect_sockets(&server, 1, 1);
    say(fd, "too late");
    send_frame(fd, 0x88, STR("\x03\xe8"));
    client_expect_end(fd);
}

/* RFC 6455 §7.1.7. */
TEST(ws_conn_sends_away_who_makes_a_mistake)
{
    int fd = open_socket();
    say(fd, "before");
    send_frame(fd, 0x83, STR("x"));
    say(fd, "after");
    expect_text(fd, "before");
    expect_bytes(fd, STR("\x88\x02\x03\xea"));
    client_expect_end(fd);
    server_expect_sockets(&server, 1, 1);
}

TEST(ws_conn_refuses_too_much)
{
    int fd = open_socket();
    client_send_bytes(fd, STR("\x81\xfe\x10\x01\0\0\0\0"));
    expect_bytes(fd, STR("\x88\x02\x03\xf1"));
    client_expect_end(fd);
}

TEST(ws_conn_counts_them)
{
    int first = open_socket();
    int second = open_socket();
    int third = client_open(&server);
    client_send(third, ASK);
    client_expect(third, "HTTP/1.1 503 Service Unavailable\r\n");
    close(third);
    close(first);
    server_expect_sockets(&server, 2, 1);
    first = open_socket();
    close(first);
    close(second);
}

/* --- time --- */

TEST(ws_conn_waits_for_a_welcome_as_long_as_for_a_head)
{
    int fd = open_socket();
    server_advance(&server, 29000);
    say(fd, "still here");
    expect_text(fd, "still here");
    server_advance(&server, 2000);
    expect_bytes(fd, STR("\x88\x02\x03\xf0"));
    send_frame(fd, 0x88, STR("\x03\xf0"));
    client_expect_end(fd);
}

TEST(ws_conn_pings_who_is_silent)
{
    int fd = open_kept();
    for (int i = 0; i < 3; i++) {
        server_advance(&server, 61000);
        expect_bytes(fd, STR("\x89\0"));
        send_frame(fd, 0x8a, STR(""));
        server_call(&server, NULL);
    }
    server_advance(&server, 61000);
    expect_bytes(fd, STR("\x89\0"));
    server_advance(&server, 61000);
    client_expect_reset(fd);
    server_expect_sockets(&server, 1, 1);
}

TEST(ws_conn_does_not_wait_for_ever_for_a_close)
{
    int fd = open_kept();
    say(fd, "bye");
    expect_bytes(fd, STR("\x88\x02\x03\xe8"));
    server_advance(&server, 6000);
    client_expect_reset(fd);
}

/* --- who does not read --- */

/* Asks for more than it reads, until the server does not listen any more. */
static void flood(int fd)
{
    struct buf frames = {0};
    int small = 4096;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    for (int i = 0; i < 200; i++)
        add_frame(&frames, 0x81, STR("flood"));
    for (size_t at = 0, full = 0; full < 3;) {
        struct str rest = str_from(buf_str(&frames), at);
        ssize_t sent = send(fd, rest.at, rest.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        full = sent > 0 ? 0 : full + 1;
        at = (at + (sent > 0 ? (size_t)sent : 0)) % frames.len;
        server_call(&server, NULL);
    }
    buf_done(&frames);
}

TEST(ws_conn_drops_what_is_not_taken)
{
    int fd = open_kept();
    flood(fd);
    server_advance(&server, 31000); /* nothing has moved */
    server_expect_sockets(&server, 1, 1);
    close(fd);
}

/* --- from outside --- */

static void drain(struct server *at)
{
    wire_drain(&at->wire);
}

static void renew(struct server *at)
{
    wire_renew(&at->wire);
}

TEST(ws_conn_goes_away_when_the_server_does)
{
    int fd = open_kept();
    server_call(&server, drain);
    expect_bytes(fd, STR("\x88\x02\x03\xe9"));
    send_frame(fd, 0x88, STR("\x03\xe9"));
    client_expect_end(fd);
}

TEST(ws_conn_ends_with_the_settings)
{
    int fd = open_kept();
    int other = client_open(&server); /* a connection that speaks HTTP goes on */
    server_call(&server, renew);
    expect_bytes(fd, STR("\x88\x02\x03\xe9"));
    close(fd);
    client_send(other, "GET /status/204 HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(other, "HTTP/1.1 204 No Content\r\n");
    close(other);
}

static void let_go(struct server *at)
{
    refs_drop(&at->held->refs);
}

TEST(ws_conn_lasts_until_what_has_begun_is_over)
{
    int fd = open_kept();
    say(fd, "hold");
    expect_text(fd, "hold");
    close(fd);
    server_expect_sockets(&server, 1, 1);
    check_int("while it is held", server_conn_count(&server), 1);
    server_call(&server, let_go);
    check_int("when it is not", server_conn_count(&server), 0);
}

#define SOCKET_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SOCKET_TEST(ws_conn_carries_texts),
        SOCKET_TEST(ws_conn_takes_what_came_with_the_request),
        SOCKET_TEST(ws_conn_takes_bytes_one_by_one),
        SOCKET_TEST(ws_conn_is_closed_by_the_client),
        SOCKET_TEST(ws_conn_is_closed_by_the_server),
        SOCKET_TEST(ws_conn_sends_away_who_makes_a_mistake),
        SOCKET_TEST(ws_conn_refuses_too_much),
        SOCKET_TEST(ws_conn_counts_them),
        SOCKET_TEST(ws_conn_waits_for_a_welcome_as_long_as_for_a_head),
        SOCKET_TEST(ws_conn_pings_who_is_silent),
        SOCKET_TEST(ws_conn_does_not_wait_for_ever_for_a_close),
        SOCKET_TEST(ws_conn_drops_what_is_not_taken),
        SOCKET_TEST(ws_conn_goes_away_when_the_server_does),
        SOCKET_TEST(ws_conn_ends_with_the_settings),
        SOCKET_TEST(ws_conn_lasts_until_what_has_begun_is_over),
    };
    return cmocka_run_group_tests_name("wire/ws_conn", tests, NULL, NULL);
}
