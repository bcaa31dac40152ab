/* From an Authorization field to a principal. Each scheme is a function with the same end: right,
 * wrong, or something else to be done first.
 *
 *   Basic    hash, unless the same was right lately; BLOCKS before a hash on the loop
 *   Digest   response right? then is the nonce fresh, and the count new?
 *   SCRAM    first message: a challenge; final message: proof right? then is its nonce unused?
 *   Bearer   one of ours by its hash, or a JWT by its signature, unless that was right lately
 *
 * What all share:
 *  (1) whoever does not exist costs what a user costs, and gets the same answers: Basic hashes
 *      against a decoy, Digest and SCRAM go on with keys that nobody has (invented from the name,
 *      so that asking twice gives the same salt);
 *  (2) a wrong sign-in counts against the name and the address (access/throttle.h), also for names
 *      that nobody has; what is throttled is not looked at;
 *  (3) a scheme that is not offered is wrong, whatever is sent: a client cannot choose a weaker
 * one; (4) a sign-in that is right, but with a nonce that is not, is told so (stale), so that no
 * client asks its user for the password again.
 *
 * SCRAM keeps nothing between its two requests: `sid` holds the client's first message under a
 * keyed hash together with the server's nonce, and the nonce is one of access/nonce.h's, good for a
 * while and for one success. */
#include "access/net.h"
#include "access/password.h"
#include "access/scheme/basic.h"
#include "access/scheme/digest.h"
#include "access/scheme/jwt.h"
#include "access/scheme/scram.h"
#include "access/state_priv.h"
#include "access/users.h"
#include "base/clock.h"
#include "text/base64.h"

struct attempt {
    const struct access *access;
    const struct sign_in *request;
    struct arena *arena;
    struct authorization authorization;
    struct signed_in *out;
};

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

/* Whom wrong sign-ins from the client's address are counted for: of an IPv6 address its network,
 * since a host has 2^64 of them. */
static struct str throttled_address(const struct attempt *attempt)
{
    static const unsigned char mapped[NET_BYTES - 4] = {[10] = 0xff, [11] = 0xff}; /* IPv4 */
    struct str address = attempt->out->principal.address;
    char *bytes = arena_alloc(attempt->arena, NET_BYTES);
    if (!net_read_address(address, (unsigned char *)bytes))
        return address;
    bool is_ipv4 = memcmp(bytes, mapped, sizeof(mapped)) == 0;
    return str_of(bytes, is_ipv4 ? NET_BYTES : NET_BYTES / 2);
}

