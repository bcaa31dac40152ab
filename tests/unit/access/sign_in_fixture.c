#include "sign_in_fixture.h"

#include "access/scheme/digest.h"
#include "access/scheme/scram.h"
#include "access/standalone.h"
#include "base/clock.h"
#include "base/err.h"
#include "support/test.h"
#include "text/base64.h"

#define BCRYPT "$2y$05$8NYUrE8.Gqim6FmN7AGG/eBav4USanBke2PfLi.bcBHR1nnV3vYoO" /* "pw" */

struct arena arena;
struct shared_state *shared;
struct users users;
struct tokens tokens;
struct accounts accounts;
struct access access_;
struct signed_in got;
struct buf token_text;
struct buf link_text;

const struct access_bounds bounds = {.nonce_ms = 60000,
                                     .cache_count = 64,
                                     .right_ms = 1000,
                                     .wrong_ms = 900000,
                                     .waiting_count = 16};

/* Once for all tests: it is slow on purpose. */
static struct buf alices_line;
static struct buf alices_keys;

struct shared_state *new_shared(void)
{
    static const size_t max[SHARED_TABLES] = {
        [SHARED_NONCES] = 64, [SHARED_GUESSES] = 4096, [SHARED_KNOWN] = 4096};
    return standalone_new(max);
}

static bool make_alice(void)
{
    struct user_secret secret = {STR("alice"), STR("davit"), STR("pencil"), true, 4096};
    return alices_line.len || users_add_lines(&alices_line, &alices_keys, &secret);
}

int fixture_begin(void **state)
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
    buf_add_char(&token, '\n');
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

int fixture_end(void **state)
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

enum sign_in_end ask_from(const char *address, bool may_block, const char *field)
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

enum sign_in_end ask(const char *field)
{
    return ask_from("192.0.2.1:1234", true, field);
}

const char *basic(const char *user, const char *password)
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

/* A parameter of a challenge. */
struct str param_of(struct str challenge, const char *name)
{
    struct authorization parsed;
    assert_true(authorization_parse(challenge, &arena, &parsed));
    return authorization_get(&parsed, name);
}

struct str challenge_of(const char *beginning, const char *with)
{
    struct str challenges[ACCESS_CHALLENGES_MAX];
    size_t count = access_challenges(&access_, &got, &(struct challenge_place){true, false}, &arena,
                                     challenges);
    for (size_t i = 0; i < count; i++) {
        if (str_starts(challenges[i], str_of_c(beginning)) &&
            strstr(arena_text(&arena, challenges[i]), with))
            return challenges[i];
    }
    fail_msg("there is no challenge %s", beginning);
    return STR_NONE;
}

const char *digest_field(const char *user, const char *password, struct str nonce, unsigned count)
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

const char *scram_field(struct str sid, struct str message)
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

struct str server_first_of(struct str step)
{
    struct str message;
    assert_true(base64_decode(param_of(step, "data"), BASE64, &arena, &message));
    return message;
}

/* The client's final message: RFC 5802 §3 from the other side. */
struct str client_final(const char *password, struct str bare, struct str server_first)
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

struct str begin_scram(const char *user, struct str *bare)
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

void fixture_done(void)
{
    arena_done(&arena);
    buf_done(&token_text);
    buf_done(&link_text);
    buf_done(&alices_line);
    buf_done(&alices_keys);
}
