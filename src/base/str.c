/* Views of bytes. Nearly all that davit reads is a part of something larger: a field of a head, a
 * segment of a path, a prefix in an XML name. A view names the part without copying it and without
 * writing a NUL into it; whoever keeps one past the life of the larger thing copies it.
 *
 * Rules that callers lean on:
 *  (1) no function reads outside `at`..`at + len`, and none reads `at` at all when len is 0,
 *      because the C library's mem* functions must not be given NULL even for no bytes;
 *  (2) a position that is nowhere is `len`, so that str_first() and str_from() of it give the whole
 *      and the empty view without a special case;
 *  (3) positions and lengths beyond the end are cut to it: parsers may ask for "the rest behind the
 *      next byte" without looking whether there is one;
 *  (4) case is that of ASCII letters: names in HTTP are ASCII, and the locale has no say.
 *
 * Numbers are read whole or not at all: no sign, no space, no prefix, no overflow. What strtoul()
 * lets through has smuggled many a request. */
#include "base/str.h"

#include <stdarg.h>
#include <stdio.h>

void str_print(char *to, size_t to_bytes, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(to, to_bytes, format, arguments);
    va_end(arguments);
    assert(len >= 0 && (size_t)len < to_bytes);
}

struct str str_of_c(const char *text)
{
    return str_of(text, text ? strlen(text) : 0);
}

bool str_eq_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++) {
        if (char_lower(a.at[i]) != char_lower(b.at[i]))
            return false;
    }
    return true;
}

bool str_is_ascii(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.at[i] >= 0x80)
            return false;
    }
    return true;
}

int str_compare(struct str a, struct str b)
{
    size_t shared = size_min(a.len, b.len);
    int order = shared ? memcmp(a.at, b.at, shared) : 0;
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool str_starts(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_eq(str_first(text, prefix.len), prefix);
}

bool str_starts_nocase(struct str text, struct str prefix)
{
    return text.len >= prefix.len && str_eq_nocase(str_first(text, prefix.len), prefix);
}

bool str_ends(struct str text, struct str suffix)
{
    return text.len >= suffix.len && str_eq(str_from(text, text.len - suffix.len), suffix);
}

size_t str_index(struct str text, char c)
{
    const char *found = text.len ? memchr(text.at, c, text.len) : NULL;
    return found ? (size_t)(found - text.at) : text.len;
}

size_t str_index_last(struct str text, char c)
{
    for (size_t i = text.len; i > 0; i--) {
        if (text.at[i - 1] == c)
            return i - 1;
    }
    return text.len;
}

struct str str_from(struct str text, size_t from)
{
    return from >= text.len ? STR_NONE : str_of(text.at + from, text.len - from);
}

struct str str_first(struct str text, size_t len)
{
    return str_of(text.at, size_min(len, text.len));
}

static bool is_ows(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str text)
{
    while (text.len && is_ows(text.at[0]))
        text = str_from(text, 1);
    while (text.len && is_ows(text.at[text.len - 1]))
        text.len--;
    return text;
}

struct str str_cut(struct str *rest, char c)
{
    size_t at = str_index(*rest, c);
    struct str head = str_first(*rest, at);
    *rest = str_from(*rest, at + 1);
    return head;
}

bool str_parse_u64(struct str text, uint64_t *value_out)
{
    uint64_t value = 0;
    if (text.len == 0)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (!char_is_digit(text.at[i]))
            return false;
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(text.at[i] - '0'), &value))
            return false;
    }
    *value_out = value;
    return true;
}

int hex_value(char c)
{
    if (char_is_digit(c))
        return c - '0';
    c = char_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool str_parse_hex(struct str text, uint64_t *value_out)
{
    uint64_t value = 0;
    if (text.len == 0 || text.len > 16)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        int digit = hex_value(text.at[i]);
        if (digit < 0)
            return false;
        value = value << 4 | (uint64_t)digit;
    }
    *value_out = value;
    return true;
}
