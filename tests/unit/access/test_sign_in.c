/* From a field to a principal: each scheme's way through, and the attacks on it. */
#include "support/test.h"

#include "access/standalone.h"
#include "base/clock.h"
#include "base/err.h"
#include "sign_in_fixture.h"

/* --- Basic --- */

TEST(sign_in_without_credentials_is_nobody)
{
    check_int("none", ask(NULL), SIGN_IN_DONE);
    assert_true(principal_is_anonymous(&got.principal));
    check_str("address", got.principal.address, "192.0.2.1");
    check_int("an empty Bearer", ask("Bearer"), SIGN_IN_DONE);
    assert_true(principal_is_anonymous(&got.principal));
    check_int("IPv6", ask_from("[2001:db8::1]:80", true, NULL), SIGN_IN_DONE);
    check_str("address", got.principal.address, "2001:db8::1");
}

/* On the loop, and then, where that is asked for, where it may block. */
static enum sign_in_end ask_in_two_steps(const char *address, const char *field)
{
    struct sign_in request = {.authorization = str_of_c(field),
                              .method = STR("GET"),
                              .target = STR("/x"),
                              .address = str_of_c(address),
                              .is_confidential = true};
    got = (struct signed_in){0};
    enum sign_in_end end_ = access_sign_in(&access_, &request, &arena, &got);
    request.may_block = true;
    return end_ == SIGN_IN_BLOCKS ? access_sign_in(&access_, &request, &arena, &got) : end_;
}

/* Asks on the loop and leaves it at that: it waits. */
static enum sign_in_end wait_with(const char *address, const char *field)
{
    return ask_from(address, false, field);
}

TEST(sign_in_with_basic_hashes_once)
{
    check_int("right", ask_in_two_steps("192.0.2.1:1", basic("bob", "pw")), SIGN_IN_DONE);
    check_str("who", got.principal.name, "bob");
    check_int("remembered", wait_with("192.0.2.1:1", basic("bob", "pw")), SIGN_IN_DONE);
    check_int("another", wait_with("192.0.2.1:1", basic("bob", "pW")), SIGN_IN_BLOCKS);
    clock_freeze(1000000 + 1000);
    check_int("forgotten", wait_with("192.0.2.1:1", basic("bob", "pw")), SIGN_IN_BLOCKS);
    check_int("wrong", ask_in_two_steps("192.0.2.2:1", basic("bob", "x")), SIGN_IN_REFUSED);
    check_int("remembered", wait_with("192.0.2.2:1", basic("bob", "x")), SIGN_IN_REFUSED);
    check_int("of a stranger", ask_in_two_steps("192.0.2.2:1", basic("eve", "x")), SIGN_IN_REFUSED);
    check_int("remembered", wait_with("192.0.2.2:1", basic("eve", "x")), SIGN_IN_REFUSED);
}

/* Forty that come together are counted before the first of them is hashed. */
TEST(sign_in_counts_what_waits)
{
    char password[16];
    for (int i = 0; i < 4; i++) {
        (void)snprintf(password, sizeof(password), "x%d", i);
        check_int("waits", wait_with("192.0.2.1:1", basic("bob", password)), SIGN_IN_BLOCKS);
    }
    check_int("its share", wait_with("192.0.2.1:1", basic("bob", "x5")), SIGN_IN_BUSY);
    check_int("seconds", got.retry_s, 2);
    for (int i = 0; i < 4; i++)
        check_int("again", wait_with("192.0.2.2:1", basic("bob", "x0")), SIGN_IN_BLOCKS);
    check_int("others", ask_in_two_steps("192.0.2.3:1", basic("bob", "pw")), SIGN_IN_DONE);
    for (int i = 0; i < 4; i++) /* what was not let in was not counted */
        check_int("alone", ask_in_two_steps("192.0.2.4:1", basic("bob", "y")), SIGN_IN_REFUSED);
}

