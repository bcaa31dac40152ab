/* What servers do that are slow, broken, or worse. */
#include "asking.h"
#include "peer.h"
#include "support/test.h"

#include <unistd.h>

static const struct client_options plain = {.proxy = "", .connect_ms = 20000};

/* A request to a peer, and its end. */
struct talk {
    struct peer peer;
    struct solo *solo;
    struct asking asking;
};

static void begin(struct talk *talk, const char *const *script,
                  const struct client_options *options)
{
    peer_begin(&talk->peer, script);
    talk->solo = asking_client(options);
    asking_init(&talk->asking, talk->solo, talk->peer.url, "/f");
}

static void finish(struct talk *talk)
{
    asking_start(&talk->asking);
    asking_end(&talk->asking);
}

static void end(struct talk *talk)
{
    asking_free(&talk->asking);
    solo_free(talk->solo);
    peer_end(&talk->peer);
    peer_free(&talk->peer);
}

/* --- heads --- */

TEST(all_fields_are_kept_in_their_order)
{
    static const char *const script[] = {
        "a", "h",
        "d HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 207 So So\r\nA: 1\r\nB: 2\r\n"
        "a:  3 \r\nEmpty:\r\nFolded: x\r\n  y\r\nContent-Length: 3\r\n\r\nabc",
        NULL};
    static const char *const fields[][2] = {{"A", "1"},        {"B", "2"},
                                            {"a", "3"},        {"Empty", ""},
                                            {"Folded", "x y"}, {"Content-Length", "3"}};
    struct talk talk;
    begin(&talk, script, &plain);
    finish(&talk);
    const struct call *call = &talk.asking.call;
    assert_int_equal(call->end, CALL_ANSWERED);
    assert_int_equal(call->status, 207);
    check_str("line", call->status_line, "HTTP/1.1 207 So So");
    assert_int_equal(call->answer.count, ARRAY_LEN(fields));
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        check_str(fields[i][0], call->answer.lines[i].name, fields[i][0]);
        check_str(fields[i][0], call->answer.lines[i].value, fields[i][1]);
    }
    check_str("last", call_field(call, STR("A")), "3");
    check_str("body", buf_str(&talk.asking.got), "abc");
    assert_string_equal(call->address, "127.0.0.1");
    end(&talk);
}

TEST(head_is_told_before_the_body_comes)
{
    static const char *const script[] = {
        "a", "h", "s HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", "g", "s x", NULL};
    struct talk talk;
    begin(&talk, script, &plain);
    asking_start(&talk.asking);
    while (!talk.asking.heads)
        asking_turn(&talk.asking);
    assert_int_equal(talk.asking.last, PULL_WAIT);
    peer_go(&talk.peer);
    asking_end(&talk.asking);
    check_str("body", buf_str(&talk.asking.got), "x");
    end(&talk);
}

TEST(trailers_are_no_fields)
{
    static const char *const script[] = {"a", "h",
                                         "d HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                         "3\r\nabc\r\n0\r\nLate: 1\r\n\r\n",
                                         NULL};
    struct talk talk;
    begin(&talk, script, &plain);
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_ANSWERED);
    assert_int_equal(talk.asking.call.answer.count, 1);
    check_str("body", buf_str(&talk.asking.got), "abc");
    end(&talk);
}

/* --- what is sent --- */

