#include "support/test.h"

#include "wire/h1_head.h"

/* What became of a head. */
struct outcome {
    unsigned status; /* of the refusal; 0: taken */
    size_t len;      /* of the head, when it is complete */
    enum h1_scan_rc scan;
    struct http_stream stream;
    struct h1_framing framing;
};

static struct arena arena;
static struct limits limits;

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

/* Feeds `bytes` in pieces of `step` bytes, as a connection would. */
static enum h1_scan_rc scan_in_steps(struct str bytes, size_t step, size_t *len,
                                     struct refusal *refusal)
{
    struct h1_scan scan = {0};
    for (size_t end = size_min(step, bytes.len);; end = size_min(end + step, bytes.len)) {
        enum h1_scan_rc rc = h1_scan(&scan, str_first(bytes, end), &limits, len, refusal);
        if (rc != H1_SCAN_MORE || end == bytes.len)
            return rc;
    }
}

static struct outcome take(struct str bytes)
{
    struct outcome outcome = {.stream = {.arena = &arena}};
    struct refusal refusal = {0};
    outcome.scan = scan_in_steps(bytes, SIZE_MAX / 2, &outcome.len, &refusal);
    for (size_t step = 1; step < 4; step++) { /* the split must not matter */
        struct refusal by_step = {0};
        size_t len = 0;
        check_int(bytes.at, scan_in_steps(bytes, step, &len, &by_step), outcome.scan);
        check_int(bytes.at, len, outcome.len);
        check_int(bytes.at, by_step.status, refusal.status);
    }
    if (outcome.scan == H1_SCAN_COMPLETE) {
        struct str head = arena_str(&arena, str_first(bytes, outcome.len));
        if (h1_parse_head(head, &limits, &outcome.stream, &outcome.framing, &refusal))
            refusal = (struct refusal){0};
        else
            check_that(bytes.at, refusal.text && *refusal.text);
    }
    outcome.status = refusal.status;
    return outcome;
}

static struct outcome take_c(const char *text)
{
    return take(str_of_c(text));
}