TEST(sign_in_that_came_twice_counts_once)
{
    struct signed_in first;
    struct sign_in request = {.authorization = str_of_c(basic("bob", "x")),
                              .address = STR("192.0.2.1:1"),
                              .is_confidential = true,
                              .may_block = true};
    check_int("one", wait_with("192.0.2.1:1", basic("bob", "x")), SIGN_IN_BLOCKS);
    first = got;
    check_int("two", wait_with("192.0.2.1:1", basic("bob", "x")), SIGN_IN_BLOCKS);
    check_int("one", access_sign_in(&access_, &request, &arena, &first), SIGN_IN_REFUSED);
    check_int("two", access_sign_in(&access_, &request, &arena, &got), SIGN_IN_REFUSED);
    for (int i = 0; i < 100; i++)
        check_int("again", ask_in_two_steps("192.0.2.1:1", basic("bob", "x")), SIGN_IN_REFUSED);
    check_int("the right one", ask_in_two_steps("192.0.2.1:1", basic("bob", "pw")), SIGN_IN_DONE);
}

TEST(sign_in_that_is_wrong_tells_nothing_more)
{
    check_int("password", ask(basic("bob", "px")), SIGN_IN_REFUSED);
    check_int("name", ask(basic("nobody", "pw")), SIGN_IN_REFUSED);
    check_int("the decoy's password", ask(basic("nobody", "pencil")), SIGN_IN_REFUSED);
    check_int("on the loop", ask_from("192.0.2.9:1", false, basic("nobody", "x")), SIGN_IN_BLOCKS);
    check_int("malformed", ask("Basic x"), SIGN_IN_MALFORMED);
    check_int("unknown", ask("NTLM abc"), SIGN_IN_REFUSED);
}

/* RFC 7617 §2.1 and Appendix B: NFC is asked for; Latin-1 and NFD are what is sent as well. */
TEST(sign_in_with_basic_in_other_spellings)
{
    static const struct user_secret jaen = {
        {"ja\xcc\x88n", 5}, {"davit", 5}, {"p\xc3\xa4ss", 5}, false, 4096};
    struct buf line = {0};
    struct buf keys = {0};
    struct buf notes = {0};
    struct err err;
    assert_true(users_add_lines(&line, &keys, &jaen));
    assert_true(users_read(&users, buf_str(&line), &notes, &err) &&
                users_read_keys(&users, buf_str(&keys), STR("davit"), &notes, &err));
    check_that("the keys are his", !strstr(buf_c(&notes), "the password was changed"));
    static const struct {
        const char *user, *password;
        enum sign_in_end end;
    } rows[] = {
        {"j\xc3\xa4n", "p\xc3\xa4ss", SIGN_IN_DONE},
        {"ja\xcc\x88n", "pa\xcc\x88ss", SIGN_IN_DONE},
        {"HOME\\j\xe4n", "p\xe4ss", SIGN_IN_DONE},
        {"j\xc3\xa4n", "p\xe4ss", SIGN_IN_DONE},
        {"j\xe4n", "p\xe4sz", SIGN_IN_REFUSED},
        {"j\xc3\xa4n", "p\xc3\x83\xc2\xa4ss", SIGN_IN_REFUSED}, /* encoded twice */
        {"jan", "p\xc3\xa4ss", SIGN_IN_REFUSED},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        check_int(rows[i].user, ask(basic(rows[i].user, rows[i].password)), rows[i].end);
        check_str(rows[i].user, got.principal.name,
                  rows[i].end == SIGN_IN_DONE ? "j\xc3\xa4n" : "");
    }
    buf_done(&line);
    buf_done(&keys);
    buf_done(&notes);
}

TEST(sign_in_with_basic_needs_that_nobody_reads_along)
{
    struct sign_in request = {.authorization = str_of_c(basic("bob", "pw")),
                              .address = STR("192.0.2.1:1"),
                              .may_block = true};
    got = (struct signed_in){0};
    check_int("clear", access_sign_in(&access_, &request, &arena, &got), SIGN_IN_UNSAFE);
    access_.allows_clear_basic = true;
    check_int("allowed", access_sign_in(&access_, &request, &arena, &got), SIGN_IN_DONE);
}

static void guess(const char *address, const char *user, int count)
{
    char password[16];
    for (int i = 0; i < count; i++) {
        (void)snprintf(password, sizeof(password), "guess%d", i);
        check_int("wrong", ask_in_two_steps(address, basic(user, password)), SIGN_IN_REFUSED);
    }
}

