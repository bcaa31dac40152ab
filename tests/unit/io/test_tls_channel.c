#include "support/test.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>

#include "access/standalone.h"
#include "tls_peer.h"

enum { LONG_BYTES = 700000 };

static struct tls_files files;
static struct tls_options options;
static struct shared_state *shared; /* nothing but secrets */
static struct tls_server *server;
static struct peer peer;
static struct buf got;
static struct buf content;

static int start(__attribute__((unused)) void **state)
{
    struct err err;
    struct rng rng = {1};
    (void)signal(SIGPIPE, SIG_IGN); /* of the client, which is OpenSSL as it comes */
    files_init(&files);
    options = (struct tls_options){.pair_count = 1};
    shared = standalone_new((const size_t[SHARED_TABLES]){0});
    pair_of(&files, "a", "localhost", 30, &options.pairs[0]);
    server = tls_server_new(&options, shared, &err);
    assert_non_null(server);
    while (content.len < LONG_BYTES)
        buf_add_char(&content, (char)rng_next(&rng));
    peer_init(&peer, server);
    return 0;
}

static int stop(__attribute__((unused)) void **state)
{
    peer_done(&peer);
    tls_server_free(server);
    standalone_free(shared);
    files_done(&files);
    buf_done(&got);
    buf_done(&content);
    return 0;
}