TEST(request_says_what_it_was_told_and_nothing_else)
{
    static const char *const script[] = {"a", "h", "r 4", "s HTTP/1.1 204 None\r\n\r\n", NULL};
    static const struct http_field_line fields[] = {
        {FIELD_OTHER, STR_INIT("X"), STR_INIT("1")},
        {FIELD_OTHER, STR_INIT("Empty"), STR_INIT("")},
        {FIELD_OTHER, STR_INIT("x"), STR_INIT("2")},
        {FIELD_CONTENT_LENGTH, STR_INIT("Content-Length"), STR_INIT("100")},
    };
    struct talk talk;
    begin(&talk, script, &plain);
    talk.asking.call.method = "REPORT";
    talk.asking.call.fields = fields;
    talk.asking.call.field_count = ARRAY_LEN(fields);
    talk.asking.call.text = STR("body");
    finish(&talk);
    peer_end(&talk.peer);
    struct buf expected = {0};
    buf_addf(&expected,
             "REPORT /f HTTP/1.1\r\nHost: %s\r\nX: 1\r\nEmpty:\r\nx: 2\r\n"
             "Content-Length: 4\r\n\r\nbody",
             talk.peer.url + strlen("http://"));
    check_bytes("request", buf_str(&talk.peer.got), buf_str(&expected));
    buf_done(&expected);
    assert_int_equal(talk.asking.call.status, 204);
    asking_free(&talk.asking);
    solo_free(talk.solo);
    peer_free(&talk.peer);
}

TEST(field_with_a_line_end_is_refused)
{
    static const char *const script[] = {NULL};
    static const struct http_field_line field = {FIELD_OTHER, STR_INIT("X"), STR_INIT("1\r\nY: 2")};
    struct talk talk;
    begin(&talk, script, &plain);
    talk.asking.call.fields = &field;
    talk.asking.call.field_count = 1;
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_OWN);
    assert_false(talk.asking.call.was_sent);
    end(&talk);
}

TEST(coding_is_left_alone_unless_asked)
{
    static const char *const script[] = {
        "a", "h", "s HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nnozip",
        NULL};
    struct talk talk;
    begin(&talk, script, &plain);
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_ANSWERED);
    check_str("body", buf_str(&talk.asking.got), "nozip");
    end(&talk);
}

TEST(body_is_not_pulled_before_it_is_asked_for)
{
    static const char *const script[] = {"a",    "h",
                                         "g",    "s HTTP/1.1 100 Continue\r\n\r\n",
                                         "r 16", "s HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
                                         NULL};
    static const struct http_field_line field = {FIELD_EXPECT, STR_INIT("Expect"),
                                                 STR_INIT("100-continue")};
    struct client_options options = plain;
    struct talk talk;
    options.expect_ms = 60000;
    begin(&talk, script, &options);
    asking_upload(&talk.asking, "d$", 16);
    talk.asking.call.fields = &field;
    talk.asking.call.field_count = 1;
    asking_start(&talk.asking);
    for (int i = 0; i < 5; i++)
        asking_turn(&talk.asking);
    assert_int_equal(talk.asking.script.given, 0);
    peer_go(&talk.peer);
    asking_end(&talk.asking);
    assert_int_equal(talk.asking.call.status, 201);
    assert_int_equal(talk.asking.script.given, 16);
    end(&talk);
}

TEST(answer_that_comes_early_ends_the_upload)
{
    static const char *const script[] = {
        "a", "h", "s HTTP/1.1 413 Too Much\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
        "w 100", NULL};
    struct talk talk;
    begin(&talk, script, &plain);
    asking_upload(&talk.asking, "1wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
                  LENGTH_UNKNOWN);
    finish(&talk);
    assert_int_equal(talk.asking.call.status, 413);
    check_str("body", buf_str(&talk.asking.got), "no");
    end(&talk);
}

TEST(answer_that_comes_early_waits_for_no_source)
{
    static const char *const script[] = {
        "a", "h", "s HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno", "g", NULL};
    struct talk talk;
    begin(&talk, script, &plain);
    asking_upload(&talk.asking, "1w", LENGTH_UNKNOWN);
    talk.asking.never_wakes = true;
    finish(&talk);
    assert_int_equal(talk.asking.call.status, 413);
    assert_int_equal(talk.asking.call.end, CALL_ANSWERED);
    check_str("body", buf_str(&talk.asking.got), "no");
    peer_go(&talk.peer);
    end(&talk);
}

/* --- broken answers --- */

