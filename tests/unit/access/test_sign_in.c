/* From a field to a principal: each scheme's way through, and the attacks on it. */
#include "support/test.h"

#include "access/access.h"
#include "access/accounts.h"
#include "access/scheme/digest.h"
#include "access/scheme/scram.h"
#include "access/standalone.h"
#include "base/clock.h"
#include "base/err.h"
#include "support/nodes.h"
#include "text/base64.h"

#define BCRYPT "$2y$05$8NYUrE8.Gqim6FmN7AGG/eBav4USanBke2PfLi.bcBHR1nnV3vYoO" /* "pw" */

static struct arena arena;
static struct shared_state *shared;
static struct users users;
static struct tokens tokens;
static struct accounts accounts;
static struct access access_;
static struct signed_in got;
static struct buf token_text;
static struct buf link_text;

static const struct access_bounds bounds = {.nonce_ms = 60000,
                                            .cache_count = 64,
                                            .right_ms = 1000,
                                            .wrong_ms = 900000,
                                            .waiting_count = 16};

static struct shared_state *new_shared(void)
{
    static const size_t max[SHARED_TABLES] = {
        [SHARED_NONCES] = 64, [SHARED_GUESSES] = 4096, [SHARED_KNOWN] = 4096};
    return standalone_new(max);
}

/* Once for all tests: it is slow on purpose. */
static struct buf alices_line;
static struct buf alices_keys;

static bool make_alice(void)
{
    struct user_secret secret = {STR("alice"), STR("davit"), STR("pencil"), true, 4096};
    return alices_line.len || users_add_lines(&alices_line, &alices_keys, &secret);
}

static int begin(void **state)
{
    struct buf line = {0};
    struct buf keys = {0};
    struct buf notes = {0};
    struct buf token = {0};
    struct err err;
    struct token like = {.user = STR("alice"), .scope = {PATH("phone"), true}};
    struct token link = {.user = STR("bob"), .scope = {PATH("shared"), true}, .is_link = true};
    (void)state;
    clock_freeze(1000000);
    buf_clear(&token_text);
    if (!make_alice())
        return -1;
    buf_add(&line, buf_str(&alices_line));
    buf_add(&keys, buf_str(&alices_keys));
    BUF_ADD(&line, "\nbob:" BCRYPT "\n");
    buf_clear(&link_text);
    tokens_add_line(&token, &like, &token_text);
    buf_add_char(&token, '\n');
    tokens_add_line(&token, &link, &link_text);
    bool is_fine = users_read(&users, buf_str(&line), &notes, &err) &&
                   users_read_keys(&users, buf_str(&keys), STR("davit"), &notes, &err) &&
                   tokens_read(&tokens, buf_str(&token), &err);
    buf_done(&line);
    buf_done(&keys);
    buf_done(&notes);
    buf_done(&token);
    shared = new_shared();
    accounts = accounts_of_files(&users, &tokens);
    access_ = (struct access){
        .state = access_state_new(&bounds, shared), .realm = STR("davit"), .accounts = &accounts};
    for (size_t i = 0; i < ACCESS_SCHEME_COUNT; i++)
        access_.offers[i] = true;
    return is_fine ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    access_state_free(access_.state);
    standalone_free(shared);
    users_done(&users);
    tokens_done(&tokens);
    arena_reset(&arena);
    clock_freeze(-1);
    return 0;
}

static enum sign_in_end ask_from(const char *address, bool may_block, const char *field)
{
    struct sign_in request = {.authorization = field ? str_of_c(field) : STR_NONE,
                              .method = STR("GET"),
                              .target = STR("/x"),
                              .address = str_of_c(address),
                              .is_confidential = true,
                              .may_block = may_block};
    got = (struct signed_in){0};
    return access_sign_in(&access_, &request, &arena, &got);
}

static enum sign_in_end ask(const char *field)
{
    return ask_from("192.0.2.1:1234", true, field);
}

