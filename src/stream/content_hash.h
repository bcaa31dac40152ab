/* stream/content_hash.h: hashes of content: as text, and of the bytes that go by. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "stream/sink.h"

enum content_hash {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest) CONTENT_##name,
#include "stream/content_hash.def"
#undef CONTENT_HASH
    CONTENT_HASH_COUNT
};

enum { CONTENT_HASH_BYTES_MAX = 64 };

/* What is expected, or known, by kind; no bytes: nothing is. */
struct content_hashes {
    struct {
        size_t len;
        unsigned char bytes[CONTENT_HASH_BYTES_MAX];
    } of[CONTENT_HASH_COUNT];
};

size_t content_hash_bytes(enum content_hash kind);

bool content_hashes_are_none(const struct content_hashes *hashes);

/* Adds one. False: it is of the wrong length, or not what was said before; nothing has changed. */
NODISCARD bool content_hashes_set(struct content_hashes *hashes, enum content_hash kind,
                                  struct str bytes);

/* Adds those of `more` that are not there. */
void content_hashes_add(struct content_hashes *hashes, const struct content_hashes *more);

/* --- as text: ownCloud's "SHA1:HEX MD5:HEX" --- */

/* Adds what it says, several with blanks or commas between; names in any case, and those that
 * nobody knows are passed over. False: what it says of one can be so of no content, or contradicts.
 */
NODISCARD bool content_hashes_parse(struct str text, struct content_hashes *hashes);

/* All of them, and one that is there. */
void content_hashes_print(struct buf *to, const struct content_hashes *hashes);
void content_hash_print(struct buf *to, const struct content_hashes *hashes,
                        enum content_hash kind);

/* --- of bytes --- */

/* Of those that are at hand; the hash is in `room`. Empty: this machine's libcrypto may not. */
struct str content_hash_of(enum content_hash kind, struct str bytes,
                           char room[CONTENT_HASH_BYTES_MAX]);

/* Counts bytes into the hashes that are expected. */
struct content_check;

/* Copies `expected`. Gives; memory from the arena, with which it goes. A kind that this machine's
 * libcrypto may not compute (FIPS) is not looked at. */
NODISCARD struct content_check *content_check_new(struct arena *arena,
                                                  const struct content_hashes *expected);
void content_check_add(struct content_check *check, struct str bytes);

/* One that goes on on its own from what was added to that until now; which is not over, and in
 * front of nothing. Likewise. */
NODISCARD struct content_check *content_check_copy(struct arena *arena,
                                                   const struct content_check *check);

/* Of all that was added; nothing more may be. The answer to a second question is the same. */
NODISCARD bool content_check_holds(struct content_check *check);

/* Likewise: what the hashes are of those kinds that were expected, as far as they were computed.
 * Who wants to know them expects any. Borrows as long as the check is there. */
const struct content_hashes *content_check_found(struct content_check *check);

/* A sink before `inner`, which is borrowed: what that takes is added. */
struct sink *content_check_before(struct content_check *check, struct sink *inner);
