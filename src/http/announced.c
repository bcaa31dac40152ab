/* Five fields, four grammars, one meaning: a name of a hash, and its value for the content. A field
 * that stands in several lines is one list (RFC 9110 §5.3), so each line is read by itself.
 *
 * A name that davit does not know is passed over: the sender chose it for another reader (RFC 9530
 * §2). A value that cannot be one of a name that it knows is refused, as is a wrong one: whoever
 * announces a hash wants to hear that it does not hold.
 *
 * RFC 9530 tells a message's content from the representation that it is of, and RFC 3230 means the
 * latter. For a request whose content is a whole representation without a coding they are the same,
 * and davit takes no other (dav/method/put.c). Fields in trailers are not looked at. */
#include "http/announced.h"

#include "base/buf.h"
#include "text/base64.h"

struct hash_names {
    const char *oc;
    const char *digest;
    const char *content_digest;
};

static const struct hash_names names_of[CONTENT_HASH_COUNT] = {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest)                                      \
    [CONTENT_##name] = {oc, digest, content_digest},
#include "stream/content_hash.def"
#undef CONTENT_HASH
};

/* --- values --- */

/* False: of the wrong length, or not what was said before. */
static bool expect(struct content_hashes *hashes, enum content_hash kind, struct str bytes)
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

static bool expect_base64(struct content_hashes *hashes, enum content_hash kind, struct str text,
                          struct arena *arena)
{
    struct str bytes;
    return base64_decode(text, BASE64, arena, &bytes) && expect(hashes, kind, bytes);
}

/* ownCloud's clients write Adler-32 as a number, without its leading zeros. */
static bool expect_hex(struct content_hashes *hashes, enum content_hash kind, struct str text)
{
    unsigned char bytes[CONTENT_HASH_BYTES_MAX] = {0};
    size_t digits = content_hash_bytes(kind) * 2;
    if (text.len == 0 || text.len > digits || (text.len < digits && kind != CONTENT_ADLER32))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit;
        size_t at = digits - text.len + i;
        if (!str_parse_hex(str_of(text.at + i, 1), &digit))
            return false;
        bytes[at / 2] = (unsigned char)((unsigned)bytes[at / 2] << 4 | digit);
    }
    return expect(hashes, kind, str_of((const char *)bytes, digits / 2));
}

static bool is_named(struct str name, const char *known)
{
    return known && str_eq_nocase(name, str_of_c(known));
}

/* --- fields --- */

/* Each reads one line. False: nonsense. */
typedef bool read_fn(struct str line, struct arena *arena, struct content_hashes *hashes);

static bool read_checksum(struct str value, struct content_hashes *hashes)
{
    struct str name = str_cut(&value, ':');
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (is_named(name, names_of[kind].oc) &&
            !expect_hex(hashes, (enum content_hash)kind, value))
            return false;
    }
    return true;
}

/* "SHA1:HEX", several with blanks or commas between. */
static bool read_oc_checksum(struct str line, struct arena *arena, struct content_hashes *hashes)
{
    (void)arena;
    while (line.len) {
        for (struct str list = str_cut(&line, ','); list.len;) {
            if (!read_checksum(str_cut(&list, ' '), hashes))
                return false;
        }
    }
    return true;
}

static bool read_content_md5(struct str line, struct arena *arena, struct content_hashes *hashes)
{
    return expect_base64(hashes, CONTENT_MD5, str_trim(line), arena);
}

/* RFC 3230 §4.2: "SHA-256=BASE64, MD5=BASE64". */
static bool read_digest(struct str line, struct arena *arena, struct content_hashes *hashes)
{
    while (line.len) {
        struct str value = str_trim(str_cut(&line, ','));
        struct str name = str_cut(&value, '=');
        for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
            if (is_named(name, names_of[kind].digest) &&
                !expect_base64(hashes, (enum content_hash)kind, value, arena))
                return false;
        }
    }
    return true;
}

/* RFC 9530 §2: a dictionary of byte sequences (RFC 8941 §3.2, §3.3.5), "sha-256=:BASE64:"; what
 * parameters say is for others. */
static bool read_content_digest(struct str line, struct arena *arena, struct content_hashes *hashes)
{
    while (line.len) {
        struct str value = str_trim(str_cut(&line, ','));
        struct str name = str_cut(&value, '=');
        value = str_trim(str_cut(&value, ';'));
        for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
            if (!is_named(name, names_of[kind].content_digest))
                continue;
            if (value.len < 2 || value.at[0] != ':' || value.at[value.len - 1] != ':' ||
                !expect_base64(hashes, (enum content_hash)kind, str_of(value.at + 1, value.len - 2),
                               arena))
                return false;
        }
    }
    return true;
}

static read_fn *reader_of(enum http_field id)
{
    switch ((int)id) {
    case FIELD_OC_CHECKSUM:
        return read_oc_checksum;
    case FIELD_CONTENT_MD5:
        return read_content_md5;
    case FIELD_DIGEST:
        return read_digest;
    case FIELD_CONTENT_DIGEST:
    case FIELD_REPR_DIGEST:
        return read_content_digest;
    default:
        return NULL;
    }
}

static bool has_any(const struct content_hashes *hashes)
{
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (hashes->of[kind].len)
            return true;
    }
    return false;
}

enum announced announced_read(const struct http_fields *fields, struct arena *arena,
                              struct content_hashes *hashes_out)
{
    bool is_clean = false;
    for (size_t i = 0; i < fields->count; i++) {
        read_fn *read = reader_of(fields->lines[i].id);
        if (!read)
            continue;
        if (!is_clean)
            *hashes_out = (struct content_hashes){0};
        is_clean = true;
        if (!read(fields->lines[i].value, arena, hashes_out))
            return ANNOUNCED_NONSENSE;
    }
    return is_clean && has_any(hashes_out) ? ANNOUNCED_HASHES : ANNOUNCED_NOTHING;
}