static const char *basic(const char *user, const char *password)
{
    struct buf plain = {0};
    struct buf field = {0};
    buf_addf(&plain, "%s:%s", user, password);
    BUF_ADD(&field, "Basic ");
    base64_encode(&field, buf_str(&plain), BASE64);
    const char *text = arena_text(&arena, buf_str(&field));
    buf_done(&plain);
    buf_done(&field);
    return text;
}

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

/* A parameter of a challenge. */
static struct str param_of(struct str challenge, const char *name)
{
    struct authorization parsed;
    assert_true(authorization_parse(challenge, &arena, &parsed));
    return authorization_get(&parsed, name);
}

static struct str challenge_of(const char *beginning, const char *with)
{
    struct str challenges[ACCESS_CHALLENGES_MAX];
    size_t count = access_challenges(&access_, &got, true, &arena, challenges);
    for (size_t i = 0; i < count; i++) {
        if (str_starts(challenges[i], str_of_c(beginning)) &&
            strstr(arena_text(&arena, challenges[i]), with))
            return challenges[i];
    }
    fail_msg("there is no challenge %s", beginning);
    return STR_NONE;
}

static const char *digest_field(const char *user, const char *password, struct str nonce,
                                unsigned count)
{
    struct buf key = {0};
    struct buf a2 = {0};
    struct buf text = {0};
    struct buf field = {0};
    digest_add_key(&key, HASH_SHA256, str_of_c(user), STR("davit"), str_of_c(password));
    secret_add_hex(&a2, HASH_SHA256, STR("GET:/x"));
    buf_addf(&text, "%s:%.*s:%08x:c:auth:%s", buf_c(&key), STR_ARGS(nonce), count, buf_c(&a2));
    buf_addf(&field,
             "Digest username=\"%s\", realm=\"davit\", uri=\"/x\", algorithm=SHA-256, "
             "nonce=\"%.*s\", nc=%08x, cnonce=\"c\", qop=auth, response=\"",
             user, STR_ARGS(nonce), count);
    secret_add_hex(&field, HASH_SHA256, buf_str(&text));
    buf_add_char(&field, '"');
    const char *copy = arena_text(&arena, buf_str(&field));
    buf_done(&key);
    buf_done(&a2);
    buf_done(&text);
    buf_done(&field);
    return copy;
}

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

TEST(sign_in_offers_the_strongest_first)
{
    struct str challenges[ACCESS_CHALLENGES_MAX];
    got = (struct signed_in){0};
    size_t count = access_challenges(&access_, &got, true, &arena, challenges);
    check_int("count", count, 5);
    check_str("first", challenges[0], "SCRAM-SHA-256 realm=\"davit\"");
    check_that("then", str_starts(challenges[1], STR("Digest realm=\"davit\", qop=\"auth\"")));
    check_str("last", challenges[4], "Basic realm=\"davit\", charset=\"UTF-8\"");
    check_int("in the clear", access_challenges(&access_, &got, false, &arena, challenges), 3);
    access_offer_usable(&access_); /* bob has no keys but his hash */
    check_int("usable", access_challenges(&access_, &got, true, &arena, challenges), 1);
}

/* --- SCRAM --- */

static const char *scram_field(struct str sid, struct str message)
{
    struct buf field = {0};
    BUF_ADD(&field, "SCRAM-SHA-256 ");
    if (sid.len)
        buf_addf(&field, "sid=%.*s, ", STR_ARGS(sid));
    BUF_ADD(&field, "data=");
    base64_encode(&field, message, BASE64);
    const char *copy = arena_text(&arena, buf_str(&field));
    buf_done(&field);
    return copy;
}

static struct str server_first_of(struct str step)
{
    struct str message;
    assert_true(base64_decode(param_of(step, "data"), BASE64, &arena, &message));
    return message;
}

