/* Each of these fields comes in one line, complete, as a view; a reader takes it or refuses it as a
 * whole. A number that no file can have as its length is refused here, so that nobody who adds two
 * of them need look for an overflow.
 *
 * tus says of Upload-Metadata that a key is not repeated and that a value may be missing with its
 * blank; some clients write the blank all the same. What other keys say is the application's that
 * sent them. Of two keys for one thing tus' own comes first: Uppy writes both. */
#include "http/upload_fields.h"

#include "base/buf.h"
#include "http/fields.h"
#include "text/base64.h"

/* --- tus --- */

enum { KEYS_MAX = 64 };

static bool is_metadata_key(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (key.at[i] <= ' ' || key.at[i] >= 0x7f)
            return false;
    }
    return key.len;
}

static bool is_repeated(struct str key, const struct str *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(keys[i], key))
            return true;
    }
    return false;
}

static void keep_first(struct str *to, struct str value)
{
    if (!to->len)
        *to = value;
}

bool upload_metadata_read(struct str field, struct arena *arena,
                          struct upload_metadata *metadata_out)
{
    struct str keys[KEYS_MAX];
    struct upload_metadata found = {0};
    struct upload_metadata spare = {0};
    size_t count = 0;
    if (!str_trim(field).len) {
        *metadata_out = found;
        return true;
    }
    for (bool is_last = false; !is_last;) {
        is_last = str_index(field, ',') == field.len;
        struct str text = str_trim(str_cut(&field, ','));
        struct str key = str_cut(&text, ' ');
        struct str value;
        if (!is_metadata_key(key) || count == KEYS_MAX || is_repeated(key, keys, count) ||
            !base64_decode(text, BASE64, arena, &value))
            return false;
        keys[count++] = key;
        if (str_eq(key, STR("filename")))
            found.name = value;
        else if (str_eq(key, STR("name")))
            spare.name = value;
        else if (str_eq(key, STR("filetype")))
            found.type = value;
        else if (str_eq(key, STR("type")))
            spare.type = value;
        else if (str_eq(key, STR("mtime")))
            found.modified = value;
        else if (str_eq(key, STR("checksum")))
            found.checksum = value;
    }
    keep_first(&found.name, spare.name);
    keep_first(&found.type, spare.type);
    *metadata_out = found;
    return true;
}

bool upload_checksum_read(struct str field, struct arena *arena, struct content_hashes *hashes_out)
{
    static const char *const names[CONTENT_HASH_COUNT] = {
#define CONTENT_HASH(name, bytes, oc, digest, content_digest) [CONTENT_##name] = (oc),
#include "stream/content_hash.def"
#undef CONTENT_HASH
    };
    struct str value = str_trim(field);
    struct str name = str_cut(&value, ' ');
    struct str bytes;
    for (size_t kind = 0; kind < CONTENT_HASH_COUNT; kind++) {
        size_t len = content_hash_bytes((enum content_hash)kind);
        if (!str_eq_nocase(name, str_of_c(names[kind])))
            continue;
        if (!base64_decode(value, BASE64, arena, &bytes) || bytes.len != len)
            return false;
        *hashes_out = (struct content_hashes){0};
        hashes_out->of[kind].len = len;
        memcpy(hashes_out->of[kind].bytes, bytes.at, len);
        return true;
    }
    return false;
}

/* --- both --- */

bool upload_bytes_read(struct str field, uint64_t *bytes_out)
{
    uint64_t bytes;
    if (!str_parse_u64(str_trim(field), &bytes) || bytes > INT64_MAX)
        return false;
    *bytes_out = bytes;
    return true;
}

/* --- the draft --- */

bool upload_boolean_read(struct str field, bool *is_true_out)
{
    struct str value = str_trim(field);
    if (!str_eq(value, STR("?0")) && !str_eq(value, STR("?1")))
        return false;
    *is_true_out = value.at[1] == '1';
    return true;
}