TEST(broken_answers_are_told_by_kind)
{
    static const struct {
        const char *script[4];
        enum call_end end;
        unsigned status;
    } rows[] = {
        {{"a", "h", "c"}, CALL_CUT_OFF, 0},
        {{"a", "h", "s HTTP/1.1 200 OK\r\nA: 1\r\n"}, CALL_CUT_OFF, 0},
        {{"a", "h", "s HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"}, CALL_CUT_OFF, 200},
        {{"a", "h", "d HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab"},
         CALL_CUT_OFF,
         200},
        {{"a", "h", "s HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab"},
         CALL_CUT_OFF,
         200},
        {{"a", "h", "s SSH-2.0-x\r\n\r\n"}, CALL_NOT_HTTP, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct talk talk;
        begin(&talk, rows[i].script, &plain);
        finish(&talk);
        check_int(rows[i].script[2], talk.asking.call.end, rows[i].end);
        check_int(rows[i].script[2], talk.asking.call.status, rows[i].status);
        check_int(rows[i].script[2], talk.asking.last, rows[i].status ? PULL_FAIL : PULL_WAIT);
        check_that(rows[i].script[2], talk.asking.call.message[0] != '\0');
        check_that(rows[i].script[2], talk.asking.call.was_sent);
        end(&talk);
    }
}

TEST(head_without_end_is_bounded)
{
    static const char *const script[] = {
        "a", "h", "s HTTP/1.1 200 OK\r\nA: ", "x 60000", "s \r\nB: ", "x 60000", "s \r\n", NULL};
    struct talk talk;
    begin(&talk, script, &plain);
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_NOT_HTTP);
    assert_int_equal(talk.asking.call.status, 0);
    end(&talk);
}

/* --- slow ones --- */

TEST(answer_that_does_not_begin_is_waited_for_so_long)
{
    static const char *const script[] = {"a", "h", "g", NULL};
    struct client_options options = plain;
    struct talk talk;
    options.answer_ms = 50;
    begin(&talk, script, &options);
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_TIMEOUT);
    assert_true(talk.asking.call.was_sent);
    peer_go(&talk.peer);
    end(&talk);
}

TEST(answer_may_take_its_time_while_bytes_may_not)
{
    static const char *const script[] = {
        "a", "h", "w 300", "s HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "g", NULL};
    struct client_options options = plain;
    struct talk talk;
    options.progress_ms = 100;
    begin(&talk, script, &options);
    finish(&talk);
    assert_int_equal(talk.asking.heads, 1); /* although it came later than that */
    assert_int_equal(talk.asking.call.end, CALL_TIMEOUT);
    assert_int_equal(talk.asking.last, PULL_FAIL);
    peer_go(&talk.peer);
    end(&talk);
}

TEST(who_does_not_pull_is_not_timed_out)
{
    static const char *const script[] = {
        "a", "h", "s HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n", "x 300000", NULL};
    struct client_options options = plain;
    struct talk talk;
    options.progress_ms = 50;
    begin(&talk, script, &options);
    talk.asking.pull_bytes = 0;
    asking_start(&talk.asking);
    for (int i = 0; i < 20; i++)
        asking_turn(&talk.asking);
    assert_int_equal(talk.asking.dones, 0);
    assert_in_range(talk.asking.call.body_bytes, 1, 131072); /* the rest waits with the peer */
    talk.asking.pull_bytes = 7777;
    asking_pull(&talk.asking);
    asking_end(&talk.asking);
    assert_int_equal(talk.asking.call.end, CALL_ANSWERED);
    assert_int_equal(talk.asking.got.len, 300000);
    end(&talk);
}

/* --- sent once --- */

static const char *const dead_connection[] = {
    "a", "h", "s HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "h", "c",
    "a", "h", "s HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", NULL};

static void ask_twice(struct talk *talk, const char *method, bool is_safe)
{
    begin(talk, dead_connection, &plain);
    finish(talk);
    assert_int_equal(talk->asking.call.end, CALL_ANSWERED);
    talk->asking.heads = talk->asking.dones = 0;
    talk->asking.call.method = method;
    talk->asking.call.is_safe = is_safe;
    finish(talk);
}

TEST(what_is_safe_is_sent_again_when_a_kept_connection_is_dead)
{
    struct talk talk;
    ask_twice(&talk, "GET", true);
    assert_int_equal(talk.asking.call.end, CALL_ANSWERED);
    end(&talk);
}

TEST(what_is_not_safe_is_sent_once)
{
    struct talk talk;
    ask_twice(&talk, "MOVE", false);
    assert_int_equal(talk.asking.call.end, CALL_CUT_OFF);
    assert_true(talk.asking.call.was_sent);
    talk.asking.heads = talk.asking.dones = 0;
    talk.asking.call.method = "GET"; /* the peer still waits for one */
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_ANSWERED);
    peer_end(&talk.peer);
    buf_add_char(&talk.peer.got, '\0');
    const char *first = strstr(talk.peer.got.at, "MOVE ");
    assert_non_null(first);
    assert_null(strstr(first + 1, "MOVE "));
    asking_free(&talk.asking);
    solo_free(talk.solo);
    peer_free(&talk.peer);
}

