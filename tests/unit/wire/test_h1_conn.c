#include "support/test.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server.h"
#include "support/scripted.h"
#include "wire/h1_conn_priv.h"

#define DATE       "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n"
#define SERVER     "Server: test\r\n"
#define HELLO      "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 6\r\n\r\nhello\n"
#define NO_CONTENT "HTTP/1.1 204 No Content\r\n" DATE SERVER "\r\n"
#define LAST_HELLO                                                                                 \
    "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 6\r\nConnection: close\r\n\r\nhello\n"
#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: h\r\n\r\n"

static struct server server;

static int start(__attribute__((unused)) void **state)
{
    server_init(&server);
    server_start(&server);
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    server_stop(&server);
    return 0;
}

/* --- requests one after the other --- */

TEST(conn_answers_one_request_after_the_other)
{
    int fd = client_open(&server);
    for (int i = 0; i < 3; i++) {
        client_send(fd, GET_HELLO);
        client_expect(fd, HELLO);
    }
    server_expect_finished(&server, "GET /hello 200 6 complete\nGET /hello 200 6 complete\n"
                                    "GET /hello 200 6 complete\n");
    close(fd);
}

TEST(conn_takes_a_request_byte_by_byte)
{
    int fd = client_open(&server);
    client_send_slowly(fd, "\r\n" GET_HELLO);
    client_expect(fd, HELLO);
    client_send_slowly(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                           "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: u\r\n\r\n" GET_HELLO);
    client_expect(fd, "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 7\r\n\r\nabcdefg" HELLO);
    close(fd);
}

TEST(conn_answers_pipelined_requests_in_order)
{
    int fd = client_open(&server);
    client_send(fd, GET_HELLO "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                              "HEAD /hello HTTP/1.1\r\nHost: h\r\n\r\n"
                              "PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
                              "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
                              "GET /never HTTP/1.1\r\nHost: h\r\n\r\n");
    client_expect(fd, HELLO "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 3\r\n\r\nabc"
                            "HTTP/1.1 200 OK\r\n" DATE SERVER
                            "Content-Length: 6\r\n\r\n" NO_CONTENT LAST_HELLO);
    client_expect_end(fd);
}

