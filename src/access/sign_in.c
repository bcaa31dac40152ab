/* From an Authorization field to a principal. Each scheme is a function with the same end: right,
 * wrong, or something else to be done first.
 *
 *   Basic    hash, unless the same was right or wrong lately; BLOCKS before it
 *   Digest   response right? then is the nonce fresh, and the count new?
 *   SCRAM    first message: a challenge; final message: proof right? then is its nonce unused?
 *   Bearer   one of ours by its hash, or a JWT by its signature, unless that was right lately
 *
 * What all share:
 *  (1) whoever does not exist costs what a user costs, and gets the same answers: Basic hashes
 *      against a decoy, Digest and SCRAM go on with keys that nobody has (invented from the name,
 *      so that asking twice gives the same salt);
 *  (2) an attempt is counted before it is looked at (access/throttle.h), also for names that nobody
 *      has, and what is throttled is not looked at; what turns out right was no guess;
 *  (3) what was wrong lately is wrong without a hash and counts no more: a telephone that goes on
 *      with an old password is no guesser. What was right once is no guess either, however long
 *      ago. Digest and SCRAM show another text each time: there each wrong one counts;
 *  (4) a scheme that is not offered is wrong, whatever is sent: no client can choose a weaker one.
 *      But an app password is taken by Basic, which its apps alone know: nobody can guess it;
 *  (5) a sign-in that is right, but with a nonce that is not, is told so (stale), so that no client
 *      asks its user for the password again;
 *  (6) who waits for a hash has a seat (access/gate.h); when there is none, the answer is 503;
 *  (7) what may wait (counts and accounts that are kept elsewhere) is asked only where it may:
 *      BLOCKS before it; what cannot be found out is 503, and no guess.
 * check_end() and may_ask() assert what can be seen of these. Not (1), which is about time, nor
 * (3): another thread may have learned at this moment that a password is wrong.
 *
 * A name counts in NFC, for throttling too: otherwise each way to spell it would have guesses of
 * its own.
 *
 * SCRAM keeps nothing between its two requests: `sid` holds the client's first message under a
 * keyed hash together with the server's nonce, and the nonce is one of access/nonce.h's, good for a
 * while and for one success. */
#include "access/access.h"
#include "access/accounts.h"
#include "access/net.h"
#include "access/password.h"
#include "access/scheme/basic.h"
#include "access/scheme/digest.h"
#include "access/scheme/jwt.h"
#include "access/scheme/scram.h"
#include "access/state_priv.h"
#include "base/clock.h"
#include "text/base64.h"
#include "text/unicode.h"

struct attempt {
    const struct access *access;
    const struct sign_in *request;
    struct arena *arena;
    struct authorization authorization;
    struct signed_in *out;
    bool is_charged;            /* it counts as wrong until it turns out right */
    enum sign_in_end uncharged; /* otherwise why it may not be looked at */
};

enum { RETRY_S = 2 }; /* after which it is worth while to try again */

static const char *const wire_names[ACCESS_SCHEME_COUNT] = {
#define ACCESS_SCHEME(name, word, wire, where) [ACCESS_##name] = (wire),
#include "access/schemes.def"
#undef ACCESS_SCHEME
};

/* --- what all schemes share --- */

static struct str copy(struct attempt *attempt, struct buf *text)
{
    struct str copied = arena_str(attempt->arena, buf_str(text));
    buf_done(text);
    return copied;
}

/* Of what is kept elsewhere. */
static bool may_ask(const struct attempt *attempt)
{
    const struct access *access = attempt->access;
    return attempt->request->may_block ||
           !(access->state->shared->may_block || access->accounts->may_block);
}

static struct throttle_party party_of(const struct attempt *attempt, struct str user)
{
    assert(may_ask(attempt)); /* (7) */
    return (struct throttle_party){user, attempt->out->principal.address};
}

static enum sign_in_end put_off(struct attempt *attempt, enum sign_in_end why)
{
    attempt->out->retry_s = RETRY_S;
    return why;
}

/* Counts the attempt; false: it may not be looked at, and attempt->uncharged says why. `user`
 * empty: what was sent names nobody. */
