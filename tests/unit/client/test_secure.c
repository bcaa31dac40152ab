/* Over TLS: whom the client believes, what it shows, and HTTP/2 as it is agreed on there. */
#include "asking.h"
#include "server.h"
#include "support/test.h"
#include "tls_peer.h"

#include <signal.h>
#include <stdlib.h>

#include "access/standalone.h"
#include "base/clock.h"
#include "base/mem.h"
#include "io/tls.h"
#include "wire/accept.h"

enum { MANY = 30 };

static struct server server;
static struct tls_files files;
static struct tls_options tls_options;
static struct tls_pair_files own;   /* the client's */
static struct tls_pair_files other; /* nobody's */
static struct shared_state *shared;
static struct endpoint endpoint;
static char origin[80];
static char other_origin[80]; /* the same by a name that is not in the certificate */

static void accept_all(struct watch *watch, uint32_t events)
{
    struct socket_address peer;
    int fd;
    (void)events; /* only one kind was asked for */
    while ((fd = socket_accept(watch->fd, &peer)) >= 0)
        wire_accept(&server.wire, fd, &peer, &endpoint, NULL);
}

/* A certificate for clients, which the server's own tool does not make. False: nor can openssl. */
static bool make_own(void)
{
    struct buf command = {0};
    own.certificate = file_of(&files, "client.crt", STR(""));
    own.key = file_of(&files, "client.key", STR(""));
    buf_addf(&command,
             "openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=client -out %s -keyout "
             "%s 2>/dev/null",
             own.certificate, own.key);
    int status = system(buf_c(&command));
    buf_done(&command);
    return status == 0;
}

static int start_server(void **state)
{
    char text[ADDRESS_TEXT_BYTES];
    struct err err = {0};
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* as every server does */
    files_init(&files);
    tls_options = (struct tls_options){.pair_count = 1, .offers_h2 = true};
    pair_of(&files, "server", "127.0.0.1", 30, &tls_options.pairs[0]);
    pair_of(&files, "other", "other", 30, &other);
    shared = standalone_new((const size_t[SHARED_TABLES]){0});
    endpoint.tls = tls_server_new(&tls_options, shared, &err);
    endpoint.handshake_pool = worker_pool_new(1, &err);
    if (!endpoint.tls || !endpoint.handshake_pool)
        fail_msg("%s", err.text);
    server_init(&server);
    server.listener.ready = accept_all;
    server_start(&server);
    clock_freeze(-1);                                           /* libcurl has a clock of its own */
    (void)address_format(&server.address, text);                /* its length */
    (void)snprintf(origin, sizeof(origin), "https://%s", text); /* fits */
    (void)snprintf(other_origin, sizeof(other_origin), "https://localhost%s",
                   strchr(text, ':')); /* fits */
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    server_stop(&server);
    worker_pool_free(endpoint.handshake_pool);
    tls_server_free(endpoint.tls);
    standalone_free(shared);
    files_done(&files);
    return 0;
}

static struct client_options trusting(void)
{
    return (struct client_options){
        .proxy = "", .connections_max = 8, .ca_file = tls_options.pairs[0].certificate};
}

static void check_end(const struct client_options *options, const char *where, enum call_end end)
{
    struct solo *solo = asking_client(options);
    struct asking asking;
    asking_init(&asking, solo, where, "/hello");
    asking_start(&asking);
    asking_end(&asking);
    check_int(asking.call.message, asking.call.end, end);
    check_int(asking.call.message, asking.call.status, end == CALL_ANSWERED ? 200 : 0);
    check_that(where, asking.call.was_sent || end != CALL_ANSWERED);
    asking_free(&asking);
    solo_free(solo);
}

TEST(server_is_believed_by_its_certificate)
{
    struct client_options options = trusting();
    check_end(&options, origin, CALL_ANSWERED);
    check_end(&options, other_origin, CALL_TLS_NAME);
    options.ca_file = other.certificate; /* which has signed itself alone */
    check_end(&options, origin, CALL_TLS_UNTRUSTED);
    options.is_insecure = true;
    check_end(&options, other_origin, CALL_ANSWERED);
}

TEST(http_2_is_agreed_on_and_its_connection_kept)
{
    struct client_options options = trusting();
    struct solo *solo = asking_client(&options);
    for (int i = 0; i < 5; i++) {
        struct asking asking;
        asking_init(&asking, solo, origin, "/file");
        asking_start(&asking);
        asking_end(&asking);
        check_int(asking.call.message, asking.call.end, CALL_ANSWERED);
        assert_true(str_starts(asking.call.status_line, STR("HTTP/2 200")));
        assert_int_equal(asking.got.len, FILE_BYTES - 1);
        assert_true(scripted_is(buf_str(&asking.got), 1));
        asking_free(&asking);
    }
    solo_free(solo);
}

TEST(many_take_turns_on_one_connection)
{
    struct client_options options = trusting();
    struct asking *askings = mem_new(MANY, sizeof(*askings));
    options.origin_connections_max = 1;
    struct solo *solo = asking_client(&options);
    for (size_t i = 0; i < MANY; i++) {
        asking_init(&askings[i], solo, origin, i % 3 ? "/file" : "/echo");
        if (i % 3 == 0)
            asking_upload(&askings[i], "1wdw1$", LENGTH_UNKNOWN);
        asking_start(&askings[i]);
    }
    for (size_t i = 0; i < MANY; i++) {
        while (!askings[i].dones) {
            for (size_t k = i; k < MANY; k++)
                if (askings[k].script.is_awaited && !askings[k].script.closed)
                    scripted_wake(&askings[k].script);
            solo_turn(solo, 20);
        }
        check_int(askings[i].call.message, askings[i].call.end, CALL_ANSWERED);
        assert_int_equal(askings[i].got.len, i % 3 ? FILE_BYTES - 1 : 18);
        asking_free(&askings[i]);
    }
    mem_free(askings);
    solo_free(solo);
}

TEST(client_shows_its_certificate)
{
    struct client_options options = trusting();
    struct tls_options demanding = tls_options;
    struct err err = {0};
    if (!make_own())
        _skip(__FILE__, __LINE__);
    demanding.client_ca = own.certificate;
    demanding.demands_client = true;
    if (!tls_server_reload(endpoint.tls, &demanding, &err))
        fail_msg("%s", err.text);
    check_end(&options, origin, CALL_CUT_OFF); /* TLS 1.3 refuses when the request is under way */
    options.certificate_file = own.certificate;
    options.key_file = own.key;
    check_end(&options, origin, CALL_ANSWERED);
    options.key_file = tls_options.pairs[0].key; /* another's */
    check_end(&options, origin, CALL_OWN);
    assert_true(tls_server_reload(endpoint.tls, &tls_options, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server_is_believed_by_its_certificate),
        cmocka_unit_test(http_2_is_agreed_on_and_its_connection_kept),
        cmocka_unit_test(many_take_turns_on_one_connection),
        cmocka_unit_test(client_shows_its_certificate),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
