/* RFC 5802 §3, with SHA-256 (RFC 7677):
 *
 *   SaltedPassword  = Hi(password, salt, iterations)       only when the password is set
 *   StoredKey       = H(HMAC(SaltedPassword, "Client Key"))
 *   ServerKey       = HMAC(SaltedPassword, "Server Key")
 *   AuthMessage     = client-first-bare "," server-first "," client-final-without-proof
 *   ClientProof     = ClientKey XOR HMAC(StoredKey, AuthMessage)
 *   ServerSignature = HMAC(ServerKey, AuthMessage)
 *
 * To check a proof takes a few hashes, not the slow one: that was the client's work. What is kept
 * does not let its thief sign in; it lets him guess offline, as any hash of a password does.
 *
 * Everything here is a function of its arguments; nonces come from the caller. Channel binding
 * (SCRAM-SHA-256-PLUS) is not offered, so a client that demands it ("p=") is refused, and one that
 * could ("y") is fine. Extensions that must be understood (m=) are refused. */
#include "access/scheme/scram.h"

#include "text/base64.h"

enum { ITERATIONS_MIN = 4096, ITERATIONS_MAX = 10000000, NAME_BYTES_MAX = 1024 };

struct scram_keys scram_keys_of(struct str password, struct str salt, unsigned iterations)
{
    struct scram_keys keys = {.iterations = iterations, .salt = salt};
    struct sha256 salted = secret_pbkdf2(password, salt, iterations);
    struct sha256 client_key = secret_hmac(sha256_str(&salted), STR("Client Key"));
    keys.stored_key = secret_sha256(sha256_str(&client_key));
    keys.server_key = secret_hmac(sha256_str(&salted), STR("Server Key"));
    secret_wipe(&salted, sizeof(salted));
    secret_wipe(&client_key, sizeof(client_key));
    return keys;
}

void scram_keys_add(struct buf *to, const struct scram_keys *keys)
{
    buf_add_u64(to, keys->iterations);
    buf_add_char(to, ',');
    base64_encode(to, keys->salt, BASE64);
    buf_add_char(to, ',');
    base64_encode(to, sha256_str(&keys->stored_key), BASE64);
    buf_add_char(to, ',');
    base64_encode(to, sha256_str(&keys->server_key), BASE64);
}

static bool parse_hash(struct str text, struct arena *arena, struct sha256 *hash_out)
{
    struct str bytes;
    if (!base64_decode(text, BASE64, arena, &bytes) || bytes.len != SHA256_BYTES)
        return false;
    memcpy(hash_out->bytes, bytes.at, SHA256_BYTES);
    return true;
}

bool scram_keys_parse(struct str text, struct arena *arena, struct scram_keys *keys_out)
{
    struct scram_keys keys;
    uint64_t iterations;
    if (!str_parse_u64(str_cut(&text, ','), &iterations) || iterations < ITERATIONS_MIN ||
        iterations > ITERATIONS_MAX ||
        !base64_decode(str_cut(&text, ','), BASE64, arena, &keys.salt) || keys.salt.len == 0 ||
        !parse_hash(str_cut(&text, ','), arena, &keys.stored_key) ||
        !parse_hash(text, arena, &keys.server_key))
        return false;
    keys.iterations = (unsigned)iterations;
    *keys_out = keys;
    return true;
}

/* "x=value" up to the next comma, which is taken, too. */
static bool take_attribute(struct str *rest, char name, struct str *value_out)
{
    if (rest->len < 2 || rest->at[0] != name || rest->at[1] != '=')
        return false;
    *value_out = str_from(str_cut(rest, ','), 2);
    return true;
}

