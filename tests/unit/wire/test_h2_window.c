#include "support/test.h"

#include "h2_client.h"

enum { FIRST = NGHTTP2_INITIAL_WINDOW_SIZE, MEMORY_BYTES = 8 << 20 };

static struct server server;
static struct h2_client client;

static int start(__attribute__((unused)) void **state)
{
    server_init(&server);
    server.limits.upload_window_bytes = 1 << 20;
    server.limits.memory_bytes = MEMORY_BYTES;
    server_start(&server);
    h2_open(&client, &server);
    client.shows_windows = true;
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    h2_close(&client);
    server_stop(&server);
    return 0;
}

static void expect_window(uint32_t id, uint32_t bytes)
{
    char line[64];
    snprintf(line, sizeof(line), "WINDOW_UPDATE %u %u\n", id, bytes);
    h2_expect(&client, line);
}

TEST(window_grows_when_the_handler_reads)
{
    h2_request(&client, 1, 0, "PUT /echo", "");
    expect_window(0, FIRST); /* for the stream's first window */
    expect_window(0, (1 << 20) - FIRST);
    expect_window(1, (1 << 20) - FIRST);
    h2_data(&client, 1, NGHTTP2_FLAG_END_STREAM, "abc");
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abc' END\n");
    assert_int_equal(server_window_bytes(&server), 0);
}

TEST(window_is_as_large_as_the_body_at_most)
{
    h2_request(&client, 1, 0, "PUT /echo", "content-length: 100000\n");
    expect_window(0, FIRST);
    expect_window(0, 100000 - FIRST);
    expect_window(1, 100000 - FIRST);
}

TEST(window_stays_when_the_body_is_short)
{
    h2_request(&client, 1, 0, "PUT /echo", "content-length: 3\n");
    expect_window(0, FIRST);
    h2_data(&client, 1, NGHTTP2_FLAG_END_STREAM, "abc");
    h2_expect(&client, "HEADERS 1 200\nDATA 1 'abc' END\n");
}

/* A handler that does not read holds its client back, and nobody else. */
TEST(window_is_given_back_when_the_handler_has_read)
{
    h2_request(&client, 1, 0, "PUT /later", "");
    expect_window(0, FIRST);
    h2_data_bytes(&client, 1, 0, FIRST);
    server_call(&server, NULL);
    h2_request(&client, 3, 0, "PUT /echo", "content-length: 40000\n");
    expect_window(0, FIRST);
    h2_data_bytes(&client, 3, NGHTTP2_FLAG_END_STREAM, 40000);
    h2_await(&client, "HEADERS 3 200");
    server_release(&server);
    h2_await(&client, "HEADERS 1 200");
}

TEST(window_that_is_overrun_ends_the_stream)
{
    h2_request(&client, 1, 0, "PUT /later", "");
    expect_window(0, FIRST);
    h2_data_bytes(&client, 1, 0, FIRST + 1);
    h2_expect(&client, "RST_STREAM 1 FLOW_CONTROL_ERROR\n");
    server_release(&server);
    server_expect_finished(&server, "PUT /later 200 0 cut\n");
}

/* A quarter of what is left, each. */
TEST(window_is_smaller_when_many_upload)
{
    uint64_t left = MEMORY_BYTES;
    for (uint32_t id = 1; id < 41; id += 2) {
        h2_request(&client, id, 0, "PUT /echo", "");
        server_call(&server, NULL);
        uint64_t part = server_window_bytes(&server) - (MEMORY_BYTES - left);
        check_that("no more than a quarter", part <= left / 4);
        left -= part;
    }
    check_that("half is for others", server_window_bytes(&server) <= MEMORY_BYTES / 2);
    for (uint32_t id = 1; id < 41; id += 2)
        h2_number(&client, NGHTTP2_RST_STREAM, id, NGHTTP2_CANCEL);
    assert_int_equal(server_window_bytes(&server), 0);
}

/* The first had much, until others came. */
TEST(window_shrinks_when_others_come)
{
    h2_request(&client, 1, 0, "PUT /echo", "");
    uint64_t first = server_window_bytes(&server);
    for (uint32_t id = 3; id < 41; id += 2)
        h2_request(&client, id, 0, "PUT /echo", "");
    uint64_t before = server_window_bytes(&server);
    h2_data(&client, 1, 0, "abc");
    check_that("less", server_window_bytes(&server) < before);
    check_that("still something", before - server_window_bytes(&server) < first);
}

/* Whatever is granted and taken back, a client that keeps to its windows is never stopped. */
TEST(window_lets_long_uploads_finish)
{
    for (uint32_t id = 1; id < 9; id += 2)
        h2_request(&client, id, 0, "PUT /echo", "content-length: 320000\n");
    for (int i = 0; i < 20; i++) {
        for (uint32_t id = 1; id < 9; id += 2)
            h2_data_bytes(&client, id, i < 19 ? 0 : NGHTTP2_FLAG_END_STREAM, 16000);
        server_call(&server, NULL);
    }
    for (int i = 0; i < 4; i++)
        h2_await(&client, "HEADERS ");
    check_int("given back", server_window_bytes(&server), 0);
}

int main(void)
{
#define IT(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        IT(window_grows_when_the_handler_reads),
        IT(window_is_as_large_as_the_body_at_most),
        IT(window_stays_when_the_body_is_short),
        IT(window_is_given_back_when_the_handler_has_read),
        IT(window_that_is_overrun_ends_the_stream),
        IT(window_is_smaller_when_many_upload),
        IT(window_shrinks_when_others_come),
        IT(window_lets_long_uploads_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
