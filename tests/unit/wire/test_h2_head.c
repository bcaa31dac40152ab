#include "support/test.h"

#include "wire/h2_head.h"

#define LINES ":method: GET\n:scheme: http\n:path: /a?b\n:authority: h:80\n"

static struct arena arena;
static struct limits limits;
static struct http_stream stream;
static struct h2_head head;

static int start(__attribute__((unused)) void **state)
{
    limits = limits_default();
    return 0;
}

static int forget(__attribute__((unused)) void **state)
{
    arena_done(&arena);
    return 0;
}

/* Takes "name: value" lines; the status of the refusal, or 0. */
static unsigned take(const char *lines, bool has_body)
{
    struct str rest = str_of_c(lines);
    stream = (struct http_stream){.arena = &arena};
    head = (struct h2_head){0};
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        size_t colon = 1 + str_index(str_from(line, 1), ':');
        h2_head_add(&head, &limits, &stream, str_first(line, colon), str_from(line, colon + 2));
    }
    if (h2_head_finish(&head, &limits, &stream, has_body))
        return 0;
    check_that(lines, head.refusal.text && *head.refusal.text);
    return head.refusal.status;
}

TEST(head_becomes_a_request)
{
    const struct http_request *request = &stream.request;
    check_int("taken", take(LINES "depth: 1\nx: y\n", false), 0);
    check_str("method", request->method, "GET");
    check_str("target", request->target, "/a?b");
    check_str("path", request->path, "/a");
    check_str("query", request->query, "b");
    check_str("host", request->host, "h");
    check_str("port", request->port, "80");
    check_int("version", request->version, HTTP_2);
    check_int("fields", request->fields.count, 2);
    check_str("depth", http_fields_get(&request->fields, FIELD_DEPTH), "1");
    check_that("body", !request->has_body && request->body_bytes == 0);
}

TEST(head_copies_what_it_is_given)
{
    char name[] = "depth";
    char value[] = "infinity";
    stream = (struct http_stream){.arena = &arena};
    head = (struct h2_head){0};
    h2_head_add(&head, &limits, &stream, str_of_c(name), str_of_c(value));
    memset(name, 'x', sizeof(name));
    memset(value, 'x', sizeof(value));
    check_str("value", http_fields_get(&stream.request.fields, FIELD_DEPTH), "infinity");
}

TEST(head_says_how_long_the_body_is)
{
    const struct http_request *request = &stream.request;
    check_int("unknown", take(LINES, true), 0);
    check_that("unknown", request->has_body && request->body_bytes == LENGTH_UNKNOWN);
    check_int("known", take(LINES "content-length: 7\n", true), 0);
    check_that("known", request->has_body && request->body_bytes == 7);
    check_int("empty", take(LINES "content-length: 0\n", true), 0);
    check_that("empty", request->has_body && request->body_bytes == 0);
    check_int("none", take(LINES "content-length: 0\n", false), 0);
    check_that("none", !request->has_body && request->body_bytes == 0);
    check_int("twice", take(LINES "content-length: 7\ncontent-length: 7\n", true), 400);
    check_int("no number", take(LINES "content-length: 7x\n", true), 400);
}

TEST(head_expects)
{
    check_int("continue", take(LINES "expect: 100-Continue\n", true), 0);
    check_that("continue", head.expects_continue);
    check_int("no body", take(LINES "expect: 100-continue\n", false), 0);
    check_that("no body", !head.expects_continue);
    check_int("other", take(LINES "expect: miracles\n", true), 417);
}

