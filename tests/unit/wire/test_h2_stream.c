#include "support/test.h"

#include "h2_client.h"
#include "support/scripted.h"

#define END NGHTTP2_FLAG_END_STREAM

static struct server server;
static struct h2_client client;

static int start(__attribute__((unused)) void **state)
{
    server_init(&server);
    server_start(&server);
    h2_open(&client, &server);
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    h2_close(&client);
    server_stop(&server);
    return 0;
}

static void get(uint32_t id, const char *line, const char *lines)
{
    h2_request(&client, id, END, line, "");
    h2_expect(&client, lines);
}

/* --- answers --- */

TEST(answer_has_a_head_and_a_body)
{
    get(1, "GET /hello", "HEADERS 1 200\nDATA 1 'hello\\n' END\n");
    h2_check_field(&client, "server", "test");
    h2_check_field(&client, "date", "Thu, 01 Jan 1970 00:16:40 GMT");
    h2_check_field(&client, "content-length", "6");
    h2_check_field(&client, "connection", NULL);
    h2_check_field(&client, "transfer-encoding", NULL);
    server_expect_finished(&server, "GET /hello 200 6 complete\n");
}

TEST(answer_without_a_body)
{
    get(1, "HEAD /hello", "HEADERS 1 200 END\n");
    h2_check_field(&client, "content-length", "6");
    get(3, "GET /status/204", "HEADERS 3 204 END\n");
    h2_check_field(&client, "content-length", NULL);
    get(5, "GET /status/304", "HEADERS 5 304 END\n");
    h2_check_field(&client, "content-length", NULL);
    get(7, "HEAD /unknown", "HEADERS 7 200 END\n");
    h2_check_field(&client, "content-length", NULL);
    get(9, "GET /echo", "HEADERS 9 200 END\n");
    h2_check_field(&client, "content-length", "0");
    server_expect_finished(&server, "HEAD /hello 200 0 complete\nGET /status/204 204 0 complete\n"
                                    "GET /status/304 304 0 complete\nHEAD /unknown 200 0 complete\n"
                                    "GET /echo 200 0 complete\n");
}

TEST(answer_of_unknown_length)
{
    get(1, "GET /source/d1", "HEADERS 1 200\nDATA 1 16\nDATA 1 1\nDATA 1 '' END\n");
}

/* RFC 9113 §8.1. */
TEST(answer_with_fields_behind_it)
{
    get(1, "GET /trailers", "HEADERS 1 200\nDATA 1 'hello\\n'\nHEADERS 1  END\n");
    h2_check_field(&client, "what-came", "ok=1");
}

TEST(answer_of_an_empty_body)
{
    get(1, "GET /source/$", "HEADERS 1 200\nDATA 1 '' END\n");
}

TEST(answer_from_a_file)
{
    size_t left = FILE_BYTES - 1;
    h2_number(&client, NGHTTP2_WINDOW_UPDATE, 0, 1 << 20);
    h2_request(&client, 1, END, "GET /file", "");
    h2_expect(&client, "HEADERS 1 200\n");
    h2_number(&client, NGHTTP2_WINDOW_UPDATE, 1, 1 << 20);
    while (client.data.len < left)
        h2_await(&client, "DATA 1");
    assert_int_equal(client.data.len, left);
    assert_true(scripted_is(buf_str(&client.data), 1));
    server_expect_finished(&server, "GET /file 200 299999 complete\n");
}

TEST(answer_comes_as_the_windows_open)
{
    h2_set_window(&client, 10);
    h2_expect(&client, "SETTINGS ACK\n");
    h2_request(&client, 1, END, "GET /source/dd", "");
    h2_expect(&client, "HEADERS 1 200\nDATA 1 10\n");
    h2_number(&client, NGHTTP2_WINDOW_UPDATE, 1, 7);
    h2_expect(&client, "DATA 1 7\n");
    h2_number(&client, NGHTTP2_WINDOW_UPDATE, 1, 100);
    h2_await(&client, "DATA 1 '' END");
    assert_true(scripted_is(buf_str(&client.data), 0));
}

/* --- answers that fail --- */

