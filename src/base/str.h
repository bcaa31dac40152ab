/* base/str.h: a view of bytes. It owns nothing and need not end in NUL. */
#pragma once

#include "base/base.h"

struct str {
    const char *at; /* may be NULL when len is 0 */
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_NONE     ((struct str){NULL, 0})

/* The same for a static table, where a compound literal is no constant. */
#define STR_INIT(literal)                                                                          \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

/* The two arguments of a "%.*s". */
#define STR_ARGS(s) int_of_size((s).len), (s).at

static inline struct str str_of(const char *at, size_t len)
{
    return (struct str){at, len};
}

/* Prints into an array, which must be large enough. */
void str_print(char *to, size_t to_bytes, const char *format, ...) PRINTF_LIKE(3, 4);

/* A view of a C string; NULL gives the empty view. */
struct str str_of_c(const char *text);

static inline bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_eq_nocase(struct str a, struct str b); /* ASCII letters only */
bool str_is_ascii(struct str text);
int str_compare(struct str a, struct str b); /* bytewise; shorter first on a tie */
bool str_starts(struct str text, struct str prefix);
bool str_starts_nocase(struct str text, struct str prefix);
bool str_ends(struct str text, struct str suffix);

/* Where `c` first is; text.len when it is nowhere. */
size_t str_index(struct str text, char c);
/* Where `c` last is; text.len when it is nowhere. */
size_t str_index_last(struct str text, char c);

/* The part from `from` on; from >= len gives the empty view. */
struct str str_from(struct str text, size_t from);
/* At most the first `len` bytes. */
struct str str_first(struct str text, size_t len);

/* Without spaces and tabs at both ends (OWS, RFC 9110 §5.6.3). */
struct str str_trim(struct str text);

/* Splits off what stands before the first `c`: returns it and leaves what stands behind in *rest.
 * Without a `c` the whole is returned and *rest becomes empty. */
struct str str_cut(struct str *rest, char c);

/* Decimal digits only, at least one, within uint64_t. Untouched on failure. */
NODISCARD bool str_parse_u64(struct str text, uint64_t *value_out);
/* Hexadecimal digits only, 1 to 16 of them. Untouched on failure. */
NODISCARD bool str_parse_hex(struct str text, uint64_t *value_out);

/* 0 to 15, or -1 when `c` is no hexadecimal digit. */
int hex_value(char c);

static inline bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool char_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* White space of XML, JSON and most text: a blank, a tab, the end of a line. */
static inline bool char_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline char char_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}