TEST(conn_waits_for_a_late_answer_before_the_next_request)
{
    int fd = client_open(&server);
    client_send(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n" GET_HELLO);
    server_release(&server);
    client_expect(fd, HELLO HELLO);
    server_expect_finished(&server, "GET /later 200 6 complete\nGET /hello 200 6 complete\n");
    close(fd);
}

TEST(conn_of_http10_ends_unless_it_is_asked_to_stay)
{
    int fd = client_open(&server);
    client_send(fd, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    client_expect(fd, "HTTP/1.1 200 OK\r\n" DATE SERVER
                      "Content-Length: 6\r\nConnection: keep-alive\r\n\r\nhello\n");
    client_send(fd, "GET /hello HTTP/1.0\r\n\r\n");
    client_expect(fd, LAST_HELLO);
    client_expect_end(fd);
}

TEST(conn_refuses_a_bad_head_and_ends)
{
    static const struct {
        const char *head, *status, *text;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", "400 Bad Request", "there must be exactly one Host field"},
        {"GET / HTTP/1.1\nHost: h\n\n", "400 Bad Request", "the head contains a bare CR or LF"},
        {"\x16\x03\x01\x02\n", "400 Bad Request", "the head contains a bare CR or LF"}, /* TLS */
        {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", "505 HTTP Version Not Supported",
         "this version of HTTP is not supported"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char expected[512], body[256];
        int len = snprintf(body, sizeof(body), "%s: %s\n", rows[i].status, rows[i].text);
        snprintf(expected, sizeof(expected),
                 "HTTP/1.1 %s\r\n" DATE "Content-Type: text/plain; charset=utf-8\r\n"
                 "Content-Length: %d\r\nConnection: close\r\n\r\n%s",
                 rows[i].status, len, body);
        int fd = client_open(&server);
        client_send(fd, rows[i].head);
        client_expect(fd, expected);
        client_expect_end(fd);
    }
}

/* --- bodies --- */

TEST(conn_says_continue_when_the_client_waits_for_it)
{
    int fd = client_open(&server);
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                    "Content-Length: 3\r\n\r\n");
    client_expect(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    client_send(fd, "abc");
    client_expect(fd, "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 3\r\n\r\nabc");
    /* Not when the body comes without waiting. */
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                    "Content-Length: 3\r\n\r\nabc");
    client_expect(fd, "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 3\r\n\r\nabc");
    close(fd);
}

TEST(conn_reads_away_a_short_body_that_nobody_wanted)
{
    int fd = client_open(&server);
    client_send(fd, "PUT /ignore HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab");
    client_expect(fd, NO_CONTENT);
    client_send(fd, "cde" GET_HELLO);
    client_expect(fd, HELLO);
    client_send(fd, "PUT /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
    client_expect(fd, NO_CONTENT);
    client_send_slowly(fd, "c\r\n0\r\nX: y\r\n\r\n" GET_HELLO);
    client_expect(fd, HELLO);
    close(fd);
}

TEST(conn_ends_rather_than_read_a_long_body_that_nobody_wanted)
{
    static const char *const heads[] = {
        "PUT /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 999999999\r\n\r\nab",
        /* The client may never send what it asks leave for. */
        "PUT /hello HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++) {
        int fd = client_open(&server);
        client_send(fd, heads[i]);
        client_expect(fd, LAST_HELLO);
        client_expect_end(fd);
    }
}

TEST(conn_ends_when_an_unwanted_body_turns_out_long_or_malformed)
{
    int fd = client_open(&server);
    client_send(fd, "PUT /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab");
    client_expect(fd, NO_CONTENT);
    client_send(fd, "cX");
    client_expect_end(fd);

    static char lot[400000];
    fd = client_open(&server);
    client_send(fd,
                "PUT /ignore HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n");
    client_expect(fd, NO_CONTENT);
    client_send_bytes(fd, str_of(lot, sizeof(lot)));
    client_expect_end(fd);
}

TEST(conn_that_waits_for_a_body_holds_no_buffer)
{
    enum { SLOW = 3 };
    int fds[SLOW];
    for (size_t i = 0; i < SLOW; i++) {
        fds[i] = client_open(&server);
        client_send(
            fds[i],
            "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
        assert_int_not_equal(server_spare_bytes(&server), 0);
    }
    for (size_t i = 0; i < SLOW; i++) {
        client_send(fds[i], "0\r\n\r\n");
        client_expect(fds[i], "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 1\r\n\r\na");
        close(fds[i]);
    }
}

/* --- what has come of a request that is not whole --- */

static bool is_quick; /* of the only connection: what comes is acknowledged at once (tcp(7)) */

static void ask_whether_quick(struct server *asked)
{
    socklen_t len = sizeof(int);
    int on;
    LIST_EACH (&asked->wire.conns, link) {
        const struct h1_conn *conn = CONTAINER_OF(link, struct h1_conn, base.link);
        int fd = conn->channel->watch.fd;
        assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, &len), 0);
        is_quick = on;
    }
}

/* A client that has been answered at once; TCP then expects to acknowledge with an answer. */
static int open_answered(void)
{
    int fd = client_open(&server);
    for (int i = 0; i < 3; i++) {
        client_send(fd, GET_HELLO);
        client_expect(fd, HELLO);
    }
    return fd;
}

TEST(conn_acknowledges_a_head_whose_body_is_missing)
{
    int fd = open_answered();
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\n");
    server_call(&server, ask_whether_quick);
    assert_true(is_quick);
    client_send(fd, "abc");
    client_expect(fd, "HTTP/1.1 200 OK\r\n" DATE SERVER "Content-Length: 3\r\n\r\nabc");
    close(fd);
}

TEST(conn_acknowledges_a_head_that_comes_in_two)
{
    int fd = open_answered();
    client_send(fd, "GET /hello HTTP/1.1\r\n");
    server_call(&server, ask_whether_quick);
    assert_true(is_quick);
    client_send(fd, "Host: h\r\n\r\n");
    client_expect(fd, HELLO);
    close(fd);
}

/* Nor one that waits to be told to go on: that acknowledges. */
TEST(conn_acknowledges_a_whole_request_with_its_answer)
{
    int fd = open_answered();
    client_send(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    server_call(&server, ask_whether_quick);
    assert_false(is_quick);
    server_release(&server);
    client_expect(fd, HELLO);
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                    "Content-Length: 3\r\n\r\n");
    client_expect(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    server_call(&server, ask_whether_quick);
    assert_false(is_quick);
    close(fd);
}

TEST(conn_tells_the_handler_when_a_body_is_malformed)
{
    int fd = client_open(&server);
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc");
    client_expect(fd,
                  "HTTP/1.1 400 Bad Request\r\n" DATE SERVER
                  "Content-Length: 29\r\nConnection: close\r\n\r\nthe chunked body is malformed");
    client_expect_end(fd);
}

TEST(conn_tells_the_handler_when_a_body_ends_early)
{
    int fd = client_open(&server);
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    client_expect(fd, "HTTP/1.1 400 Bad Request\r\n" DATE SERVER
                      "Content-Length: 20\r\n\r\nthe body ended early");
    client_expect_end(fd);
}

TEST(conn_wakes_a_handler_whose_client_has_gone)
{
    int fd = client_open(&server);
    const struct linger linger = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nabc");
    server_call(&server, NULL);
    close(fd); /* a reset */
    server_expect_finished(&server, "PUT /echo 400 0 cut\n");

    fd = client_open(&server);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    client_send(fd, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    server_call(&server, NULL);
    close(fd);
    server_call(&server, NULL);
    server_release(&server); /* it still has to answer */
    assert_int_equal(server.rings, 1);
    server_expect_finished(&server, "GET /later 200 0 cut\n");
}

/* --- deadlines --- */

TEST(conn_that_is_idle_is_closed)
{
    int fd = client_open(&server);
    client_send(fd, GET_HELLO);
    client_expect(fd, HELLO);
    server_advance(&server, (int64_t)server.limits.idle_ms - 1);
    client_send(fd, GET_HELLO);
    client_expect(fd, "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:17:54 GMT\r\n" SERVER
                      "Content-Length: 6\r\n\r\nhello\n");
    server_advance(&server, (int64_t)server.limits.idle_ms);
    client_expect_end(fd);
}

TEST(conn_whose_head_takes_too_long_is_told)
{
    int fd = client_open(&server);
    client_send(fd, "GET / HTTP/1.1\r\n");
    server_advance(&server, (int64_t)server.limits.head_ms - 1);
    client_send(fd, "Host: h\r\n"); /* a byte now and then does not help */
    server_advance(&server, 1);
    client_expect(fd, "HTTP/1.1 408 Request Timeout\r\nDate: Thu, 01 Jan 1970 00:17:10 GMT\r\n"
                      "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 52\r\n"
                      "Connection: close\r\n\r\n"
                      "408 Request Timeout: the request head took too long\n");
    client_expect_end(fd);
}

TEST(conn_whose_body_stands_still_fails_its_handler)
{
    int fd = client_open(&server);
    client_send(fd, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\na");
    server_advance(&server, (int64_t)server.limits.progress_ms - 1);
    client_send(fd, "b"); /* this one does help */
    server_advance(&server, (int64_t)server.limits.progress_ms - 1);
    client_send(fd, "c");
    server_advance(&server, (int64_t)server.limits.progress_ms);
    client_expect(fd, "HTTP/1.1 400 Bad Request\r\nDate: Thu, 01 Jan 1970 00:18:09 GMT\r\n" SERVER
                      "Content-Length: 29\r\nConnection: close\r\n\r\n"
                      "the body stalled for too long");
    client_expect_end(fd);
}

TEST(conn_that_is_not_read_is_reset)
{
    int fd = client_open(&server);
    int small = 4096;
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)), 0);
    for (int i = 0; i < 100; i++) /* more than all buffers on the way hold */
        client_send(fd, "GET /file HTTP/1.1\r\nHost: h\r\n\r\n");
    server_advance(&server, (int64_t)server.limits.progress_ms);
    server_advance(&server, (int64_t)server.limits.progress_ms);
    struct buf got = {0};
    ssize_t len;
    while ((len = recv(fd, buf_reserve(&got, 65536), 65536, 0)) > 0)
        continue;
    assert_int_equal(len, -1);
    buf_done(&got);
    close(fd);
}

/* --- the end of the server --- */

static void drain(struct server *draining)
{
    wire_drain(&draining->wire);
}

TEST(conn_drains)
{
    int idle = client_open(&server), busy = client_open(&server), late = client_open(&server);
    client_send(idle, GET_HELLO);
    client_expect(idle, HELLO);
    client_send(busy, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
    client_send(late, "GET /later HTTP/1.1\r\nHost: h\r\n\r\n");
    server_call(&server, drain);
    client_expect_end(idle);
    client_send(busy, "bc");
    client_expect(busy, "HTTP/1.1 200 OK\r\n" DATE SERVER
                        "Content-Length: 3\r\nConnection: close\r\n\r\nabc");
    client_expect_end(busy);
    server_release(&server);
    client_expect(late, LAST_HELLO);
    client_expect_end(late);
}

static void abort_all(struct server *aborting)
{
    wire_abort(&aborting->wire);
}

TEST(conn_aborts)
{
    int idle = client_open(&server), busy = client_open(&server);
    client_send(idle, GET_HELLO);
    client_expect(idle, HELLO);
    client_send(busy, "PUT /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na");
    server_call(&server, abort_all);
    client_expect_reset(idle);
    client_expect_reset(busy);
    server_expect_finished(&server, "GET /hello 200 6 complete\nPUT /echo 400 0 cut\n");
}

int main(void)
{
#define CONN_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        CONN_TEST(conn_answers_one_request_after_the_other),
        CONN_TEST(conn_takes_a_request_byte_by_byte),
        CONN_TEST(conn_answers_pipelined_requests_in_order),
        CONN_TEST(conn_waits_for_a_late_answer_before_the_next_request),
        CONN_TEST(conn_of_http10_ends_unless_it_is_asked_to_stay),
        CONN_TEST(conn_refuses_a_bad_head_and_ends),
        CONN_TEST(conn_says_continue_when_the_client_waits_for_it),
        CONN_TEST(conn_reads_away_a_short_body_that_nobody_wanted),
        CONN_TEST(conn_ends_rather_than_read_a_long_body_that_nobody_wanted),
        CONN_TEST(conn_ends_when_an_unwanted_body_turns_out_long_or_malformed),
        CONN_TEST(conn_that_waits_for_a_body_holds_no_buffer),
        CONN_TEST(conn_acknowledges_a_head_whose_body_is_missing),
        CONN_TEST(conn_acknowledges_a_head_that_comes_in_two),
        CONN_TEST(conn_acknowledges_a_whole_request_with_its_answer),
        CONN_TEST(conn_tells_the_handler_when_a_body_is_malformed),
        CONN_TEST(conn_tells_the_handler_when_a_body_ends_early),
        CONN_TEST(conn_wakes_a_handler_whose_client_has_gone),
        CONN_TEST(conn_that_is_idle_is_closed),
        CONN_TEST(conn_whose_head_takes_too_long_is_told),
        CONN_TEST(conn_whose_body_stands_still_fails_its_handler),
        CONN_TEST(conn_that_is_not_read_is_reset),
        CONN_TEST(conn_drains),
        CONN_TEST(conn_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
