/* Where a path of ours is at an origin, and back.
 *
 * Prefixes are compared decoded, segment by segment, so that neither "%74eam" nor "//team" is
 * another place than "/team". What stands behind the prefix is copied as it was written: "%2F",
 * "%7e" and "~" may be three names to an origin.
 *
 * Inward the path is tidied first: the rules were asked about it without empty and dot segments,
 * and an origin must not resolve ".." to something else than we did; what only some would take for
 * it has no place. Bytes that no URL may hold are encoded, as some clients send them in a
 * Destination, and so are semicolons. Outward only the
 * prefix is looked at; what is behind it is the origin's to know.
 *
 * The URLs of one origin may be in several places. The one with the longest prefix counts, as it
 * does among our mounts. */
#include "gateway/url_map.h"

/* --- segments --- */

/* The next byte of a segment of a URL, decoded, which is taken off it. */
static char take_byte(struct str *raw)
{
    char c = raw->at[0];
    int high = c == '%' && raw->len > 2 ? hex_value(raw->at[1]) : -1;
    int low = high >= 0 ? hex_value(raw->at[2]) : -1;
    *raw = str_from(*raw, low >= 0 ? 3 : 1);
    if (low >= 0)
        c = (char)(high << 4 | low);
    return c;
}

/* Whether a segment is that name. */
static bool segment_is(struct str raw, struct str name)
{
    size_t at = 0;
    for (; raw.len; at++) {
        char c = take_byte(&raw);
        if (at == name.len || name.at[at] != c)
            return false;
    }
    return at == name.len;
}

/* Whether some origins take it for one that leads up, though it is no "..": Windows separates by
 * backslashes, too, leaves out blanks and dots at a name's end, and has streams behind a colon; and
 * where UTF-8 is read carelessly two bytes may be a dot or a slash, which no name has. */
static bool climbs(struct str raw)
{
    size_t dots = 0;
    bool is_name = false, is_stream = false;
    unsigned char before = 0;
    while (raw.len) {
        unsigned char c = (unsigned char)take_byte(&raw);
        if ((before == 0xc0 || before == 0xc1) && (c & 0xc0) == 0x80)
            return true;
        before = c;
        if (c != '\\') {
            is_stream |= c == ':';
            dots += c == '.';
            is_name |= c > ' ' && c != '.' && c != 0x7f && !is_stream;
            continue;
        }
        if (dots > 1 && !is_name)
            return true;
        dots = 0;
        is_name = is_stream = false;
    }
    return dots > 1 && !is_name;
}

/* What of a path is behind the prefix: empty, or it begins with a slash. at == NULL: it is not
 * within it. Empty segments between those of the prefix do not count. */
static struct str behind(struct str path, struct res_path prefix)
{
    struct str names = path_str(prefix);
    while (names.len) {
        struct str name = str_cut(&names, '/');
        while (path.len > 1 && path.at[0] == '/' && path.at[1] == '/')
            path = str_from(path, 1);
        if (path.len == 0 || path.at[0] != '/')
            return STR_NONE;
        path = str_from(path, 1);
        size_t len = str_index(path, '/');
        if (!segment_is(str_first(path, len), name))
            return STR_NONE;
        path = str_of(path.at + len, path.len - len); /* its end is a place, too */
    }
    return path;
}

/* What may stand in the path of a URL: RFC 3986 §3.3, and '%'; but no ';', behind which some
 * origins look for parameters: to them "..;" is "..", and "a;b" the "a" that a rule is about. */
static bool may_stand(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("-._~!$&'()*+,=:@%", c));
}

static void add_segment(struct buf *to, struct str raw)
{
    for (size_t i = 0; i < raw.len; i++) {
        if (may_stand(raw.at[i]))
            buf_add_char(to, raw.at[i]);
        else
            buf_addf(to, "%%%02X", (unsigned char)raw.at[i]);
    }
}

