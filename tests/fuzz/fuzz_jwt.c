/* JSON Web Tokens and their keys. The input is a key file and a token behind it, after a line end;
 * or, with no line end, the header and the claims of a token. No token holds: nobody has the
 * private key, and what was signed for another time has expired. */
#include "access/scheme/jwt.h"
#include "base/err.h"
#include "fuzz.h"
#include "text/base64.h"

/* RFC 7515 §A.3. */
static const char known[] = "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\","
                            "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
                            "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}";

static void verify(const struct jwt_keys *keys, struct str token)
{
    struct arena arena = {0};
    struct jwt_claims claims;
    struct jwt_expectation expected = {.user_claim = "sub", .now_s = 4000000000, .skew_s = 60};
    FUZZ_CHECK(!jwt_verify(keys, token, &expected, &arena, &claims));
    expected.is_signature_known = true;
    if (jwt_verify(keys, token, &expected, &arena, &claims))
        FUZZ_CHECK(claims.user.len > 0 && claims.expires_s > expected.now_s);
    arena_done(&arena);
}

static void verify_parts(const struct jwt_keys *keys, struct str header, struct str claims)
{
    struct buf token = {0};
    base64_encode(&token, header, BASE64_URL);
    buf_add_char(&token, '.');
    base64_encode(&token, claims, BASE64_URL);
    buf_add_char(&token, '.');
    verify(keys, buf_str(&token));
    buf_addf(&token, "%086d", 0);
    verify(keys, buf_str(&token));
    buf_done(&token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct jwt_keys *keys;
    struct err err;
    struct str rest = fuzz_input(data, size);
    if (!keys)
        keys = jwt_keys_new(STR(known), &err);
    FUZZ_CHECK(keys);
    bool is_parts = str_index(rest, '\n') == rest.len;
    struct str first = str_cut(&rest, is_parts ? '}' : '\n');
    if (is_parts) {
        verify_parts(keys, str_of(first.at, first.len + (rest.at != first.at && rest.len > 0)),
                     rest);
        return 0;
    }
    verify(keys, rest);
    struct jwt_keys *own = jwt_keys_new(first, &err);
    if (own)
        FUZZ_CHECK(jwt_keys_count(own) > 0);
    jwt_keys_free(own);
    return 0;
}