static bool charge(struct attempt *attempt, struct str user)
{
    struct throttle_party party = party_of(attempt, user);
    int64_t wait_ms = throttle_charge(attempt->access->state->shared, &party);
    attempt->is_charged = wait_ms == 0;
    if (wait_ms == THROTTLE_UNKNOWN) {
        attempt->uncharged = put_off(attempt, SIGN_IN_UNKNOWN);
    } else {
        attempt->uncharged = SIGN_IN_THROTTLED;
        attempt->out->retry_s = (unsigned)((wait_ms + 999) / 1000);
    }
    return attempt->is_charged;
}

/* It was no guess. */
static void refund(struct attempt *attempt, struct str user)
{
    struct throttle_party party = party_of(attempt, user);
    if (attempt->is_charged)
        throttle_refund(attempt->access->state->shared, &party);
    attempt->is_charged = false;
}

static enum sign_in_end passed(struct attempt *attempt, enum access_scheme scheme, struct str user)
{
    attempt->out->principal.name = user;
    attempt->out->principal.scheme = scheme;
    return SIGN_IN_DONE;
}

/* The user has shown that he is who he says he is. */
static void forgive(struct attempt *attempt, struct str user)
{
    struct throttle_party party = party_of(attempt, user);
    refund(attempt, user);
    throttle_know(attempt->access->state->shared, &party);
}

/* --- waiting for a hash --- */

static struct gate_seat describe(const struct attempt *attempt, const struct sha256 *credentials)
{
    unsigned char bytes[NET_BYTES];
    struct gate_seat seat = {.credentials = *credentials};
    seat.network = hash_bytes(net_of(attempt->out->principal.address, NET_BYTES / 2, bytes));
    return seat;
}

/* BLOCKS when there is a seat. `is_no_guess`: the same was looked at before. */
static enum sign_in_end take_seat(struct attempt *attempt, struct str user,
                                  const struct sha256 *credentials, bool is_no_guess)
{
    struct gate *gate = attempt->access->state->gate;
    struct gate_seat seat = describe(attempt, credentials);
    seat.is_known = is_no_guess;
    if (!is_no_guess && !gate_has(gate, credentials) && !charge(attempt, user))
        return attempt->uncharged;
    seat.is_charged = attempt->is_charged;
    attempt->out->seat = gate_enter(gate, &seat);
    if (attempt->out->seat)
        return SIGN_IN_BLOCKS;
    refund(attempt, user);
    return put_off(attempt, SIGN_IN_BUSY);
}

static void leave_seat(struct attempt *attempt)
{
    if (attempt->out->seat)
        gate_leave(attempt->access->state->gate, attempt->out->seat);
    attempt->out->seat = NULL;
}

/* There is nothing to hash, and it was no guess. */
static void settle(struct attempt *attempt, struct str user)
{
    leave_seat(attempt);
    refund(attempt, user);
}

/* --- names and tokens --- */

/* What must be known cannot be found out now. */
static enum sign_in_end give_up(struct attempt *attempt, struct str user)
{
    settle(attempt, user);
    return put_off(attempt, SIGN_IN_UNKNOWN);
}

static bool find_user(const struct attempt *attempt, struct str name, const struct user **user_out)
{
    assert(may_ask(attempt)); /* (7) */
    return accounts_find_user(attempt->access->accounts, name, attempt->arena, user_out);
}

static enum sign_in_end passed_with_token(struct attempt *attempt, enum access_scheme scheme,
                                          const struct token *token)
{
    attempt->out->principal.scope = token->scope;
    attempt->out->principal.token = token->id;
    attempt->out->principal.is_app = token->is_app;
    return passed(attempt, scheme, token->user);
}

/* Who has been removed has left his apps behind. */
static bool find_app_password(const struct attempt *attempt, struct str text,
                              const struct token **token_out)
{
    const struct access *access = attempt->access;
    const struct user *user = NULL;
    if (!access->has_app_passwords || !token_is_text(text))
        return true;
    const struct token *token =
        app_passwords_find(access->state->apps, token_id_of(text), attempt->arena);
    if (!token_verify(token, text, clock_wall_ms() / 1000))
        return true;
    if (!find_user(attempt, token->user, &user))
        return false;
    if (user || access_has_certificate(access, token->user))
        *token_out = token;
    return true;
}

