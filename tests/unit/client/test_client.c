/* Many requests beside each other, over both versions of HTTP, to davit's own wire. */
#include "asking.h"
#include "server.h"
#include "support/test.h"

#include <signal.h>

#include "base/clock.h"
#include "base/mem.h"

enum { MANY = 60, FILE_TAIL = FILE_BYTES - 1 };

static struct server server;
static char origin[80];

static const struct client_options versions[] = {
    {.proxy = "", .is_http1_only = true, .connections_max = 8},
    {.proxy = "", .is_http2_only = true, .connections_max = 8},
};

static int start_server(void **state)
{
    char text[ADDRESS_TEXT_BYTES];
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN); /* as every server does */
    server_init(&server);
    server_start(&server);
    clock_freeze(-1);                                          /* libcurl has a clock of its own */
    (void)address_format(&server.address, text);               /* its length */
    (void)snprintf(origin, sizeof(origin), "http://%s", text); /* fits */
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    server_stop(&server);
    return 0;
}

/* --- one --- */

static void check_file(const struct asking *asking)
{
    check_int(asking->call.message, asking->call.end, CALL_ANSWERED);
    assert_int_equal(asking->call.status, 200);
    assert_int_equal(asking->got.len, FILE_TAIL);
    assert_true(scripted_is(buf_str(&asking->got), 1));
}

TEST(answers_are_pulled_in_pieces_of_any_size)
{
    static const size_t sizes[] = {1, 7, 4096, SIZE_MAX};
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct solo *solo = asking_client(&versions[v]);
        for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
            struct asking asking;
            asking_init(&asking, solo, origin, "/file");
            asking.pull_bytes = sizes[i];
            asking_start(&asking);
            asking_end(&asking);
            check_file(&asking);
            check_str("field", call_field(&asking.call, STR("server")), "test");
            asking_free(&asking);
        }
        solo_free(solo);
    }
}

static void check_upload(const struct client_options *options, const char *script, uint64_t bytes)
{
    struct solo *solo = asking_client(options);
    struct asking asking;
    asking_init(&asking, solo, origin, "/echo");
    asking_upload(&asking, script, bytes);
    asking_start(&asking);
    asking_end(&asking);
    check_int(script, asking.call.end, CALL_ANSWERED);
    check_int(script, asking.got.len, asking.script.given);
    assert_true(scripted_is(buf_str(&asking.got), 0));
    asking_free(&asking);
    solo_free(solo);
}

TEST(uploads_wait_for_their_source)
{
    static const struct {
        const char *script;
        uint64_t bytes;
    } rows[] = {{"$", 0}, {"1$", 1}, {"1w1w1$", 3}, {"dwd1w$", 33}};
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
            check_upload(&versions[v], rows[i].script, rows[i].bytes);
            check_upload(&versions[v], rows[i].script, LENGTH_UNKNOWN);
        }
        check_upload(&versions[v], "DDDDwwDDDDwD$", LENGTH_UNKNOWN);
    }
}

TEST(uploads_that_fail_are_told_and_cut_off)
{
    static const struct {
        const char *script;
        uint64_t bytes;
    } rows[] = {
        {"f", LENGTH_UNKNOWN}, {"dwf", LENGTH_UNKNOWN}, {"ddf", 100}, {"dd$", 33}, {"ddd$", 33}};
    for (size_t i = 0; i < ARRAY_LEN(rows) * ARRAY_LEN(versions); i++) {
        struct solo *solo = asking_client(&versions[i % ARRAY_LEN(versions)]);
        size_t row = i / ARRAY_LEN(versions);
        struct asking asking;
        asking_init(&asking, solo, origin, "/echo");
        asking_upload(&asking, rows[row].script, rows[row].bytes);
        asking_start(&asking);
        asking_end(&asking);
        check_int(rows[row].script, asking.call.end, CALL_UPLOAD);
        check_that(rows[row].script, asking.call.message[0] != '\0');
        asking_free(&asking);
        solo_free(solo);
    }
}

TEST(answers_without_a_body_end)
{
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct solo *solo = asking_client(&versions[v]);
        struct asking head, none;
        asking_init(&head, solo, origin, "/file");
        head.call.method = "HEAD";
        asking_init(&none, solo, origin, "/status/204");
        asking_start(&head);
        asking_end(&head);
        asking_start(&none);
        asking_end(&none);
        assert_int_equal(head.call.end, CALL_ANSWERED);
        assert_int_equal(head.got.len, 0);
        check_str("length", call_field(&head.call, STR("content-length")), "299999");
        check_int(none.call.message, none.call.status, 204);
        assert_int_equal(none.last, PULL_END);
        asking_free(&head);
        asking_free(&none);
        solo_free(solo);
    }
}

TEST(answer_that_breaks_off_fails)
{
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct solo *solo = asking_client(&versions[v]);
        struct asking asking;
        asking_init(&asking, solo, origin, "/source/ddf");
        asking_start(&asking);
        asking_end(&asking);
        check_int(asking.call.message, asking.call.end, CALL_CUT_OFF);
        /* over HTTP/2 a reset may overtake the head */
        assert_int_equal(asking.last, asking.heads ? PULL_FAIL : PULL_WAIT);
        asking_free(&asking);
        solo_free(solo);
    }
}

/* --- ends at any time --- */

static void cancel_after(struct solo *solo, const char *path, const char *script, int turns)
{
    struct asking asking;
    asking_init(&asking, solo, origin, path);
    if (script)
        asking_upload(&asking, script, LENGTH_UNKNOWN);
    asking.pull_bytes = (size_t)turns % 3; /* also who pulls nothing */
    asking_start(&asking);
    for (int i = 0; i < turns && !asking.dones; i++)
        solo_turn(solo, 2);
    client_cancel(solo_client(solo), &asking.call);
    unsigned dones = asking.dones;
    solo_turn(solo, 2);
    assert_int_equal(asking.dones, dones); /* nothing more is told */
    asking_free(&asking);
}

