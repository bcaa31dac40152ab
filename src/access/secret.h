/* access/secret.h: hashes, and what is done with secrets. */
#pragma once

#include "base/buf.h"

enum hash_kind { HASH_MD5, HASH_SHA256 };

enum { SHA256_BYTES = 32 };

struct sha256 {
    unsigned char bytes[SHA256_BYTES];
};

static inline struct str sha256_str(const struct sha256 *hash)
{
    return str_of((const char *)hash->bytes, SHA256_BYTES);
}

struct sha256 secret_sha256(struct str bytes);
struct sha256 secret_hmac(struct str key, struct str bytes);

/* PBKDF2 with HMAC-SHA-256: RFC 5802's Hi(). */
struct sha256 secret_pbkdf2(struct str password, struct str salt, unsigned iterations);

/* Appends the hash of `bytes` in lower-case hexadecimal digits. */
void secret_add_hex(struct buf *to, enum hash_kind kind, struct str bytes);

/* Takes as long for two that differ as for two that are the same; their lengths are no secret. */
NODISCARD bool secret_eq(struct str a, struct str b);

/* Overwrites, also where the compiler sees that nobody will look. */
void secret_wipe(void *at, size_t len);
