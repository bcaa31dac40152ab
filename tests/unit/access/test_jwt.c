/* JWT: RFC 7515's example, tokens that are made here with each kind of key, and what attackers make
 * of them. */
#include "support/test.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "access/scheme/jwt.h"
#include "base/err.h"
#include "text/base64.h"

static struct arena arena;

struct signer {
    const char *algorithm;
    EVP_PKEY *key;
};

static struct signer signers[3];
static struct jwt_keys *keys;
static struct str jwks;
static const struct jwt_expectation expected = {.issuer = {"https://id.example", 18},
                                                .audience = {"davit", 5},
                                                .user_claim = "sub",
                                                .skew_s = 10};

static void add64(struct buf *to, struct str bytes)
{
    base64_encode(to, bytes, BASE64_URL);
}

static void add_number(struct buf *to, const EVP_PKEY *key, const char *param)
{
    unsigned char bytes[512];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, param, &number), 1);
    int len = BN_bn2bin(number, bytes);
    add64(to, str_of((char *)bytes, (size_t)len));
    BN_free(number);
}

static void add_keys(struct buf *to)
{
    unsigned char point[65];
    size_t len = sizeof(point);
    BUF_ADD(to, "{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"use\":\"sig\",\"n\":\"");
    add_number(to, signers[0].key, OSSL_PKEY_PARAM_RSA_N);
    BUF_ADD(to, "\",\"e\":\"");
    add_number(to, signers[0].key, OSSL_PKEY_PARAM_RSA_E);
    BUF_ADD(to, "\"},{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"},"
                "{\"kty\":\"EC\",\"crv\":\"P-256\",\"alg\":\"ES256\",\"kid\":\"e\",\"x\":\"");
    assert_int_equal(EVP_PKEY_get_octet_string_param(signers[1].key, OSSL_PKEY_PARAM_PUB_KEY, point,
                                                     sizeof(point), &len),
                     1);
    add64(to, str_of((char *)point + 1, 32));
    BUF_ADD(to, "\",\"y\":\"");
    add64(to, str_of((char *)point + 33, 32));
    BUF_ADD(to, "\"},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"");
    len = 32;
    assert_int_equal(EVP_PKEY_get_raw_public_key(signers[2].key, point, &len), 1);
    add64(to, str_of((char *)point, 32));
    BUF_ADD(to, "\"}]}");
}

static int make_keys(void **state)
{
    struct buf json = {0};
    struct err err;
    (void)state;
    signers[0] = (struct signer){"RS256", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048)};
    signers[1] = (struct signer){"ES256", EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256")};
    signers[2] = (struct signer){"EdDSA", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    add_keys(&json);
    jwks = arena_str(&arena, buf_str(&json));
    buf_done(&json);
    keys = jwt_keys_new(jwks, &err);
    return keys && jwt_keys_count(keys) == 3 ? 0 : -1;
}

static int free_keys(void **state)
{
    (void)state;
    jwt_keys_free(keys);
    for (size_t i = 0; i < ARRAY_LEN(signers); i++)
        EVP_PKEY_free(signers[i].key);
    arena_done(&arena);
    return 0;
}

static void add_signature(struct buf *to, const struct signer *signer)
{
    unsigned char der[512];
    unsigned char pair[64];
    size_t len = sizeof(der);
    bool is_ec = strcmp(signer->algorithm, "ES256") == 0;
    const EVP_MD *md = strcmp(signer->algorithm, "EdDSA") == 0 ? NULL : EVP_sha256();
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, md, NULL, signer->key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &len, (unsigned char *)to->at, to->len), 1);
    EVP_MD_CTX_free(ctx);
    buf_add_char(to, '.');
    if (!is_ec) {
        add64(to, str_of((char *)der, len));
        return;
    }
    const unsigned char *at = der;
    ECDSA_SIG *numbers = d2i_ECDSA_SIG(NULL, &at, (long)len);
    BN_bn2binpad(ECDSA_SIG_get0_r(numbers), pair, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(numbers), pair + 32, 32);
    ECDSA_SIG_free(numbers);
    add64(to, str_of((char *)pair, sizeof(pair)));
}

static struct str make(const struct signer *signer, const char *header, const char *claims)
{
    struct buf token = {0};
    add64(&token, str_of_c(header));
    buf_add_char(&token, '.');
    add64(&token, str_of_c(claims));
    add_signature(&token, signer);
    struct str copy = arena_str(&arena, buf_str(&token));
    buf_done(&token);
    return copy;
}

static const char *const headers[] = {"{\"alg\":\"RS256\",\"kid\":\"r\"}", "{\"alg\":\"ES256\"}",
                                      "{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}"};

#define CLAIMS(more)                                                                               \
    "{\"iss\":\"https://id.example\",\"sub\":\"alice\",\"aud\":[\"x\",\"davit\"]" more "}"

static bool holds(struct str token, int64_t now_s)
{
    struct jwt_claims claims;
    struct jwt_expectation at = expected;
    at.now_s = now_s;
    return jwt_verify(keys, token, &at, &arena, &claims) && str_eq(claims.user, STR("alice"));
}

TEST(jwt_of_each_kind_is_verified)
{
    for (size_t i = 0; i < ARRAY_LEN(signers); i++) {
        struct str token = make(&signers[i], headers[i], CLAIMS(",\"exp\":2000"));
        check_that(headers[i], holds(token, 1000));
        for (size_t at = 0; at < token.len; at += 7) { /* changed anywhere */
            char *changed = arena_text(&arena, token);
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            check_that(changed, !holds(str_of(changed, token.len), 1000));
        }
        for (size_t len = 0; len < token.len; len += 5)
            check_that("cut", !holds(str_first(token, len), 1000));
    }
}