TEST(sign_in_is_throttled_and_who_was_right_is_not)
{
    check_int("right", ask_in_two_steps("198.51.100.7:1", basic("bob", "pw")), SIGN_IN_DONE);
    guess("198.51.100.7:1", "bob", 8);
    check_int("slowed", wait_with("198.51.100.7:1", basic("bob", "y")), SIGN_IN_THROTTLED);
    check_int("seconds", got.retry_s, 30);
    check_int("remembered", wait_with("198.51.100.7:1", basic("bob", "pw")), SIGN_IN_DONE);
    check_int("elsewhere", ask_in_two_steps("203.0.113.5:2", basic("bob", "y")), SIGN_IN_REFUSED);
    check_int("neighbours", ask_in_two_steps("198.51.100.7:2", basic("alice", "pencil")),
              SIGN_IN_DONE);
    clock_freeze(1000000 + 20000);
    check_int("right long ago", ask_in_two_steps("198.51.100.7:1", basic("bob", "pw")),
              SIGN_IN_DONE);
    check_int("still slowed", wait_with("198.51.100.7:1", basic("bob", "z")), SIGN_IN_THROTTLED);
}

TEST(sign_in_of_strangers_is_throttled_alike)
{
    guess("198.51.100.7:1", "eve", 8);
    check_int("slowed", wait_with("198.51.100.7:1", basic("eve", "y")), SIGN_IN_THROTTLED);
    check_int("seconds", got.retry_s, 30);
}

/* Who has an address of IPv6 has a network of them; its text can leave zeros out anywhere. */
TEST(sign_in_is_throttled_for_a_network_of_ipv6)
{
    static const char *const same[] = {"[2001:db8::1]:1", "[2001:db8::7:1]:2",
                                       "[2001:db8::a:b:c:d]:3", "[2001:db8:0:0:1::]:4"};
    char field[32];
    for (int i = 0; i < 64; i++) {
        (void)snprintf(field, sizeof(field), "Bearer nonsense%d", i);
        check_int("wrong", ask_from(same[i % 4], true, field), SIGN_IN_REFUSED);
    }
    for (size_t i = 0; i < ARRAY_LEN(same); i++) {
        check_int(same[i], ask_from(same[i], true, "Bearer other"), SIGN_IN_THROTTLED);
        check_int("the same", ask_from(same[i], true, "Bearer nonsense1"), SIGN_IN_REFUSED);
    }
    check_int("another network", ask_from("[2001:db8:0:1::1]:1", true, "Bearer nonsense"),
              SIGN_IN_REFUSED);
    check_int("IPv4 within IPv6", ask_from("[::ffff:192.0.2.1]:1", true, "Bearer nonsense"),
              SIGN_IN_REFUSED);
}

/* --- tokens --- */

static enum access_verdict may(enum access_class class, const char *path)
{
    struct access_question question = {class, {path, strlen(path)}, ACCESS_NAMES_EXACT};
    return access_may(&access_, &got.principal, &question);
}

TEST(sign_in_with_a_token_is_bounded_by_its_scope)
{
    struct buf field = {0};
    buf_addf(&field, "Bearer %s", buf_c(&token_text));
    check_int("bearer", ask(buf_c(&field)), SIGN_IN_DONE);
    check_str("who", got.principal.name, "alice");
    check_str("where", path_str(got.principal.scope.path), "phone");
    check_int("there", may(ACCESS_READ, "phone/a"), ACCESS_GRANTED);
    check_int("not to write", may(ACCESS_WRITE, "phone/a"), ACCESS_REFUSED);
    check_int("elsewhere", may(ACCESS_READ, "a"), ACCESS_REFUSED);
    check_int("as a password", ask(basic("alice", buf_c(&token_text))), SIGN_IN_DONE);
    check_that("read-only", got.principal.scope.is_read_only);
    check_int("of another", ask(basic("bob", buf_c(&token_text))), SIGN_IN_REFUSED);
    char *last = &token_text.at[token_text.len - 1];
    *last = *last == 'A' ? 'B' : 'A';
    buf_clear(&field);
    buf_addf(&field, "Bearer %s", buf_c(&token_text));
    check_int("wrong", ask(buf_c(&field)), SIGN_IN_REFUSED);
    buf_done(&field);
}

