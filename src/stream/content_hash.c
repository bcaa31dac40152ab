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
    struct content_hashes found;
};

struct known_hash {
    size_t bytes;
    struct str name;
};

static const struct known_hash known_hashes[CONTENT_HASH_COUNT] = {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest)                                      \
    [CONTENT_##name] = {(bytes), STR_INIT(oc)},
#include "stream/content_hash.def"
#undef CONTENT_HASH
};

size_t content_hash_bytes(enum content_hash kind)
{
    return known_hashes[kind].bytes;
}

bool content_hashes_are_none(const struct content_hashes *hashes)
{
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (hashes->of[kind].len)
            return false;
    }
    return true;
}

bool content_hashes_set(struct content_hashes *hashes, enum content_hash kind, struct str bytes)
{
    size_t len = content_hash_bytes(kind);
    if (bytes.len != len)
        return false;
    if (hashes->of[kind].len)
        return memcmp(hashes->of[kind].bytes, bytes.at, len) == 0;
    memcpy(hashes->of[kind].bytes, bytes.at, len);
    hashes->of[kind].len = len;
    return true;
}

void content_hashes_add(struct content_hashes *hashes, const struct content_hashes *more)
{
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (!hashes->of[kind].len)
            hashes->of[kind] = more->of[kind];
    }
}

/* --- as text --- */

/* ownCloud's clients write Adler-32 as a number, without its leading zeros. */
static bool set_hex(struct content_hashes *hashes, enum content_hash kind, struct str text)
{
    unsigned char bytes[CONTENT_HASH_BYTES_MAX] = {0};
    size_t digits = content_hash_bytes(kind) * 2;
    if (text.len == 0 || text.len > digits || (text.len < digits && kind != CONTENT_ADLER32))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_value(text.at[i]);
        size_t at = digits - text.len + i;
        if (digit < 0)
            return false;
        bytes[at / 2] = (unsigned char)((unsigned)bytes[at / 2] << 4 | (unsigned)digit);
    }
    return content_hashes_set(hashes, kind, str_of((const char *)bytes, digits / 2));
}

static bool parse_one(struct str value, struct content_hashes *hashes)
{
    struct str name = str_cut(&value, ':');
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (str_eq_nocase(name, known_hashes[kind].name))
            return set_hex(hashes, (enum content_hash)kind, value);
    }
    return true;
}

bool content_hashes_parse(struct str text, struct content_hashes *hashes)
{
    while (text.len) {
        for (struct str list = str_cut(&text, ','); list.len;) {
            if (!parse_one(str_cut(&list, ' '), hashes))
                return false;
        }
    }
    return true;
}

void content_hash_print(struct buf *to, const struct content_hashes *hashes, enum content_hash kind)
{
    buf_add(to, known_hashes[kind].name);
    buf_add_char(to, ':');
    for (size_t i = 0; i < hashes->of[kind].len; i++)
        buf_add_hex(to, hashes->of[kind].bytes[i], 2);
}

void content_hashes_print(struct buf *to, const struct content_hashes *hashes)
{
    bool is_first = true;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (!hashes->of[kind].len)
            continue;
        if (!is_first)
            buf_add_char(to, ' ');
        is_first = false;
        content_hash_print(to, hashes, (enum content_hash)kind);
    }
}

/* --- of bytes --- */

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

struct str content_hash_of(enum content_hash kind, struct str bytes,
                           char room[CONTENT_HASH_BYTES_MAX])
{
    const EVP_MD *digest = digest_of(kind);
    unsigned char *to = (unsigned char *)room;
    bool is_fine = digest && EVP_Digest(bytes.at, bytes.len, to, NULL, digest, NULL) == 1;
    return is_fine ? str_of(room, content_hash_bytes(kind)) : STR_NONE;
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

struct content_check *content_check_copy(struct arena *arena, const struct content_check *check)
{
    assert(!check->is_over);
    struct content_check *copy = content_check_new(arena, &check->expected);
    copy->adler = check->adler;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (check->hashing[kind] &&
            (!copy->hashing[kind] ||
             EVP_MD_CTX_copy_ex(copy->hashing[kind], check->hashing[kind]) != 1))
            BUG("a hash that began cannot be copied");
    }
    return copy;
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

static void find_adler(struct content_check *check)
{
    size_t len = content_hash_bytes(CONTENT_ADLER32);
    for (size_t i = 0; i < len; i++)
        check->found.of[CONTENT_ADLER32].bytes[i] =
            (unsigned char)(check->adler >> 8 * (len - 1 - i));
    check->found.of[CONTENT_ADLER32].len = len;
}

static void find_hash(struct content_check *check, enum content_hash kind)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (EVP_DigestFinal_ex(check->hashing[kind], bytes, &len) != 1 ||
        len != content_hash_bytes(kind))
        BUG("a hash that went on does not end");
    memcpy(check->found.of[kind].bytes, bytes, len);
    check->found.of[kind].len = len;
}

const struct content_hashes *content_check_found(struct content_check *check)
{
    if (check->is_over)
        return &check->found;
    check->is_over = true;
    if (check->expected.of[CONTENT_ADLER32].len)
        find_adler(check);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (check->hashing[kind])
            find_hash(check, (enum content_hash)kind);
    }
    return &check->found;
}

bool content_check_holds(struct content_check *check)
{
    const struct content_hashes *found = content_check_found(check);
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (found->of[kind].len &&
            memcmp(found->of[kind].bytes, check->expected.of[kind].bytes, found->of[kind].len) != 0)
            return false;
    }
    return true;
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