TEST(head_names_a_host)
{
    static const char no_host[] = ":method: GET\n:scheme: http\n:path: /\n";
    char lines[200];
    static const struct {
        const char *fields;
        unsigned status;
    } rows[] = {
        {"host: h\n", 0},
        {"host: h:1\n:authority: h:1\n", 0},
        {":authority: h\nhost: H\n", 0},
        {":authority: [::1]:80\n", 0},
        {"", 400},
        {"host: \n", 400},
        {"host: h\nhost: h\n", 400},
        {":authority: h\nhost: i\n", 400},
        {":authority: h\nhost: h:80\n", 400},
        {":authority: user@h\n", 400},
        {":authority: h/x\n", 400},
        {":authority: \n", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        snprintf(lines, sizeof(lines), "%s%s", no_host, rows[i].fields);
        check_int(rows[i].fields, take(lines, false), rows[i].status);
    }
}

TEST(head_has_a_target)
{
    static const struct {
        const char *lines;
        unsigned status;
    } rows[] = {
        {":method: OPTIONS\n:scheme: http\n:path: *\n:authority: h\n", 0},
        {":method: GET\n:scheme: http\n:path: *\n:authority: h\n", 400},
        {":method: GET\n:scheme: https\n:path: /\n:authority: h\n", 0},
        {":method: GET\n:scheme: ftp\n:path: /\n:authority: h\n", 400},
        {":method: GET\n:scheme: http\n:path: x\n:authority: h\n", 400},
        {":method: GET\n:scheme: http\n:path: /a b\n:authority: h\n", 400},
        {":method: GET\n:scheme: http\n:path: /a#b\n:authority: h\n", 400},
        {":method: CONNECT\n:authority: h:1\n", 0},
        {":method: CONNECT\n:authority: h/\n", 400},
        {":method: G T\n:scheme: http\n:path: /\n:authority: h\n", 400},
        {":method: \n:scheme: http\n:path: /\n:authority: h\n", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].lines, take(rows[i].lines, false), rows[i].status);
}

/* `length` bytes of `what` behind the usual lines. */
static unsigned take_long(const char *before, size_t length)
{
    struct buf lines = {0};
    buf_add(&lines, str_of_c(before));
    for (size_t i = 0; i < length; i++)
        buf_add_char(&lines, 'a');
    buf_add_char(&lines, '\n');
    unsigned status = take(buf_c(&lines), false);
    buf_done(&lines);
    return status;
}

TEST(head_is_bounded)
{
    static const char path[] = ":method: GET\n:scheme: http\n:authority: h\n:path: /";
    check_int("target", take_long(path, limits.target_bytes - 1), 0);
    check_int("target", take_long(path, limits.target_bytes), 414);
    check_int("target", take_long(path, limits.head_bytes), 414);
    check_str("not kept", stream.request.target, "");
    /* RFC 9113 §6.5.2: LINES are 7 + 3 + 7 + 4 + 5 + 4 + 10 + 4 and 4 * 32; "x" is 1 + 32. */
    size_t used = 172 + 33;
    check_int("bytes", take_long(LINES "x: ", limits.head_bytes - used), 0);
    check_int("bytes", take_long(LINES "x: ", limits.head_bytes - used + 1), 431);
    limits.field_count = 3;
    check_int("fields", take(LINES "a: b\na: b\na: b\n", false), 0);
    check_int("fields", take(LINES "a: b\na: b\na: b\na: b\n", false), 431);
    check_int("all are counted", head.fields, 8);
}

TEST(head_keeps_nothing_once_it_is_refused)
{
    limits.field_count = 1;
    check_int("refused", take(LINES "a: b\nc: d\ne: f\ng: h\n", false), 431);
    check_int("kept", stream.request.fields.count, 1);
}

TEST(head_of_malformed_fields)
{
    check_int("name", take(LINES "a b: c\n", false), 400);
    check_int("value", take(LINES "a: b\1c\n", false), 400);
}

int main(void)
{
#define IT(name) cmocka_unit_test_setup_teardown(name, start, forget)
    const struct CMUnitTest tests[] = {
        IT(head_becomes_a_request),
        IT(head_copies_what_it_is_given),
        IT(head_says_how_long_the_body_is),
        IT(head_expects),
        IT(head_names_a_host),
        IT(head_has_a_target),
        IT(head_is_bounded),
        IT(head_keeps_nothing_once_it_is_refused),
        IT(head_of_malformed_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