TEST(sign_in_by_a_link_needs_a_token_for_that)
{
    struct sign_in by_link = {.link = buf_str(&link_text),
                              .authorization = str_of_c(basic("bob", "wrong")),
                              .address = STR("192.0.2.1:1")};
    check_int("a link", access_sign_in(&access_, &by_link, &arena, &got), SIGN_IN_DONE);
    check_str("for whom", got.principal.name, "bob");
    check_bytes("which", got.principal.link, token_id_of(buf_str(&link_text)));
    check_str("where", path_str(got.principal.scope.path), "shared");
    check_str("address", got.principal.address, "192.0.2.1");
    by_link.link = buf_str(&token_text);
    check_int("one for signing in", access_sign_in(&access_, &by_link, &arena, &got),
              SIGN_IN_NO_LINK);
    by_link.link = STR("x");
    check_int("nonsense", access_sign_in(&access_, &by_link, &arena, &got), SIGN_IN_NO_LINK);
    check_int("no password", ask(basic("bob", buf_c(&link_text))), SIGN_IN_REFUSED);
}

/* The token was over when its text was taken for a password, and then the clock was set back. */
TEST(sign_in_with_a_token_that_is_good_again_gives_its_seat_back)
{
    struct buf line = {0};
    struct buf text = {0};
    struct err err;
    struct token like = {.user = STR("bob"), .expires_s = 2000};
    tokens_add_line(&line, &like, &text);
    buf_add_char(&line, '\n');
    assert_true(tokens_read(&tokens, buf_str(&line), &err));
    const char *field = basic("bob", buf_c(&text));
    for (int i = 0; i < 64; i++) { /* more often than there are seats and tries */
        clock_freeze(2000000);
        check_int("over", wait_with("192.0.2.1:1", field), SIGN_IN_BLOCKS);
        clock_freeze(1000000);
        struct sign_in request = {.authorization = str_of_c(field),
                                  .address = STR("192.0.2.1:1"),
                                  .is_confidential = true,
                                  .may_block = true};
        check_int("good", access_sign_in(&access_, &request, &arena, &got), SIGN_IN_DONE);
        check_that("no seat", !got.seat);
    }
    buf_done(&line);
    buf_done(&text);
}

/* --- Digest --- */

TEST(sign_in_with_digest_and_its_replays)
{
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    check_int("right", ask(digest_field("alice", "pencil", nonce, 1)), SIGN_IN_DONE);
    check_str("who", got.principal.name, "alice");
    check_that("info", str_starts(got.info, STR("rspauth=")));
    check_int("replayed", ask(digest_field("alice", "pencil", nonce, 1)), SIGN_IN_REFUSED);
    check_that("stale", got.is_stale);
    check_that("says so", challenge_of("Digest", "stale=true").len > 0);
    check_int("counted on", ask(digest_field("alice", "pencil", nonce, 2)), SIGN_IN_DONE);
    check_int("wrong", ask(digest_field("alice", "pencils", nonce, 3)), SIGN_IN_REFUSED);
    check_that("not stale", !got.is_stale);
    check_int("no keys", ask(digest_field("bob", "pw", nonce, 4)), SIGN_IN_REFUSED);
    check_int("nobody", ask(digest_field("nobody", "pw", nonce, 5)), SIGN_IN_REFUSED);
    check_int("not ours", ask(digest_field("alice", "pencil", STR("abc"), 1)), SIGN_IN_REFUSED);
    check_that("but right", got.is_stale);
    clock_freeze(1000000 + 60001);
    check_int("too old", ask(digest_field("alice", "pencil", nonce, 6)), SIGN_IN_REFUSED);
    check_that("stale", got.is_stale);
}

/* Who works on is never told that his nonce is stale. */
TEST(sign_in_with_digest_lasts_from_use_to_use)
{
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    for (unsigned i = 0; i < 5; i++) {
        clock_freeze(1000000 + 50000 * (int64_t)i);
        check_int("right", ask(digest_field("alice", "pencil", nonce, i + 1)), SIGN_IN_DONE);
        check_int("wrong", ask(digest_field("alice", "pencils", nonce, i + 2)), SIGN_IN_REFUSED);
        check_int("a replay", ask(digest_field("alice", "pencil", nonce, i + 1)), SIGN_IN_REFUSED);
    }
    clock_freeze(1000000 + 50000 * 4 + 60001);
    check_int("idle", ask(digest_field("alice", "pencil", nonce, 6)), SIGN_IN_REFUSED);
    check_that("stale", got.is_stale);
}

/* A nonce that one user has used says nothing of his right to guess at another. */
TEST(sign_in_with_digest_is_throttled)
{
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    check_int("right", ask(digest_field("alice", "pencil", nonce, 1)), SIGN_IN_DONE);
    for (unsigned i = 0; i < 8; i++)
        check_int("wrong", ask(digest_field("bob", "x", nonce, i + 2)), SIGN_IN_REFUSED);
    check_int("slowed", ask(digest_field("bob", "x", nonce, 20)), SIGN_IN_THROTTLED);
    check_int("who was right", ask(digest_field("alice", "pencil", nonce, 21)), SIGN_IN_DONE);
}

