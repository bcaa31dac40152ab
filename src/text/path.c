/* Paths are decoded once, where a request comes in, and encoded once, where an href goes out. All
 * between works on decoded bytes, in one normal form, so that equal resources have equal paths and
 * nobody has to think of "%41" and "A", "//" and "/", or "/a/../b" and "/b".
 *
 * path_decode() works segment by segment into one buffer, which decoding never outgrows:
 *  (1) a segment is cut at the raw slashes first and decoded after, so "%2F" can never make two
 *      segments of one; since no file name can hold a slash or a NUL, either is refused;
 *  (2) "." and ".." are recognised after decoding, for "%2e%2e" is the same segment (RFC 3986
 *      §2.3), and a server that misses this hands out files from above its root;
 *  (3) ".." above the root is refused rather than dropped: it is an attack or a mistake;
 *  (4) triplets are decoded once: "%2541" is the name "%41".
 *
 * path_encode() leaves as it is what may stand in a path and needs no escaping in XML or HTML, and
 * encodes all else, so that decoding its result gives the same path, whatever bytes a file name
 * has. Bytes need not be UTF-8: a file system does not ask, and what is there must be reachable. */
#include "text/path.h"

/* What may stand in a path segment as it is: RFC 3986's pchar without '&' and the apostrophe, which
 * XML and HTML would have to escape a second time. Clients compare hrefs after decoding. */
static bool is_plain(unsigned char c)
{
    static const uint64_t plain[4] = {
        0x2fff7f1200000000U, /* digits and "!$()*+,-.:;=" */
        0x47fffffe87ffffffU, /* letters and "@_~" */
    };
    return plain[c >> 6] >> (c & 63) & 1;
}

struct str path_str(struct res_path path)
{
    return str_of(path.at, path.len);
}

static struct res_path path_of(struct str bytes)
{
    return (struct res_path){bytes.at, bytes.len};
}

bool path_is_root(struct res_path path)
{
    return path.len == 0;
}

bool path_eq(struct res_path a, struct res_path b)
{
    return str_eq(path_str(a), path_str(b));
}

bool path_is_within(struct res_path path, struct res_path tree)
{
    if (tree.len == 0)
        return true;
    if (!str_starts(path_str(path), path_str(tree)))
        return false;
    return path.len == tree.len || path.at[tree.len] == '/';
}

struct res_path path_parent(struct res_path path)
{
    size_t slash = str_index_last(path_str(path), '/');
    return slash == path.len ? PATH_ROOT : path_of(str_first(path_str(path), slash));
}

struct str path_name(struct res_path path)
{
    size_t slash = str_index_last(path_str(path), '/');
    return slash == path.len ? path_str(path) : str_from(path_str(path), slash + 1);
}

struct str path_first(struct res_path path)
{
    return str_first(path_str(path), str_index(path_str(path), '/'));
}

struct res_path path_copy(struct arena *arena, struct res_path path)
{
    return path_of(arena_str(arena, path_str(path)));
}

/* "left" + "/" + "right", without the slash where either is empty. */
static struct res_path join(struct arena *arena, struct str left, struct str right)
{
    size_t slash = left.len && right.len ? 1 : 0;
    char *bytes = arena_alloc(arena, left.len + slash + right.len + 1);
    if (left.len)
        memcpy(bytes, left.at, left.len);
    if (slash)
        bytes[left.len] = '/';
    if (right.len)
        memcpy(bytes + left.len + slash, right.at, right.len);
    return (struct res_path){bytes, left.len + slash + right.len};
}

void path_step(struct buf *path, size_t parent_len, struct str name)
{
    path->len = parent_len;
    if (parent_len)
        buf_add_char(path, '/');
    buf_add(path, name);
}

struct res_path path_join(struct arena *arena, struct res_path parent, struct str name)
{
    return join(arena, path_str(parent), name);
}

struct res_path path_rebase(struct arena *arena, struct res_path path, struct res_path from,
                            struct res_path to)
{
    assert(path_is_within(path, from));
    size_t skip = from.len && path.len > from.len ? from.len + 1 : from.len;
    return join(arena, path_str(to), str_from(path_str(path), skip));
}

/* --- URI to path --- */

/* Decodes one segment behind what `to` already holds. */
static enum path_rc decode_segment(char *to, size_t *len, struct str segment)
{
    size_t at = *len;
    for (size_t i = 0; i < segment.len; i++) {
        char c = segment.at[i];
        if (c == '%') {
            int high = i + 1 < segment.len ? hex_value(segment.at[i + 1]) : -1;
            int low = i + 2 < segment.len ? hex_value(segment.at[i + 2]) : -1;
            if (high < 0 || low < 0)
                return PATH_MALFORMED;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0' || c == '/')
            return PATH_FORBIDDEN;
        to[at++] = c;
    }
    *len = at;
    return PATH_OK;
}

/* Drops the last segment of `bytes`; false when there is none. */
static bool climb(const char *bytes, size_t *len)
{
    if (*len == 0)
        return false;
    size_t slash = str_index_last(str_of(bytes, *len), '/');
    *len = slash == *len ? 0 : slash;
    return true;
}

enum path_rc path_decode(struct arena *arena, struct str uri_path, struct res_path *path_out,
                         bool *has_slash_out)
{
    if (uri_path.len == 0 || uri_path.at[0] != '/')
        return PATH_MALFORMED;
    char *bytes = arena_alloc(arena, uri_path.len + 1); /* decoding never lengthens */
    size_t len = 0;
    bool has_slash = true;
    while (uri_path.len) {
        bool is_last = str_index(uri_path, '/') == uri_path.len;
        struct str segment = str_cut(&uri_path, '/');
        size_t start = len ? len + 1 : 0;
        size_t end = start;
        enum path_rc rc = decode_segment(bytes, &end, segment);
        if (rc != PATH_OK)
            return rc;
        struct str name = str_of(bytes + start, end - start);
        if (str_eq(name, STR(".."))) { /* an encoded ".." is the same segment: RFC 3986 §2.3 */
            if (!climb(bytes, &len))
                return PATH_ABOVE_ROOT;
        } else if (name.len && !str_eq(name, STR("."))) {
            if (start)
                bytes[start - 1] = '/';
            len = end;
            has_slash = !is_last;
            continue;
        }
        has_slash = true;
    }
    bytes[len] = '\0';
    *path_out = (struct res_path){bytes, len};
    *has_slash_out = has_slash;
    return PATH_OK;
}

/* --- path to URI --- */

void path_encode_segment(struct buf *to, struct str segment)
{
    char *at = buf_reserve(to, segment.len * 3);
    const char *start = at;
    for (size_t i = 0; i < segment.len; i++) {
        unsigned char c = (unsigned char)segment.at[i];
        if (is_plain(c)) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '%';
        *at++ = "0123456789ABCDEF"[c >> 4];
        *at++ = "0123456789ABCDEF"[c & 15];
    }
    to->len += (size_t)(at - start);
}

void path_encode(struct buf *to, struct res_path path, bool is_collection)
{
    struct str rest = path_str(path);
    buf_add_char(to, '/');
    while (rest.len) {
        path_encode_segment(to, str_cut(&rest, '/'));
        if (rest.len)
            buf_add_char(to, '/');
    }
    if (is_collection && path.len)
        buf_add_char(to, '/');
}
