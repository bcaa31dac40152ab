#include "support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "davit/multistatus.h"
#include "io/worker.h"
#include "server/access_log.h"

enum { NOW_S = 784111777 }; /* 1994-11-06T08:49:37Z */

static struct arena arena;
static struct worker_pool *pool;
static struct loop *loop;
static struct access_log log_file; /* a file without a name */
static struct buf written;

static int start(__attribute__((unused)) void **state)
{
    struct err err = {0};
    clock_freeze((int64_t)NOW_S * 1000);
    pool = worker_pool_new(1, &err);
    loop = loop_new(pool, &err);
    log_file = (struct access_log){.file = "-", .fd = memfd_create("log", MFD_CLOEXEC)};
    return pool && loop && log_file.fd >= 0 ? 0 : -1;
}

static int stop(__attribute__((unused)) void **state)
{
    close(log_file.fd);
    loop_free(loop);
    worker_pool_free(pool);
    arena_done(&arena);
    buf_done(&written);
    clock_freeze(-1);
    return 0;
}

#define LOG_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

/* All that is in a file, from its start. */
static struct str content_of(int fd)
{
    enum { BYTES_MAX = 1 << 20 };
    buf_clear(&written);
    ssize_t len = pread(fd, buf_reserve(&written, BYTES_MAX), BYTES_MAX, 0);
    assert_true(len >= 0);
    written.len = (size_t)len;
    return buf_str(&written);
}

static struct http_stream plain_stream(void)
{
    return (struct http_stream){
        .request = {.method = STR("GET"),
                    .target = STR("/a"),
                    .version = HTTP_1_1,
                    .peer = STR("127.0.0.1:12345")},
        .response = {.status = 200},
        .started_us = clock_mono_us(),
    };
}

static void set_agent(struct http_stream *stream, struct str agent)
{
    struct http_field_line line = {FIELD_USER_AGENT, STR("User-Agent"), agent};
    http_fields_add(&stream->request.fields, &arena, &line);
}

/* The line for one request. */
static struct str line_of(const struct http_stream *stream, uint64_t sent_bytes, bool is_complete)
{
    struct access_lines lines;
    assert_int_equal(ftruncate(log_file.fd, 0), 0);
    assert_int_equal(lseek(log_file.fd, 0, SEEK_SET), 0);
    access_lines_init(&lines, &log_file, loop);
    access_lines_add(&lines, stream, sent_bytes, is_complete);
    access_lines_done(&lines);
    return content_of(log_file.fd);
}

#define BEFORE "127.0.0.1 - [1994-11-06T08:49:37Z] "

TEST(line_tells_all_of_a_request)
{
    struct http_stream stream = plain_stream();
    set_agent(&stream, STR("curl/8.0"));
    stream.started_us -= 1002003;
    check_str("plain", line_of(&stream, 12345, true),
              BEFORE "\"GET /a HTTP/1.1\" 200 12345 1.002003 \"curl/8.0\"\n");
    check_str("aborted", line_of(&stream, 7, false),
              BEFORE "\"GET /a HTTP/1.1\" 200 7 aborted 1.002003 \"curl/8.0\"\n");
    const struct davit_ms_verdict verdict = {
        .success_count = 98, .failure_count = 1, .failures = {{.status = 423, .count = 2}}};
    stream.response = (struct http_response){.status = 207, .verdict = &verdict};
    check_str("207", line_of(&stream, 0, true),
              BEFORE "\"GET /a HTTP/1.1\" 207(ok=98,423=2) 0 1.002003 \"curl/8.0\"\n");
    stream.response = (struct http_response){
        .status = 207, .origins = STR("http://a/b/ 301 0.001000 http://c/\" REFUSED 0.000001")};
    check_str("asked of origins", line_of(&stream, 0, true),
              BEFORE "\"GET /a HTTP/1.1\" 207 0 1.002003 \"curl/8.0\" "
                     "http://a/b/ 301 0.001000 http://c/\\x22 REFUSED 0.000001\n");
    stream.response = (struct http_response){.status = 200, .user = STR("ann of \"a\"")};
    check_str("signed in", line_of(&stream, 0, true),
              "127.0.0.1 ann\\x20of\\x20\\x22a\\x22 [1994-11-06T08:49:37Z] "
              "\"GET /a HTTP/1.1\" 200 0 1.002003 \"curl/8.0\"\n");
}

