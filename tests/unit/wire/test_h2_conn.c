#include "support/test.h"

#include <sys/socket.h>
#include <unistd.h>

#include "h2_client.h"

#define GET_HELLO "GET /hello HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
#define END       NGHTTP2_FLAG_END_STREAM

static struct server server;
static struct h2_client client;

static int start(__attribute__((unused)) void **state)
{
    server_init(&server);
    server_start(&server);
    return 0;
}

static int start_small(__attribute__((unused)) void **state)
{
    server_init(&server);
    server.limits.h2_streams = 2;
    server.limits.h2_idle_frames = 20;
    server.limits.h2_resets = 3;
    server.limits.field_count = 20;
    server_start(&server);
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    server_stop(&server);
    return 0;
}

static void check_hello(uint32_t id)
{
    char lines[100];
    h2_request(&client, id, END, "GET /hello", "");
    snprintf(lines, sizeof(lines), "HEADERS %u 200\nDATA %u 'hello\\n' END\n", id, id);
    h2_expect(&client, lines);
}

/* --- how it begins --- */

TEST(conn_takes_the_preface_in_any_pieces)
{
    static const char hello[] = H2_HELLO;
    for (size_t split = 1; split < sizeof(hello) - 1; split++) {
        h2_connect(&client, &server);
        client_send_bytes(client.fd, str_of(hello, split));
        server_call(&server, NULL);
        client_send_bytes(client.fd, str_of(hello + split, sizeof(hello) - 1 - split));
        h2_expect(&client, "SETTINGS\nSETTINGS ACK\n");
        check_hello(1);
        h2_close(&client);
    }
}

TEST(conn_takes_what_comes_with_the_preface)
{
    struct buf bytes = {0};
    h2_connect(&client, &server);
    buf_add(&bytes, STR(H2_HELLO));
    struct buf block = {0};
    h2_encode(&block, ":method: GET\n:scheme: http\n:authority: h\n:path: /hello\n");
    char head[] = {0, 0, (char)block.len, NGHTTP2_HEADERS, 5, 0, 0, 0, 1};
    buf_add(&bytes, str_of(head, sizeof(head)));
    buf_add(&bytes, buf_str(&block));
    client_send_bytes(client.fd, buf_str(&bytes));
    h2_expect(&client, "SETTINGS\nSETTINGS ACK\nHEADERS 1 200\nDATA 1 'hello\\n' END\n");
    h2_close(&client);
    buf_done(&bytes);
    buf_done(&block);
}

TEST(conn_is_http1_when_it_does_not_begin_so)
{
    static const char *const others[] = {
        "P",
        "PRI * HTTP/2.0\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r",
    };
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        int fd = client_open(&server);
        client_send(fd, others[i]);
        shutdown(fd, SHUT_WR);
        client_expect_end(fd);
    }
    int fd = client_open(&server);
    client_send(fd, "PRI * HTTP/2.0\r\n\r\nSN\r\n\r\n");
    client_expect(fd, "HTTP/1.1 505 ");
    close(fd);
    fd = client_open(&server); /* not as the second thing */
    client_send(fd, "GET /ignore HTTP/1.1\r\nHost: h\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    client_expect(fd, "HTTP/1.1 204 No Content\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\n"
                      "Server: test\r\n\r\nHTTP/1.1 505 ");
    close(fd);
}

