/* http/fields.h: header fields (RFC 9110 §5). A field that davit knows has an id; any other is
 * kept by name alone. Views borrow from the message head and live as long as the exchange. */
#pragma once

#include "base/arena.h"

enum http_field {
    FIELD_OTHER,
#define HTTP_FIELD(name, wire, lines) FIELD_##name,
#include "http/fields.def"
#undef HTTP_FIELD
    FIELD_COUNT
};

struct http_field_line {
    enum http_field id;
    struct str name; /* as on the wire, or as in fields.def */
    struct str value;
};

/* A zeroed struct http_fields is an empty one. */
struct http_fields {
    struct http_field_line *lines;
    size_t count;
    size_t cap;
};

/* The id of a field name, in any case; FIELD_OTHER when davit does not know it. */
enum http_field http_field_find(struct str name);
struct str http_field_name(enum http_field id);

/* Adds a line; the strings are borrowed as long as the fields live. */
void http_fields_add(struct http_fields *fields, struct arena *arena,
                     const struct http_field_line *line);
/* The same for at most 16 lines, which have values. */
void http_fields_add_lines(struct http_fields *fields, struct arena *arena,
                           const struct http_field_line *lines, size_t count);
void http_fields_set(struct http_fields *fields, struct arena *arena, enum http_field id,
                     struct str value);

/* The first line's value; empty, with a NULL pointer, when there is none. */
struct str http_fields_get(const struct http_fields *fields, enum http_field id);
bool http_fields_has(const struct http_fields *fields, enum http_field id);

/* A field that may have one line only has several (RFC 9110 §5.3). */
bool http_fields_conflict(const struct http_fields *fields);

/* All lines' values as one list, joined by ", " (RFC 9110 §5.3). Empty, NULL: there is none. */
struct str http_fields_join(const struct http_fields *fields, enum http_field id,
                            struct arena *arena);

/* A comma-separated list of tokens holds `token`, in any case. */
bool http_list_has(struct str list, struct str token);

/* RFC 9110 §5.6.2: one or more token characters. */
bool http_is_token(struct str text);
bool http_is_token_char(char c);

/* RFC 9110 §5.5: without control characters, but for tabs. */
bool http_is_field_value(struct str text);

/* Where the next `c` is that stands in no quoted string (RFC 9110 §5.6.4); text.len: nowhere. */
size_t http_index_unquoted(struct str text, char c);
