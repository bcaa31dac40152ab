/*   BOUNDARY -(line)-> HEAD -(empty line)-> CONTENT -> TAIL -(line's end)-> BOUNDARY ... -> OVER
 *
 * What stands before the first boundary and behind the last is nothing (RFC 2046 §5.1.1), but here
 * there is to be nothing: who sends it speaks another protocol. Lines end with CR LF.
 *
 * A part's length is its Content-Length's, and the boundary must follow it: so content may hold
 * what looks like one, and nobody who chooses content chooses where the next part begins. Where no
 * length is said, and may_search lets that pass, the content ends before the first boundary at the
 * beginning of a line: no boundary holds a CR, so that what has come of one and goes on otherwise
 * is content, and the search begins anew at the byte that differs. */
#include "http/parts.h"

enum { LINE_BYTES_MAX = 256 };

/* --- the boundary --- */

/* RFC 2046 §5.1.1: bchars. */
static bool is_boundary(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && (!c || !strchr("'()+_,-./:=? ", c)))
            return false;
    }
    return text.len && text.len <= PARTS_BOUNDARY_BYTES_MAX && text.at[text.len - 1] != ' ';
}

/* RFC 9110 §5.6.4: what stands in quotes, without its escapes: a boundary has none. */
static struct str unquoted(struct str value)
{
    bool is_quoted = value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"';
    return is_quoted ? str_of(value.at + 1, value.len - 2) : value;
}

bool parts_boundary(struct str content_type, struct arena *arena, struct str *boundary_out)
{
    size_t end = http_index_unquoted(content_type, ';');
    struct str type = str_trim(str_first(content_type, end));
    struct str rest = str_from(content_type, end + 1);
    if (!str_eq_nocase(type, STR("multipart/related")) &&
        !str_eq_nocase(type, STR("multipart/mixed")))
        return false;
    while (rest.len) {
        end = http_index_unquoted(rest, ';');
        struct str value = str_trim(str_first(rest, end));
        struct str name = str_cut(&value, '=');
        rest = str_from(rest, end + 1);
        if (!str_eq_nocase(str_trim(name), STR("boundary")))
            continue;
        *boundary_out = arena_str(arena, unquoted(str_trim(value)));
        return is_boundary(*boundary_out);
    }
    return false;
}

void parts_init(struct parts *parts, struct str boundary)
{
    *parts = (struct parts){.boundary = boundary};
    assert(boundary.len <= PARTS_BOUNDARY_BYTES_MAX);
    memcpy(parts->end, "\r\n--", 4);
    memcpy(parts->end + 4, boundary.at, boundary.len);
    parts->end_bytes = 4 + boundary.len;
}

void parts_done(struct parts *parts)
{
    buf_done(&parts->head);
}

/* --- lines --- */

/* What of them is gathered ends as it must; false: not yet. */
static bool ends_with(const struct parts *parts, struct str end)
{
    return str_ends(buf_str(&parts->head), end);
}

/* Gathers up to `end`. False: there is no more, or too much. */
static bool gather(struct parts *parts, struct str *bytes, struct str end, size_t bytes_max)
{
    while (bytes->len && parts->head.len < bytes_max) {
        buf_add_char(&parts->head, bytes->at[0]);
        *bytes = str_from(*bytes, 1);
        if (ends_with(parts, end))
            return true;
    }
    return false;
}

/* --- the head of a part --- */

static bool add_field(struct http_fields *fields, struct arena *arena, struct str line)
{
    size_t colon = str_index(line, ':');
    struct str name = str_first(line, colon);
    struct str value = str_trim(str_from(line, colon + 1));
    if (colon == line.len || !http_is_token(name) || !http_is_field_value(value))
        return false;
    enum http_field id = http_field_find(name);
    const struct http_field_line added = {
        id, id == FIELD_OTHER ? arena_str(arena, name) : http_field_name(id),
        arena_str(arena, value)};
    http_fields_add(fields, arena, &added);
    return true;
}

static bool read_length(struct parts *parts, const struct http_fields *fields)
{
    struct str length = http_fields_get(fields, FIELD_CONTENT_LENGTH);
    parts->left = UINT64_MAX;
    parts->found = 0;
    if (!length.at)
        return parts->may_search;
    return str_parse_u64(length, &parts->left) && parts->left < UINT64_MAX;
}

static bool read_head(struct parts *parts, struct arena *arena, struct http_fields *fields_out)
{
    struct http_fields fields = {0};
    struct str rest = buf_str(&parts->head);
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        if (line.len == 0 || line.at[line.len - 1] != '\r')
            return false;
        line.len--;
        if (line.len && !add_field(&fields, arena, line))
            return false;
    }
    if (http_fields_conflict(&fields) || !read_length(parts, &fields))
        return false;
    buf_clear(&parts->head);
    *fields_out = fields;
    return true;
}