TEST(conn_wants_settings_first)
{
    h2_connect(&client, &server);
    client_send_bytes(client.fd, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    h2_frame(&client, NGHTTP2_PING, 0, 0, STR("12345678"));
    h2_expect_end(&client, "PROTOCOL_ERROR");
}

TEST(conn_counts_as_one_when_it_changes_hands)
{
    h2_open(&client, &server);
    assert_int_equal(server_conn_count(&server), 1);
    h2_close(&client);
    assert_int_equal(server_conn_count(&server), 0);
}

/* --- many requests --- */

TEST(conn_answers_many_requests_at_a_time)
{
    h2_open(&client, &server);
    for (uint32_t id = 1; id < 201; id += 2)
        h2_request(&client, id, END, "GET /later", "");
    server_call(&server, NULL);
    assert_int_equal(server.later_count, 100);
    server_release(&server);
    for (uint32_t i = 0; i < 100; i++)
        h2_await(&client, "DATA ");
    check_int("bytes", client.data.len, 600);
    h2_close(&client);
}

TEST(conn_answers_while_another_request_is_late)
{
    h2_open(&client, &server);
    h2_request(&client, 1, END, "GET /later", "");
    check_hello(3);
    server_release(&server);
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'hello\\n' END\n");
    server_expect_finished(&server, "GET /hello 200 6 complete\nGET /later 200 6 complete\n");
    h2_close(&client);
}

TEST(conn_refuses_more_streams_than_it_said)
{
    h2_open(&client, &server);
    for (uint32_t id = 1; id < 7; id += 2)
        h2_request(&client, id, END, "GET /later", "");
    h2_expect_end(&client, "PROTOCOL_ERROR"); /* it had acknowledged the settings */

    h2_connect(&client, &server);
    client_send_bytes(client.fd, STR(H2_HELLO));
    h2_expect(&client, "SETTINGS\nSETTINGS ACK\n");
    for (uint32_t id = 1; id < 7; id += 2)
        h2_request(&client, id, END, "GET /later", "");
    h2_expect(&client, "RST_STREAM 5 REFUSED_STREAM\n"); /* it had not */
    h2_close(&client);
}

/* --- fairness --- */

/* Two large answers wait for a window, which then opens for both: the order of what comes. */
static void check_order(const char *first, const char *second, const char *update,
                        const char *lines)
{
    static const char large[] = "GET /source/DDDDDDDD";
    h2_open_with_window(&client, &server, 0);
    h2_request(&client, 1, END, large, first);
    h2_request(&client, 3, END, large, second);
    h2_expect(&client, "HEADERS 1 200\nHEADERS 3 200\n");
    if (update)
        h2_frame(&client, NGHTTP2_PRIORITY_UPDATE, 0, 0, str_of(update, 4 + strlen(update + 4)));
    h2_set_window(&client, 1 << 20);
    h2_expect(&client, "SETTINGS ACK\n");
    h2_expect(&client, lines); /* 64 KiB - 1, which is the connection's window */
    h2_close(&client);
}

TEST(conn_lets_streams_share)
{
    check_order("", "", NULL, "DATA 1 16384\nDATA 3 16384\nDATA 1 16384\nDATA 3 16383\n");
    check_order("priority: i\n", "priority: u=3, i\n", NULL,
                "DATA 1 16384\nDATA 3 16384\nDATA 1 16384\nDATA 3 16383\n");
}

TEST(conn_sends_what_is_urgent_first)
{
    check_order("priority: u=5\n", "priority: u=1\n", NULL,
                "DATA 3 16384\nDATA 3 16384\nDATA 3 16384\nDATA 3 16383\n");
    check_order("", "", "\0\0\0\3u=1", "DATA 3 16384\nDATA 3 16384\nDATA 3 16384\nDATA 3 16383\n");
}

TEST(conn_sends_one_after_the_other_when_the_client_wants_it)
{
    check_order("priority: u=3\n", "priority: u=3\n", NULL,
                "DATA 1 16384\nDATA 1 16384\nDATA 1 16384\nDATA 1 16383\n");
}

/* RFC 9218 §7: before the stream is there. */
TEST(conn_knows_a_priority_before_its_request)
{
    h2_open_with_window(&client, &server, 0);
    h2_frame(&client, NGHTTP2_PRIORITY_UPDATE, 0, 0, STR("\0\0\0\3u=1"));
    h2_request(&client, 1, END, "GET /source/DDDDDDDD", "");
    h2_request(&client, 3, END, "GET /source/DDDDDDDD", "");
    h2_expect(&client, "HEADERS 1 200\nHEADERS 3 200\n");
    h2_set_window(&client, 1 << 20);
    h2_expect(&client, "SETTINGS ACK\nDATA 3 16384\nDATA 3 16384\nDATA 3 16384\nDATA 3 16383\n");
    h2_close(&client);
}

/* --- how it ends --- */

TEST(conn_is_closed_when_it_is_idle)
{
    h2_open(&client, &server);
    check_hello(1);
    server_advance(&server, 75000 - 1);
    h2_frame(&client, NGHTTP2_PING, 0, 0, STR("12345678")); /* which is no request */
    h2_expect(&client, "PING ACK\n");
    server_advance(&server, 1);
    h2_expect_end(&client, "NO_ERROR");
    server_expect_warnings(&server, "");
}

TEST(conn_is_not_idle_while_a_request_is_late)
{
    h2_open(&client, &server);
    h2_request(&client, 1, END, "GET /later", "");
    server_advance(&server, 200000);
    server_release(&server);
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'hello\\n' END\n");
    h2_close(&client);
}

TEST(conn_does_not_wait_for_the_end_of_a_head)
{
    h2_open(&client, &server);
    h2_frame(&client, NGHTTP2_HEADERS, 0, 1, STR("\0\3abc\3def"));
    server_advance(&server, 30000 - 1);
    server_advance(&server, 1);
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
}

static void drain(struct server *it)
{
    wire_drain(&it->wire);
}

TEST(conn_drains_in_two_steps)
{
    h2_open(&client, &server);
    h2_request(&client, 1, 0, "PUT /echo", "");
    h2_data(&client, 1, 0, "abc");
    server_call(&server, drain);
    h2_expect(&client, "GOAWAY 2147483647 NO_ERROR\nPING\n");
    h2_request(&client, 3, 0, "PUT /echo", ""); /* was on its way */
    h2_frame(&client, NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, STR("\0\0\0\0\0\0\0\0"));
    h2_expect(&client, "GOAWAY 3 NO_ERROR\n");
    h2_request(&client, 5, END, "GET /hello", ""); /* came too late */
    h2_data(&client, 3, END, "xyz");
    h2_expect(&client, "HEADERS 3 200\nDATA 3 'xyz' END\n");
    h2_data(&client, 1, END, "def");
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abcdef' END\n");
    char byte;
    check_int("end", recv(client.fd, &byte, 1, 0), 0);
    h2_close(&client);
    server_expect_finished(&server, "PUT /echo 200 3 complete\nPUT /echo 200 6 complete\n");
}

TEST(conn_drains_without_an_answer_to_its_ping)
{
    h2_open(&client, &server);
    h2_request(&client, 1, END, "GET /later", "");
    server_call(&server, drain);
    h2_expect(&client, "GOAWAY 2147483647 NO_ERROR\nPING\n");
    server_advance(&server, 5000);
    h2_expect(&client, "GOAWAY 1 NO_ERROR\n");
    server_release(&server);
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'hello\\n' END\n");
    h2_close(&client);
}

TEST(conn_without_requests_drains_at_once)
{
    h2_open(&client, &server);
    check_hello(1);
    server_call(&server, drain);
    assert_int_equal(server_conn_count(&server), 0); /* whether the client looks or not */
    h2_expect_end(&client, "NO_ERROR");
}

TEST(conn_that_comes_while_draining_is_drained)
{
    int fd = client_open(&server);
    server_call(&server, NULL);
    client_send(fd, "PRI * HTTP/2.0\r\n\r\nSM"); /* so it is not idle */
    server_call(&server, drain);
    client_send(fd, "\r\n\r\n");
    client_expect_end(fd);
}

static void abort_all(struct server *it)
{
    wire_abort(&it->wire);
}

TEST(conn_can_end_before_its_handlers_do)
{
    h2_open(&client, &server);
    h2_request(&client, 1, END, "GET /later", "");
    h2_request(&client, 3, 0, "PUT /later", "");
    h2_request(&client, 5, 0, "PUT /echo", "");
    server_call(&server, NULL);
    server_call(&server, abort_all);
    server_expect_finished(&server, "PUT /echo 400 0 cut\n");
    check_int("rings", server.rings, 2);
    check_int("connections", server_conn_count(&server), 1); /* until they have answered */
    server_release(&server);
    server_expect_finished(&server, "GET /later 200 0 cut\nPUT /later 200 0 cut\n");
    check_int("connections", server_conn_count(&server), 0);
    h2_close(&client);
}

TEST(conn_that_the_client_closes_tells_its_handlers)
{
    h2_open(&client, &server);
    h2_request(&client, 1, END, "GET /later", "");
    server_call(&server, NULL);
    h2_close(&client);
    server_call(&server, NULL);
    check_int("rings", server.rings, 1);
    server_release(&server);
    server_expect_finished(&server, "GET /later 200 0 cut\n");
}

/* --- floods --- */

/* Sends a frame until the connection ends. */
static void flood(uint8_t type, uint8_t flags, uint32_t id, struct str payload)
{
    for (int i = 0; i < 40; i++)
        h2_frame(&client, type, flags, id, payload);
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
}

static const char idle_frames[] = "a flood of HTTP/2 frames that carry nothing\n";

TEST(conn_ends_at_floods_of_frames_that_carry_nothing)
{
    static const struct {
        uint8_t type;
        uint8_t flags;
        uint32_t id;
        struct str payload;
    } rows[] = {
        {NGHTTP2_PING, 0, 0, {"12345678", 8}},
        {NGHTTP2_PING, NGHTTP2_FLAG_ACK, 0, {"12345678", 8}},
        {NGHTTP2_SETTINGS, 0, 0, {"", 0}},
        {NGHTTP2_PRIORITY_UPDATE, 0, 0, {"\0\0\0\3u=1", 7}},
        {NGHTTP2_WINDOW_UPDATE, 0, 0, {"\0\0\0\1", 4}},
        {NGHTTP2_DATA, 0, 1, {"", 0}},
        {NGHTTP2_DATA, NGHTTP2_FLAG_PADDED, 1, {"\1\0", 2}},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        h2_open(&client, &server);
        h2_request(&client, 1, 0, "PUT /later", "");
        flood(rows[i].type, rows[i].flags, rows[i].id, rows[i].payload);
        server_expect_warnings(&server, idle_frames);
    }
    server_release(&server);
}

TEST(conn_bears_such_frames_beside_requests)
{
    h2_open(&client, &server);
    for (uint32_t id = 1; id < 101; id += 2) {
        h2_frame(&client, NGHTTP2_PING, 0, 0, STR("12345678"));
        h2_expect(&client, "PING ACK\n");
        h2_number(&client, NGHTTP2_WINDOW_UPDATE, 0, 6);
        check_hello(id);
    }
    server_expect_warnings(&server, "");
    h2_close(&client);
}

TEST(conn_bears_such_frames_when_they_come_slowly)
{
    h2_open(&client, &server);
    for (int i = 0; i < 60; i++) {
        h2_frame(&client, NGHTTP2_PING, 0, 0, STR("12345678"));
        h2_expect(&client, "PING ACK\n");
        server_advance(&server, 1000);
    }
    server_expect_warnings(&server, "");
    h2_close(&client);
}

TEST(conn_ends_at_streams_that_are_opened_and_reset)
{
    h2_open(&client, &server);
    for (uint32_t id = 1; id < 11; id += 2) {
        h2_request(&client, id, END, "GET /later", "");
        h2_number(&client, NGHTTP2_RST_STREAM, id, NGHTTP2_CANCEL);
    }
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
    server_expect_warnings(&server, "a flood of HTTP/2 streams that are opened and reset\n");
    server_release(&server);
}

/* The client makes the server reset. */
TEST(conn_ends_at_streams_that_must_be_reset)
{
    h2_open(&client, &server);
    for (uint32_t id = 1; id < 9; id += 2) {
        h2_request(&client, id, 0, "PUT /echo", "content-length: 3\n");
        h2_data(&client, id, END, "ab");
        h2_await(&client, "RST_STREAM");
    }
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
    server_expect_warnings(&server, "a flood of HTTP/2 streams that are opened and reset\n");
}

TEST(conn_ends_at_a_head_without_end)
{
    h2_open(&client, &server);
    h2_frame(&client, NGHTTP2_HEADERS, 0, 1, STR("\0\1a\1b"));
    for (int i = 0; i < 12; i++)
        h2_frame(&client, NGHTTP2_CONTINUATION, 0, 1, STR("\0\1a\1b"));
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
}

/* A byte for each field: an entry of the dynamic table, which the first field has made. */
TEST(conn_ends_at_a_header_bomb)
{
    struct buf block = {0};
    h2_open(&client, &server);
    BUF_ADD(&block, "\x40\1a\1b");
    for (int i = 0; i < 200; i++)
        BUF_ADD(&block, "\xbe");
    h2_frame(&client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, buf_str(&block));
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
    server_expect_warnings(&server, "an HTTP/2 header block without end\n");
    h2_open(&client, &server);
    h2_request(&client, 1, 0, "PUT /later", "");
    h2_frame(&client, NGHTTP2_HEADERS, 5, 1, buf_str(&block)); /* as trailers */
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
    server_expect_warnings(&server, "an HTTP/2 header block without end\n");
    buf_done(&block);
    server_release(&server);
}

/* Breaches of the protocol are nobody's news. */
TEST(conn_ends_at_what_the_protocol_forbids)
{
    static const struct {
        uint8_t type;
        uint32_t id;
        struct str payload;
        const char *error;
    } rows[] = {
        {NGHTTP2_PING, 0, {"1234", 4}, "FRAME_SIZE_ERROR"},
        {NGHTTP2_PING, 1, {"12345678", 8}, "PROTOCOL_ERROR"},
        {NGHTTP2_DATA, 0, {"x", 1}, "PROTOCOL_ERROR"},
        {NGHTTP2_DATA, 9, {"x", 1}, "PROTOCOL_ERROR"},
        {NGHTTP2_HEADERS, 2, {"", 0}, "PROTOCOL_ERROR"},
        {NGHTTP2_CONTINUATION, 1, {"", 0}, "PROTOCOL_ERROR"},
        {NGHTTP2_PUSH_PROMISE, 1, {"\0\0\0\2", 4}, "PROTOCOL_ERROR"},
        {NGHTTP2_WINDOW_UPDATE, 0, {"\0\0\0\0", 4}, "PROTOCOL_ERROR"},
        {NGHTTP2_WINDOW_UPDATE, 0, {"\x7f\xff\xff\xff", 4}, "FLOW_CONTROL_ERROR"},
        {NGHTTP2_SETTINGS, 0, {"\0\4\x80\0\0\0", 6}, "FLOW_CONTROL_ERROR"},
        {NGHTTP2_SETTINGS, 0, {"\0\2\0\0\0\2", 6}, "PROTOCOL_ERROR"},
        {NGHTTP2_RST_STREAM, 0, {"\0\0\0\0", 4}, "PROTOCOL_ERROR"},
        {NGHTTP2_PRIORITY, 0, {"\0\0\0\1\1", 5}, "PROTOCOL_ERROR"},
        {NGHTTP2_PRIORITY_UPDATE, 0, {"\0\0\0\0u=1", 7}, "PROTOCOL_ERROR"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        h2_open(&client, &server);
        h2_frame(&client, rows[i].type, 0, rows[i].id, rows[i].payload);
        h2_expect_end(&client, rows[i].error);
    }
    h2_open(&client, &server);
    h2_frame(&client, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 1, STR("\xff\xff\xff\xff\xff"));
    h2_expect_end(&client, "COMPRESSION_ERROR");
    server_expect_warnings(&server, "");
}

TEST(conn_ends_at_a_stream_that_was_left_out)
{
    static const uint32_t rows[][3] = {{3, 3, 1}, {1, 7, 3}, {1, 7, 5}, {5, 9, 7}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        h2_open(&client, &server);
        check_hello(rows[i][0]);
        if (rows[i][1] != rows[i][0])
            check_hello(rows[i][1]);
        h2_request(&client, rows[i][2], END, "GET /hello", "");
        h2_expect_end(&client, "PROTOCOL_ERROR");
    }
    server_expect_warnings(&server, "");
}

/* --- who takes nothing --- */

TEST(conn_ends_when_its_window_stays_shut)
{
    h2_open_with_window(&client, &server, 1 << 20);
    h2_request(&client, 1, END, "GET /file", ""); /* which is more than 64 KiB */
    h2_expect(&client, "HEADERS 1 200\n");
    server_advance(&server, 30000);
    h2_expect_end(&client, "ENHANCE_YOUR_CALM");
    server_expect_warnings(&server,
                           "an HTTP/2 peer that takes no answers: its window stays shut\n");
    server_expect_finished(&server, "GET /file 200 65535 cut\n");
}

int main(void)
{
#define IT(name)    cmocka_unit_test_setup_teardown(name, start, stop)
#define SMALL(name) cmocka_unit_test_setup_teardown(name, start_small, stop)
    const struct CMUnitTest tests[] = {
        IT(conn_takes_the_preface_in_any_pieces),
        IT(conn_takes_what_comes_with_the_preface),
        IT(conn_is_http1_when_it_does_not_begin_so),
        IT(conn_wants_settings_first),
        IT(conn_counts_as_one_when_it_changes_hands),
        IT(conn_answers_many_requests_at_a_time),
        IT(conn_answers_while_another_request_is_late),
        SMALL(conn_refuses_more_streams_than_it_said),
        IT(conn_lets_streams_share),
        IT(conn_sends_what_is_urgent_first),
        IT(conn_sends_one_after_the_other_when_the_client_wants_it),
        IT(conn_knows_a_priority_before_its_request),
        IT(conn_is_closed_when_it_is_idle),
        IT(conn_is_not_idle_while_a_request_is_late),
        IT(conn_does_not_wait_for_the_end_of_a_head),
        IT(conn_drains_in_two_steps),
        IT(conn_drains_without_an_answer_to_its_ping),
        IT(conn_without_requests_drains_at_once),
        IT(conn_that_comes_while_draining_is_drained),
        IT(conn_can_end_before_its_handlers_do),
        IT(conn_that_the_client_closes_tells_its_handlers),
        SMALL(conn_ends_at_floods_of_frames_that_carry_nothing),
        SMALL(conn_bears_such_frames_beside_requests),
        SMALL(conn_bears_such_frames_when_they_come_slowly),
        SMALL(conn_ends_at_streams_that_are_opened_and_reset),
        SMALL(conn_ends_at_streams_that_must_be_reset),
        IT(conn_ends_at_a_head_without_end),
        SMALL(conn_ends_at_a_header_bomb),
        IT(conn_ends_at_what_the_protocol_forbids),
        IT(conn_ends_at_a_stream_that_was_left_out),
        IT(conn_ends_when_its_window_stays_shut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
