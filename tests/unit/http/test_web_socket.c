#include "http/web_socket.h"

#include "support/test.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ==" /* RFC 6455 §1.3 */

static struct arena arena;
static struct budget sockets;

/* The status, and what the answer's fields say: "101 Upgrade:websocket ...". */
static void check_method(const char *method, const char *lines, enum http_version version,
                         const char *expected)
{
    struct http_stream stream = {.arena = &arena, .sockets = &sockets};
    struct socket_user user = {0};
    struct buf said = {0};
    const char *why = NULL;
    stream.request.version = version;
    stream.request.method = str_of_c(method);
    for (struct str rest = str_of_c(lines); rest.len;) {
        struct str value = str_cut(&rest, '\n');
        struct str name = str_cut(&value, ':');
        struct http_field_line line = {http_field_find(name), name, str_trim(value)};
        http_fields_add(&stream.request.fields, &arena, &line);
    }
    enum http_status status = web_socket_offer(&stream, &user, &why);
    buf_addf(&said, "%u", (unsigned)status);
    for (size_t i = 0; i < stream.response.fields.count; i++) {
        struct http_field_line line = stream.response.fields.lines[i];
        buf_addf(&said, " %.*s:%.*s", STR_ARGS(line.name), STR_ARGS(line.value));
    }
    bool is_socket = status == HTTP_SWITCHING_PROTOCOLS;
    check_str(lines, buf_str(&said), expected);
    check_that(lines, stream.response.socket_user == (is_socket ? &user : NULL));
    check_that(lines, is_socket == (why == NULL));
    check_int(lines, atomic_load(&sockets.taken), is_socket ? 1 : 0);
    budget_give(&sockets, is_socket ? 1 : 0);
    buf_done(&said);
    arena_reset(&arena);
}

static void check_offer(const char *lines, enum http_version version, const char *expected)
{
    check_method("GET", lines, version, expected);
}

#define ASKED "Connection: Upgrade\nUpgrade: websocket\n"
#define NEEDS " Upgrade:websocket Sec-WebSocket-Version:13"

TEST(web_socket_is_offered)
{
    sockets.max = 1;
    const char *accepted =
        "101 Upgrade:websocket Sec-WebSocket-Accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    check_offer(ASKED "Sec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 13", HTTP_1_1, accepted);
    check_offer("Connection: keep-alive, upgrade\nUpgrade: WebSocket\nSec-WebSocket-Key: " KEY
                "\nSec-WebSocket-Version: 13",
                HTTP_1_1, accepted);
    check_offer(
        "Upgrade: h2c, websocket\nConnection: x\nConnection: UPGRADE\nSec-WebSocket-Key: " KEY
        "\nSec-WebSocket-Version: 13",
        HTTP_1_1, accepted);
}

TEST(web_socket_is_refused)
{
    sockets.max = 1;
    check_offer("", HTTP_1_1, "426" NEEDS);
    check_offer("Upgrade: websocket\nSec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 13",
                HTTP_1_1, "426" NEEDS);
    check_offer("Connection: Upgrade\nSec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 13",
                HTTP_1_1, "426" NEEDS);
    check_offer(ASKED "Sec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 8", HTTP_1_1,
                "426" NEEDS);
    check_offer(ASKED "Sec-WebSocket-Key: " KEY, HTTP_1_1, "426" NEEDS);
    check_offer(ASKED "Sec-WebSocket-Version: 13", HTTP_1_1, "400");
    check_offer(ASKED "Sec-WebSocket-Key: c2hvcnQ=\nSec-WebSocket-Version: 13", HTTP_1_1, "400");
    check_offer(ASKED "Sec-WebSocket-Key: ???\nSec-WebSocket-Version: 13", HTTP_1_1, "400");
    check_offer(ASKED "Sec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 13", HTTP_1_0, "400");
    check_offer(ASKED "Sec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 13", HTTP_2, "505");
    check_method("HEAD", ASKED "Sec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 13", HTTP_1_1,
                 "426" NEEDS); /* RFC 6455 §4.2.1 */
    sockets.max = 0;
    check_offer(ASKED "Sec-WebSocket-Key: " KEY "\nSec-WebSocket-Version: 13", HTTP_1_1, "503");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(web_socket_is_offered),
        cmocka_unit_test(web_socket_is_refused),
    };
    int rc = cmocka_run_group_tests_name("http/web_socket", tests, NULL, NULL);
    arena_done(&arena);
    return rc;
}