/* One that is for signing in; NULL: it is none. False: that cannot be found out now. */
static bool find_token(const struct attempt *attempt, struct str text,
                       const struct token **token_out)
{
    const struct accounts *accounts = attempt->access->accounts;
    assert(may_ask(attempt)); /* (7) */
    bool is_known = accounts_find_token(accounts, text, attempt->arena, token_out);
    if (is_known && !*token_out)
        is_known = find_app_password(attempt, text, token_out);
    if (*token_out && ((*token_out)->is_link || (*token_out)->is_login))
        *token_out = NULL;
    return is_known;
}

/* --- Basic --- */

struct basic_check {
    const struct user *user; /* NULL: a stranger */
    struct str hash;
    struct sha256 key; /* in what is remembered */
};

static enum sign_in_end hash_password(struct attempt *attempt, const struct basic *basic,
                                      const struct basic_check *check)
{
    struct access_state *state = attempt->access->state;
    bool is_same =
        password_verify(basic->password, check->hash) ||
        (basic->other_password.at && password_verify(basic->other_password, check->hash));
    leave_seat(attempt);
    if (is_same && check->user) {
        credential_cache_add(state->right, &check->key);
        forgive(attempt, check->user->name);
        return passed(attempt, ACCESS_BASIC, check->user->name);
    }
    credential_cache_add(state->wrong, &check->key);
    return SIGN_IN_REFUSED;
}

/* What a stranger, or a user without a password, is measured against; NULL: nobody has one. */
static const struct user *find_decoy(const struct access *access, struct str name)
{
    const struct users *users = access->accounts->users;
    return users ? users_decoy(users, hash_bytes_with(access->state->decoy_key, name)) : NULL;
}

/* Nothing that is remembered of a stranger is ever a user's: he might become one. */
static bool find_check(struct attempt *attempt, const struct basic *basic,
                       struct basic_check *check)
{
    const struct access *access = attempt->access;
    const struct credential_cache *cache = access->state->right;
    if (!find_user(attempt, basic->user, &check->user))
        return false;
    if (check->user && check->user->hash.len == 0)
        check->user = NULL;
    const struct user *measured = check->user ? check->user : find_decoy(access, basic->user);
    check->hash = measured ? measured->hash : STR_NONE;
    check->key = credential_cache_key(cache, attempt->authorization.token68, check->hash);
    if (!check->user)
        check->key.bytes[0] ^= 1;
    return true;
}

static enum sign_in_end check_password(struct attempt *attempt, const struct basic *basic)
{
    struct access_state *state = attempt->access->state;
    struct basic_check check;
    if (!find_check(attempt, basic, &check))
        return give_up(attempt, basic->user);
    enum credential_state right =
        check.user ? credential_cache_look(state->right, &check.key) : CREDENTIALS_NONE;
    bool is_wrong = right == CREDENTIALS_NONE &&
                    credential_cache_look(state->wrong, &check.key) == CREDENTIALS_FRESH;
    if (right == CREDENTIALS_FRESH || is_wrong) { /* perhaps since it took its seat */
        settle(attempt, basic->user);
        return is_wrong ? SIGN_IN_REFUSED : passed(attempt, ACCESS_BASIC, check.user->name);
    }
    enum sign_in_end end = SIGN_IN_BLOCKS;
    if (!attempt->out->seat)
        end = take_seat(attempt, basic->user, &check.key, right == CREDENTIALS_OLD);
    if (end != SIGN_IN_BLOCKS || !attempt->request->may_block)
        return end;
    return hash_password(attempt, basic, &check);
}

static enum sign_in_end refuse_token(struct attempt *attempt, struct str text);