static int64_t i64_max(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* `user` empty: what was sent names nobody, and the address alone counts. */
static bool is_throttled(struct attempt *attempt, struct str user)
{
    struct throttle *throttle = attempt->access->state->throttle;
    struct str address = throttled_address(attempt);
    int64_t wait_ms = throttle_wait_ms(throttle, THROTTLE_ADDRESS, address);
    if (user.len)
        wait_ms = i64_max(wait_ms, throttle_wait_ms(throttle, THROTTLE_USER, user));
    attempt->out->retry_s = (unsigned)((wait_ms + 999) / 1000);
    return wait_ms > 0;
}

static enum sign_in_end failed(struct attempt *attempt, struct str user)
{
    struct throttle *throttle = attempt->access->state->throttle;
    if (user.len)
        throttle_failed(throttle, THROTTLE_USER, user);
    throttle_failed(throttle, THROTTLE_ADDRESS, throttled_address(attempt));
    return SIGN_IN_REFUSED;
}

static enum sign_in_end passed(struct attempt *attempt, enum access_scheme scheme, struct str user)
{
    attempt->out->principal.name = user;
    attempt->out->principal.scheme = scheme;
    return SIGN_IN_DONE;
}

static void forgive(struct attempt *attempt, struct str user)
{
    struct throttle *throttle = attempt->access->state->throttle;
    throttle_passed(throttle, THROTTLE_USER, user);
    throttle_passed(throttle, THROTTLE_ADDRESS, throttled_address(attempt));
}

static const struct user *find_user(const struct access *access, struct str name)
{
    return access->users ? users_find(access->users, name) : NULL;
}

static enum sign_in_end passed_with_token(struct attempt *attempt, enum access_scheme scheme,
                                          const struct token *token)
{
    attempt->out->principal.scope = token->scope;
    return passed(attempt, scheme, token->user);
}

static const struct token *find_token(const struct access *access, struct str text)
{
    int64_t now_s = clock_wall_ms() / 1000;
    const struct token *token = access->tokens ? tokens_verify(access->tokens, text, now_s) : NULL;
    return token && !token->is_link ? token : NULL;
}

/* --- Basic --- */

static enum sign_in_end hash_password(struct attempt *attempt, const struct basic *basic,
                                      const struct user *user)
{
    struct access_memory *memory = attempt->access->state->memory;
    const struct user *measured = user && user->hash.len ? user : NULL;
    if (!measured && attempt->access->users)
        measured = users_decoy(attempt->access->users, basic->user);
    struct str hash = measured ? measured->hash : STR_NONE;
    struct sha256 key = access_memory_key(memory, attempt->authorization.token68, hash);
    if (measured == user && user && access_memory_has(memory, &key))
        return passed(attempt, ACCESS_BASIC, user->name);
    if (is_throttled(attempt, basic->user))
        return SIGN_IN_THROTTLED;
    if (!attempt->request->may_block)
        return SIGN_IN_BLOCKS;
    bool is_right = password_verify(basic->password, hash);
    if (!is_right || measured != user || !user)
        return failed(attempt, basic->user);
    access_memory_add(memory, &key);
    forgive(attempt, user->name);
    return passed(attempt, ACCESS_BASIC, user->name);
}

static enum sign_in_end sign_in_basic(struct attempt *attempt)
{
    const struct access *access = attempt->access;
    struct basic basic;
    if (!access->offers[ACCESS_BASIC])
        return SIGN_IN_REFUSED;
    if (!attempt->request->is_confidential && !access->allows_clear_basic)
        return SIGN_IN_UNSAFE;
    if (!basic_read(&attempt->authorization, attempt->arena, &basic))
        return SIGN_IN_MALFORMED;
    if (token_is_text(basic.password)) {
        const struct token *token = find_token(access, basic.password);
        if (token && str_eq(token->user, basic.user))
            return passed_with_token(attempt, ACCESS_BASIC, token);
    }
    return hash_password(attempt, &basic, find_user(access, basic.user));
}

/* --- Digest --- */

/* Of a stranger: a key that nobody has. */
static struct str invent(struct attempt *attempt, struct str name)
{
    const struct access_state *state = attempt->access->state;
    struct sha256 hash = secret_hmac(str_of((const char *)state->key, sizeof(state->key)), name);
    return arena_str(attempt->arena, sha256_str(&hash));
}

static enum sign_in_end check_nonce(struct attempt *attempt, const struct digest *digest,
                                    struct str key, struct str user)
{
    struct nonces *nonces = attempt->access->state->nonces;
    struct buf info = {0};
    if (nonce_use(nonces, digest->nonce, digest->count) != NONCE_FRESH) {
        attempt->out->is_stale = true;
        return SIGN_IN_REFUSED;
    }
    forgive(attempt, user);
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
    bool is_offered = access->offers[digest.hash == HASH_MD5 ? ACCESS_DIGEST_MD5 : ACCESS_DIGEST];
    if (!is_offered || !str_eq(digest.realm, access->realm))
        return SIGN_IN_REFUSED;
    if (!digest_is_about(&digest, attempt->request->target)) /* RFC 7616 §3.4.6 */
        return SIGN_IN_MALFORMED;
    /* Who has used this nonce with success is no guesser. */
    if (!nonce_is_known(access->state->nonces, digest.nonce) && is_throttled(attempt, digest.user))
        return SIGN_IN_THROTTLED;
    const struct user *user = find_user(access, digest.user);
    struct str key = user ? user->digest_keys[digest.hash] : STR_NONE;
    bool has_key = key.len != 0;
    if (!has_key)
        key = invent(attempt, digest.user);
    if (!digest_verify(&digest, key, attempt->request->method) || !has_key)
        return failed(attempt, digest.user);
    return check_nonce(attempt, &digest, key, user->name);
}

/* --- SCRAM --- */

static struct scram_keys keys_of(struct attempt *attempt, struct str name)
{
    const struct user *user = find_user(attempt->access, name);
    struct scram_keys keys = {.iterations = SCRAM_ITERATIONS};
    if (user && user->scram.iterations)
        return user->scram;
    struct str invented = invent(attempt, name);
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

static enum sign_in_end begin_scram(struct attempt *attempt, struct str message)
{
    struct scram_first first;
    struct buf nonce = {0};
    struct buf sid = {0};
    struct buf data = {0};
    struct buf step = {0};
    if (!scram_first_parse(message, attempt->arena, &first))
        return SIGN_IN_MALFORMED;
    struct scram_keys keys = keys_of(attempt, first.user);
    nonce_make(attempt->access->state->nonces, &nonce);
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
    struct nonces *nonces = attempt->access->state->nonces;
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
        !scram_first_parse(first_message, attempt->arena, &first) ||
        !str_eq(str_first(final.nonce, final.nonce.len - NONCE_TEXT_BYTES), first.nonce) ||
        nonce_look(nonces, nonce) != NONCE_FRESH)
        return SIGN_IN_REFUSED; /* of another server, or too late: no guess */
    if (is_throttled(attempt, first.user))
        return SIGN_IN_THROTTLED;
    struct scram_keys keys = keys_of(attempt, first.user);
    scram_add_server_first(&server_first, &first, nonce, &keys);
    bool is_right = scram_verify(&keys, &first, buf_str(&server_first), &final, &server_final);
    buf_done(&server_first);
    const struct user *user = find_user(attempt->access, first.user);
    if (!is_right || !user)
        return failed(attempt, first.user);
    add_step(&info, sid, buf_str(&server_final));
    buf_done(&server_final);
    attempt->out->info = copy(attempt, &info);
    if (nonce_use(nonces, nonce, 1) != NONCE_FRESH)
        return SIGN_IN_REFUSED;
    forgive(attempt, user->name);
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

static enum sign_in_end sign_in_jwt(struct attempt *attempt, struct str text)
{
    const struct access *access = attempt->access;
    struct access_memory *memory = access->state->memory;
    struct sha256 key = access_memory_key(memory, text, jwt_keys_print(access->jwt_keys));
    struct jwt_claims claims;
    struct jwt_expectation expected = {
        .issuer = access->jwt_issuer,
        .audience = access->jwt_audience,
        .user_claim = access->jwt_user_claim,
        .now_s = clock_wall_ms() / 1000,
        .skew_s = access->jwt_skew_s,
        .is_signature_known = access_memory_has(memory, &key),
    };
    if (!expected.is_signature_known && is_throttled(attempt, STR_NONE))
        return SIGN_IN_THROTTLED;
    if (!expected.is_signature_known && !attempt->request->may_block)
        return SIGN_IN_BLOCKS;
    if (!jwt_verify(access->jwt_keys, text, &expected, attempt->arena, &claims) ||
        !users_is_name(claims.user))
        return expected.is_signature_known ? SIGN_IN_REFUSED /* it has expired: no guess */
                                           : failed(attempt, STR_NONE);
    access_memory_add(memory, &key);
    return passed(attempt, ACCESS_BEARER, claims.user);
}

static enum sign_in_end sign_in_bearer(struct attempt *attempt)
{
    const struct access *access = attempt->access;
    struct str text = attempt->authorization.token68;
    if (text.len == 0 && attempt->authorization.param_count == 0) /* Office asks what we can do */
        return SIGN_IN_DONE;
    if (!access->offers[ACCESS_BEARER] && !access->tokens)
        return SIGN_IN_REFUSED;
    if (!attempt->request->is_confidential && !access->allows_clear_basic)
        return SIGN_IN_UNSAFE; /* RFC 6750 §5.3 */
    const struct token *token = find_token(access, text);
    if (token)
        return passed_with_token(attempt, ACCESS_BEARER, token);
    if (access->jwt_keys && access->offers[ACCESS_BEARER] && jwt_is_text(text))
        return sign_in_jwt(attempt, text);
    if (is_throttled(attempt, STR_NONE))
        return SIGN_IN_THROTTLED;
    return failed(attempt, STR_NONE);
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

enum sign_in_end access_sign_in(const struct access *access, const struct sign_in *request,
                                struct arena *arena, struct signed_in *out)
{
    struct attempt attempt = {.access = access, .request = request, .arena = arena, .out = out};
    *out = (struct signed_in){.principal.address = without_port(request->address)};
    if (!request->authorization.at) {
        struct str user = certificate_user(access, request->certificate);
        return user.len ? passed(&attempt, ACCESS_CERTIFICATE, user) : SIGN_IN_DONE;
    }
    if (!authorization_parse(request->authorization, arena, &attempt.authorization))
        return SIGN_IN_MALFORMED;
    if (authorization_is(&attempt.authorization, "Basic"))
        return sign_in_basic(&attempt);
    if (authorization_is(&attempt.authorization, "Digest"))
        return sign_in_digest(&attempt);
    if (authorization_is(&attempt.authorization, "SCRAM-SHA-256"))
        return sign_in_scram(&attempt);
    if (authorization_is(&attempt.authorization, "Bearer"))
        return sign_in_bearer(&attempt);
    return SIGN_IN_REFUSED;
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
    nonce_make(access->state->nonces, to);
    buf_addf(to, "\", algorithm=%s, charset=UTF-8%s", scheme == ACCESS_DIGEST ? "SHA-256" : "MD5",
             is_stale ? ", stale=true" : "");
}

size_t access_challenges(const struct access *access, const struct signed_in *signed_in,
                         bool is_confidential, struct arena *arena,
                         struct str challenges_out[ACCESS_CHALLENGES_MAX])
{
    size_t count = 0;
    if (signed_in->next_step.len) {
        challenges_out[0] = signed_in->next_step;
        return 1;
    }
    for (enum access_scheme i = ACCESS_CERTIFICATE + 1; i < ACCESS_SCHEME_COUNT; i++) {
        struct buf text = {0};
        bool is_clear = i == ACCESS_BASIC || i == ACCESS_BEARER; /* the secret itself is sent */
        if (!access->offers[i] || (is_clear && !is_confidential && !access->allows_clear_basic))
            continue;
        add_challenge(&text, access, i, signed_in->is_stale);
        challenges_out[count++] = arena_str(arena, buf_str(&text));
        buf_done(&text);
    }
    return count;
}