/* The client's final message: RFC 5802 §3 from the other side. */
static struct str client_final(const char *password, struct str bare, struct str server_first)
{
    struct str rest = server_first;
    struct str nonce = str_from(str_cut(&rest, ','), 2);
    struct str salt;
    uint64_t iterations;
    struct buf message = {0};
    struct buf text = {0};
    assert_true(base64_decode(str_from(str_cut(&rest, ','), 2), BASE64, &arena, &salt));
    assert_true(str_parse_u64(str_from(rest, 2), &iterations));
    struct sha256 salted = secret_pbkdf2(str_of_c(password), salt, (unsigned)iterations);
    struct sha256 client_key = secret_hmac(sha256_str(&salted), STR("Client Key"));
    struct sha256 stored_key = secret_sha256(sha256_str(&client_key));
    buf_addf(&message, "c=biws,r=%.*s", STR_ARGS(nonce));
    buf_addf(&text, "%.*s,%.*s,%s", STR_ARGS(bare), STR_ARGS(server_first), buf_c(&message));
    struct sha256 signature = secret_hmac(sha256_str(&stored_key), buf_str(&text));
    for (size_t i = 0; i < SHA256_BYTES; i++)
        client_key.bytes[i] ^= signature.bytes[i];
    BUF_ADD(&message, ",p=");
    base64_encode(&message, sha256_str(&client_key), BASE64);
    struct str copy = arena_str(&arena, buf_str(&message));
    buf_done(&message);
    buf_done(&text);
    return copy;
}

static struct str begin_scram(const char *user, struct str *bare)
{
    struct buf first = {0};
    buf_addf(&first, "n,,n=%s,r=clientnonce", user);
    struct str message = arena_str(&arena, buf_str(&first));
    buf_done(&first);
    *bare = str_from(message, 3);
    check_int("first", ask(scram_field(STR_NONE, message)), SIGN_IN_REFUSED);
    assert_true(got.next_step.len > 0);
    return got.next_step;
}

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
    go_to(0); /* end() frees it */
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
        cmocka_unit_test_setup_teardown(sign_in_without_credentials_is_nobody, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_basic_hashes_once, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_that_is_wrong_tells_nothing_more, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_basic_in_other_spellings, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_basic_needs_that_nobody_reads_along, begin,
                                        end),
        cmocka_unit_test_setup_teardown(sign_in_is_throttled_and_who_was_right_is_not, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_is_throttled_for_a_network_of_ipv6, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_a_token_is_bounded_by_its_scope, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_a_token_that_is_good_again_gives_its_seat_back,
                                        begin, end),
        cmocka_unit_test_setup_teardown(sign_in_by_a_link_needs_a_token_for_that, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_digest_and_its_replays, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_is_not_talked_down_to_what_is_not_offered, begin,
                                        end),
        cmocka_unit_test_setup_teardown(sign_in_offers_the_strongest_first, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_takes_two_steps_and_works_once, begin,
                                        end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_refuses_what_is_cut_or_changed, begin,
                                        end),
        cmocka_unit_test_setup_teardown(sign_in_counts_what_waits, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_that_came_twice_counts_once, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_of_strangers_is_throttled_alike, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_digest_is_throttled, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_is_throttled, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_tells_strangers_nothing, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_with_scram_tells_strangers_the_same_after_a_restart,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            sign_in_at_another_node_takes_its_nonces_and_refuses_its_replays, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_at_another_node_ends_an_exchange_of_scram, begin,
                                        end),
        cmocka_unit_test_setup_teardown(sign_in_counts_what_was_wrong_at_another_node, begin, end),
        cmocka_unit_test_setup_teardown(sign_in_by_what_nodes_share_is_put_off_on_a_loop, begin,
                                        end),
        cmocka_unit_test_setup_teardown(sign_in_is_unknown_where_what_nodes_share_is_out_of_reach,
                                        begin, end),
        cmocka_unit_test_setup_teardown(
            sign_in_with_accounts_elsewhere_waits_for_them_and_is_unknown_without, begin, end),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_done(&arena);
    buf_done(&token_text);
    buf_done(&link_text);
    buf_done(&alices_line);
    buf_done(&alices_keys);
    return failed;
}