static enum sign_in_end sign_in_basic(struct attempt *attempt)
{
    const struct access *access = attempt->access;
    bool is_offered = access->offers[ACCESS_BASIC];
    struct basic basic;
    if (!is_offered && !access->has_app_passwords)
        return SIGN_IN_REFUSED;
    if (!attempt->request->is_confidential && !access->allows_clear_basic)
        return SIGN_IN_UNSAFE;
    if (!basic_read(&attempt->authorization, attempt->arena, &basic))
        return SIGN_IN_MALFORMED;
    if (!is_offered && !token_is_text(basic.password))
        return SIGN_IN_REFUSED;
    const struct token *token;
    if (!find_token(attempt, basic.password, &token))
        return give_up(attempt, basic.user);
    if (token && str_eq(token->user, basic.user) && (is_offered || token->is_app)) {
        settle(attempt, basic.user); /* the clock may have been set back since it took its seat */
        return passed_with_token(attempt, ACCESS_BASIC, token);
    }
    return is_offered ? check_password(attempt, &basic) : refuse_token(attempt, basic.password);
}

/* --- Digest --- */

/* Of a stranger: a key that nobody has, the same after a restart where FILE.keys keeps what it is
 * made with. */
static struct str invent(struct attempt *attempt, struct str name)
{
    const struct access_state *state = attempt->access->state;
    const struct users *users = attempt->access->accounts->users;
    bool is_kept = users && users->salts_key.len;
    struct str secret =
        is_kept ? users->salts_key : str_of((const char *)state->key, sizeof(state->key));
    struct sha256 hash = secret_hmac(secret, name);
    return arena_str(attempt->arena, sha256_str(&hash));
}

static enum sign_in_end check_nonce(struct attempt *attempt, const struct digest *digest,
                                    struct str key, struct str user)
{
    const struct nonces *nonces = &attempt->access->state->nonces;
    struct buf info = {0};
    forgive(attempt, user);
    enum nonce_state state = nonce_use(nonces, digest->nonce, digest->count, user);
    if (state == NONCE_UNKNOWN)
        return give_up(attempt, user);
    if (state != NONCE_FRESH) {
        attempt->out->is_stale = true;
        return SIGN_IN_REFUSED;
    }
    digest_add_info(&info, digest, key);
    attempt->out->info = copy(attempt, &info);
    return passed(attempt, digest->hash == HASH_MD5 ? ACCESS_DIGEST_MD5 : ACCESS_DIGEST, user);
}

static enum sign_in_end sign_in_digest(struct attempt *attempt)
{
    const struct access *access = attempt->access;
    struct digest digest;
    if (!digest_read(&attempt->authorization, attempt->arena, &digest))
        return SIGN_IN_MALFORMED;
    digest.user = unicode_form(attempt->arena, digest.user, UNICODE_NFC);
    bool is_offered = access->offers[digest.hash == HASH_MD5 ? ACCESS_DIGEST_MD5 : ACCESS_DIGEST];
    if (!is_offered || !str_eq(digest.realm, access->realm))
        return SIGN_IN_REFUSED;
    if (!digest_is_about(&digest, attempt->request->target)) /* RFC 7616 §3.4.6 */
        return SIGN_IN_MISPLACED;
    /* Who has used this nonce with success is no guesser at his own password. */
    if (!nonce_is_known(&access->state->nonces, digest.nonce, digest.user) &&
        !charge(attempt, digest.user))
        return attempt->uncharged;
    const struct user *user;
    if (!find_user(attempt, digest.user, &user))
        return give_up(attempt, digest.user);
    struct str key = user ? user->digest_keys[digest.hash] : STR_NONE;
    bool has_key = key.len != 0;
    if (!has_key)
        key = invent(attempt, digest.user);
    if (!digest_verify(&digest, key, attempt->request->method) || !has_key)
        return SIGN_IN_REFUSED;
    return check_nonce(attempt, &digest, key, user->name);
}

/* --- SCRAM --- */

/* `user` NULL: a stranger. */
static struct scram_keys keys_of(struct attempt *attempt, struct str name, const struct user *user)
{
    const struct users *users = attempt->access->accounts->users;
    struct scram_keys keys = {.iterations = SCRAM_ITERATIONS};
    uint32_t chance;
    if (user && user->scram.iterations)
        return user->scram;
    struct str invented = invent(attempt, name);
    memcpy(&chance, invented.at + SHA256_BYTES - sizeof(chance), sizeof(chance));
    if (users)
        keys.iterations = users_decoy_rounds(users, chance);
    keys.salt = str_first(invented, 16);
    memcpy(keys.stored_key.bytes, invented.at, SHA256_BYTES); /* which nobody can prove */
    return keys;
}