TEST(cancelled_at_any_stage)
{
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct solo *solo = asking_client(&versions[v]);
        for (int turns = 0; turns < 9; turns++) {
            cancel_after(solo, "/file", NULL, turns);
            cancel_after(solo, "/echo", "1w", turns);
            cancel_after(solo, "/later", NULL, turns);
        }
        struct asking asking; /* and it goes on as if nothing had been */
        asking_init(&asking, solo, origin, "/file");
        asking_start(&asking);
        asking_end(&asking);
        check_file(&asking);
        asking_free(&asking);
        solo_free(solo);
    }
}

TEST(client_goes_with_all_that_is_under_way)
{
    for (int turns = 0; turns < 9; turns++) {
        struct asking askings[3];
        struct solo *solo = asking_client(&versions[(size_t)turns % ARRAY_LEN(versions)]);
        for (size_t i = 0; i < ARRAY_LEN(askings); i++) {
            asking_init(&askings[i], solo, origin, "/file");
            askings[i].pull_bytes = 0;
            asking_start(&askings[i]);
        }
        for (int i = 0; i < turns; i++)
            solo_turn(solo, 2);
        solo_free(solo);
        for (size_t i = 0; i < ARRAY_LEN(askings); i++) {
            assert_int_equal(askings[i].dones, 0);
            asking_free(&askings[i]);
        }
    }
}

/* An answer that nobody wants is read over, or its connection ended: the next one is not held up. */
TEST(body_may_be_closed_at_once)
{
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct solo *solo = asking_client(&versions[v]);
        static const char *const paths[] = {"/hello", "/file", "/hello"};
        for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
            struct asking asking;
            asking_init(&asking, solo, origin, paths[i]);
            asking.call.head = NULL;
            asking_start(&asking);
            asking_end(&asking);
            assert_int_equal(asking.call.end, CALL_ANSWERED);
            assert_int_equal(asking.call.status, 200);
            asking_free(&asking);
        }
        solo_free(solo);
    }
}

/* --- many --- */

TEST(many_at_once_share_few_connections)
{
    struct client_options options = versions[0];
    struct asking *askings = mem_new(MANY, sizeof(*askings));
    options.origin_connections_max = 4;
    struct solo *solo = asking_client(&options);
    size_t others = server_conn_count(&server); /* of other tests; it has not seen their end yet */
    size_t most = 0, ended = 0;
    for (size_t i = 0; i < MANY; i++) {
        asking_init(&askings[i], solo, origin, i % 2 ? "/file" : "/hello");
        asking_start(&askings[i]);
    }
    while (ended < MANY) {
        solo_turn(solo, 20);
        most = size_max(most, server_conn_count(&server));
        ended = 0;
        for (size_t i = 0; i < MANY; i++)
            ended += askings[i].dones;
    }
    assert_in_range(most, 1, others + 4);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(askings[i].call.end, CALL_ANSWERED);
        asking_free(&askings[i]);
    }
    mem_free(askings);
    solo_free(solo);
}

TEST(answer_that_nobody_takes_holds_up_no_other)
{
    for (size_t v = 0; v < 2; v++) { /* where they do not share a connection */
        struct solo *solo = asking_client(&versions[v]);
        struct asking slow, quick;
        asking_init(&slow, solo, origin, "/file");
        slow.pull_bytes = 0;
        asking_start(&slow);
        while (!slow.heads)
            asking_turn(&slow);
        for (int i = 0; i < 10; i++) {
            asking_init(&quick, solo, origin, "/file");
            asking_start(&quick);
            asking_end(&quick);
            check_file(&quick);
            asking_free(&quick);
        }
        assert_in_range(slow.call.body_bytes, 1, 131072);
        slow.pull_bytes = 1000;
        asking_pull(&slow);
        asking_end(&slow);
        check_file(&slow);
        asking_free(&slow);
        solo_free(solo);
    }
}

/* What one server sends is another's upload: each goes as fast as the slower one. */
TEST(answer_is_a_request_body_of_another)
{
    for (size_t v = 0; v < ARRAY_LEN(versions); v++) {
        struct solo *solo = asking_client(&versions[v]);
        struct asking from, to;
        asking_init(&from, solo, origin, "/file");
        from.pull_bytes = 0;
        asking_start(&from);
        while (!from.heads)
            asking_turn(&from);
        asking_init(&to, solo, origin, "/echo");
        to.call.method = "PUT";
        to.call.upload = from.body;
        to.call.upload_bytes = FILE_TAIL;
        from.body = NULL;
        asking_start(&to);
        asking_end(&to);
        asking_end(&from);
        check_file(&to);
        asking_free(&from);
        asking_free(&to);
        solo_free(solo);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_pulled_in_pieces_of_any_size),
        cmocka_unit_test(uploads_wait_for_their_source),
        cmocka_unit_test(uploads_that_fail_are_told_and_cut_off),
        cmocka_unit_test(answers_without_a_body_end),
        cmocka_unit_test(answer_that_breaks_off_fails),
        cmocka_unit_test(cancelled_at_any_stage),
        cmocka_unit_test(client_goes_with_all_that_is_under_way),
        cmocka_unit_test(body_may_be_closed_at_once),
        cmocka_unit_test(many_at_once_share_few_connections),
        cmocka_unit_test(answer_that_nobody_takes_holds_up_no_other),
        cmocka_unit_test(answer_is_a_request_body_of_another),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}