/* --- no connection --- */

TEST(nobody_listens)
{
    static const char *const script[] = {NULL};
    struct talk talk;
    begin(&talk, script, &plain);
    peer_end(&talk.peer);
    close(talk.peer.listen_fd);
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_REFUSED);
    assert_false(talk.asking.call.was_sent);
    asking_free(&talk.asking);
    solo_free(talk.solo);
    talk.peer.listen_fd = dup(STDIN_FILENO); /* something to close */
    peer_free(&talk.peer);
}

TEST(addresses_that_are_not_public_are_refused_where_asked)
{
    static const char *const script[] = {NULL};
    struct client_options options = plain;
    struct talk talk;
    options.is_public_only = true;
    begin(&talk, script, &options);
    finish(&talk);
    assert_int_equal(talk.asking.call.end, CALL_PRIVATE);
    end(&talk);
}

TEST(name_that_is_none_is_looked_up_off_the_loop)
{
    struct solo *solo = asking_client(&plain);
    for (int turns = 0; turns < 12; turns++) { /* cancelled at some of the steps */
        struct asking asking;
        asking_init(&asking, solo, "http://name.invalid", "/");
        asking_start(&asking);
        for (int i = 0; i < turns; i++)
            asking_turn(&asking);
        if (turns < 11)
            client_cancel(solo_client(solo), &asking.call);
        else
            asking_end(&asking);
        bool is_name = asking.call.end == CALL_DNS || asking.call.end == CALL_OWN;
        assert_true(turns < 11 || is_name);
        asking_free(&asking);
    }
    solo_free(solo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_fields_are_kept_in_their_order),
        cmocka_unit_test(head_is_told_before_the_body_comes),
        cmocka_unit_test(trailers_are_no_fields),
        cmocka_unit_test(request_says_what_it_was_told_and_nothing_else),
        cmocka_unit_test(field_with_a_line_end_is_refused),
        cmocka_unit_test(coding_is_left_alone_unless_asked),
        cmocka_unit_test(body_is_not_pulled_before_it_is_asked_for),
        cmocka_unit_test(answer_that_comes_early_ends_the_upload),
        cmocka_unit_test(answer_that_comes_early_waits_for_no_source),
        cmocka_unit_test(broken_answers_are_told_by_kind),
        cmocka_unit_test(head_without_end_is_bounded),
        cmocka_unit_test(answer_that_does_not_begin_is_waited_for_so_long),
        cmocka_unit_test(answer_may_take_its_time_while_bytes_may_not),
        cmocka_unit_test(who_does_not_pull_is_not_timed_out),
        cmocka_unit_test(what_is_safe_is_sent_again_when_a_kept_connection_is_dead),
        cmocka_unit_test(what_is_not_safe_is_sent_once),
        cmocka_unit_test(nobody_listens),
        cmocka_unit_test(addresses_that_are_not_public_are_refused_where_asked),
        cmocka_unit_test(name_that_is_none_is_looked_up_off_the_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