static struct sha256 seal(const struct attempt *attempt, struct str message, struct str nonce)
{
    const struct access_state *state = attempt->access->state;
    struct buf both = {0};
    buf_add(&both, nonce);
    buf_add(&both, message);
    struct sha256 mac =
        secret_hmac(str_of((const char *)state->key, sizeof(state->key)), buf_str(&both));
    buf_done(&both);
    return mac;
}

static void add_step(struct buf *to, struct str sid, struct str data)
{
    BUF_ADD(to, "sid=");
    buf_add(to, sid);
    BUF_ADD(to, ", data=\"");
    base64_encode(to, data, BASE64);
    buf_add_char(to, '"');
}

static bool read_scram_first(struct attempt *attempt, struct str message,
                             struct scram_first *first_out)
{
    if (!scram_first_parse(message, attempt->arena, first_out))
        return false;
    first_out->user = unicode_form(attempt->arena, first_out->user, UNICODE_NFC);
    return true;
}

static enum sign_in_end begin_scram(struct attempt *attempt, struct str message)
{
    const struct user *user;
    struct scram_first first;
    struct buf nonce = {0};
    struct buf sid = {0};
    struct buf data = {0};
    struct buf step = {0};
    if (!read_scram_first(attempt, message, &first))
        return SIGN_IN_MALFORMED;
    if (!find_user(attempt, first.user, &user))
        return give_up(attempt, first.user);
    struct scram_keys keys = keys_of(attempt, first.user, user);
    nonce_make(&attempt->access->state->nonces, &nonce);
    struct sha256 mac = seal(attempt, message, buf_str(&nonce));
    base64_encode(&sid, message, BASE64_URL);
    buf_add_char(&sid, '.');
    base64_encode(&sid, sha256_str(&mac), BASE64_URL);
    scram_add_server_first(&data, &first, buf_str(&nonce), &keys);
    BUF_ADD(&step, "SCRAM-SHA-256 ");
    add_step(&step, buf_str(&sid), buf_str(&data));
    attempt->out->next_step = copy(attempt, &step);
    buf_done(&nonce);
    buf_done(&sid);
    buf_done(&data);
    return SIGN_IN_REFUSED;
}

/* The client's first message that `sid` holds, if it was given out with that nonce. */
static bool open_sid(struct attempt *attempt, struct str sid, struct str nonce,
                     struct str *message_out)
{
    struct str mac;
    struct str text = str_cut(&sid, '.');
    if (!base64_decode(text, BASE64_URL, attempt->arena, message_out) ||
        !base64_decode(sid, BASE64_URL, attempt->arena, &mac))
        return false;
    struct sha256 expected = seal(attempt, *message_out, nonce);
    return secret_eq(mac, sha256_str(&expected));
}

static enum sign_in_end finish_scram(struct attempt *attempt, struct str sid, struct str message)
{
    const struct nonces *nonces = &attempt->access->state->nonces;
    const struct user *user;
    struct scram_first first;
    struct scram_final final;
    struct str first_message;
    struct buf server_first = {0};
    struct buf server_final = {0};
    struct buf info = {0};
    if (!scram_final_parse(message, attempt->arena, &final) || final.nonce.len < NONCE_TEXT_BYTES)
        return SIGN_IN_MALFORMED;
    struct str nonce = str_from(final.nonce, final.nonce.len - NONCE_TEXT_BYTES);
    if (!open_sid(attempt, sid, nonce, &first_message) ||
        !read_scram_first(attempt, first_message, &first) ||
        !str_eq(str_first(final.nonce, final.nonce.len - NONCE_TEXT_BYTES), first.nonce) ||
        nonce_look(nonces, nonce) != NONCE_FRESH)
        return SIGN_IN_REFUSED; /* of another server, or too late: no guess */
    if (!charge(attempt, first.user))
        return attempt->uncharged;
    if (!find_user(attempt, first.user, &user))
        return give_up(attempt, first.user);
    struct scram_keys keys = keys_of(attempt, first.user, user);
    scram_add_server_first(&server_first, &first, nonce, &keys);
    bool is_right = scram_verify(&keys, &first, buf_str(&server_first), &final, &server_final);
    buf_done(&server_first);
    if (!is_right || !user)
        return SIGN_IN_REFUSED;
    add_step(&info, sid, buf_str(&server_final));
    buf_done(&server_final);
    attempt->out->info = copy(attempt, &info);
    forgive(attempt, user->name);
    enum nonce_state state = nonce_use(nonces, nonce, 1, user->name);
    if (state == NONCE_UNKNOWN)
        return give_up(attempt, user->name);
    if (state != NONCE_FRESH)
        return SIGN_IN_REFUSED;
    return passed(attempt, ACCESS_SCRAM, user->name);
}

