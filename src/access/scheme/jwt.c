/* A token is header.claims.signature, each in base64url (RFC 7515 §3.1). What can go wrong with one
 * has happened to others, so:
 *
 *  (1) the key decides the algorithm, never the token: each key of the file has one (RS256 for RSA,
 *      ES256 for P-256, EdDSA for Ed25519), and the token's `alg` must be that. `none` and HS256
 *      with a public key as its secret are nobody's algorithm here;
 *  (2) keys with a private use, or for encryption, or of an algorithm that says otherwise, are
 *      passed over when the file is read;
 *  (3) the signature is checked before a byte of the claims is looked at;
 *  (4) `crit` is refused (we know no extension), `exp` must be there, `nbf` is honoured, both with
 *      the clock skew that was configured; `iss` and `aud` must be the configured ones;
 *  (5) numbers and names have one form only: duplicate members are refused (RFC 7515 §4).
 * None of these is asserted: they are about bytes from outside, which are refused by a value.
 *
 * A token that names a key id is checked with the keys of that id; one that names none with all of
 * its algorithm. */
#include "access/scheme/jwt.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "access/secret.h"
#include "base/err.h"
#include "base/mem.h"
#include "text/base64.h"

enum { KEYS_MAX = 64, TOKEN_BYTES_MAX = 16384, RSA_BITS_MIN = 2048, P256_BYTES = 32 };

struct jwt_key {
    char *id; /* NULL: none */
    const char *algorithm;
    EVP_PKEY *key;
};

struct jwt_keys {
    struct jwt_key keys[KEYS_MAX];
    size_t count;
    struct sha256 print;
};

/* --- keys --- */

/* A member that is base64url. */
static bool get_bytes(const json_t *object, const char *name, struct arena *arena,
                      struct str *bytes_out)
{
    const json_t *value = json_object_get(object, name);
    return json_is_string(value) &&
           base64_decode(str_of(json_string_value(value), json_string_length(value)), BASE64_URL,
                         arena, bytes_out) &&
           bytes_out->len > 0;
}