/* The path without empty and dot segments (RFC 3986 §5.2.4), in `to`, which is empty. False: it
 * leads above the root, or for some origins up. */
static bool tidy(struct str path, struct buf *to)
{
    bool has_slash = true;
    while (path.len) {
        bool is_last = str_index(path, '/') == path.len;
        struct str segment = str_cut(&path, '/');
        bool is_up = segment_is(segment, STR(".."));
        if ((is_up && to->len == 0) || (!is_up && climbs(segment)))
            return false;
        if (is_up)
            to->len = str_index_last(buf_str(to), '/');
        has_slash = is_up || segment.len == 0 || segment_is(segment, STR(".")) || !is_last;
        if (is_up || segment.len == 0 || segment_is(segment, STR(".")))
            continue;
        buf_add_char(to, '/');
        add_segment(to, segment);
    }
    if (has_slash)
        buf_add_char(to, '/');
    return true;
}

/* --- inward --- */

bool url_is_below(struct str relative)
{
    struct buf tidied = {0};
    bool is_fine = tidy(relative, &tidied);
    buf_done(&tidied);
    return is_fine;
}

bool url_add_path(struct buf *to, struct res_path path, bool is_collection)
{
    struct buf encoded = {0}, tidied = {0};
    path_encode(&encoded, path, is_collection);
    bool is_fine = tidy(buf_str(&encoded), &tidied);
    buf_add(to, buf_str(&tidied));
    buf_done(&encoded);
    buf_done(&tidied);
    return is_fine;
}

bool url_to_inner(const struct url_place *place, struct str path, struct buf *to)
{
    struct buf tidied = {0};
    bool is_fine = path.len && path.at[0] == '/' && tidy(path, &tidied);
    struct str rest = is_fine ? behind(buf_str(&tidied), place->outer) : STR_NONE;
    if (rest.at) {
        buf_add(to, place->inner_text);
        buf_add(to, rest.len ? rest : STR("/")); /* it is a collection, and here we know it */
    }
    buf_done(&tidied);
    return rest.at;
}

/* --- outward --- */

struct reference {
    struct str host; /* at == NULL: the origin's that says it */
    struct str port;
    struct str path;
    struct str tail; /* query and fragment, with their marks */
};

static size_t path_end(struct str text)
{
    return size_min(str_index(text, '?'), str_index(text, '#'));
}

/* False: it leads to no server, or is relative. */
static bool take_apart(struct str text, const struct url_place *from, struct reference *ref_out)
{
    struct reference ref = {.port = from->port};
    struct str scheme = from->scheme;
    size_t colon = str_index(text, ':');
    if (text.len == 0)
        return false;
    if (text.at[0] != '/') {
        scheme = str_first(text, colon);
        if (!str_eq_nocase(scheme, STR("http")) && !str_eq_nocase(scheme, STR("https")))
            return false;
        text = str_from(text, colon + 1);
        if (!str_starts(text, STR("//")))
            return false;
    }
    if (str_starts(text, STR("//"))) {
        text = str_from(text, 2);
        size_t end = size_min(str_index(text, '/'), path_end(text));
        if (!uri_parse_authority(str_first(text, end), &ref.host, &ref.port))
            return false;
        ref.port = uri_port_of(scheme, ref.port);
        text = str_from(text, end);
    }
    size_t end = path_end(text);
    ref.path = str_first(text, end);
    ref.tail = str_from(text, end);
    if (ref.path.len == 0)
        ref.path = STR("/");
    *ref_out = ref;
    return true;
}

/* What is behind the prefix, as it was written, but for what would make another host of it where
 * our prefix is the root: "//", and what browsers take for that. */