static enum sign_in_end sign_in_scram(struct attempt *attempt)
{
    struct str sid = authorization_get(&attempt->authorization, "sid");
    struct str data = authorization_get(&attempt->authorization, "data");
    struct str message;
    if (!attempt->access->offers[ACCESS_SCRAM])
        return SIGN_IN_REFUSED;
    if (!base64_decode(data, BASE64, attempt->arena, &message) || message.len == 0)
        return SIGN_IN_MALFORMED;
    return sid.at ? finish_scram(attempt, sid, message) : begin_scram(attempt, message);
}

/* --- Bearer --- */

/* One whose signature was right is no guess, though it has expired; nor is one that was wrong a
 * short while ago, though it is looked at again: its time may have come. */
static enum sign_in_end sign_in_jwt(struct attempt *attempt, struct str text)
{
    const struct access *access = attempt->access;
    struct access_state *state = access->state;
    struct sha256 key = credential_cache_key(state->right, text, jwt_keys_print(access->jwt_keys));
    enum credential_state right = credential_cache_look(state->right, &key);
    enum sign_in_end end = SIGN_IN_BLOCKS;
    struct jwt_claims claims;
    struct jwt_expectation expected = {
        .issuer = access->jwt_issuer,
        .audience = access->jwt_audience,
        .user_claim = access->jwt_user_claim,
        .now_s = clock_wall_ms() / 1000,
        .skew_s = access->jwt_skew_s,
        .is_signature_known = right == CREDENTIALS_FRESH,
    };
    if (right != CREDENTIALS_FRESH && !attempt->out->seat) {
        bool is_no_guess = right == CREDENTIALS_OLD ||
                           credential_cache_look(state->wrong, &key) != CREDENTIALS_NONE;
        end = take_seat(attempt, STR_NONE, &key, is_no_guess);
    }
    if (right != CREDENTIALS_FRESH && (end != SIGN_IN_BLOCKS || !attempt->request->may_block))
        return end;
    bool is_right = jwt_verify(access->jwt_keys, text, &expected, attempt->arena, &claims) &&
                    users_is_name(claims.user);
    leave_seat(attempt);
    if (!is_right && right == CREDENTIALS_NONE)
        credential_cache_add(state->wrong, &key);
    if (!is_right)
        return SIGN_IN_REFUSED;
    refund(attempt, STR_NONE);
    credential_cache_add(state->right, &key);
    return passed(attempt, ACCESS_BEARER, unicode_form(attempt->arena, claims.user, UNICODE_NFC));
}

/* A token that is none of ours. */
static enum sign_in_end refuse_token(struct attempt *attempt, struct str text)
{
    struct credential_cache *wrong = attempt->access->state->wrong;
    struct sha256 key = credential_cache_key(wrong, text, STR_NONE);
    if (credential_cache_look(wrong, &key) != CREDENTIALS_FRESH && !charge(attempt, STR_NONE))
        return attempt->uncharged;
    credential_cache_add(wrong, &key);
    return SIGN_IN_REFUSED;
}