TEST(answer_that_fails_is_reset)
{
    get(1, "GET /source/df", "HEADERS 1 200\nDATA 1 16\nRST_STREAM 1 INTERNAL_ERROR\n");
    get(3, "GET /source/f", "HEADERS 3 200\nRST_STREAM 3 INTERNAL_ERROR\n");
    server_expect_finished(&server, "GET /source/df 200 16 cut\nGET /source/f 200 0 cut\n");
    get(5, "GET /hello", "HEADERS 5 200\nDATA 5 'hello\\n' END\n"); /* the others go on */
}

TEST(answer_of_another_length_than_announced_is_reset)
{
    get(1, "GET /known/d$", "HEADERS 1 200\nDATA 1 16\nRST_STREAM 1 INTERNAL_ERROR\n");
    h2_check_field(&client, "content-length", "100");
    get(3, "GET /known/ddddddd",
        "HEADERS 3 200\nDATA 3 16\nDATA 3 16\nDATA 3 16\nDATA 3 16\nDATA 3 16\nDATA 3 16\n"
        "RST_STREAM 3 INTERNAL_ERROR\n");
    get(5, "GET /known/D", "HEADERS 5 200\nRST_STREAM 5 INTERNAL_ERROR\n");
}

TEST(answer_that_does_not_move_is_reset)
{
    h2_set_window(&client, 10);
    h2_expect(&client, "SETTINGS ACK\n");
    get(1, "GET /source/dd", "HEADERS 1 200\nDATA 1 10\n");
    server_advance(&server, 29999);
    h2_number(&client, NGHTTP2_WINDOW_UPDATE, 1, 1);
    h2_expect(&client, "DATA 1 '6'\n");
    server_advance(&server, 29999);
    server_advance(&server, 1);
    h2_expect(&client, "RST_STREAM 1 CANCEL\n");
    server_expect_finished(&server, "GET /source/dd 200 11 cut\n");
    server_expect_warnings(&server, "");
}

TEST(answer_may_wait_for_its_source)
{
    get(1, "GET /source/dw", "HEADERS 1 200\nDATA 1 16\n");
    server_advance(&server, 100000);
    get(3, "GET /hello", "HEADERS 3 200\nDATA 3 'hello\\n' END\n");
}

/* --- bodies --- */

TEST(body_is_pulled)
{
    h2_request(&client, 1, 0, "PUT /echo", "content-length: 6\n");
    h2_data(&client, 1, 0, "abc");
    server_call(&server, NULL);
    h2_data(&client, 1, END, "def");
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abcdef' END\n");
    h2_request(&client, 3, 0, "PUT /echo", "");
    h2_data(&client, 3, 0, "abc");
    h2_data(&client, 3, 0, "");
    h2_data(&client, 3, 0, "def");
    h2_data(&client, 3, END, "");
    h2_expect(&client, "HEADERS 3 200\nDATA 3 'abcdef' END\n");
}

TEST(body_with_trailers)
{
    h2_request(&client, 1, 0, "PUT /echo", "");
    h2_data(&client, 1, 0, "abc");
    h2_headers(&client, 1, END, "checksum: 1\n");
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abc' END\n");
    h2_request(&client, 3, 0, "PUT /echo", "");
    h2_headers(&client, 3, END, "checksum: 1\n");
    h2_expect(&client, "HEADERS 3 200 END\n");
}

TEST(body_that_is_padded)
{
    h2_request(&client, 1, 0, "PUT /echo", "");
    h2_frame(&client, NGHTTP2_DATA, END | NGHTTP2_FLAG_PADDED, 1, STR("\3abc\0\0\0"));
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abc' END\n");
}

TEST(body_of_another_length_than_declared_is_reset)
{
    h2_request(&client, 1, 0, "PUT /echo", "content-length: 7\n");
    h2_data(&client, 1, END, "abcdef");
    h2_expect(&client, "RST_STREAM 1 PROTOCOL_ERROR\n");
    h2_request(&client, 3, 0, "PUT /echo", "content-length: 5\n");
    h2_data(&client, 3, END, "abcdef");
    h2_expect(&client, "RST_STREAM 3 PROTOCOL_ERROR\n");
    h2_request(&client, 5, END, "PUT /echo", "content-length: 5\n");
    h2_expect(&client, "RST_STREAM 5 PROTOCOL_ERROR\n");
    server_expect_finished(&server, "PUT /echo 400 0 cut\nPUT /echo 400 0 cut\n");
}