TEST(sign_in_is_not_talked_down_to_what_is_not_offered)
{
    struct str nonce = param_of(challenge_of("Digest", "SHA-256"), "nonce");
    access_.offers[ACCESS_DIGEST] = false;
    access_.offers[ACCESS_BASIC] = false;
    access_.offers[ACCESS_SCRAM] = false;
    check_int("digest", ask(digest_field("alice", "pencil", nonce, 1)), SIGN_IN_REFUSED);
    check_int("basic", ask(basic("bob", "pw")), SIGN_IN_REFUSED);
    check_int("scram", ask("SCRAM-SHA-256 data=biwsbj11c2VyLHI9eA=="), SIGN_IN_REFUSED);
}

/* The challenges, each by its first letter, that of Digest with MD5 as M. */
static const char *challenge_letters(bool is_confidential)
{
    struct str challenges[ACCESS_CHALLENGES_MAX];
    static char letters[ACCESS_CHALLENGES_MAX + 1];
    got = (struct signed_in){0};
    size_t count = access_challenges(
        &access_, &got, &(struct challenge_place){is_confidential, false}, &arena, challenges);
    for (size_t i = 0; i < count; i++) {
        bool is_md5 = strstr(arena_text(&arena, challenges[i]), "algorithm=MD5") != NULL;
        letters[i] = is_md5 ? 'M' : challenges[i].at[0];
    }
    letters[count] = '\0';
    return letters;
}

static void offer(const char *letters)
{
    access_.offers[ACCESS_BASIC] = strchr(letters, 'B') != NULL;
    access_.offers[ACCESS_BEARER] = strchr(letters, 'T') != NULL;
    access_.offers[ACCESS_DIGEST] = strchr(letters, 'D') != NULL;
    access_.offers[ACCESS_DIGEST_MD5] = strchr(letters, 'M') != NULL;
    access_.offers[ACCESS_SCRAM] = strchr(letters, 'S') != NULL;
}

/* docs/clients.md says of whom each place is. */
TEST(sign_in_offers_in_an_order_that_clients_can_bear)
{
    static const struct {
        const char *offered, *in_order;
    } rows[] = {
        {"BTDMS", "BMDBSB"}, /* Bearer is a B, too */
        {"BDMS", "BMDSB"},   {"BDS", "BDSB"}, {"BD", "BDB"}, {"B", "B"}, {"DMS", "DSM"},
        {"DM", "DM"},        {"DS", "DS"},    {"S", "S"},    {"", ""},
    };
    struct str challenges[ACCESS_CHALLENGES_MAX];
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        offer(rows[i].offered);
        check_str(rows[i].offered, str_of_c(challenge_letters(true)), rows[i].in_order);
    }
    offer("BDMS");
    check_str("in the clear", str_of_c(challenge_letters(false)), "DSM");
    access_offer_usable(&access_); /* bob has no keys but his hash */
    check_str("usable", str_of_c(challenge_letters(true)), "B");
    offer("BDS");
    check_int("count",
              access_challenges(&access_, &got, &(struct challenge_place){true, false}, &arena,
                                challenges),
              4);
    check_str("Basic", challenges[0], "Basic realm=\"davit\", charset=\"UTF-8\"");
    check_that("Digest", str_starts(challenges[1], STR("Digest realm=\"davit\", qop=\"auth\"")));
    check_str("SCRAM", challenges[2], "SCRAM-SHA-256 realm=\"davit\"");
}

/* --- SCRAM --- */

TEST(sign_in_with_scram_takes_two_steps_and_works_once)
{
    struct str bare;
    struct str step = begin_scram("alice", &bare);
    struct str sid = param_of(step, "sid");
    struct str final = client_final("pencil", bare, server_first_of(step));
    check_int("right", ask(scram_field(sid, final)), SIGN_IN_DONE);
    check_str("who", got.principal.name, "alice");
    check_that("the server's signature", str_starts(got.info, STR("sid=")));
    check_int("replayed", ask(scram_field(sid, final)), SIGN_IN_REFUSED);
    step = begin_scram("alice", &bare);
    check_int("another session's", ask(scram_field(param_of(step, "sid"), final)), SIGN_IN_REFUSED);
    check_int(
        "wrong",
        ask(scram_field(param_of(step, "sid"), client_final("pen", bare, server_first_of(step)))),
        SIGN_IN_REFUSED);
}

