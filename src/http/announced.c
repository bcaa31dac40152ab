/* Five fields, four grammars, one meaning: a name of a hash, and its value for the content. A field
 * that stands in several lines is one list (RFC 9110 §5.3), so each line is read by itself.
 *
 * A name that davit does not know is passed over: the sender chose it for another reader (RFC 9530
 * §2). A value that cannot be one of a name that it knows is refused, as is a wrong one, and a
 * field that is no dictionary where RFC 9530 says so: whoever announces a hash wants to hear that
 * it does not hold, and a field that nobody can read announces something. Of two values for one
 * hash both would have to hold, where a dictionary alone would take the later one.
 *
 * RFC 9530 tells a message's content from the representation that it is of, and RFC 3230 means the
 * latter. For a request whose content is a whole representation without a coding they are the same;
 * for a PUT of a part, and for an upload in parts, they are not, and both are held to. Fields in
 * trailers are not looked at: no wire keeps them.
 *
 * A wish is no more than that (§4): one that cannot be read, or granted, is passed over. Told are
 * the hashes that RFC 9530 calls active, and one of them, since to compute another costs as much
 * again. */
#include "http/announced.h"

#include "text/base64.h"
#include "text/dictionary.h"

struct hash_names {
    const char *digest;
    const char *content_digest;
};

static const struct hash_names names_of[CONTENT_HASH_COUNT] = {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest)                                      \
    [CONTENT_##name] = {digest, content_digest},
#include "stream/content_hash.def"
#undef CONTENT_HASH
};

/* --- values --- */

static bool expect_encoded(struct content_hashes *hashes, enum content_hash kind, struct str text,
                           enum base64_kind encoding, struct arena *arena)
{
    struct str bytes;
    return base64_decode(text, encoding, arena, &bytes) && content_hashes_set(hashes, kind, bytes);
}

static bool expect_base64(struct content_hashes *hashes, enum content_hash kind, struct str text,
                          struct arena *arena)
{
    return expect_encoded(hashes, kind, text, BASE64, arena);
}

static bool is_named(struct str name, const char *known)
{
    return known && str_eq_nocase(name, str_of_c(known));
}

/* --- fields --- */

/* Each reads one line. False: nonsense. */
typedef bool read_fn(struct str line, struct arena *arena, struct content_hashes *hashes);

static bool read_oc_checksum(struct str line, struct arena *arena, struct content_hashes *hashes)
{
    (void)arena;
    return content_hashes_parse(line, hashes);
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

/* The kind that a dictionary's key names; CONTENT_HASH_COUNT: none. */
static enum content_hash kind_of_key(struct str key)
{
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        const char *known = names_of[kind].content_digest;
        if (known && str_eq(key, str_of_c(known)))
            return (enum content_hash)kind;
    }
    return CONTENT_HASH_COUNT;
}

/* RFC 9530 §2: a dictionary of byte sequences, "sha-256=:BASE64:"; what parameters say is for
 * others. */
static bool read_content_digest(struct str line, struct arena *arena, struct content_hashes *hashes)
{
    struct dictionary_member member;
    enum dictionary_step step;
    while ((step = dictionary_next(&line, &member)) == DICTIONARY_MEMBER) {
        enum content_hash kind = kind_of_key(member.key);
        if (kind != CONTENT_HASH_COUNT &&
            (member.kind != DICTIONARY_BYTES ||
             !expect_encoded(hashes, kind, member.text, BASE64_ANY_PADDING, arena)))
            return false;
    }
    return step == DICTIONARY_END;
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

static bool is_meant(enum http_field id, enum announced_of of)
{
    bool is_of_content = id == FIELD_CONTENT_DIGEST || id == FIELD_CONTENT_MD5;
    return of == ANNOUNCED_OF_EITHER || is_of_content == (of == ANNOUNCED_OF_CONTENT);
}

enum announced announced_read(const struct http_fields *fields, enum announced_of of,
                              struct arena *arena, struct content_hashes *hashes_out)
{
    bool is_clean = false;
    for (size_t i = 0; i < fields->count; i++) {
        read_fn *read = reader_of(fields->lines[i].id);
        if (!read || !is_meant(fields->lines[i].id, of))
            continue;
        if (!is_clean)
            *hashes_out = (struct content_hashes){0};
        is_clean = true;
        if (!read(fields->lines[i].value, arena, hashes_out))
            return ANNOUNCED_NONSENSE;
    }
    return is_clean && !content_hashes_are_none(hashes_out) ? ANNOUNCED_HASHES : ANNOUNCED_NOTHING;
}

/* --- answers --- */

/* RFC 9530 §5: the others are weak, and kept for those who announce them. */
static bool is_told(enum content_hash kind)
{
    return kind == CONTENT_SHA256 || kind == CONTENT_SHA512;
}

/* What one line weighs each kind with. False: it is no dictionary. */
static bool read_wishes(struct str line, int64_t weights[CONTENT_HASH_COUNT])
{
    enum { WEIGHT_MAX = 10 };
    struct dictionary_member member;
    enum dictionary_step step;
    while ((step = dictionary_next(&line, &member)) == DICTIONARY_MEMBER) {
        enum content_hash kind = kind_of_key(member.key);
        bool is_weight = member.kind == DICTIONARY_INTEGER && member.integer >= 0 &&
                         member.integer <= WEIGHT_MAX;
        if (kind != CONTENT_HASH_COUNT)
            weights[kind] = is_weight ? member.integer : 0;
    }
    return step == DICTIONARY_END;
}

enum content_hash announced_wish(const struct http_fields *fields, enum http_field id)
{
    int64_t weights[CONTENT_HASH_COUNT] = {0};
    enum content_hash best = CONTENT_HASH_COUNT;
    int64_t best_weight = 0; /* §4: what weighs nothing is not to be told */
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->lines[i].id == id && !read_wishes(fields->lines[i].value, weights))
            return CONTENT_HASH_COUNT;
    }
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        if (!is_told((enum content_hash)kind) || weights[kind] <= best_weight)
            continue;
        best = (enum content_hash)kind;
        best_weight = weights[kind];
    }
    return best;
}

void announced_print_digest(struct buf *to, const struct content_hashes *hashes,
                            enum content_hash kind)
{
    buf_add(to, str_of_c(names_of[kind].content_digest));
    BUF_ADD(to, "=:");
    base64_encode(to, str_of((const char *)hashes->of[kind].bytes, hashes->of[kind].len), BASE64);
    buf_add_char(to, ':');
}

/* Its clients read one, and fail a download that has one that they do not know. */
bool announced_print_oc(struct buf *to, const struct content_hashes *hashes)
{
    size_t kind = 0;
    while (kind < CONTENT_SHA512 && !hashes->of[kind].len)
        kind++;
    if (kind == CONTENT_SHA512)
        return false;
    content_hash_print(to, hashes, (enum content_hash)kind);
    return true;
}