TEST(line_of_a_request_that_could_not_be_read)
{
    struct http_stream stream = {.request = {.peer = STR("[2001:db8::1]:1")},
                                 .response = {.status = 400},
                                 .started_us = clock_mono_us()};
    check_str("none", line_of(&stream, 0, true),
              "[2001:db8::1] - [1994-11-06T08:49:37Z] \"- - HTTP/1.0\" 400 0 0.000000 \"\"\n");
}

TEST(line_names_the_version)
{
    static const struct {
        enum http_version version;
        const char *text;
    } rows[] = {{HTTP_1_0, "\"GET /a HTTP/1.0\""},
                {HTTP_1_1, "\"GET /a HTTP/1.1\""},
                {HTTP_2, "\"GET /a HTTP/2\""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_stream stream = plain_stream();
        stream.request.version = rows[i].version;
        struct str line = str_from(line_of(&stream, 0, true), strlen(BEFORE));
        check_str(rows[i].text, str_first(line, strlen(rows[i].text)), rows[i].text);
    }
}

/* No client can end its line or its quotes, or steer a terminal. */
TEST(line_quotes_what_a_client_chose)
{
    static const struct {
        const char *sent, *logged;
    } rows[] = {
        {"/a b", "/a b"},
        {"/\"", "/\\x22"},
        {"/\\", "/\\x5c"},
        {"/\x1b[2J", "/\\x1b[2J"},
        {"/\r\n127.0.0.1 forged", "/\\x0d\\x0a127.0.0.1 forged"},
        {"/\xc3\xa4\x7f\xff", "/\\xc3\\xa4\\x7f\\xff"},
        {"/%22", "/%22"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char expected[256];
        struct http_stream stream = plain_stream();
        stream.request.method = stream.request.target = str_of_c(rows[i].sent);
        set_agent(&stream, str_of_c(rows[i].sent));
        snprintf(expected, sizeof(expected), BEFORE "\"%s %s HTTP/1.1\" 200 0 0.000000 \"%s\"\n",
                 rows[i].logged, rows[i].logged, rows[i].logged);
        check_str(rows[i].sent, line_of(&stream, 0, true), expected);
    }
}

/* --- when they are written --- */

static void stop_loop(struct task *task)
{
    (void)task; /* there is one */
    loop_stop(loop);
}

TEST(lines_of_a_turn_are_written_at_its_end)
{
    struct access_lines lines;
    struct task end = {.run = stop_loop};
    const struct http_stream stream = plain_stream();
    access_lines_init(&lines, &log_file, loop);
    access_lines_add(&lines, &stream, 1, true);
    access_lines_add(&lines, &stream, 2, true);
    assert_int_equal(content_of(log_file.fd).len, 0);
    loop_queue(loop, &end);
    loop_run(loop);
    check_str("two", content_of(log_file.fd),
              BEFORE "\"GET /a HTTP/1.1\" 200 1 0.000000 \"\"\n" BEFORE
                     "\"GET /a HTTP/1.1\" 200 2 0.000000 \"\"\n");
    access_lines_done(&lines);
}

TEST(lines_do_not_pile_up)
{
    enum { LONG = 40000 };
    struct access_lines lines;
    struct buf target = {0};
    struct http_stream stream = plain_stream();
    for (size_t i = 0; i < LONG; i++)
        buf_add_char(&target, 'x');
    stream.request.target = buf_str(&target);
    access_lines_init(&lines, &log_file, loop);
    access_lines_add(&lines, &stream, 1, true);
    assert_int_equal(content_of(log_file.fd).len, 0);
    access_lines_add(&lines, &stream, 2, true);
    assert_true(content_of(log_file.fd).len > 2 * LONG);
    assert_int_equal(lines.lines.len, 0);
    access_lines_done(&lines);
    buf_done(&target);
}

/* A full disk loses lines, and nothing else. */
TEST(lines_that_cannot_be_written_are_dropped)
{
    struct access_log full = {.file = "-", .fd = open("/dev/full", O_WRONLY | O_CLOEXEC)};
    struct access_lines lines;
    const struct http_stream stream = plain_stream();
    assert_true(full.fd >= 0);
    access_lines_init(&lines, &full, loop);
    access_lines_add(&lines, &stream, 1, true);
    access_lines_done(&lines);
    assert_int_equal(lines.lines.len, 0);
    close(full.fd);
}

TEST(lines_are_not_made_without_a_log)
{
    struct access_log none;
    struct err err = {0};
    struct access_lines lines;
    const struct http_stream stream = plain_stream();
    assert_true(access_log_open(&none, NULL, &err));
    access_lines_init(&lines, &none, loop);
    access_lines_add(&lines, &stream, 1, true);
    assert_int_equal(lines.lines.len, 0);
    access_lines_done(&lines);
    access_log_reopen(&none);
    access_log_close(&none);
}

/* --- the file --- */

static char folder[] = "/tmp/davit-log-XXXXXX", path[64], moved[64];

static int make_folder(void **state)
{
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/log", folder);
    snprintf(moved, sizeof(moved), "%s/log.1", folder);
    return start(state);
}

static int remove_folder(void **state)
{
    (void)unlink(path);  /* it may not be there */
    (void)unlink(moved); /* likewise */
    (void)rmdir(folder);
    return stop(state);
}

static void add_line(struct access_log *log)
{
    struct access_lines lines;
    const struct http_stream stream = plain_stream();
    access_lines_init(&lines, log, loop);
    access_lines_add(&lines, &stream, 1, true);
    access_lines_done(&lines);
}

static off_t size_of(const char *file)
{
    struct stat stat;
    assert_int_equal(lstat(file, &stat), 0);
    return stat.st_size;
}

TEST(log_goes_on_where_it_was)
{
    struct access_log log;
    struct err err = {0};
    struct stat stat;
    assert_true(access_log_open(&log, path, &err));
    add_line(&log);
    access_log_close(&log);
    assert_int_equal(log.fd, -1);
    off_t size = size_of(path);
    assert_true(access_log_open(&log, path, &err));
    add_line(&log);
    access_log_close(&log);
    assert_int_equal(size_of(path), 2 * size);
    assert_int_equal(lstat(path, &stat), 0);
    assert_int_equal(stat.st_mode & 07, 0); /* not for everybody */
}

TEST(log_is_opened_anew_when_it_was_moved_away)
{
    struct access_log log;
    struct err err = {0};
    assert_true(access_log_open(&log, path, &err));
    add_line(&log);
    off_t size = size_of(path);
    assert_int_equal(rename(path, moved), 0);
    add_line(&log);
    assert_int_equal(size_of(moved), 2 * size);
    int fd = log.fd;
    access_log_reopen(&log);
    assert_int_equal(log.fd, fd); /* loops that are writing need not be told */
    add_line(&log);
    assert_int_equal(size_of(moved), 2 * size);
    assert_int_equal(size_of(path), size);
    access_log_close(&log);
}

TEST(log_keeps_the_old_file_where_there_is_no_new_one)
{
    struct access_log log;
    struct err err = {0};
    assert_true(access_log_open(&log, path, &err));
    assert_int_equal(rename(path, moved), 0);
    assert_int_equal(mkdir(path, 0700), 0); /* cannot be written to */
    access_log_reopen(&log);                /* says so on stderr */
    add_line(&log);
    assert_true(size_of(moved) > 0);
    access_log_close(&log);
    assert_int_equal(rmdir(path), 0);
}

TEST(log_that_cannot_be_opened_says_why)
{
    struct access_log log;
    struct err err = {0};
    assert_false(access_log_open(&log, folder, &err));
    assert_int_equal(err.code, EISDIR);
    assert_non_null(strstr(err.text, folder));
}

TEST(log_to_standard_output_leaves_it_open)
{
    struct access_log log;
    struct err err = {0};
    assert_true(access_log_open(&log, "-", &err));
    assert_int_equal(log.fd, STDOUT_FILENO);
    access_log_reopen(&log);
    access_log_close(&log);
    assert_true(fcntl(STDOUT_FILENO, F_GETFD) >= 0);
}

#define FILE_TEST(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOG_TEST(line_tells_all_of_a_request),
        LOG_TEST(line_of_a_request_that_could_not_be_read),
        LOG_TEST(line_names_the_version),
        LOG_TEST(line_quotes_what_a_client_chose),
        LOG_TEST(lines_of_a_turn_are_written_at_its_end),
        LOG_TEST(lines_do_not_pile_up),
        LOG_TEST(lines_that_cannot_be_written_are_dropped),
        LOG_TEST(lines_are_not_made_without_a_log),
        FILE_TEST(log_goes_on_where_it_was),
        FILE_TEST(log_is_opened_anew_when_it_was_moved_away),
        FILE_TEST(log_keeps_the_old_file_where_there_is_no_new_one),
        FILE_TEST(log_that_cannot_be_opened_says_why),
        FILE_TEST(log_to_standard_output_leaves_it_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