TEST(sign_in_with_scram_is_throttled)
{
    struct str bare;
    for (int i = 0; i < 9; i++) {
        struct str step = begin_scram("alice", &bare);
        struct str final = client_final("pen", bare, server_first_of(step));
        check_int("wrong", ask(scram_field(param_of(step, "sid"), final)),
                  i < 8 ? SIGN_IN_REFUSED : SIGN_IN_THROTTLED);
    }
    struct str step = begin_scram("alice", &bare);
    struct str final = client_final("pencil", bare, server_first_of(step));
    check_int("elsewhere",
              ask_from("203.0.113.1:1", true, scram_field(param_of(step, "sid"), final)),
              SIGN_IN_DONE);
}

TEST(sign_in_with_scram_refuses_what_is_cut_or_changed)
{
    struct str bare;
    struct str step = begin_scram("alice", &bare);
    struct str sid = param_of(step, "sid");
    struct str final = client_final("pencil", bare, server_first_of(step));
    for (size_t len = 0; len < final.len; len++) {
        enum sign_in_end end_ =
            ask_from("203.0.113.1:1", true, scram_field(sid, str_first(final, len)));
        check_that("cut", end_ == SIGN_IN_MALFORMED || end_ == SIGN_IN_REFUSED);
    }
    for (size_t i = 0; i < sid.len; i += 5) {
        char *changed = arena_text(&arena, sid);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        check_int("changed sid", ask(scram_field(str_of(changed, sid.len), final)),
                  SIGN_IN_REFUSED);
    }
    clock_freeze(1000000 + 60001);
    check_int("too late", ask(scram_field(sid, final)), SIGN_IN_REFUSED);
}

TEST(sign_in_with_scram_tells_strangers_nothing)
{
    struct str bare;
    struct str one = server_first_of(begin_scram("nobody", &bare));
    struct str step = begin_scram("nobody", &bare);
    struct str two = server_first_of(step);
    struct str user = server_first_of(begin_scram("alice", &bare));
    check_int("as long", one.len, user.len);
    struct str salt_one = str_from(one, str_index(one, ','));
    struct str salt_two = str_from(two, str_index(two, ','));
    check_bytes("the same salt", salt_one, salt_two);
    check_int("no way in", ask(scram_field(param_of(step, "sid"), client_final("x", bare, two))),
              SIGN_IN_REFUSED);
}

/* Also after a restart, when FILE.keys keeps what they are made with. */
TEST(sign_in_with_scram_tells_strangers_the_same_after_a_restart)
{
    struct str bare;
    users.salts_key = STR("kept");
    struct str one = server_first_of(begin_scram("nobody", &bare));
    access_state_free(access_.state);
    standalone_free(shared);
    shared = new_shared();
    access_.state = access_state_new(&bounds, shared);
    struct str two = server_first_of(begin_scram("nobody", &bare));
    check_bytes("the same salt", str_from(one, str_index(one, ',')),
                str_from(two, str_index(two, ',')));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sign_in_without_credentials_is_nobody, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_basic_hashes_once, fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_counts_what_waits, fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_that_came_twice_counts_once, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_that_is_wrong_tells_nothing_more, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_basic_in_other_spellings, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_basic_needs_that_nobody_reads_along,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_is_throttled_and_who_was_right_is_not,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_of_strangers_is_throttled_alike, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_is_throttled_for_a_network_of_ipv6, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_a_token_is_bounded_by_its_scope, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_by_a_link_needs_a_token_for_that, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_a_token_that_is_good_again_gives_its_seat_back,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_digest_and_its_replays, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_digest_lasts_from_use_to_use, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_digest_is_throttled, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_is_not_talked_down_to_what_is_not_offered,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_offers_in_an_order_that_clients_can_bear,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_takes_two_steps_and_works_once,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_is_throttled, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_refuses_what_is_cut_or_changed,
                                        fixture_begin, fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_tells_strangers_nothing, fixture_begin,
                                        fixture_end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_tells_strangers_the_same_after_a_restart,
                                        fixture_begin, fixture_end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    fixture_done();
    return failed;
}