/* RFC 9110 §5.6.4: a token, or a quoted string without its quotes. */
static bool read_plain(struct str value, struct arena *arena, struct str *text_out)
{
    struct buf text = {0};
    if (value.len < 2 || value.at[0] != '"') {
        *text_out = value;
        return http_is_token(value);
    }
    for (size_t i = 1; i + 1 < value.len; i++) {
        if (value.at[i] == '\\' && i + 2 < value.len)
            i++;
        buf_add_char(&text, value.at[i]);
    }
    *text_out = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return value.at[value.len - 1] == '"';
}

/* RFC 8187 §3.2: UTF-8'language'percent-encoded. */
static bool read_extended(struct str value, struct arena *arena, struct str *text_out)
{
    struct buf text = {0};
    uint64_t c;
    struct str charset = str_cut(&value, '\'');
    (void)str_cut(&value, '\''); /* the language of a name is nobody's concern */
    bool is_fine = str_eq_nocase(charset, STR("UTF-8"));
    while (value.len && is_fine) {
        bool is_encoded = value.at[0] == '%';
        is_fine = !is_encoded || (value.len > 2 && str_parse_hex(str_of(value.at + 1, 2), &c));
        if (is_fine)
            buf_add_char(&text, is_encoded ? (char)c : value.at[0]);
        value = str_from(value, is_encoded ? 3 : 1);
    }
    if (is_fine)
        *text_out = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return is_fine;
}

bool upload_disposition_read(struct str field, struct arena *arena, struct str *name_out)
{
    struct str plain = STR_NONE;
    struct str extended = STR_NONE;
    size_t end = http_index_unquoted(field, ';');
    for (field = str_from(field, end + 1); field.len; field = str_from(field, end + 1)) {
        end = http_index_unquoted(field, ';');
        struct str value = str_first(field, end);
        struct str name = str_trim(str_cut(&value, '='));
        value = str_trim(value);
        if (str_eq_nocase(name, STR("filename")) && !read_plain(value, arena, &plain))
            return false;
        if (str_eq_nocase(name, STR("filename*")) && !read_extended(value, arena, &extended))
            return false;
    }
    struct str found = extended.len ? extended : plain;
    if (!found.len)
        return false;
    *name_out = found;
    return true;
}

/* --- parts --- */

/* "first-last". */
static bool read_bounds(struct str text, struct upload_part *part)
{
    struct str last = text;
    struct str first = str_cut(&last, '-');
    return upload_bytes_read(first, &part->first) && upload_bytes_read(last, &part->last) &&
           part->first <= part->last;
}

bool update_range_read(struct str field, struct upload_part *part_out)
{
    struct str range = str_trim(field);
    struct upload_part part = {.kind = PART_RANGE};
    bool is_fine;
    if (str_eq_nocase(range, STR("append"))) {
        *part_out = (struct upload_part){.kind = PART_APPEND};
        return true;
    }
    if (!str_eq_nocase(str_trim(str_cut(&range, '=')), STR("bytes")))
        return false;
    range = str_trim(range);
    if (str_starts(range, STR("-"))) {
        part.kind = PART_SUFFIX;
        is_fine = upload_bytes_read(str_from(range, 1), &part.first);
    } else if (str_ends(range, STR("-"))) {
        part.kind = PART_FROM;
        is_fine = upload_bytes_read(str_first(range, range.len - 1), &part.first);
    } else {
        is_fine = read_bounds(range, &part);
    }
    if (is_fine)
        *part_out = part;
    return is_fine;
}

bool content_range_read(struct str field, struct upload_part *part_out)
{
    struct str total = str_trim(field);
    struct upload_part part = {.kind = PART_RANGE};
    if (!str_eq_nocase(str_cut(&total, ' '), STR("bytes")))
        return false;
    struct str range = str_cut(&total, '/');
    if (!read_bounds(range, &part))
        return false;
    part.has_total = !str_eq(total, STR("*"));
    if (part.has_total && (!upload_bytes_read(total, &part.total) || part.last >= part.total))
        return false;
    *part_out = part;
    return true;
}
