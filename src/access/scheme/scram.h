/* access/scheme/scram.h: SCRAM-SHA-256 (RFC 5802, RFC 7677): the messages, and what is kept of a
 * password. How they travel in HTTP (RFC 7804) is access/sign_in.c's. */
#pragma once

#include "access/secret.h"
#include "base/arena.h"

/* RFC 7677 §4 asks for 4096 at least; this is what OWASP's Password Storage Cheat Sheet has for
 * PBKDF2 with HMAC-SHA-256 since 2023. */
enum { SCRAM_ITERATIONS = 600000 };

/* What is kept of a password; it lets nobody sign in. */
struct scram_keys {
    unsigned iterations; /* 0: there are none */
    struct str salt;
    struct sha256 stored_key;
    struct sha256 server_key;
};

/* Slow on purpose. The salt is borrowed. */
struct scram_keys scram_keys_of(struct str password, struct str salt, unsigned iterations);

/* "iterations,salt,stored key,server key". Memory from the arena. */
void scram_keys_add(struct buf *to, const struct scram_keys *keys);
NODISCARD bool scram_keys_parse(struct str text, struct arena *arena, struct scram_keys *keys_out);

/* The client's first message. */
struct scram_first {
    struct str gs2_header; /* "n,," */
    struct str bare;       /* what stands behind it */
    struct str user;
    struct str nonce;
};

/* False: malformed, or it demands what we do not do (channel binding, acting for another). */
NODISCARD bool scram_first_parse(struct str message, struct arena *arena, struct scram_first *out);

/* Appends the server's first message. `nonce` is the server's part. */
void scram_add_server_first(struct buf *to, const struct scram_first *first, struct str nonce,
                            const struct scram_keys *keys);

/* The client's final message. */
struct scram_final {
    struct str binding; /* the gs2 header again */
    struct str nonce;   /* both parts */
    struct sha256 proof;
    struct str without_proof;
};
NODISCARD bool scram_final_parse(struct str message, struct arena *arena, struct scram_final *out);

/* Whether the client knows the password; then appends the server's final message, which shows that
 * the server knows its key. */
NODISCARD bool scram_verify(const struct scram_keys *keys, const struct scram_first *first,
                            struct str server_first, const struct scram_final *final,
                            struct buf *server_final);