static void add_rest(struct buf *to, struct str rest)
{
    while (rest.len > 1 && rest.at[0] == '/' && (rest.at[1] == '/' || rest.at[1] == '\\'))
        rest = str_from(rest, 1);
    if (rest.len && rest.at[0] == '\\')
        buf_add_char(to, '/');
    while (rest.len) {
        size_t len = str_index(rest, '\\');
        buf_add(to, str_first(rest, len));
        if (len < rest.len)
            BUF_ADD(to, "%5C");
        rest = str_from(rest, len + 1);
    }
}

bool url_to_outer(const struct url_map *map, const struct url_place *from, struct str uri,
                  struct buf *to)
{
    struct reference ref;
    const struct url_place *best = NULL;
    struct str best_rest = STR_NONE;
    if (!take_apart(uri, from, &ref))
        return false;
    struct str host = ref.host.at ? ref.host : from->host;
    for (size_t i = 0; i < map->count; i++) {
        const struct url_place *place = &map->places[i];
        struct str rest = behind(ref.path, place->inner);
        bool is_longer = !best || place->inner.len > best->inner.len ||
                         (place == from && place->inner.len == best->inner.len);
        if (!rest.at || !is_longer || !uri_same_authority(host, ref.port, place->host, place->port))
            continue;
        best = place;
        best_rest = rest;
    }
    if (!best)
        return false;
    buf_add(to, best->outer_text);
    add_rest(to, best_rest.len || best->outer_text.len ? best_rest : STR("/"));
    buf_add(to, ref.tail);
    return true;
}

/* --- places --- */

static struct str encoded(struct arena *arena, struct res_path path)
{
    struct buf text = {0};
    if (!path_is_root(path))
        path_encode(&text, path, false);
    struct str copy = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

void url_place_add_authority(const struct url_place *place, struct buf *to)
{
    buf_add(to, place->scheme);
    BUF_ADD(to, "://");
    buf_add(to, place->authority);
}

static struct str authority_of(struct arena *arena, const struct uri *uri)
{
    struct buf text = {0};
    bool is_own_port = str_eq(uri->port, uri_port_of(uri->scheme, STR_NONE));
    uri_add_authority(&text, uri->host, is_own_port ? STR_NONE : uri->port);
    struct str copy = arena_str(arena, buf_str(&text));
    buf_done(&text);
    return copy;
}

bool url_place_init(struct url_place *place, struct arena *arena, struct res_path outer,
                    const char *origin, struct err *err)
{
    struct uri uri;
    bool has_slash;
    struct str text = arena_str(arena, str_of_c(origin));
    if (strstr(origin, "%u"))
        return err_set(err, 0,
                       "'%s': %%u, which gives each user a tree of his own, is for roots of "
                       "directories; an origin has one URL for all",
                       origin);
    bool is_http = uri_parse(text, &uri) && (str_eq_nocase(uri.scheme, STR("http")) ||
                                             str_eq_nocase(uri.scheme, STR("https")));
    if (!is_http || uri.query.len || str_index(text, '?') < text.len)
        return err_set(err, 0,
                       "'%s' is not the URL of an origin, which is http or https, has neither a "
                       "query nor a password, and names a collection: https://dav.example/team/",
                       origin);
    if (path_decode(arena, uri.path, &place->inner, &has_slash) != PATH_OK)
        return err_set(err, 0, "the path of '%s' is malformed", origin);
    struct buf tidied = {0};
    if (!tidy(uri.path, &tidied)) {
        buf_done(&tidied);
        return err_set(err, 0, "the path of '%s' leads up for some servers", origin);
    }
    while (tidied.len && tidied.at[tidied.len - 1] == '/')
        tidied.len--;
    place->inner_text = arena_str(arena, buf_str(&tidied));
    buf_done(&tidied);
    place->outer = outer;
    place->outer_text = encoded(arena, outer);
    place->scheme = str_eq_nocase(uri.scheme, STR("https")) ? STR("https") : STR("http");
    place->host = uri.host;
    place->port = uri_port_of(uri.scheme, uri.port);
    place->authority = authority_of(arena, &uri);
    return true;
}
