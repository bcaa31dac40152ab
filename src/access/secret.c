#include "access/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

struct sha256 secret_sha256(struct str bytes)
{
    struct sha256 hash;
    if (EVP_Digest(bytes.at, bytes.len, hash.bytes, NULL, EVP_sha256(), NULL) != 1)
        BUG("SHA-256 is always there");
    return hash;
}

struct sha256 secret_hmac(struct str key, struct str bytes)
{
    struct sha256 hash;
    static const char none[1];
    if (!HMAC(EVP_sha256(), key.len ? key.at : none, int_of_size(key.len),
              (const unsigned char *)bytes.at, bytes.len, hash.bytes, NULL))
        BUG("HMAC with SHA-256 is always there");
    return hash;
}

struct sha256 secret_pbkdf2(struct str password, struct str salt, unsigned iterations)
{
    struct sha256 hash;
    if (PKCS5_PBKDF2_HMAC(password.at, int_of_size(password.len), (const unsigned char *)salt.at,
                          int_of_size(salt.len), (int)iterations, EVP_sha256(), SHA256_BYTES,
                          hash.bytes) != 1)
        BUG("PBKDF2 is always there");
    return hash;
}

void secret_add_hex(struct buf *to, enum hash_kind kind, struct str bytes)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    const EVP_MD *md = kind == HASH_MD5 ? EVP_md5() : EVP_sha256();
    if (EVP_Digest(bytes.at, bytes.len, hash, &len, md, NULL) != 1)
        len = 0; /* MD5 where the machine's policy forbids it: nothing equals it */
    for (unsigned i = 0; i < len; i++)
        buf_add_hex(to, hash[i], 2);
}

bool secret_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || CRYPTO_memcmp(a.at, b.at, a.len) == 0);
}

void secret_wipe(void *at, size_t len)
{
    OPENSSL_cleanse(at, len);
}
