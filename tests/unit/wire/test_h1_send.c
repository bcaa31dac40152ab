#include "support/test.h"

#include <unistd.h>

#include "server.h"
#include "support/scripted.h"

#define DATE   "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n"
#define SERVER "Server: test\r\n"
#define OK     "HTTP/1.1 200 OK\r\n" DATE SERVER

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

static void request(int fd, const char *method, const char *path, const char *version)
{
    char head[256];
    snprintf(head, sizeof(head), "%s %s HTTP/%s\r\nHost: h\r\n\r\n", method, path, version);
    client_send(fd, head);
}

/* What comes of a request on a connection of its own, up to the end. */
static void fetch(const char *method, const char *path, const char *version, struct buf *got)
{
    char head[256];
    int fd = client_open(&server);
    snprintf(head, sizeof(head), "%s %s HTTP/%s\r\nHost: h\r\nConnection: close\r\n\r\n", method,
             path, version);
    client_send(fd, head);
    client_read_all(fd, got);
}

static void check_fetch(const char *method, const char *path, const char *version,
                        const char *expected)
{
    struct buf got = {0};
    fetch(method, path, version, &got);
    check_str(path, buf_str(&got), expected);
    buf_done(&got);
}

TEST(send_frames_what_has_no_known_length)
{
    struct buf expected = {0};
    BUF_ADD(&expected, OK "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n00000010\r\n");
    for (uint64_t i = 0; i < 16; i++)
        buf_add_char(&expected, scripted_byte(i));
    BUF_ADD(&expected, "\r\n0\r\n\r\n");
    struct buf got = {0};
    fetch("GET", "/unknown", "1.1", &got);
    check_bytes("chunked", buf_str(&got), buf_str(&expected));
    buf_done(&got);
    buf_clear(&expected);

    /* HTTP/1.0 has no chunks: the end of the connection is the end of the body. */
    BUF_ADD(&expected, OK "Connection: close\r\n\r\n");
    for (uint64_t i = 0; i < 16; i++)
        buf_add_char(&expected, scripted_byte(i));
    fetch("GET", "/unknown", "1.0", &got);
    check_bytes("until close", buf_str(&got), buf_str(&expected));
    buf_done(&got);
    buf_done(&expected);
}