TEST(body_that_is_reset)
{
    h2_request(&client, 1, 0, "PUT /echo", "");
    h2_data(&client, 1, 0, "abc");
    server_call(&server, NULL); /* else nobody would hear of it */
    h2_number(&client, NGHTTP2_RST_STREAM, 1, NGHTTP2_CANCEL);
    server_expect_finished(&server, "PUT /echo 400 0 cut\n");
}

TEST(body_that_does_not_move_fails)
{
    h2_request(&client, 1, 0, "PUT /echo", "");
    server_advance(&server, 29999);
    h2_data(&client, 1, 0, "abc");
    server_advance(&server, 29999);
    server_advance(&server, 1);
    h2_expect(&client, "HEADERS 1 400\nDATA 1 29 END\n");
    assert_true(str_eq(buf_str(&client.data), STR("the body stalled for too long")));
}

TEST(body_may_be_asked_for)
{
    h2_request(&client, 1, 0, "PUT /echo", "expect: 100-continue\n");
    h2_expect(&client, "HEADERS 1 100\n");
    h2_data(&client, 1, END, "abc");
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abc' END\n");
}

TEST(body_that_came_unasked_is_not_asked_for)
{
    struct buf both = {0};
    struct buf block = {0};
    h2_encode(&block, ":method: PUT\n:scheme: http\n:authority: h\n:path: /echo\n"
                      "expect: 100-continue\n");
    char head[] = {0, 0, (char)block.len, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS, 0, 0, 0, 1};
    buf_add(&both, str_of(head, sizeof(head)));
    buf_add(&both, buf_str(&block));
    buf_add(&both, STR("\0\0\3\0\1\0\0\0\1abc"));
    client_send_bytes(client.fd, buf_str(&both));
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abc' END\n");
    buf_done(&both);
    buf_done(&block);
}

/* --- answers before the end of the request --- */

TEST(early_answer_lets_a_short_body_come)
{
    h2_request(&client, 1, 0, "PUT /ignore", "content-length: 6\n");
    h2_expect(&client, "HEADERS 1 204 END\n");
    server_expect_finished(&server, "PUT /ignore 204 0 complete\n"); /* it waits for nothing */
    h2_data(&client, 1, END, "abcdef");
    get(3, "GET /hello", "HEADERS 3 200\nDATA 3 'hello\\n' END\n");
}

TEST(early_answer_stops_a_client_that_goes_on)
{
    h2_request(&client, 1, 0, "PUT /ignore", "");
    h2_expect(&client, "HEADERS 1 204 END\n");
    server_advance(&server, 4999);
    get(3, "GET /hello", "HEADERS 3 200\nDATA 3 'hello\\n' END\n");
    server_advance(&server, 1);
    h2_expect(&client, "RST_STREAM 1 NO_ERROR\n");
    h2_data(&client, 1, 0, "abc"); /* was on its way */
    get(5, "GET /hello", "HEADERS 5 200\nDATA 5 'hello\\n' END\n");
}

TEST(early_answer_stops_a_client_that_sends_much)
{
    client.shows_windows = true;
    h2_request(&client, 1, 0, "PUT /ignore", "");
    h2_await(&client, "HEADERS 1 204 END");
    for (size_t sent = 0; sent < 262144; sent += 32768) {
        h2_data_bytes(&client, 1, 0, 32768);
        h2_await(&client, "WINDOW_UPDATE 1");
    }
    h2_data_bytes(&client, 1, 0, 1);
    h2_await(&client, "RST_STREAM 1 NO_ERROR");
}

/* --- requests that are none --- */

#define START ":method: GET\n:scheme: http\n:path: /hello\n"
#define HEAD  START ":authority: h\n"