static void small_buffers(void)
{
    int size = 4096;
    assert_int_equal(setsockopt(peer.channel->watch.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)),
                     0);
    assert_int_equal(setsockopt(peer.client_fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

TEST(tls_channel_passes_bytes_both_ways)
{
    assert_true(shake_hands(&peer));
    assert_true(peer.channel->is_secure);
    assert_null(peer.channel->client);
    client_to_channel(&peer, STR("request"), &got);
    check_str("to the channel", buf_str(&got), "request");
    buf_clear(&got);
    channel_to_client(&peer, STR("answer"), 100, &got);
    check_str("to the client", buf_str(&got), "answer");
}

TEST(tls_channel_passes_long_content_through_small_buffers)
{
    static const size_t steps[] = {SIZE_MAX, 65536, 16385, 16384, 16383, 5000};
    small_buffers();
    assert_true(shake_hands(&peer));
    client_to_channel(&peer, buf_str(&content), &got);
    check_that("to the channel", str_eq(buf_str(&got), buf_str(&content)));
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        buf_clear(&got);
        channel_to_client(&peer, buf_str(&content), steps[i], &got);
        check_that("to the client", str_eq(buf_str(&got), buf_str(&content)));
    }
}

TEST(tls_channel_passes_bytes_one_by_one)
{
    struct str part = str_first(buf_str(&content), 300);
    assert_true(shake_hands(&peer));
    channel_to_client(&peer, part, 1, &got);
    check_bytes("to the client", buf_str(&got), part);
    buf_clear(&got);
    for (size_t i = 0; i < part.len; i++)
        client_to_channel(&peer, str_of(part.at + i, 1), &got);
    check_bytes("to the channel", buf_str(&got), part);
}

TEST(tls_channel_speaks_1_2)
{
    SSL_set_max_proto_version(peer.client, TLS1_2_VERSION);
    assert_true(shake_hands(&peer));
    assert_int_equal(SSL_version(peer.client), TLS1_2_VERSION);
    client_to_channel(&peer, buf_str(&content), &got);
    check_that("to the channel", str_eq(buf_str(&got), buf_str(&content)));
    buf_clear(&got);
    channel_to_client(&peer, buf_str(&content), SIZE_MAX, &got);
    check_that("to the client", str_eq(buf_str(&got), buf_str(&content)));
}

TEST(tls_channel_receives_no_more_than_is_wanted)
{
    size_t len;
    char byte;
    assert_true(shake_hands(&peer));
    assert_int_equal(SSL_write(peer.client, "abc", 3), 3);
    meet(&peer);
    for (const char *expected = "abc"; *expected; expected++) {
        assert_true(peer.channel->may_read); /* OpenSSL holds the rest: no event will tell of it */
        assert_int_equal(channel_receive(peer.channel, &byte, 1, &len), CHANNEL_OK);
        assert_int_equal(byte, *expected);
    }
    assert_int_equal(channel_receive(peer.channel, &byte, 1, &len), CHANNEL_AGAIN);
    assert_false(peer.channel->may_read);
}

TEST(tls_channel_skips)
{
    size_t len = 0;
    size_t skipped = 0;
    assert_true(shake_hands(&peer));
    assert_int_equal(SSL_write(peer.client, content.at, 40000), 16384); /* a record at a time */
    assert_int_equal(SSL_write(peer.client, content.at, 100), 100);
    meet(&peer);
    while (channel_skip(peer.channel, 1 << 20, &len) == CHANNEL_OK)
        skipped += len;
    assert_int_equal(skipped, 16484);
}

TEST(tls_channel_reports_only_what_has_left)
{
    size_t sent = 0;
    size_t len;
    small_buffers();
    assert_true(shake_hands(&peer));
    meet(&peer);
    struct str bytes = buf_str(&content);
    while (channel_send(peer.channel, str_from(bytes, sent), false, &len) == CHANNEL_OK)
        sent += len;
    assert_true(sent > 0 && sent < bytes.len);
    assert_false(peer.channel->may_write);
    channel_close(&peer.channel, false);
    client_read(&peer, SIZE_MAX, &got);
    /* The last record may have left in part; then nothing of it can be read. */
    check_that("no more than what was taken", got.len <= sent + 65536);
    check_that("and no less", got.len + SSL3_RT_MAX_PLAIN_LENGTH > sent);
    check_that("as it was", str_eq(buf_str(&got), str_first(bytes, got.len)));
    /* Something is missing, and the client can tell. */
    assert_int_equal(SSL_get_shutdown(peer.client) & SSL_RECEIVED_SHUTDOWN, 0);
}

static bool ends_in_order(void)
{
    client_read(&peer, SIZE_MAX, &got);
    return SSL_get_shutdown(peer.client) & SSL_RECEIVED_SHUTDOWN;
}

TEST(tls_channel_says_that_nothing_is_missing)
{
    assert_true(shake_hands(&peer));
    channel_to_client(&peer, STR("answer"), 100, &got);
    channel_shut(peer.channel);
    assert_true(ends_in_order());
    check_str("the answer", buf_str(&got), "answer");
    buf_clear(&got);
    client_to_channel(&peer, STR("more"), &got); /* our side alone is closed */
    SSL_shutdown(peer.client);
    channel_read(&peer, SIZE_MAX, &got);
    check_str("the rest", buf_str(&got), "more");
}

TEST(tls_channel_says_so_when_it_is_closed)
{
    assert_true(shake_hands(&peer));
    channel_close(&peer.channel, false);
    assert_true(ends_in_order());
}

TEST(tls_channel_does_not_say_so_when_it_is_reset)
{
    assert_true(shake_hands(&peer));
    channel_close(&peer.channel, true);
    assert_false(ends_in_order());
}

/* Also when the socket has no room for it at once. */
TEST(tls_channel_says_it_when_there_is_room)
{
    size_t len;
    assert_true(shake_hands(&peer));
    meet(&peer);
    assert_int_equal(channel_send(peer.channel, str_of(content.at, 10000), false, &len),
                     CHANNEL_OK);
    assert_int_equal(len, 10000);
    small_buffers(); /* which are full now */
    channel_shut(peer.channel);
    client_read(&peer, 10000, &got);
    client_take(&peer, &got);
    assert_int_equal(SSL_get_shutdown(peer.client), 0);
    meet(&peer);
    assert_true(ends_in_order());
    assert_int_equal(got.len, 10000);
}

TEST(tls_channel_may_answer_a_client_that_only_ended_its_side)
{
    size_t len;
    char byte;
    assert_true(shake_hands(&peer));
    assert_int_equal(SSL_write(peer.client, "x", 1), 1);
    assert_int_equal(shutdown(peer.client_fd, SHUT_WR), 0); /* without a close_notify */
    channel_read(&peer, SIZE_MAX, &got);
    check_str("received", buf_str(&got), "x");
    assert_int_equal(channel_receive(peer.channel, &byte, 1, &len), CHANNEL_END);
    buf_clear(&got);
    channel_to_client(&peer, STR("answer"), 100, &got);
    check_str("answer", buf_str(&got), "answer");
}

TEST(tls_channel_tells_of_a_client_that_has_gone)
{
    size_t len;
    assert_true(shake_hands(&peer));
    close(peer.client_fd);
    peer.client_fd = -1;
    meet(&peer);
    channel_read(&peer, SIZE_MAX, &got);
    assert_int_equal(got.len, 0);
    assert_int_equal(channel_send(peer.channel, STR("x"), false, &len), CHANNEL_FAILED);
    assert_int_equal(channel_send(peer.channel, STR("x"), false, &len), CHANNEL_FAILED);
}

TEST(tls_channel_ends_when_a_record_was_tampered_with)
{
    static const char record[] = "\x17\x03\x03\x00\x20 thirty-two bytes of no meaning..";
    size_t len;
    assert_true(shake_hands(&peer));
    assert_int_equal(send(peer.client_fd, record, 37, 0), 37);
    channel_read(&peer, SIZE_MAX, &got);
    assert_int_equal(got.len, 0);
    assert_true(peer.channel->has_failed);
    assert_int_equal(channel_send(peer.channel, STR("x"), false, &len), CHANNEL_FAILED);
}

TEST(tls_channel_follows_new_keys)
{
    assert_true(shake_hands(&peer));
    for (int i = 0; i < 5; i++) {
        buf_clear(&got);
        assert_int_equal(SSL_key_update(peer.client, SSL_KEY_UPDATE_REQUESTED), 1);
        client_to_channel(&peer, STR("request"), &got);
        check_str("request", buf_str(&got), "request");
        buf_clear(&got);
        channel_to_client(&peer, STR("answer"), 100, &got);
        check_str("answer", buf_str(&got), "answer");
    }
}

/* A KeyUpdate is answered; where there is no room for that, reading waits and nothing is lost. */
TEST(tls_channel_reads_on_when_there_is_room_to_write)
{
    size_t sent = 0;
    size_t len;
    small_buffers();
    assert_true(shake_hands(&peer));
    meet(&peer);
    struct str bytes = buf_str(&content);
    while (channel_send(peer.channel, str_from(bytes, sent), false, &len) == CHANNEL_OK)
        sent += len;
    assert_int_equal(SSL_key_update(peer.client, SSL_KEY_UPDATE_REQUESTED), 1);
    struct buf back = {0};
    for (int i = 0; back.len < 7; i++) {
        assert_true(i < 10000);
        ERR_clear_error();
        if (i == 0)
            assert_int_equal(SSL_write(peer.client, "request", 7), 7);
        meet(&peer);
        if (channel_receive(peer.channel, buf_reserve(&back, 100), 100, &len) == CHANNEL_OK)
            back.len += len;
        if (channel_send(peer.channel, str_from(bytes, sent), false, &len) == CHANNEL_OK)
            sent += len;
        client_take(&peer, &got);
    }
    check_str("request", buf_str(&back), "request");
    buf_done(&back);
    size_t want = sent;
    for (int i = 0; got.len < want; i++) {
        assert_true(i < 10000);
        meet(&peer);
        if (sent < bytes.len &&
            channel_send(peer.channel, str_from(bytes, sent), false, &len) == CHANNEL_OK)
            sent += len;
        client_take(&peer, &got);
    }
    check_that("as it was", str_eq(buf_str(&got), str_first(bytes, got.len)));
}

TEST(tls_channel_refuses_renegotiation)
{
    SSL_set_max_proto_version(peer.client, TLS1_2_VERSION);
    assert_true(shake_hands(&peer));
    assert_int_equal(SSL_renegotiate(peer.client), 1);
    for (int i = 0; i < 4; i++) {
        ERR_clear_error();
        (void)SSL_do_handshake(peer.client);
        meet(&peer);
        size_t len;
        char byte;
        enum channel_rc rc = channel_receive(peer.channel, &byte, 1, &len);
        assert_int_not_equal(rc, CHANNEL_OK);
    }
    assert_true(SSL_in_init(peer.client)); /* there was no second handshake */
}

TEST(tls_channel_refuses_1_1)
{
    SSL_set_security_level(peer.client, 0);
    SSL_set_min_proto_version(peer.client, TLS1_1_VERSION);
    SSL_set_max_proto_version(peer.client, TLS1_1_VERSION);
    assert_false(shake_hands(&peer));
    assert_string_not_equal(peer.err.text, "");
}

/* --- handshakes that come to nothing --- */

static enum channel_rc shake_with(const char *bytes, size_t len)
{
    assert_int_equal(send(peer.client_fd, bytes, len, 0), (ssize_t)len);
    meet(&peer);
    assert_true(tls_channel_can_handshake(peer.channel));
    return tls_channel_handshake(peer.channel, &peer.err);
}

TEST(tls_channel_recognises_http)
{
    static const struct {
        const char *bytes;
        bool is_http;
    } rows[] = {
        {"GET / HTTP/1.1\r\n", true},
        {"PROPFIND / HTTP/1.1\r\n", true},
        {"PUT /x HTTP/1.1\r\n", true},
        {"OPTIONS * HTTP/1.1\r\n", true},
        {"\x16\x02\x01\x01\x05hello", false},
        {"SSH\x01-2.0-x\r\n", false},
        {"\r\n\r\n\r\n", false},
        {"get / http/1.1\r\n", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (i > 0) {
            peer_done(&peer);
            peer_init(&peer, server);
        }
        check_int(rows[i].bytes, shake_with(rows[i].bytes, strlen(rows[i].bytes)), CHANNEL_FAILED);
        check_int(rows[i].bytes, tls_channel_got_http(peer.channel), rows[i].is_http);
    }
}

TEST(tls_channel_gives_the_socket_back)
{
    assert_int_equal(shake_with("GET / HTTP/1.1\r\n\r\n", 18), CHANNEL_FAILED);
    int fd = tls_channel_give_socket(&peer.channel);
    assert_null(peer.channel);
    assert_int_equal(send(fd, "plain", 5, 0), 5);
    char text[8] = "";
    assert_int_equal(recv(peer.client_fd, text, sizeof(text), 0), 5); /* and no alert before it */
    assert_string_equal(text, "plain");
    close(fd);
}

TEST(tls_channel_waits_for_the_rest_of_a_handshake)
{
    size_t len;
    char hello[2048];
    BIO *bio = BIO_new(BIO_s_mem());
    SSL_set_bio(peer.client, NULL, NULL);
    SSL_set0_wbio(peer.client, bio);
    SSL_set0_rbio(peer.client, BIO_new(BIO_s_mem()));
    (void)SSL_do_handshake(peer.client);
    assert_int_equal(BIO_read_ex(bio, hello, sizeof(hello), &len), 1);
    for (size_t i = 0; i + 1 < len; i++)
        check_int("a byte", shake_with(hello + i, 1), CHANNEL_AGAIN);
    char answer;
    assert_int_equal(recv(peer.client_fd, &answer, 1, 0), -1);
    check_int("the last byte", shake_with(hello + len - 1, 1), CHANNEL_AGAIN);
    assert_int_equal(recv(peer.client_fd, &answer, 1, 0), 1);
    assert_false(tls_channel_can_handshake(peer.channel));
    close(peer.client_fd);
    peer.client_fd = -1;
    meet(&peer);
    assert_true(tls_channel_can_handshake(peer.channel));
    check_int("the end", tls_channel_handshake(peer.channel, &peer.err), CHANNEL_FAILED);
}

TEST(tls_channel_can_be_closed_before_its_handshake)
{
    channel_close(&peer.channel, false);
    assert_false(shake_with == NULL);
    client_read(&peer, SIZE_MAX, &got);
    assert_int_equal(got.len, 0);
}

TEST(tls_channel_keeps_events_while_it_is_lent)
{
    tls_channel_lend(peer.channel);
    ERR_clear_error();
    (void)SSL_do_handshake(peer.client);
    meet(&peer);
    assert_false(peer.ready.is_queued);
    assert_false(tls_channel_can_handshake(peer.channel));
    tls_channel_take_back(peer.channel);
    assert_true(peer.ready.is_queued);
    assert_true(tls_channel_can_handshake(peer.channel));
    assert_true(shake_hands(&peer));
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        ROW(tls_channel_passes_bytes_both_ways),
        ROW(tls_channel_passes_long_content_through_small_buffers),
        ROW(tls_channel_passes_bytes_one_by_one),
        ROW(tls_channel_speaks_1_2),
        ROW(tls_channel_receives_no_more_than_is_wanted),
        ROW(tls_channel_skips),
        ROW(tls_channel_reports_only_what_has_left),
        ROW(tls_channel_says_that_nothing_is_missing),
        ROW(tls_channel_says_so_when_it_is_closed),
        ROW(tls_channel_does_not_say_so_when_it_is_reset),
        ROW(tls_channel_says_it_when_there_is_room),
        ROW(tls_channel_may_answer_a_client_that_only_ended_its_side),
        ROW(tls_channel_tells_of_a_client_that_has_gone),
        ROW(tls_channel_ends_when_a_record_was_tampered_with),
        ROW(tls_channel_follows_new_keys),
        ROW(tls_channel_reads_on_when_there_is_room_to_write),
        ROW(tls_channel_refuses_renegotiation),
        ROW(tls_channel_refuses_1_1),
        ROW(tls_channel_recognises_http),
        ROW(tls_channel_gives_the_socket_back),
        ROW(tls_channel_waits_for_the_rest_of_a_handshake),
        ROW(tls_channel_can_be_closed_before_its_handshake),
        ROW(tls_channel_keeps_events_while_it_is_lent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