/* RFC 9112 §7.1.2; in HTTP/1.0 there is no place for them. */
TEST(send_of_fields_behind_the_body)
{
    check_fetch("GET", "/trailers", "1.1",
                OK "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                   "00000006\r\nhello\n\r\n0\r\nWhat-Came: ok=1\r\n\r\n");
    check_fetch("GET", "/trailers", "1.0", OK "Connection: close\r\n\r\nhello\n");
}

TEST(send_of_an_empty_body)
{
    check_fetch("GET", "/source/$", "1.1",
                OK "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n");
    check_fetch("GET", "/source/$", "1.0", OK "Connection: close\r\n\r\n");
}

TEST(send_answers_head_with_the_fields_alone)
{
    check_fetch("HEAD", "/hello", "1.1", OK "Content-Length: 6\r\nConnection: close\r\n\r\n");
    check_fetch("HEAD", "/unknown", "1.1",
                OK "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
    check_fetch("HEAD", "/file", "1.1", OK "Content-Length: 299999\r\nConnection: close\r\n\r\n");
}

TEST(send_passes_on_a_file)
{
    for (int turn = 0; turn < 2; turn++) {
        struct buf got = {0};
        static const char head[] = OK "Content-Length: 299999\r\nConnection: close\r\n\r\n";
        fetch("GET", "/file", turn ? "1.0" : "1.1", &got);
        assert_int_equal(got.len, sizeof(head) - 1 + FILE_BYTES - 1);
        check_str("head", str_first(buf_str(&got), sizeof(head) - 1), head);
        assert_true(scripted_is(str_from(buf_str(&got), sizeof(head) - 1), 1));
        buf_done(&got);
    }
    server_expect_finished(&server,
                           "GET /file 200 299999 complete\nGET /file 200 299999 complete\n");
}

/* Takes the chunks of `bytes` apart; false when the last one is missing. */
static bool unchunk(struct str bytes, struct buf *into)
{
    while (bytes.len) {
        struct str line = str_cut(&bytes, '\n');
        uint64_t size = 0;
        assert_true(line.len >= 2 && str_parse_hex(str_first(line, line.len - 1), &size));
        if (size == 0)
            return str_eq(bytes, STR("\r\n"));
        buf_add(into, str_first(bytes, (size_t)size));
        bytes = str_from(bytes, (size_t)size + 2);
    }
    return false;
}

TEST(send_gives_a_long_answer_to_a_slow_reader)
{
    /* More than fits into all buffers on the way; each D is as much as is asked for. */
    char path[300] = "/source/";
    memset(path + strlen(path), 'D', 200);
    int fd = client_open(&server);
    request(fd, "GET", path, "1.1");
    client_expect(fd, OK "Transfer-Encoding: chunked\r\n\r\n");
    struct buf got = {0}, content = {0};
    server_call(&server, NULL); /* fills all buffers */
    while (!str_ends(buf_str(&got), STR("\r\n0\r\n\r\n"))) {
        ssize_t len = recv(fd, buf_reserve(&got, 30000), 30000, 0);
        assert_true(len > 0);
        got.len += (size_t)len;
    }
    assert_true(unchunk(buf_str(&got), &content));
    assert_true(content.len > 4 << 20);
    assert_true(scripted_is(buf_str(&content), 0));
    request(fd, "GET", "/hello", "1.1"); /* and the connection goes on */
    client_expect(fd, OK "Content-Length: 6\r\n\r\nhello\n");
    buf_done(&got);
    buf_done(&content);
    close(fd);
}

/* RFC 9112 §8: what failed midway must not look complete. */
TEST(send_of_a_body_that_fails_is_visibly_cut)
{
    struct buf got = {0}, content = {0};
    static const char head[] = OK "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n";
    fetch("GET", "/source/df", "1.1", &got);
    assert_int_equal(got.len, sizeof(head) - 1 + 10 + 16 + 2); /* one chunk, and no last one */
    check_str("head", str_first(buf_str(&got), sizeof(head) - 1), head);
    assert_false(unchunk(str_from(buf_str(&got), sizeof(head) - 1), &content));
    buf_done(&got);
    buf_done(&content);
    server_expect_finished(&server, "GET /source/df 200 16 cut\n");

    static const char *const paths[] = {"/known/df", "/known/d$"}; /* fails, and is too short */
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        fetch("GET", paths[i], "1.1", &got);
        static const char known[] = OK "Content-Length: 100\r\nConnection: close\r\n\r\n";
        assert_int_equal(got.len, sizeof(known) - 1 + 16);
        buf_done(&got);
    }
    server_expect_finished(&server, "GET /known/df 200 16 cut\nGET /known/d$ 200 16 cut\n");
}

TEST(send_of_a_body_that_fails_before_its_end_is_the_end_resets)
{
    int fd = client_open(&server);
    request(fd, "GET", "/source/df", "1.0");
    server_expect_finished(&server, "GET /source/df 200 16 cut\n");
    char bytes[1000];
    ssize_t len;
    while ((len = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        continue;
    assert_int_equal(len, -1); /* not 0, which would be the end of a whole answer */
    close(fd);
}

/* RFC 9110 §6.4.1 and RFC 9112 §6.1: neither a body nor its framing. */
TEST(send_of_a_status_without_a_body_has_no_framing)
{
    static const struct {
        const char *path, *expected;
    } rows[] = {
        {"/status/204", "HTTP/1.1 204 No Content\r\n" DATE SERVER "Connection: close\r\n\r\n"},
        {"/status/304", "HTTP/1.1 304 Not Modified\r\n" DATE SERVER "Connection: close\r\n\r\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_fetch("GET", rows[i].path, "1.1", rows[i].expected);
        check_fetch("GET", rows[i].path, "1.0", rows[i].expected);
        check_fetch("HEAD", rows[i].path, "1.1", rows[i].expected);
    }
}

int main(void)
{
#define SEND_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        SEND_TEST(send_frames_what_has_no_known_length),
        SEND_TEST(send_of_fields_behind_the_body),
        SEND_TEST(send_of_an_empty_body),
        SEND_TEST(send_answers_head_with_the_fields_alone),
        SEND_TEST(send_passes_on_a_file),
        SEND_TEST(send_gives_a_long_answer_to_a_slow_reader),
        SEND_TEST(send_of_a_body_that_fails_is_visibly_cut),
        SEND_TEST(send_of_a_body_that_fails_before_its_end_is_the_end_resets),
        SEND_TEST(send_of_a_status_without_a_body_has_no_framing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