TEST(malformed_requests_are_reset)
{
    static const char *const rows[] = {
        HEAD "Upper: case\n",
        HEAD "connection: close\n",
        HEAD "keep-alive: 5\n",
        HEAD "proxy-connection: close\n",
        HEAD "transfer-encoding: chunked\n",
        HEAD "upgrade: h2c\n",
        HEAD "te: gzip\n",
        HEAD "x: a\nx: \1\n",
        HEAD "x: a\rb\n",
        HEAD "x:  a\n",
        HEAD "x: a \n",
        HEAD "a b: c\n",
        HEAD ": c\n",
        HEAD ":path: /again\n",
        HEAD ":unknown: x\n",
        HEAD ":status: 200\n",
        HEAD "x: y\n:authority: h\n",
        HEAD "content-length: x\n",
        HEAD "content-length: 1\ncontent-length: 1\n",
        START,
        ":method: GET\n:scheme: http\n:authority: h\n",
        ":method: GET\n:path: /hello\n:authority: h\n",
        ":scheme: http\n:path: /hello\n:authority: h\n",
        ":method: GET\n:scheme: http\n:path: \n:authority: h\n",
        ":method: GET\n:scheme: http\n:path: hello\n:authority: h\n",
        ":method: GET\n:scheme: http\n:path: *\n:authority: h\n",
        ":method: CONNECT\n:scheme: http\n:path: /hello\n:authority: h\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char expected[64];
        uint32_t id = 2 * u32_of_size(i) + 1;
        snprintf(expected, sizeof(expected), "RST_STREAM %u PROTOCOL_ERROR\n", id);
        h2_headers(&client, id, END, rows[i]);
        h2_expect(&client, expected);
    }
    h2_headers(&client, 99, END, HEAD "te: trailers\n");
    h2_expect(&client, "HEADERS 99 200\nDATA 99 'hello\\n' END\n");
}

TEST(refused_requests_are_answered)
{
    static const struct {
        const char *lines;
        unsigned status;
    } rows[] = {
        {HEAD "host: other\n", 400},
        {START ":authority: a@b\n", 400},
        {":method: GET\n:scheme: ftp\n:path: /\n:authority: h\n", 400},
        {HEAD "expect: miracles\n", 417},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char expected[64];
        uint32_t id = 2 * u32_of_size(i) + 1;
        snprintf(expected, sizeof(expected), "HEADERS %u %u\n", id, rows[i].status);
        h2_headers(&client, id, END, rows[i].lines);
        h2_expect(&client, expected);
        h2_check_field(&client, "content-type", "text/plain; charset=utf-8");
        h2_await(&client, "DATA ");
    }
}

TEST(requests_over_a_limit_are_answered)
{
    struct buf lines = {0};
    BUF_ADD(&lines, ":method: GET\n:scheme: http\n:authority: h\n:path: /");
    for (int i = 0; i < 9000; i++)
        buf_add_char(&lines, 'a');
    BUF_ADD(&lines, "\n");
    h2_headers(&client, 1, END, buf_c(&lines));
    h2_expect(&client, "HEADERS 1 414\n");
    h2_await(&client, "DATA ");
    buf_clear(&lines);
    BUF_ADD(&lines, HEAD);
    for (int i = 0; i < 200; i++)
        BUF_ADD(&lines, "a: b\n");
    h2_headers(&client, 3, 0, buf_c(&lines));
    h2_expect(&client, "HEADERS 3 431\n");
    h2_await(&client, "DATA ");
    h2_data(&client, 3, END, "abc");
    get(5, "GET /hello", "HEADERS 5 200\nDATA 5 'hello\\n' END\n");
    buf_done(&lines);
}

int main(void)
{
#define IT(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        IT(answer_has_a_head_and_a_body),
        IT(answer_without_a_body),
        IT(answer_of_unknown_length),
        IT(answer_with_fields_behind_it),
        IT(answer_of_an_empty_body),
        IT(answer_from_a_file),
        IT(answer_comes_as_the_windows_open),
        IT(answer_that_fails_is_reset),
        IT(answer_of_another_length_than_announced_is_reset),
        IT(answer_that_does_not_move_is_reset),
        IT(answer_may_wait_for_its_source),
        IT(body_is_pulled),
        IT(body_with_trailers),
        IT(body_that_is_padded),
        IT(body_of_another_length_than_declared_is_reset),
        IT(body_that_is_reset),
        IT(body_that_does_not_move_fails),
        IT(body_may_be_asked_for),
        IT(body_that_came_unasked_is_not_asked_for),
        IT(early_answer_lets_a_short_body_come),
        IT(early_answer_stops_a_client_that_goes_on),
        IT(early_answer_stops_a_client_that_sends_much),
        IT(malformed_requests_are_reset),
        IT(refused_requests_are_answered),
        IT(requests_over_a_limit_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
