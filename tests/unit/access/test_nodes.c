/* Signing in where several nodes share their state, and where accounts are elsewhere: what one
 * began another ends, and what cannot be found out is no guess. */
#include "support/test.h"

#include "access/standalone.h"
#include "sign_in_fixture.h"
#include "support/nodes.h"

/* --- two nodes of a cluster --- */

static struct node_hub hub;
static struct node nodes[2];
static struct access_state *states[2];

/* What is asked from now on is asked at that one. */
static void go_to(int i)
{
    access_.state = states[i];
}

static void begin_nodes(void)
{
    access_state_free(access_.state);
    got = (struct signed_in){0};
    hub = (struct node_hub){shared, "root"};
    for (int i = 0; i < 2; i++) {
        node_init(&nodes[i], &hub);
        states[i] = access_state_new(&bounds, &nodes[i].state);
    }
    go_to(0);
}

static void end_nodes(void)
{
    go_to(0); /* fixture_end() frees it */
    access_state_free(states[1]);
}

TEST(sign_in_at_another_node_takes_its_nonces_and_refuses_its_replays)
{
    begin_nodes();
    nodes[0].ahead_ms = 2000;
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    go_to(1);
    check_int("the other's nonce", ask(digest_field("alice", "pencil", nonce, 1)), SIGN_IN_DONE);
    go_to(0);
    check_int("replayed", ask(digest_field("alice", "pencil", nonce, 1)), SIGN_IN_REFUSED);
    check_that("stale", got.is_stale);
    check_int("counted on", ask(digest_field("alice", "pencil", nonce, 2)), SIGN_IN_DONE);
    go_to(1);
    check_int("replayed", ask(digest_field("alice", "pencil", nonce, 2)), SIGN_IN_REFUSED);
    end_nodes();
}

TEST(sign_in_at_another_node_ends_an_exchange_of_scram)
{
    struct str bare;
    begin_nodes();
    struct str step = begin_scram("alice", &bare);
    struct str sid = param_of(step, "sid");
    struct str final = client_final("pencil", bare, server_first_of(step));
    go_to(1);
    check_int("right", ask(scram_field(sid, final)), SIGN_IN_DONE);
    check_str("who", got.principal.name, "alice");
    go_to(0);
    check_int("replayed", ask(scram_field(sid, final)), SIGN_IN_REFUSED);
    struct str stranger = server_first_of(begin_scram("nobody", &bare));
    go_to(1);
    struct str again = server_first_of(begin_scram("nobody", &bare));
    check_bytes("the same salt", str_from(again, str_index(again, ',')),
                str_from(stranger, str_index(stranger, ',')));
    end_nodes();
}

TEST(sign_in_counts_what_was_wrong_at_another_node)
{
    begin_nodes();
    for (int i = 0; i < 2; i++) { /* eight in all */
        go_to(i);
        for (int k = 0; k < 4; k++)
            check_int("wrong", ask(basic("bob", k % 2 ? "x" : "y")), SIGN_IN_REFUSED);
        check_int("wrong", ask(basic("bob", i ? "one" : "two")), SIGN_IN_REFUSED);
        check_int("wrong", ask(basic("bob", i ? "three" : "four")), SIGN_IN_REFUSED);
    }
    check_int("slowed", ask(basic("bob", "z")), SIGN_IN_THROTTLED);
    go_to(0);
    check_int("slowed", ask(basic("bob", "pw")), SIGN_IN_THROTTLED);
    check_int("elsewhere", ask_from("203.0.113.5:2", true, basic("bob", "pw")), SIGN_IN_DONE);
    end_nodes();
}

/* What may wait is not asked where nothing may. */
TEST(sign_in_by_what_nodes_share_is_put_off_on_a_loop)
{
    begin_nodes();
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    const char *const fields[] = {basic("bob", "pw"), "Bearer nonsense",
                                  digest_field("alice", "pencil", nonce, 1)};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        nodes[0].is_on_loop = true;
        check_int(fields[i], ask_from("192.0.2.1:1", false, fields[i]), SIGN_IN_BLOCKS);
        check_that("no seat", !got.seat);
        nodes[0].is_on_loop = false;
        check_int(fields[i], ask(fields[i]), i == 1 ? SIGN_IN_REFUSED : SIGN_IN_DONE);
    }
    nodes[0].is_on_loop = true;
    check_int("nobody", ask_from("192.0.2.1:1", false, NULL), SIGN_IN_DONE);
    end_nodes();
}

/* A guess that cannot be counted is not looked at, and a nonce that may have been used is not taken.
 */
