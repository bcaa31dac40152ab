/* Header fields as a flat array in the order of the message. A request has some ten of them, and
 * all are asked for by an id that was found once, while the head was parsed; a loop over so few
 * entries beats any table, and the order and the repetitions that a proxy needs are kept for free.
 *
 * A field that fields.def does not list keeps its name and gets FIELD_OTHER: it can be passed on,
 * but no code can ask for it by accident.
 *
 * A field may come several times. Where its value is a list, the lines mean the same as one line
 * with commas between (RFC 9110 §5.3): http_fields_join(). Where it is a single value, more than
 * one is the sender's mistake; http_fields_get() gives the first, and what must not be ambiguous
 * (Host, Content-Length) is counted where the head is parsed. */
#include "http/fields.h"

#include <limits.h>

static const struct str names[FIELD_COUNT] = {
#define HTTP_FIELD(name, wire, lines) [FIELD_##name] = {wire, sizeof(wire) - 1},
#include "http/fields.def"
#undef HTTP_FIELD
};

enum field_lines { ANY, ONE };

static const enum field_lines lines_of[FIELD_COUNT] = {
#define HTTP_FIELD(name, wire, lines) [FIELD_##name] = (lines),
#include "http/fields.def"
#undef HTTP_FIELD
};

static const unsigned char lens[FIELD_COUNT] = {
#define HTTP_FIELD(name, wire, lines) [FIELD_##name] = sizeof(wire) - 1,
#include "http/fields.def"
#undef HTTP_FIELD
};

/* Each line of each request asks this: its length leaves a few names, and those are found many at a
 * time, whatever their number. */
enum http_field http_field_find(struct str name)
{
    const unsigned char *end = lens + FIELD_COUNT;
    const unsigned char *at = lens; /* FIELD_OTHER's, which no name has */
    while (name.len <= UCHAR_MAX && (at = memchr(at + 1, (int)name.len, (size_t)(end - at - 1)))) {
        if (str_eq_nocase(names[at - lens], name))
            return (enum http_field)(at - lens);
    }
    return FIELD_OTHER;
}

struct str http_field_name(enum http_field id)
{
    return names[id];
}

/* NULL means that there is no such line, so a line without a value must not have it. */
static struct str present(struct str value)
{
    return value.at ? value : STR("");
}

/* `count` is at most 16. */
static void reserve(struct http_fields *fields, struct arena *arena, size_t count)
{
    if (count <= fields->cap - fields->count)
        return;
    size_t cap = fields->cap ? fields->cap * 2 : 16;
    struct http_field_line *lines = arena_alloc(arena, cap * sizeof(*lines));
    if (fields->count)
        memcpy(lines, fields->lines, fields->count * sizeof(*lines));
    fields->lines = lines;
    fields->cap = cap;
}

void http_fields_add_lines(struct http_fields *fields, struct arena *arena,
                           const struct http_field_line *lines, size_t count)
{
    reserve(fields, arena, count);
    memcpy(fields->lines + fields->count, lines, count * sizeof(*lines));
    fields->count += count;
}

void http_fields_add(struct http_fields *fields, struct arena *arena,
                     const struct http_field_line *line)
{
    reserve(fields, arena, 1);
    fields->lines[fields->count] = *line;
    fields->lines[fields->count++].value = present(line->value);
}

void http_fields_set(struct http_fields *fields, struct arena *arena, enum http_field id,
                     struct str value)
{
    assert(id != FIELD_OTHER);
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->lines[i].id == id) {
            fields->lines[i].value = present(value);
            return;
        }
    }
    struct http_field_line line = {id, names[id], value};
    http_fields_add(fields, arena, &line);
}

static const struct http_field_line *fields_find(const struct http_fields *fields,
                                                 enum http_field id)
{
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->lines[i].id == id)
            return &fields->lines[i];
    }
    return NULL;
}

struct str http_fields_get(const struct http_fields *fields, enum http_field id)
{
    const struct http_field_line *line = fields_find(fields, id);
    return line ? line->value : STR_NONE;
}

bool http_fields_has(const struct http_fields *fields, enum http_field id)
{
    return fields_find(fields, id) != NULL;
}

bool http_fields_conflict(const struct http_fields *fields)
{
    bool seen[FIELD_COUNT] = {false};
    for (size_t i = 0; i < fields->count; i++) {
        enum http_field id = fields->lines[i].id;
        if (seen[id] && lines_of[id] == ONE)
            return true;
        seen[id] = true;
    }
    return false;
}

struct str http_fields_join(const struct http_fields *fields, enum http_field id,
                            struct arena *arena)
{
    size_t len = 0;
    size_t count = 0;
    for (size_t i = 0; i < fields->count; i++) {
        if (fields->lines[i].id == id) {
            len += fields->lines[i].value.len + 2;
            count++;
        }
    }
    if (count <= 1)
        return http_fields_get(fields, id);
    char *joined = arena_alloc(arena, len);
    char *at = joined;
    for (size_t i = 0; i < fields->count; i++) {
        struct str value = fields->lines[i].value;
        if (fields->lines[i].id != id)
            continue;
        memcpy(at, value.at, value.len);
        memcpy(at + value.len, ", ", 2);
        at += value.len + 2;
    }
    return str_of(joined, len - 2);
}

bool http_list_has(struct str list, struct str token)
{
    while (list.len) {
        if (str_eq_nocase(str_trim(str_cut(&list, ',')), token))
            return true;
    }
    return false;
}

bool http_is_token_char(char c)
{
    static const uint64_t tokens[4] = {
        0x3ff6cfa00000000U,  /* digits and "!#$%&'*+-." */
        0x57ffffffc7fffffeU, /* letters and "^_`|~" */
    };
    unsigned char byte = (unsigned char)c;
    return tokens[byte >> 6] >> (byte & 63) & 1;
}

bool http_is_token(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!http_is_token_char(text.at[i]))
            return false;
    }
    return text.len > 0;
}

bool http_is_field_value(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

size_t http_index_unquoted(struct str text, char c)
{
    bool is_quoted = false;
    for (size_t i = 0; i < text.len; i++) {
        if (is_quoted && text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            is_quoted = !is_quoted;
        else if (text.at[i] == c && !is_quoted)
            return i;
    }
    return text.len;
}