/* RFC 7515 §A.3. */
TEST(jwt_verifies_rfc7515s_example)
{
    static const char key[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                              "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                              "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";
    static const char token[] =
        "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlL"
        "mNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"
        "pmWQxfKTUJqPP3-Kg6NU1Q";
    struct jwt_expectation any = {.user_claim = "iss", .now_s = 1300819379};
    struct jwt_claims claims;
    struct err err;
    struct jwt_keys *own = jwt_keys_new(STR(key), &err);
    assert_non_null(own);
    assert_true(jwt_verify(own, STR(token), &any, &arena, &claims));
    check_str("user", claims.user, "joe");
    any.now_s++;
    assert_false(jwt_verify(own, STR(token), &any, &arena, &claims));
    check_that("another file", !str_eq(jwt_keys_print(own), jwt_keys_print(keys)));
    jwt_keys_free(own);
}

TEST(jwt_holds_from_nbf_to_exp_within_the_skew)
{
    struct str token = make(&signers[1], headers[1], CLAIMS(",\"nbf\":1000,\"exp\":2000.5"));
    static const struct {
        int64_t now_s;
        bool holds;
    } rows[] = {{989, false}, {990, true}, {1500, true}, {2009, true}, {2010, false}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_int("at that time", holds(token, rows[i].now_s), rows[i].holds);
}

TEST(jwt_with_other_claims_is_refused)
{
    static const char *const claims[] = {
        CLAIMS(""),
        CLAIMS(",\"exp\":\"2000\""),
        CLAIMS(",\"exp\":-1"),
        CLAIMS(",\"exp\":2000,\"exp\":2001"),
        CLAIMS(",\"exp\":2000,\"nbf\":\"x\""),
        "{\"iss\":\"https://id.example\",\"sub\":\"alice\",\"aud\":\"other\",\"exp\":2000}",
        "{\"iss\":\"https://id.example\",\"sub\":\"alice\",\"exp\":2000}",
        "{\"iss\":\"https://evil.example\",\"sub\":\"alice\",\"aud\":\"davit\",\"exp\":2000}",
        "{\"iss\":\"https://id.example\",\"aud\":\"davit\",\"exp\":2000}",
        "{\"iss\":\"https://id.example\",\"sub\":7,\"aud\":\"davit\",\"exp\":2000}",
        "[]",
        "",
        "{",
    };
    for (size_t i = 0; i < ARRAY_LEN(claims); i++)
        check_that(claims[i], !holds(make(&signers[1], headers[1], claims[i]), 1000));
}

TEST(jwt_without_a_signature_is_refused)
{
    static const char *const algorithms[] = {"none", "None", "NONE", ""};
    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        struct buf token = {0};
        struct buf header = {0};
        buf_addf(&header, "{\"alg\":\"%s\"}", algorithms[i]);
        add64(&token, buf_str(&header));
        buf_add_char(&token, '.');
        add64(&token, STR(CLAIMS(",\"exp\":2000")));
        buf_add_char(&token, '.');
        check_that(algorithms[i], !holds(buf_str(&token), 1000));
        buf_done(&token);
        buf_done(&header);
    }
}

/* The public key is no secret: HMAC with it must not pass. Nor may one key's signature pass under
 * another's algorithm. */
TEST(jwt_key_decides_the_algorithm)
{
    struct buf token = {0};
    unsigned char mac[32];
    add64(&token, STR("{\"alg\":\"HS256\",\"kid\":\"r\"}"));
    buf_add_char(&token, '.');
    add64(&token, STR(CLAIMS(",\"exp\":2000")));
    HMAC(EVP_sha256(), jwks.at, (int)jwks.len, (unsigned char *)token.at, token.len, mac, NULL);
    buf_add_char(&token, '.');
    add64(&token, str_of((char *)mac, sizeof(mac)));
    assert_false(holds(buf_str(&token), 1000));
    buf_done(&token);
    for (size_t i = 0; i < ARRAY_LEN(signers); i++) {
        for (size_t j = 0; j < ARRAY_LEN(headers); j++) {
            struct str mixed = make(&signers[i], headers[j], CLAIMS(",\"exp\":2000"));
            check_that(headers[j], holds(mixed, 1000) == (i == j));
        }
    }
}

TEST(jwt_with_what_must_be_understood_is_refused)
{
    static const char *const odd[] = {"{\"alg\":\"ES256\",\"crit\":[\"exp\"]}",
                                      "{\"alg\":\"ES256\",\"kid\":\"r\"}",
                                      "{\"alg\":\"ES256\",\"alg\":\"ES256\"}",
                                      "{\"alg\":[\"ES256\"]}",
                                      "{}",
                                      "[]"};
    for (size_t i = 0; i < ARRAY_LEN(odd); i++)
        check_that(odd[i], !holds(make(&signers[1], odd[i], CLAIMS(",\"exp\":2000")), 1000));
}

TEST(jwt_keys_that_are_of_no_use_are_an_error)
{
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "{\"keys\":[]}",
        "{\"keys\":{}}",
        "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}]}", /* too short */
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"}]}",
    };
    struct err err;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        check_that(bad[i], jwt_keys_new(str_of_c(bad[i]), &err) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jwt_of_each_kind_is_verified),
        cmocka_unit_test(jwt_verifies_rfc7515s_example),
        cmocka_unit_test(jwt_holds_from_nbf_to_exp_within_the_skew),
        cmocka_unit_test(jwt_with_other_claims_is_refused),
        cmocka_unit_test(jwt_without_a_signature_is_refused),
        cmocka_unit_test(jwt_key_decides_the_algorithm),
        cmocka_unit_test(jwt_with_what_must_be_understood_is_refused),
        cmocka_unit_test(jwt_keys_that_are_of_no_use_are_an_error),
    };
    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