/* A request with these field lines and a Host. */
static struct outcome take_fields(const char *fields)
{
    char head[4096];
    snprintf(head, sizeof(head), "PUT /a HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
    return take(arena_str(&arena, str_of_c(head)));
}

/* --- the request line --- */

TEST(head_gives_the_parts_of_a_request)
{
    struct outcome got = take_c("PROPFIND /a%20b/?q=1 HTTP/1.1\r\n"
                                "Host: Example.com:8080\r\n"
                                "depth:1\r\n"
                                "X-Empty:\r\n"
                                "X-Padded: \t a  b \t \r\n"
                                "\r\nbody");
    const struct http_request *request = &got.stream.request;
    assert_int_equal(got.status, 0);
    assert_int_equal(got.len, strlen("PROPFIND /a%20b/?q=1 HTTP/1.1\r\nHost: Example.com:8080\r\n"
                                     "depth:1\r\nX-Empty:\r\nX-Padded: \t a  b \t \r\n\r\n"));
    check_str("method", request->method, "PROPFIND");
    check_str("target", request->target, "/a%20b/?q=1");
    check_str("path", request->path, "/a%20b/");
    check_str("query", request->query, "q=1");
    check_str("host", request->host, "Example.com");
    check_str("port", request->port, "8080");
    assert_int_equal(request->version, HTTP_1_1);
    assert_int_equal(request->fields.count, 4);
    check_str("depth", http_fields_get(&request->fields, FIELD_DEPTH), "1");
    check_str("name", request->fields.lines[2].name, "X-Empty");
    check_str("empty", request->fields.lines[2].value, "");
    check_str("padded", request->fields.lines[3].value, "a  b");
    assert_false(request->has_body);
    assert_int_equal(request->body_bytes, 0);
    assert_true(got.framing.keeps_alive);
    assert_false(got.framing.is_chunked);
    assert_false(got.framing.expects_continue);
}

TEST(head_takes_the_forms_of_a_target)
{
    static const struct {
        const char *line, *path, *query, *host, *port;
    } rows[] = {
        {"GET / HTTP/1.1", "/", "", "h", "81"},
        {"GET /? HTTP/1.1", "/", "", "h", "81"},
        {"GET /a?b?c HTTP/1.1", "/a", "b?c", "h", "81"},
        {"GET //a HTTP/1.1", "//a", "", "h", "81"}, /* absolute-path has empty segments */
        {"GET /http://x/ HTTP/1.1", "/http://x/", "", "h", "81"},
        {"GET /\xc3\xa4{|} HTTP/1.1", "/\xc3\xa4{|}", "", "h", "81"},
        {"OPTIONS * HTTP/1.1", "", "", "h", "81"},
        {"GET http://x/a?b HTTP/1.1", "/a", "b", "x", ""}, /* wins over Host */
        {"GET HTTPS://X:443 HTTP/1.1", "/", "", "X", "443"},
        {"GET http://[::1]:80/ HTTP/1.1", "/", "", "::1", "80"},
        {"GET http://x?y HTTP/1.1", "/", "y", "x", ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char head[256];
        snprintf(head, sizeof(head), "%s\r\nHost: h:81\r\n\r\n", rows[i].line);
        struct outcome got = take(arena_str(&arena, str_of_c(head)));
        check_int(rows[i].line, got.status, 0);
        check_str(rows[i].line, got.stream.request.path, rows[i].path);
        check_str(rows[i].line, got.stream.request.query, rows[i].query);
        check_str(rows[i].line, got.stream.request.host, rows[i].host);
        check_str(rows[i].line, got.stream.request.port, rows[i].port);
    }
}

TEST(head_refuses_a_request_line)
{
    static const struct {
        const char *line;
        unsigned status;
    } rows[] = {
        {"GET", 400},
        {"GET /", 400}, /* HTTP/0.9 */
        {"GET / ", 400},
        {"/ HTTP/1.1", 400},
        {"GET  / HTTP/1.1", 400},
        {"GET /  HTTP/1.1", 400},
        {"GET / HTTP/1.1 ", 400},
        {" GET / HTTP/1.1", 400},
        {"\tGET / HTTP/1.1", 400},
        {"GET\t/\tHTTP/1.1", 400},
        {"GET /a b HTTP/1.1", 400},
        {"GET /\tHTTP/1.1 HTTP/1.1", 400},
        {"GET / http/1.1", 400},
        {"GET / HTTP/1", 400},
        {"GET / HTTP/1.", 400},
        {"GET / HTTP/.1", 400},
        {"GET / HTTP/1.10", 400},
        {"GET / HTTP/01.1", 400},
        {"GET / HTTP/1.1x", 400},
        {"GET / HTTP/1,1", 400},
        {"GET / HTTP/a.1", 400},
        {"GET / HTTP/-.1", 400},
        {"GET / XTTP/1.1", 400},
        {"GET / HTTPS/1.1", 400},
        {"GET / HTTP/0.9", 505},
        {"GET / HTTP/2.0", 505},
        {"PRI * HTTP/2.0", 505}, /* HTTP/2's preface, to one who does not speak it */
        {"GET / HTTP/9.9", 505},
        {"G@T / HTTP/1.1", 400},
        {"GET: / HTTP/1.1", 400},
        {"\x80 / HTTP/1.1", 400},
        {"GET a HTTP/1.1", 400},
        {"GET ?a HTTP/1.1", 400},
        {"GET a/b HTTP/1.1", 400},
        {"GET * HTTP/1.1", 400},
        {"OPTIONS ** HTTP/1.1", 400},
        {"OPTIONS *? HTTP/1.1", 400},
        {"GET h:80 HTTP/1.1", 400},
        {"GET /#f HTTP/1.1", 400},
        {"GET http://x/#f HTTP/1.1", 400},
        {"GET http:// HTTP/1.1", 400},
        {"GET http:///a HTTP/1.1", 400},
        {"GET http:/a HTTP/1.1", 400},
        {"GET http://u@x/ HTTP/1.1", 400},
        {"GET http://u:p@x/ HTTP/1.1", 400},
        {"GET http://x:99999/ HTTP/1.1", 400},
        {"GET http://x:8o/ HTTP/1.1", 400},
        {"GET http://[::1/ HTTP/1.1", 400},
        {"GET ftp://x/ HTTP/1.1", 400},
        {"GET file:///etc/passwd HTTP/1.1", 400},
        {"GET ws://x/ HTTP/1.1", 400},
        {"GET //x/@y HTTP/1.1\rX: y", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char head[256];
        snprintf(head, sizeof(head), "%s\r\nHost: h\r\n\r\n", rows[i].line);
        check_int(rows[i].line, take(arena_str(&arena, str_of_c(head))).status, rows[i].status);
    }
}

TEST(head_knows_versions)
{
    static const struct {
        const char *version;
        enum http_version expected;
    } rows[] = {{"HTTP/1.0", HTTP_1_0},
                {"HTTP/1.1", HTTP_1_1},
                {"HTTP/1.2", HTTP_1_1},
                {"HTTP/1.9", HTTP_1_1}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char head[64];
        snprintf(head, sizeof(head), "GET / %s\r\nHost: h\r\n\r\n", rows[i].version);
        struct outcome got = take(arena_str(&arena, str_of_c(head)));
        check_int(rows[i].version, got.status, 0);
        check_int(rows[i].version, got.stream.request.version, rows[i].expected);
    }
}

/* One byte within each part, of every value. */
TEST(head_of_every_byte)
{
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        bool is_token = http_is_token_char(c);
        char method[] = "GE?T / HTTP/1.1\r\nHost: h\r\n\r\n";
        method[2] = c;
        check_int("method", take(str_of(method, sizeof(method) - 1)).status == 0, is_token);

        char target[] = "GET /a?b HTTP/1.1\r\nHost: h\r\n\r\n";
        target[6] = c;
        bool is_fine = byte > 0x20 && byte != 0x7f && byte != '#';
        check_int("target", take(str_of(target, sizeof(target) - 1)).status == 0, is_fine);

        char name[] = "GET / HTTP/1.1\r\nHost: h\r\nX?Y: z\r\n\r\n";
        name[26] = c;
        check_int("name", take(str_of(name, sizeof(name) - 1)).status == 0,
                  is_token || byte == ':');

        char value[] = "GET / HTTP/1.1\r\nHost: h\r\nX: y?z\r\n\r\n";
        value[29] = c;
        is_fine = (byte >= 0x20 && byte != 0x7f) || byte == '\t';
        check_int("value", take(str_of(value, sizeof(value) - 1)).status == 0, is_fine);
        arena_reset(&arena);
    }
}

/* --- lines, RFC 9112 §2.2 --- */

TEST(head_skips_empty_lines_before_the_request)
{
    struct outcome got = take_c("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next");
    assert_int_equal(got.status, 0);
    assert_int_equal(got.len, strlen("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"));
    check_str("method", got.stream.request.method, "GET");
    check_str("host", got.stream.request.host, "h");
}

TEST(head_waits_for_its_end)
{
    static const char head[] = "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n";
    for (size_t len = 0; len < sizeof(head) - 1; len++)
        assert_int_equal(take(str_of(head, len)).scan, H1_SCAN_MORE);
    assert_int_equal(take(STR(head)).scan, H1_SCAN_COMPLETE);
}

TEST(head_refuses_bare_cr_and_lf)
{
    static const char *const heads[] = {
        "\n",
        "GET / HTTP/1.1\n",
        "GET / HTTP/1.1\nHost: h\n\n",
        "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\nY: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\rY: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\r\n\r\n",
        "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n",
        "\r\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\n Content-Length: 5\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(heads); i++)
        check_int(heads[i], take_c(heads[i]).status, 400);
}

/* --- field lines, RFC 9112 §5 --- */

TEST(head_refuses_field_lines)
{
    static const char *const lines[] = {
        "X\r\n", /* no colon */
        "X y\r\n",
        ": y\r\n",   /* no name */
        "X : y\r\n", /* §5.1 */
        "X\t: y\r\n",
        " X: y\r\n", /* §5.2 */
        "\tX: y\r\n",
        "X: y\r\n z\r\n",
        "X: y\r\n\tz\r\n",
        "X: y\r\n \r\n",
        "X: y\x01\r\n",
        "X: \x7f\r\n",
        "X: y\x1b[2J\r\n",
        "X(: y\r\n",
        "X\": y\r\n",
        "X/Y: z\r\n",
        "X\xc3\xa4: y\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding\t: chunked\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(lines); i++)
        check_int(lines[i], take_fields(lines[i]).status, 400);
    assert_int_equal(take(str_of("GET / HTTP/1.1\r\nHost: h\r\nX: \0\r\n\r\n", 34)).status, 400);
    /* White space between the request line and the first field line: §2.2. */
    assert_int_equal(take_c("GET / HTTP/1.1\r\n Host: h\r\n\r\n").status, 400);
}

TEST(head_takes_odd_but_legal_field_lines)
{
    static const struct {
        const char *line, *value;
    } rows[] = {
        {"X:y\r\n", "y"},
        {"X:\r\n", ""},
        {"X:  \t\r\n", ""},
        {"X: a:b: c\r\n", "a:b: c"},
        {"X: \xff\xc3\xa4\r\n", "\xff\xc3\xa4"}, /* obs-text */
        {"X: \"a, b\"\r\n", "\"a, b\""},
        {"!#$%&'*+-.^_`|~0: y\r\n", "y"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct outcome got = take_fields(rows[i].line);
        check_int(rows[i].line, got.status, 0);
        check_str(rows[i].line, got.stream.request.fields.lines[1].value, rows[i].value);
    }
}

/* --- Host, RFC 9112 §3.2 --- */

TEST(head_wants_exactly_one_valid_host)
{
    static const struct {
        const char *head;
        unsigned status;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", 400},
        {"GET http://h/ HTTP/1.1\r\n\r\n", 400}, /* also with an absolute target */
        {"GET / HTTP/1.0\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400},
        {"GET / HTTP/1.0\r\nHost: h\r\nhOST: g\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h g\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h/a\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h:x\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: http://h\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost: [abc]\r\n\r\n", 400},
        {"GET http://x/ HTTP/1.1\r\nHost: h g\r\n\r\n", 400},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400}, /* an http URI has a host: RFC 9110 §4.2.1 */
        {"GET / HTTP/1.1\r\nHost: \t\r\n\r\n", 400},
        {"GET / HTTP/1.0\r\nHost:\r\n\r\n", 0},
        {"GET http://x/ HTTP/1.1\r\nHost:\r\n\r\n", 0}, /* the target has one */
        {"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 0},
        {"GET / HTTP/1.1\r\nHost: h.\r\n\r\n", 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].head, take_c(rows[i].head).status, rows[i].status);
    assert_int_equal(take_c("GET / HTTP/1.0\r\n\r\n").stream.request.host.len, 0);
}

/* --- the length of the body, RFC 9112 §6.3, and those who blur it --- */

TEST(head_knows_the_length_of_a_body)
{
    static const struct {
        const char *fields;
        bool has_body, is_chunked;
        uint64_t bytes;
    } rows[] = {
        {"", false, false, 0},
        {"Content-Length: 0\r\n", false, false, 0},
        {"Content-Length: 5\r\n", true, false, 5},
        {"content-length:5\r\n", true, false, 5},
        {"Content-Length: 005\r\n", true, false, 5},
        {"Content-Length: 9223372036854775807\r\n", true, false, INT64_MAX},
        {"Transfer-Encoding: chunked\r\n", true, true, LENGTH_UNKNOWN},
        {"transfer-encoding:\tCHUNKED \r\n", true, true, LENGTH_UNKNOWN},
        {"X-Transfer-Encoding: gzip\r\nContent-Lengthy: 7\r\n", false, false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct outcome got = take_fields(rows[i].fields);
        check_int(rows[i].fields, got.status, 0);
        check_int(rows[i].fields, got.stream.request.has_body, rows[i].has_body);
        check_int(rows[i].fields, got.stream.request.body_bytes, rows[i].bytes);
        check_int(rows[i].fields, got.framing.is_chunked, rows[i].is_chunked);
    }
}

TEST(head_refuses_lengths_that_two_could_read_differently)
{
    static const struct {
        const char *fields;
        unsigned status;
    } rows[] = {
        /* CL.TE and TE.CL */
        {"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", 400},
        {"Transfer-Encoding: chunked\r\nContent-Length: 6\r\n", 400},
        {"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400},
        {"Transfer-Encoding: identity\r\nContent-Length: 6\r\n", 400},
        {"Transfer-Encoding:\r\nContent-Length: 6\r\n", 400},
        /* TE.TE */
        {"Transfer-Encoding: xchunked\r\n", 400},
        {"Transfer-Encoding: chunkedx\r\n", 400},
        {"Transfer-Encoding: chunked x\r\n", 400},
        {"Transfer-Encoding: \"chunked\"\r\n", 400},
        {"Transfer-Encoding: 'chunked'\r\n", 400},
        {"Transfer-Encoding: chunked;q=1\r\n", 400},
        {"Transfer-Encoding: [chunked]\r\n", 400},
        {"Transfer-Encoding: \vchunked\r\n", 400},
        {"Transfer-Encoding: \xc2\xa0"
         "chunked\r\n",
         400},
        {"Transfer-Encoding: ch\xc3\xbcnked\r\n", 400},
        {"Transfer-Encoding: identity\r\n", 400},
        {"Transfer-Encoding: gzip\r\n", 400},
        {"Transfer-Encoding:\r\n", 400},
        {"Transfer-Encoding: \t \r\n", 400},
        {"Transfer-Encoding: ,\r\n", 400},
        {"Transfer-Encoding: chunked, identity\r\n", 400},
        {"Transfer-Encoding: chunked, gzip\r\n", 400}, /* chunked must be the last: §6.1 */
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n", 400},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
        {"Transfer-Encoding: chunked,\r\n", 400},
        {"Transfer-Encoding: gzip, chunked\r\n", 501},
        {"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 501},
        {"Transfer-Encoding: identity, chunked\r\n", 501},
        {"Transfer-Encoding: chunked, chunked\r\n", 501},
        {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 501},
        {"Transfer-Encoding: , chunked\r\n", 501},
        {"Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", 501},
        /* CL.CL */
        {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
        {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
        {"Content-Length: 5\r\ncontent-length: 0\r\n", 400},
        {"Content-Length: 5, 5\r\n", 400},
        {"Content-Length: 5,6\r\n", 400},
        {"Content-Length:\r\n", 400},
        {"Content-Length: +5\r\n", 400},
        {"Content-Length: -5\r\n", 400},
        {"Content-Length: -0\r\n", 400},
        {"Content-Length: 5.0\r\n", 400},
        {"Content-Length: 0x5\r\n", 400},
        {"Content-Length: 5a\r\n", 400},
        {"Content-Length: 5 5\r\n", 400},
        {"Content-Length: 1e3\r\n", 400},
        {"Content-Length: \"5\"\r\n", 400},
        {"Content-Length: ;5\r\n", 400},
        {"Content-Length: \v5\r\n", 400},
        {"Content-Length: 9223372036854775808\r\n", 400},
        {"Content-Length: 18446744073709551615\r\n", 400},
        {"Content-Length: 18446744073709551616\r\n", 400},
        {"Content-Length: 18446744073709551621\r\n", 400}, /* 5, were it to wrap */
        {"Content-Length: 99999999999999999999999999999999\r\n", 400},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int(rows[i].fields, take_fields(rows[i].fields).status, rows[i].status);
    /* §6.1: HTTP/1.0 knows no transfer codings. */
    assert_int_equal(take_c("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").status, 400);
    assert_int_equal(take_c("PUT / HTTP/1.0\r\nContent-Length: 5\r\n\r\n").status, 0);
}

/* --- Expect and Connection --- */

TEST(head_knows_expectations)
{
    static const struct {
        const char *head;
        unsigned status;
        bool expects_continue;
    } rows[] = {
        {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", 0, true},
        {"PUT / HTTP/1.1\r\nHost: h\r\nexpect: 100-Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
         0, true},
        {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", 0, false}, /* no body */
        {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", 0, false},
        {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100\r\n\r\n", 417, false},
        {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\n\r\n", 417, false},
        {"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue, x\r\n\r\n", 417, false},
        /* RFC 9110 §10.1.1: ignored in HTTP/1.0 */
        {"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n", 0, false},
        {"PUT / HTTP/1.0\r\nExpect: x\r\n\r\n", 0, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct outcome got = take_c(rows[i].head);
        check_int(rows[i].head, got.status, rows[i].status);
        check_int(rows[i].head, got.framing.expects_continue, rows[i].expects_continue);
    }
}

TEST(head_knows_whether_to_keep_the_connection)
{
    static const struct {
        const char *head;
        bool keeps_alive;
    } rows[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: TE, close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: TE\r\nConnection: close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n\r\n", false},
        {"GET / HTTP/1.1\r\nHost: h\r\nConnection: closed\r\n\r\n", true},
        {"GET / HTTP/1.0\r\n\r\n", false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive, TE\r\n\r\n", true},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct outcome got = take_c(rows[i].head);
        check_int(rows[i].head, got.status, 0);
        check_int(rows[i].head, got.framing.keeps_alive, rows[i].keeps_alive);
    }
}

/* --- limits --- */

/* A head with a method and a target of these lengths, and `fields` lines of ten bytes. */
static struct str long_head(size_t method_len, size_t target_len, size_t fields)
{
    struct buf head = {0};
    for (size_t i = 0; i < method_len; i++)
        buf_add_char(&head, 'M');
    BUF_ADD(&head, " /");
    for (size_t i = 1; i < target_len; i++)
        buf_add_char(&head, 'a');
    BUF_ADD(&head, " HTTP/1.1\r\nHost: h\r\n");
    for (size_t i = 0; i < fields; i++)
        BUF_ADD(&head, "X: 12345\r\n");
    BUF_ADD(&head, "\r\n");
    struct str copy = arena_str(&arena, buf_str(&head));
    buf_done(&head);
    return copy;
}

TEST(head_bounds_the_target)
{
    limits.target_bytes = 100;
    assert_int_equal(take(long_head(3, 100, 0)).status, 0);
    assert_int_equal(take(long_head(3, 101, 0)).status, 414);
    assert_int_equal(take(long_head(3, 2000, 0)).status, 414);
    /* Refused as soon as it can be known, not when the line ends. */
    struct str head = long_head(3, 2000, 0);
    assert_int_equal(take(str_first(head, 1000)).status, 414);
    /* A method can be too long as well, also when its line comes in one piece. */
    assert_int_equal(take(long_head(500, 1, 0)).status, 414);
}

TEST(head_bounds_the_number_of_fields)
{
    limits.field_count = 10; /* Host is one of them */
    assert_int_equal(take(long_head(3, 1, 9)).status, 0);
    assert_int_equal(take(long_head(3, 1, 10)).status, 431);
}

TEST(head_bounds_the_whole)
{
    size_t len = long_head(3, 1, 20).len;
    limits.head_bytes = len;
    assert_int_equal(take(long_head(3, 1, 20)).status, 0);
    limits.head_bytes = len - 1;
    assert_int_equal(take(long_head(3, 1, 20)).status, 431);
    assert_int_equal(take(long_head(3, 1, 120)).status, 431);
    struct str head = long_head(3, 1, 120);
    assert_int_equal(take(str_first(head, len + 5)).status, 431); /* without its end */
}

TEST(head_bounds_empty_lines)
{
    char lines[1000];
    for (size_t i = 0; i < sizeof(lines); i++)
        lines[i] = i % 2 ? '\n' : '\r';
    limits.head_bytes = 500;
    assert_int_equal(take(str_of(lines, 500)).scan, H1_SCAN_MORE);
    assert_int_equal(take(str_of(lines, 1000)).status, 431);
}

TEST(head_leaves_the_request_alone_when_it_is_refused)
{
    struct http_stream stream = {.arena = &arena,
                                 .request = {.method = STR("kept"), .peer = STR("peer")}};
    struct h1_framing framing = {.keeps_alive = true};
    struct refusal refusal;
    struct str head = STR("GET / HTTP/1.1\r\n\r\n");
    assert_false(h1_parse_head(head, &limits, &stream, &framing, &refusal));
    check_str("method", stream.request.method, "kept");
    assert_true(framing.keeps_alive);
    head = STR("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_true(h1_parse_head(head, &limits, &stream, &framing, &refusal));
    check_str("peer", stream.request.peer, "peer");
}

/* --- splits --- */

/* Heads put together from what heads are made of, many of them broken: take() checks for each that
 * no split of the bytes changes the result. */
TEST(head_is_the_same_however_it_is_split)
{
    static const char *const pieces[] = {
        "GET",
        " ",
        "/",
        "/a?b",
        " HTTP/1.1",
        "\r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        "Host",
        ":",
        " h",
        "Host: h\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\n",
        "X: y\r\n",
        "\t",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    struct rng rng = {8};
    size_t taken = 0;
    limits.head_bytes = 200;
    limits.target_bytes = 20;
    for (int turn = 0; turn < 20000; turn++) {
        struct buf head = {0};
        for (size_t count = 1 + rng_below(&rng, 10); count; count--)
            buf_add(&head, str_of_c(pieces[rng_below(&rng, ARRAY_LEN(pieces))]));
        taken += take(str_of(buf_c(&head), head.len)).scan == H1_SCAN_COMPLETE;
        buf_done(&head);
        arena_reset(&arena);
    }
    assert_true(taken > 500);
}

int main(void)
{
#define HEAD_TEST(name) cmocka_unit_test_setup_teardown(name, start, forget)
    const struct CMUnitTest tests[] = {
        HEAD_TEST(head_gives_the_parts_of_a_request),
        HEAD_TEST(head_takes_the_forms_of_a_target),
        HEAD_TEST(head_refuses_a_request_line),
        HEAD_TEST(head_knows_versions),
        HEAD_TEST(head_of_every_byte),
        HEAD_TEST(head_skips_empty_lines_before_the_request),
        HEAD_TEST(head_waits_for_its_end),
        HEAD_TEST(head_refuses_bare_cr_and_lf),
        HEAD_TEST(head_refuses_field_lines),
        HEAD_TEST(head_takes_odd_but_legal_field_lines),
        HEAD_TEST(head_wants_exactly_one_valid_host),
        HEAD_TEST(head_knows_the_length_of_a_body),
        HEAD_TEST(head_refuses_lengths_that_two_could_read_differently),
        HEAD_TEST(head_knows_expectations),
        HEAD_TEST(head_knows_whether_to_keep_the_connection),
        HEAD_TEST(head_bounds_the_target),
        HEAD_TEST(head_bounds_the_number_of_fields),
        HEAD_TEST(head_bounds_the_whole),
        HEAD_TEST(head_bounds_empty_lines),
        HEAD_TEST(head_leaves_the_request_alone_when_it_is_refused),
        HEAD_TEST(head_is_the_same_however_it_is_split),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
