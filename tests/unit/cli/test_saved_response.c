#include "support/test.h"

#include "cli/saved_response.h"

struct pass {
    struct saved_response saved;
    struct saved_response_sink sink;
    struct buf body;
};

static bool on_body(struct saved_response_sink *sink, struct str bytes)
{
    struct pass *pass = CONTAINER_OF(sink, struct pass, sink);
    buf_add(&pass->body, bytes);
    return true;
}

static void check_taken(const char *input, unsigned status, const char *method, const char *body)
{
    static const size_t steps[] = {1, 2, 5, SIZE_MAX / 2};
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        struct pass pass = {.sink.body = on_body};
        struct str rest = str_of_c(input);
        pass.saved.sink = &pass.sink;
        while (rest.len) {
            assert_true(saved_response_feed(&pass.saved, str_first(rest, steps[i])));
            rest = str_from(rest, steps[i]);
        }
        assert_true(saved_response_end(&pass.saved));
        check_str(input, buf_str(&pass.body), body);
        check_int(input, pass.saved.exchange.status, status);
        check_str(input, pass.saved.exchange.method, method);
        saved_response_done(&pass.saved);
        buf_done(&pass.body);
    }
}

#define ANSWER "HTTP/1.1 207 Multi-Status\r\nContent-Type: application/xml\r\n\r\n"

TEST(saved_tells_a_body_from_a_head)
{
    check_taken("", 0, "", "");
    check_taken("<a/>", 0, "", "<a/>");
    check_taken("  <a/>", 0, "", "  <a/>");
    check_taken("HTTP", 0, "", "HTTP");
    check_taken("plain words", 0, "", "plain words");
    check_taken("plain words\nand more", 0, "", "plain words\nand more");
    check_taken(ANSWER "<a/>", 207, "", "<a/>");
    check_taken("HTTP/1.1 207 Multi-Status\nX: y\n\n<a/>", 207, "", "<a/>");
    check_taken("HTTP/2 207 \r\nx: y\r\n\r\n<a/>", 207, "", "<a/>");
    check_taken("HTTP/1.1 207", 0, "", "HTTP/1.1 207"); /* a head that never ends */
}

TEST(saved_takes_the_last_of_several_heads)
{
    check_taken("HTTP/1.1 100 Continue\r\n\r\n" ANSWER "<a/>", 207, "", "<a/>");
    check_taken("HTTP/1.1 401 No\r\nWWW-Authenticate: x\r\n\r\n" ANSWER "<a/>", 207, "", "<a/>");
    check_taken(ANSWER, 207, "", "");
}

TEST(saved_takes_the_request_off)
{
    check_taken("PROPFIND /a HTTP/1.1\r\nHost: h\r\n\r\n" ANSWER "<a/>", 207, "PROPFIND", "<a/>");
    check_taken("PROPFIND /a HTTP/1.1\r\nContent-Length: 4\r\n\r\n<p/>" ANSWER "<a/>", 207,
                "PROPFIND", "<a/>");
    check_taken("PROPFIND /a HTTP/1.1\r\nContent-Length: 4\r\n\r\n<p/>\r\n\r\n" ANSWER "<a/>", 207,
                "PROPFIND", "<a/>");
}

TEST(saved_decodes_chunks_only_where_they_are)
{
#define CHUNKED "HTTP/1.1 207 M\r\nTransfer-Encoding: chunked\r\n\r\n"
    check_taken(CHUNKED "<a/>", 207, "", "<a/>");
    check_taken(CHUNKED "4\r\n<a/>\r\n0\r\n\r\n", 207, "", "<a/>");
    check_taken(CHUNKED "2;x=y\r\n<a\r\n2\r\n/>\r\n0\r\nT: x\r\n\r\nbehind", 207, "", "<a/>");
    check_taken(CHUNKED "4\r\n<a", 207, "", "<a");
    check_taken(CHUNKED "4\r\n<a/>xx", 207, "", "<a/>");
}

static bool stop(struct saved_response_sink *sink, struct str bytes)
{
    (void)sink, (void)bytes; /* wants nothing */
    return false;
}

TEST(saved_stops_where_nobody_listens)
{
    struct pass pass = {.sink.body = stop};
    pass.saved.sink = &pass.sink;
    assert_false(saved_response_feed(&pass.saved, STR(ANSWER "<a/> and more")));
    saved_response_done(&pass.saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_tells_a_body_from_a_head),
        cmocka_unit_test(saved_takes_the_last_of_several_heads),
        cmocka_unit_test(saved_takes_the_request_off),
        cmocka_unit_test(saved_decodes_chunks_only_where_they_are),
        cmocka_unit_test(saved_stops_where_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
