/* stream/content_hash.h: whether the bytes that went by are those that were announced. */
#pragma once

#include "base/arena.h"
#include "stream/sink.h"

enum content_hash {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest) CONTENT_##name,
#include "stream/content_hash.def"
#undef CONTENT_HASH
    CONTENT_HASH_COUNT
};

enum { CONTENT_HASH_BYTES_MAX = 64 };

/* What is expected, by kind; no bytes: nothing is. */
struct content_hashes {
    struct {
        size_t len;
        unsigned char bytes[CONTENT_HASH_BYTES_MAX];
    } of[CONTENT_HASH_COUNT];
};

size_t content_hash_bytes(enum content_hash kind);

/* Counts bytes into the hashes that are expected. */
struct content_check;

/* Copies `expected`. Gives; memory from the arena, with which it goes. A kind that this machine's
 * libcrypto may not compute (FIPS) is not looked at. */
NODISCARD struct content_check *content_check_new(struct arena *arena,
                                                  const struct content_hashes *expected);
void content_check_add(struct content_check *check, struct str bytes);

/* Of all that was added; nothing more may be. The answer to a second question is the same. */
NODISCARD bool content_check_holds(struct content_check *check);

/* A sink before `inner`, which is borrowed: what that takes is added. */
struct sink *content_check_before(struct content_check *check, struct sink *inner);