static EVP_PKEY *key_of_params(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *rsa_key(const json_t *object, struct arena *arena)
{
    struct str n;
    struct str e;
    if (!get_bytes(object, "n", arena, &n) || !get_bytes(object, "e", arena, &e) || n.len > 2048 ||
        e.len > 8)
        return NULL;
    BIGNUM *modulus = BN_bin2bn((const unsigned char *)n.at, int_of_size(n.len), NULL);
    BIGNUM *exponent = BN_bin2bn((const unsigned char *)e.at, int_of_size(e.len), NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (builder && modulus && exponent && BN_num_bits(modulus) >= RSA_BITS_MIN &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1)
        key = key_of_params("RSA", builder);
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

static EVP_PKEY *ec_key(const json_t *object, struct arena *arena)
{
    static const char curve[] = "prime256v1";
    unsigned char point[1 + 2 * P256_BYTES] = {4}; /* uncompressed */
    struct str x;
    struct str y;
    if (!get_bytes(object, "x", arena, &x) || !get_bytes(object, "y", arena, &y) ||
        x.len != P256_BYTES || y.len != P256_BYTES)
        return NULL;
    memcpy(point + 1, x.at, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, y.at, P256_BYTES);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EVP_PKEY *key = NULL;
    if (builder &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) ==
            1)
        key = key_of_params("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static EVP_PKEY *ed25519_key(const json_t *object, struct arena *arena)
{
    struct str x;
    if (!get_bytes(object, "x", arena, &x))
        return NULL;
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)x.at, x.len);
}

static bool is_text(const json_t *object, const char *name, const char *expected)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value && strcmp(value, expected) == 0;
}

static const struct kind {
    const char *type; /* kty */
    const char *curve;
    const char *algorithm;
    EVP_PKEY *(*make)(const json_t *object, struct arena *arena);
} kinds[] = {
    {"RSA", NULL, "RS256", rsa_key},
    {"EC", "P-256", "ES256", ec_key},
    {"OKP", "Ed25519", "EdDSA", ed25519_key},
};

static void read_key(struct jwt_keys *keys, const json_t *object)
{
    struct arena arena = {0};
    const json_t *id = json_object_get(object, "kid");
    for (size_t i = 0; i < ARRAY_LEN(kinds) && keys->count < KEYS_MAX; i++) {
        const struct kind *kind = &kinds[i];
        bool is_kind = is_text(object, "kty", kind->type) &&
                       (!kind->curve || is_text(object, "crv", kind->curve));
        bool is_other =
            (json_object_get(object, "alg") && !is_text(object, "alg", kind->algorithm)) ||
            (json_object_get(object, "use") && !is_text(object, "use", "sig"));
        if (!is_kind || is_other)
            continue;
        struct jwt_key *key = &keys->keys[keys->count];
        key->key = kind->make(object, &arena);
        key->algorithm = kind->algorithm;
        if (key->key && json_is_string(id))
            key->id = mem_copy_text(json_string_value(id), json_string_length(id));
        keys->count += key->key != NULL;
    }
    arena_done(&arena);
}

struct jwt_keys *jwt_keys_new(struct str json, struct err *err)
{
    json_error_t error;
    json_t *root = json_loadb(json.at, json.len, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        err_set(err, 0, "line %d: %s", error.line, error.text);
        return NULL;
    }
    struct jwt_keys *keys = MEM_NEW(struct jwt_keys);
    keys->print = secret_sha256(json);
    const json_t *list = json_object_get(root, "keys");
    for (size_t i = 0; i < json_array_size(list); i++)
        read_key(keys, json_array_get(list, i));
    json_decref(root);
    if (keys->count)
        return keys;
    err_set(err, 0, "it has no key for RS256, ES256 or EdDSA");
    jwt_keys_free(keys);
    return NULL;
}

void jwt_keys_free(struct jwt_keys *keys)
{
    for (size_t i = 0; keys && i < keys->count; i++) {
        EVP_PKEY_free(keys->keys[i].key);
        mem_free(keys->keys[i].id);
    }
    mem_free(keys);
}

size_t jwt_keys_count(const struct jwt_keys *keys)
{
    return keys->count;
}

struct str jwt_keys_print(const struct jwt_keys *keys)
{
    return sha256_str(&keys->print);
}

/* --- signatures --- */

/* ES256's signature is two numbers of 32 bytes (RFC 7518 §3.4); OpenSSL wants them in DER. */
static int der_of(struct str signature, unsigned char **der_out)
{
    if (signature.len != (size_t)2 * P256_BYTES)
        return -1;
    const unsigned char *at = (const unsigned char *)signature.at;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(at, P256_BYTES, NULL);
    BIGNUM *s = BN_bin2bn(at + P256_BYTES, P256_BYTES, NULL);
    if (!pair || !r || !s || ECDSA_SIG_set0(pair, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        ECDSA_SIG_free(pair);
        return -1;
    }
    int len = i2d_ECDSA_SIG(pair, der_out);
    ECDSA_SIG_free(pair);
    return len;
}

static bool signature_holds(const struct jwt_key *key, struct str message, struct str signature)
{
    bool is_ed25519 = strcmp(key->algorithm, "EdDSA") == 0;
    const unsigned char *bytes = (const unsigned char *)signature.at;
    size_t len = signature.len;
    unsigned char *der = NULL;
    if (strcmp(key->algorithm, "ES256") == 0) {
        int der_len = der_of(signature, &der);
        if (der_len < 0)
            return false;
        bytes = der;
        len = (size_t)der_len;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool holds =
        ctx &&
        EVP_DigestVerifyInit(ctx, NULL, is_ed25519 ? NULL : EVP_sha256(), NULL, key->key) == 1 &&
        EVP_DigestVerify(ctx, bytes, len, (const unsigned char *)message.at, message.len) == 1;
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    return holds;
}

static bool is_signed(const struct jwt_keys *keys, const json_t *header, struct str message,
                      struct str signature)
{
    const char *id = json_string_value(json_object_get(header, "kid"));
    for (size_t i = 0; i < keys->count; i++) {
        const struct jwt_key *key = &keys->keys[i];
        bool is_meant = !id || !key->id || strcmp(id, key->id) == 0;
        if (is_meant && is_text(header, "alg", key->algorithm) &&
            signature_holds(key, message, signature))
            return true;
    }
    return false;
}

/* --- claims --- */

static bool has_audience(const json_t *audience, struct str expected)
{
    if (json_is_string(audience))
        return str_eq(str_of(json_string_value(audience), json_string_length(audience)), expected);
    for (size_t i = 0; i < json_array_size(audience); i++) {
        const json_t *one = json_array_get(audience, i);
        if (json_is_string(one) && has_audience(one, expected))
            return true;
    }
    return false;
}

/* NumericDate (RFC 7519 §2): seconds, perhaps with a fraction. */
static bool get_time(const json_t *claims, const char *name, double *seconds_out)
{
    const json_t *value = json_object_get(claims, name);
    *seconds_out = json_number_value(value);
    return json_is_number(value) && *seconds_out >= 0 && *seconds_out < 1e15;
}

static bool read_claims(const json_t *claims, const struct jwt_expectation *expected,
                        struct arena *arena, struct jwt_claims *out)
{
    double expires = 0;
    double begins = 0;
    const json_t *issuer = json_object_get(claims, "iss");
    const json_t *user = json_object_get(claims, expected->user_claim);
    if (!get_time(claims, "exp", &expires) ||
        expected->now_s - expected->skew_s >= (int64_t)expires)
        return false;
    if (json_object_get(claims, "nbf") &&
        (!get_time(claims, "nbf", &begins) || expected->now_s + expected->skew_s < (int64_t)begins))
        return false;
    if (expected->issuer.len &&
        !(json_is_string(issuer) &&
          str_eq(str_of(json_string_value(issuer), json_string_length(issuer)), expected->issuer)))
        return false;
    if (expected->audience.len && !has_audience(json_object_get(claims, "aud"), expected->audience))
        return false;
    if (!json_is_string(user) || json_string_length(user) == 0)
        return false;
    out->user = arena_str(arena, str_of(json_string_value(user), json_string_length(user)));
    out->expires_s = (int64_t)expires + expected->skew_s;
    return true;
}

/* --- tokens --- */

static json_t *load_object(struct str part, struct arena *arena)
{
    struct str json;
    if (!base64_decode(part, BASE64_URL, arena, &json))
        return NULL;
    json_t *object = json_loadb(json.at, json.len, JSON_REJECT_DUPLICATES, NULL);
    if (json_is_object(object))
        return object;
    json_decref(object);
    return NULL;
}

bool jwt_is_text(struct str text)
{
    size_t dots = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        dots += c == '.';
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '_' && c != '.')
            return false;
    }
    return dots == 2 && text.len <= TOKEN_BYTES_MAX;
}

bool jwt_verify(const struct jwt_keys *keys, struct str text,
                const struct jwt_expectation *expected, struct arena *arena, struct jwt_claims *out)
{
    struct str signature;
    if (!jwt_is_text(text))
        return false;
    struct str message = str_first(text, str_index_last(text, '.'));
    struct str rest = text;
    struct str header_part = str_cut(&rest, '.');
    struct str claims_part = str_cut(&rest, '.');
    if (!base64_decode(rest, BASE64_URL, arena, &signature))
        return false;
    json_t *header = load_object(header_part, arena);
    json_t *claims = NULL;
    bool is_fine = header && !json_object_get(header, "crit") &&
                   (expected->is_signature_known || is_signed(keys, header, message, signature));
    if (is_fine)
        claims = load_object(claims_part, arena);
    is_fine = claims && read_claims(claims, expected, arena, out);
    json_decref(claims);
    json_decref(header);
    return is_fine;
}