/* --- what comes next --- */

/* "--BOUNDARY--": nothing that stands behind it says anything. */
static bool is_last(const struct parts *parts)
{
    struct str line = buf_str(&parts->head);
    return parts->has_part && line.len == parts->boundary.len + 4 && str_starts(line, STR("--")) &&
           str_starts(str_from(line, 2), parts->boundary) && str_ends(line, STR("--"));
}

static enum parts_event take_boundary(struct parts *parts, struct str *bytes)
{
    bool is_whole = false;
    while (bytes->len && !is_whole && !is_last(parts) && parts->head.len < LINE_BYTES_MAX)
        is_whole = gather(parts, bytes, STR("\r\n"), parts->head.len + 1);
    struct str line = buf_str(&parts->head);
    if (!is_whole && !is_last(parts))
        return line.len < LINE_BYTES_MAX ? PARTS_MORE : PARTS_MALFORMED;
    parts->state = is_last(parts) ? PARTS_OVER : PARTS_HEAD;
    bool is_it = str_starts(line, STR("--")) && str_starts(str_from(line, 2), parts->boundary);
    struct str rest = str_trim(str_from(line, 2 + parts->boundary.len));
    bool is_fine = parts->state == PARTS_OVER || (is_it && str_eq(rest, STR("\r\n")));
    buf_clear(&parts->head);
    return is_fine ? PARTS_MORE : PARTS_MALFORMED;
}

static enum parts_event take_head(struct parts *parts, struct str *bytes, struct arena *arena,
                                  struct http_fields *fields_out)
{
    if (!gather(parts, bytes, STR("\r\n\r\n"), PARTS_HEAD_BYTES_MAX))
        return parts->head.len < PARTS_HEAD_BYTES_MAX ? PARTS_MORE : PARTS_MALFORMED;
    if (!read_head(parts, arena, fields_out))
        return PARTS_MALFORMED;
    parts->has_part = true;
    parts->state = PARTS_CONTENT;
    return PARTS_BEGINS;
}

/* The same of content whose length is not said. */
static enum parts_event search_content(struct parts *parts, struct str *bytes,
                                       struct str *content_out)
{
    while (bytes->len && parts->found < parts->end_bytes &&
           bytes->at[0] == parts->end[parts->found]) {
        parts->found++;
        *bytes = str_from(*bytes, 1);
    }
    if (parts->found == parts->end_bytes) { /* of the boundary's line the rest is to come */
        buf_add(&parts->head, str_from(str_of(parts->end, parts->end_bytes), 2));
        parts->state = PARTS_BOUNDARY;
        return PARTS_ENDS;
    }
    if (!bytes->len)
        return PARTS_MORE;
    *content_out = str_of(parts->end, parts->found);
    if (!parts->found) {
        *content_out = str_first(*bytes, str_index(*bytes, '\r'));
        *bytes = str_from(*bytes, content_out->len);
    }
    parts->found = 0;
    return PARTS_BYTES;
}

static enum parts_event take_content(struct parts *parts, struct str *bytes,
                                     struct str *content_out)
{
    if (parts->left == UINT64_MAX)
        return search_content(parts, bytes, content_out);
    if (parts->left == 0) {
        parts->state = PARTS_TAIL;
        return PARTS_ENDS;
    }
    *content_out = str_first(*bytes, (size_t)u64_min(parts->left, SIZE_MAX));
    *bytes = str_from(*bytes, content_out->len);
    parts->left -= content_out->len;
    return content_out->len ? PARTS_BYTES : PARTS_MORE;
}

static enum parts_event take_tail(struct parts *parts, struct str *bytes)
{
    if (!gather(parts, bytes, STR("\r\n"), 2))
        return parts->head.len < 2 ? PARTS_MORE : PARTS_MALFORMED;
    buf_clear(&parts->head);
    parts->state = PARTS_BOUNDARY;
    return PARTS_MORE;
}

enum parts_event parts_next(struct parts *parts, struct str *bytes, struct arena *arena,
                            struct http_fields *fields_out, struct str *content_out)
{
    enum parts_event event = PARTS_MORE;
    /* Of content that is empty the end needs no byte. */
    while (event == PARTS_MORE && (bytes->len || parts->state == PARTS_CONTENT)) {
        size_t before = bytes->len;
        switch (parts->state) {
        case PARTS_BOUNDARY:
            event = take_boundary(parts, bytes);
            break;
        case PARTS_HEAD:
            event = take_head(parts, bytes, arena, fields_out);
            break;
        case PARTS_CONTENT:
            event = take_content(parts, bytes, content_out);
            break;
        case PARTS_TAIL:
            event = take_tail(parts, bytes);
            break;
        case PARTS_OVER:
            *bytes = STR_NONE;
            break;
        }
        if (event == PARTS_MORE && bytes->len == before)
            break;
    }
    return event;
}