/* §5.1: "=2C" and "=3D" stand for a comma and an equals sign. */
static bool read_name(struct str text, struct arena *arena, struct str *name_out)
{
    char *name = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    if (text.len == 0 || text.len > NAME_BYTES_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        struct str escape = str_first(str_from(text, i), 3);
        if (text.at[i] != '=') {
            name[len++] = text.at[i];
            continue;
        }
        if (!str_eq(escape, STR("=2C")) && !str_eq(escape, STR("=3D")))
            return false;
        name[len++] = str_eq(escape, STR("=2C")) ? ',' : '=';
        i += 2;
    }
    *name_out = str_of(name, len);
    return true;
}

static bool is_nonce(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] <= 0x20 || text.at[i] >= 0x7f || text.at[i] == ',')
            return false;
    }
    return text.len > 0 && text.len <= NAME_BYTES_MAX;
}

bool scram_first_parse(struct str message, struct arena *arena, struct scram_first *out)
{
    struct scram_first first = {0};
    struct str rest = message;
    struct str name;
    struct str binding = str_cut(&rest, ',');
    if ((!str_eq(binding, STR("n")) && !str_eq(binding, STR("y"))) || rest.len == 0 ||
        rest.at[0] != ',') /* an authzid: to act for somebody else */
        return false;
    rest = str_from(rest, 1);
    first.gs2_header = str_first(message, message.len - rest.len);
    first.bare = rest;
    if (!take_attribute(&rest, 'n', &name) || !read_name(name, arena, &first.user) ||
        !take_attribute(&rest, 'r', &first.nonce) || !is_nonce(first.nonce))
        return false;
    *out = first;
    return true;
}

void scram_add_server_first(struct buf *to, const struct scram_first *first, struct str nonce,
                            const struct scram_keys *keys)
{
    BUF_ADD(to, "r=");
    buf_add(to, first->nonce);
    buf_add(to, nonce);
    BUF_ADD(to, ",s=");
    base64_encode(to, keys->salt, BASE64);
    BUF_ADD(to, ",i=");
    buf_add_u64(to, keys->iterations);
}

bool scram_final_parse(struct str message, struct arena *arena, struct scram_final *out)
{
    struct scram_final final = {0};
    struct str rest = message;
    struct str binding;
    if (!take_attribute(&rest, 'c', &binding) ||
        !base64_decode(binding, BASE64, arena, &final.binding) ||
        !take_attribute(&rest, 'r', &final.nonce) || !is_nonce(final.nonce))
        return false;
    while (rest.len && !str_starts(rest, STR("p="))) { /* extensions that nobody needs to know */
        if (str_starts(rest, STR("m=")) || !char_is_alpha(rest.at[0]))
            return false;
        (void)str_cut(&rest, ','); /* skipped, but part of what is signed */
    }
    if (rest.len == 0 || !parse_hash(str_from(rest, 2), arena, &final.proof))
        return false;
    final.without_proof = str_first(message, (size_t)(rest.at - message.at) - 1);
    *out = final;
    return true;
}

bool scram_verify(const struct scram_keys *keys, const struct scram_first *first,
                  struct str server_first, const struct scram_final *final,
                  struct buf *server_final)
{
    struct buf message = {0};
    struct sha256 client_key;
    buf_add(&message, first->bare);
    buf_add_char(&message, ',');
    buf_add(&message, server_first);
    buf_add_char(&message, ',');
    buf_add(&message, final->without_proof);
    struct sha256 signature = secret_hmac(sha256_str(&keys->stored_key), buf_str(&message));
    for (size_t i = 0; i < SHA256_BYTES; i++)
        client_key.bytes[i] = final->proof.bytes[i] ^ signature.bytes[i];
    struct sha256 stored_key = secret_sha256(sha256_str(&client_key));
    bool is_right = secret_eq(sha256_str(&stored_key), sha256_str(&keys->stored_key)) &&
                    str_eq(final->binding, first->gs2_header);
    if (is_right) {
        struct sha256 server = secret_hmac(sha256_str(&keys->server_key), buf_str(&message));
        BUF_ADD(server_final, "v=");
        base64_encode(server_final, sha256_str(&server), BASE64);
    }
    buf_done(&message);
    return is_right;
}
