/* Hashes of content, taken as it goes by: no byte is read twice for them, and where nothing was
 * announced nothing is here at all. In front of a sink that blocks they are computed where that is
 * written, on a worker; of one that waits, on the loop, of what it has taken and no more.
 *
 * Several kinds may be announced of one content, by several fields, and each is computed once. The
 * caller asks when the content is complete and not yet visible; so a wrong one leaves no trace. */
#include "stream/content_hash.h"

#include <openssl/evp.h>
#include <zlib.h>

struct content_check {
    struct sink sink;
    struct sink *inner;
    struct content_hashes expected;
    EVP_MD_CTX *hashing[CONTENT_HASH_COUNT]; /* NULL: this kind is not */
    uLong adler;
    bool is_over;
    bool holds;
};

size_t content_hash_bytes(enum content_hash kind)
{
    static const size_t bytes_of[CONTENT_HASH_COUNT] = {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest) [CONTENT_##name] = (bytes),
#include "stream/content_hash.def"
#undef CONTENT_HASH
    };
    return bytes_of[kind];
}

static const EVP_MD *digest_of(enum content_hash kind)
{
    switch (kind) {
    case CONTENT_MD5:
        return EVP_md5();
    case CONTENT_SHA1:
        return EVP_sha1();
    case CONTENT_SHA256:
        return EVP_sha256();
    case CONTENT_SHA512:
        return EVP_sha512();
    case CONTENT_SHA3_256:
        return EVP_sha3_256();
    case CONTENT_ADLER32: /* zlib's */
    case CONTENT_HASH_COUNT:
        break;
    }
    return NULL;
}

static void free_check(void *arg)
{
    struct content_check *check = arg;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++)
        EVP_MD_CTX_free(check->hashing[kind]);
}

struct content_check *content_check_new(struct arena *arena, const struct content_hashes *expected)
{
    struct content_check *check = ARENA_NEW(arena, struct content_check);
    *check = (struct content_check){.expected = *expected, .adler = adler32(0, NULL, 0)};
    arena_on_reset(arena, free_check, check);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        const EVP_MD *digest = digest_of((enum content_hash)kind);
        if (!expected->of[kind].len || !digest)
            continue;
        check->hashing[kind] = EVP_MD_CTX_new();
        if (check->hashing[kind] && EVP_DigestInit_ex(check->hashing[kind], digest, NULL) != 1) {
            EVP_MD_CTX_free(check->hashing[kind]);
            check->hashing[kind] = NULL;
        }
    }
    return check;
}

void content_check_add(struct content_check *check, struct str bytes)
{
    assert(!check->is_over);
    if (check->expected.of[CONTENT_ADLER32].len)
        check->adler = adler32_z(check->adler, (const Bytef *)bytes.at, bytes.len);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (check->hashing[kind] &&
            EVP_DigestUpdate(check->hashing[kind], bytes.at, bytes.len) != 1)
            BUG("a hash that began does not go on");
    }
}

static bool adler_holds(const struct content_check *check)
{
    const unsigned char *expected = check->expected.of[CONTENT_ADLER32].bytes;
    uLong value = 0;
    for (size_t i = 0; i < content_hash_bytes(CONTENT_ADLER32); i++)
        value = value << 8 | expected[i];
    return value == check->adler;
}

static bool hash_holds(const struct content_check *check, enum content_hash kind)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (!check->expected.of[kind].len)
        return true;
    if (kind == CONTENT_ADLER32)
        return adler_holds(check);
    if (!check->hashing[kind])
        return true;
    return EVP_DigestFinal_ex(check->hashing[kind], bytes, &len) == 1 &&
           len == check->expected.of[kind].len &&
           memcmp(bytes, check->expected.of[kind].bytes, len) == 0;
}

bool content_check_holds(struct content_check *check)
{
    if (check->is_over)
        return check->holds;
    check->is_over = true;
    check->holds = true;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++)
        check->holds = hash_holds(check, (enum content_hash)kind) && check->holds;
    return check->holds;
}

/* --- as a sink --- */

static unsigned check_write(struct sink *sink, struct str bytes)
{
    struct content_check *check = CONTAINER_OF(sink, struct content_check, sink);
    content_check_add(check, bytes);
    return sink_write(check->inner, bytes);
}

static enum push check_push(struct sink *sink, struct str *bytes, unsigned *code_out)
{
    struct content_check *check = CONTAINER_OF(sink, struct content_check, sink);
    struct str before = *bytes;
    sink_pass(sink, check->inner);
    enum push pushed = sink_push(check->inner, bytes, code_out);
    content_check_add(check, str_first(before, before.len - bytes->len));
    return pushed;
}

static enum push check_end(struct sink *sink, unsigned *code_out)
{
    struct content_check *check = CONTAINER_OF(sink, struct content_check, sink);
    sink_pass(sink, check->inner);
    return sink_end(check->inner, code_out);
}

static const struct sink_ops check_ops = {"content check", check_write, check_push, check_end};

struct sink *content_check_before(struct content_check *check, struct sink *inner)
{
    check->inner = inner;
    check->sink = (struct sink){.ops = &check_ops, .waits = inner->waits};
    return &check->sink;
}