static enum sign_in_end sign_in_bearer(struct attempt *attempt)
{
    const struct access *access = attempt->access;
    struct str text = attempt->authorization.token68;
    if (text.len == 0 && attempt->authorization.param_count == 0) /* Office asks what we can do */
        return SIGN_IN_DONE;
    if (!access->offers[ACCESS_BEARER] && !access->accounts->tokens && !access->has_app_passwords)
        return SIGN_IN_REFUSED;
    if (!attempt->request->is_confidential && !access->allows_clear_basic)
        return SIGN_IN_UNSAFE; /* RFC 6750 §5.3 */
    const struct token *token;
    if (!find_token(attempt, text, &token))
        return give_up(attempt, STR_NONE);
    if (token)
        return passed_with_token(attempt, ACCESS_BEARER, token);
    if (access->jwt_keys && access->offers[ACCESS_BEARER] && jwt_is_text(text))
        return sign_in_jwt(attempt, text);
    return refuse_token(attempt, text);
}

/* --- the URL of a shared link --- */

static enum sign_in_end sign_in_by_link(struct attempt *attempt)
{
    const struct accounts *accounts = attempt->access->accounts;
    const struct token *token;
    if (!accounts_find_token(accounts, attempt->request->link, attempt->arena, &token))
        return give_up(attempt, STR_NONE);
    if (!token || !token->is_link)
        return SIGN_IN_NO_LINK;
    attempt->out->principal.link = token->id;
    return passed_with_token(attempt, ACCESS_NO_SCHEME, token);
}

/* --- the beginning --- */

static struct str certificate_user(const struct access *access, struct str subject)
{
    const struct access_certificate *certificate = access->certificates;
    if (!subject.len || !access->offers[ACCESS_CERTIFICATE])
        return STR_NONE;
    while (certificate && !str_eq(certificate->subject, subject))
        certificate = certificate->next;
    return certificate ? certificate->user : STR_NONE;
}

static struct str without_port(struct str address)
{
    size_t colon = str_index_last(address, ':');
    if (address.len && address.at[0] == '[')
        return str_from(str_first(address, str_index(address, ']')), 1);
    return str_index(address, ':') == colon ? str_first(address, colon) : address;
}

static enum sign_in_end sign_in(struct attempt *attempt)
{
    const struct sign_in *request = attempt->request;
    struct authorization *authorization = &attempt->authorization;
    if (!request->link.at && !request->authorization.at) {
        struct str user = certificate_user(attempt->access, request->certificate);
        return user.len ? passed(attempt, ACCESS_CERTIFICATE, user) : SIGN_IN_DONE;
    }
    if (!may_ask(attempt))
        return SIGN_IN_BLOCKS;
    if (request->link.at)
        return sign_in_by_link(attempt);
    if (!authorization_parse(request->authorization, attempt->arena, authorization))
        return SIGN_IN_MALFORMED;
    if (authorization_is(authorization, "Basic"))
        return sign_in_basic(attempt);
    if (authorization_is(authorization, "Digest"))
        return sign_in_digest(attempt);
    if (authorization_is(authorization, "SCRAM-SHA-256"))
        return sign_in_scram(attempt);
    if (authorization_is(authorization, "Bearer"))
        return sign_in_bearer(attempt);
    return SIGN_IN_REFUSED;
}

static void check_end(const struct attempt *attempt, enum sign_in_end end)
{
    const struct access *access = attempt->access;
    const struct signed_in *out = attempt->out;
    enum access_scheme scheme = out->principal.scheme;
    bool is_token = out->principal.token.len && (scheme == ACCESS_BEARER || out->principal.is_app);
    assert(end == SIGN_IN_DONE || principal_is_anonymous(&out->principal));
    assert(!attempt->is_charged || end == SIGN_IN_BLOCKS || end == SIGN_IN_REFUSED); /* (2) */
    assert(!scheme || access->offers[scheme] || is_token);                           /* (4) */
    assert(!out->is_stale || (end == SIGN_IN_REFUSED && !attempt->is_charged));      /* (5) */
    assert(!out->seat || end == SIGN_IN_BLOCKS);                                     /* (6) */
}