TEST(sign_in_is_unknown_where_what_nodes_share_is_out_of_reach)
{
    struct str bare;
    begin_nodes();
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    struct str step = begin_scram("alice", &bare);
    const char *digest = digest_field("alice", "pencil", nonce, 1);
    const char *scram =
        scram_field(param_of(step, "sid"), client_final("pencil", bare, server_first_of(step)));
    nodes[0].is_cut_off = true;
    const char *const fields[] = {basic("bob", "pw"), basic("bob", "x"), "Bearer nonsense", digest,
                                  scram};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        check_int(fields[i], ask(fields[i]), SIGN_IN_UNKNOWN);
        check_int("seconds", got.retry_s, 2);
        check_that("nobody", principal_is_anonymous(&got.principal));
    }
    nodes[0].is_cut_off = false;
    check_int("right after all", ask(digest), SIGN_IN_DONE);
    check_int("right after all", ask(scram), SIGN_IN_DONE);
    check_int("right after all", ask(basic("bob", "pw")), SIGN_IN_DONE);
    end_nodes();
}

/* --- accounts elsewhere --- */

/* The same as in the files, but far away. */
static struct far {
    struct accounts accounts;
    bool is_on_loop; /* where nothing may wait */
    bool is_cut_off;
} far;

static bool reaches(const struct accounts *from)
{
    const struct far *there =
        CONTAINER_OF((struct accounts *)(uintptr_t)from, struct far, accounts);
    check_that("not where nothing may wait", !there->is_on_loop);
    return !there->is_cut_off;
}

static bool find_far_user(const struct accounts *from, struct str name, struct arena *to,
                          const struct user **user_out)
{
    const struct user *user;
    if (!reaches(from) || !accounts_find_user(&accounts, name, to, &user))
        return false;
    struct user *copy = ARENA_NEW(to, struct user);
    *copy = user ? *user : (struct user){0};
    *user_out = user ? copy : NULL;
    return true;
}

static bool find_far_token(const struct accounts *from, struct str id, struct arena *to,
                           const struct token **token_out)
{
    return reaches(from) && accounts.ops->find_token(&accounts, id, to, token_out);
}

static void check_far(const char *field, enum sign_in_end expected)
{
    far.is_on_loop = true;
    check_int(field, ask_from("192.0.2.1:1", false, field), SIGN_IN_BLOCKS);
    far.is_on_loop = false;
    far.is_cut_off = true;
    check_int(field, ask(field), SIGN_IN_UNKNOWN);
    check_int("seconds", got.retry_s, 2);
    check_that("no seat", !got.seat);
    far.is_cut_off = false;
    check_int(field, ask(field), expected);
    check_str("who", got.principal.name, expected == SIGN_IN_DONE ? "alice" : "");
}

TEST(sign_in_with_accounts_elsewhere_waits_for_them_and_is_unknown_without)
{
    static const struct accounts_ops ops = {find_far_user, find_far_token};
    struct str bare;
    struct buf bearer = {0};
    far = (struct far){.accounts = accounts};
    far.accounts.ops = &ops;
    far.accounts.may_block = true;
    access_.accounts = &far.accounts;
    buf_addf(&bearer, "Bearer %s", buf_c(&token_text));
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    check_far(digest_field("alice", "pencil", nonce, 1), SIGN_IN_DONE);
    check_far(digest_field("nobody", "pencil", nonce, 1), SIGN_IN_REFUSED);
    struct str step = begin_scram("alice", &bare);
    check_far(
        scram_field(param_of(step, "sid"), client_final("pencil", bare, server_first_of(step))),
        SIGN_IN_DONE);
    check_far(basic("alice", buf_c(&token_text)), SIGN_IN_DONE);
    check_far(buf_c(&bearer), SIGN_IN_DONE);
    check_far(basic("alice", "pencil"), SIGN_IN_DONE);
    check_far(basic("nobody", "pencil"), SIGN_IN_REFUSED);
    buf_done(&bearer);
    struct sign_in by_link = {.link = buf_str(&link_text)};
    check_int("a link", access_sign_in(&access_, &by_link, &arena, &got), SIGN_IN_BLOCKS);
    by_link.may_block = true;
    far.is_cut_off = true;
    check_int("a link", access_sign_in(&access_, &by_link, &arena, &got), SIGN_IN_UNKNOWN);
    far.is_cut_off = false;
    check_int("a link", access_sign_in(&access_, &by_link, &arena, &got), SIGN_IN_DONE);
    for (int i = 0; i < 20; i++) { /* what could not be looked at was not counted */
        far.is_cut_off = true;
        check_int("unknown", ask(basic("alice", "wrong")), SIGN_IN_UNKNOWN);
    }
    far.is_cut_off = false;
    check_int("the right one", ask(digest_field("alice", "pencil", nonce, 2)), SIGN_IN_DONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            sign_in_at_another_node_takes_its_nonces_and_refuses_its_replays, fixture_begin,
            fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_at_another_node_ends_an_exchange_of_scram,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_counts_what_was_wrong_at_another_node,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_by_what_nodes_share_is_put_off_on_a_loop,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_is_unknown_where_what_nodes_share_is_out_of_reach,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(
            sign_in_with_accounts_elsewhere_waits_for_them_and_is_unknown_without, fixture_begin,
            fixture_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_done();
    return failed;
}