enum sign_in_end access_sign_in(const struct access *access, const struct sign_in *request,
                                struct arena *arena, struct signed_in *out)
{
    struct attempt attempt = {.access = access, .request = request, .arena = arena, .out = out};
    attempt.is_charged = out->seat && out->seat->is_charged;
    *out =
        (struct signed_in){.principal.address = without_port(request->address), .seat = out->seat};
    enum sign_in_end end = sign_in(&attempt);
    check_end(&attempt, end);
    return end;
}

/* --- challenges --- */

static void add_quoted(struct buf *to, const char *name, struct str value)
{
    buf_addf(to, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\')
            buf_add_char(to, '\\');
        buf_add_char(to, value.at[i]);
    }
    buf_add_char(to, '"');
}

static void add_challenge(struct buf *to, const struct access *access, enum access_scheme scheme,
                          bool is_stale)
{
    buf_addf(to, "%s ", wire_names[scheme]);
    add_quoted(to, "realm", access->realm);
    if (scheme == ACCESS_BASIC) /* RFC 7617 §2.1 */
        BUF_ADD(to, ", charset=\"UTF-8\"");
    if (scheme != ACCESS_DIGEST && scheme != ACCESS_DIGEST_MD5)
        return;
    BUF_ADD(to, ", qop=\"auth\", nonce=\"");
    nonce_make(&access->state->nonces, to);
    buf_addf(to, "\", algorithm=%s, charset=UTF-8%s", scheme == ACCESS_DIGEST ? "SHA-256" : "MD5",
             is_stale ? ", stale=true" : "");
}

/* The order is what clients can bear, found by asking them (docs/clients.md). Some give up at a
 * scheme that they do not know, so SCRAM stands behind what they do; some take the first that they
 * know and others the strongest, so Basic comes first where it is offered: whoever may use it need
 * not be led to a Digest that he cannot do. Some take the first Digest for one with MD5 (lftp),
 * some mix all into one and go by the last (npm's webdav, duplicity), of which the latter sign in
 * with Basic where they can. wget 1.21 goes by the last field line, and aborts where that is
 * SCRAM's, so the last one is one that it can do, where there is such a one: Basic is there
 * again. RFC 7616 §3.7 rules that out for an algorithm of Digest, and for nothing else. */
static const enum access_scheme order_with_basic[] = {
    ACCESS_BASIC, ACCESS_DIGEST_MD5, ACCESS_DIGEST, ACCESS_BEARER, ACCESS_SCRAM, ACCESS_BASIC};
static const enum access_scheme order_without_basic[] = {ACCESS_DIGEST, ACCESS_BEARER, ACCESS_SCRAM,
                                                         ACCESS_DIGEST_MD5};

static_assert(ARRAY_LEN(order_with_basic) <= ACCESS_CHALLENGES_MAX, "");

static bool may_offer(const struct access *access, enum access_scheme scheme,
                      const struct challenge_place *place)
{
    bool is_clear =
        scheme == ACCESS_BASIC || scheme == ACCESS_BEARER; /* the secret itself is sent */
    bool is_for_app =
        scheme == ACCESS_BASIC && place->is_for_apps && access->has_app_passwords; /* (4) */
    return (access->offers[scheme] || is_for_app) &&
           (!is_clear || place->is_confidential || access->allows_clear_basic);
}

size_t access_challenges(const struct access *access, const struct signed_in *signed_in,
                         const struct challenge_place *place, struct arena *arena,
                         struct str challenges_out[ACCESS_CHALLENGES_MAX])
{
    if (signed_in->next_step.len) {
        challenges_out[0] = signed_in->next_step;
        return 1;
    }
    bool has_basic = may_offer(access, ACCESS_BASIC, place);
    const enum access_scheme *order = has_basic ? order_with_basic : order_without_basic;
    size_t order_len = has_basic ? ARRAY_LEN(order_with_basic) : ARRAY_LEN(order_without_basic);
    size_t count = 0;
    for (size_t i = 0; i < order_len; i++) {
        struct buf text = {0};
        bool is_again = i > 0 && order[i] == ACCESS_BASIC;
        if (!may_offer(access, order[i], place) || (is_again && count == 1))
            continue;
        add_challenge(&text, access, order[i], signed_in->is_stale);
        challenges_out[count++] = arena_str(arena, buf_str(&text));
        buf_done(&text);
    }
    return count;
}
