/* Character references. "?a=1&copy=2" in an attribute is a query with a parameter called copy,
 * "?a=1&copy;=2" is not, and the same text between tags would be a copyright sign: the rules are
 * odd but exact, and links depend on them.
 *
 * The names are a sorted table; the longest that the text begins with counts. It is found by going
 * down from the longest name there could be, each by a binary search: references are rare. */
#include "check/read/entities.h"

#include "text/utf8_clean.h"

static const struct entity {
    struct str name;
    uint32_t first;
    uint32_t second;
    bool may_end_open; /* the semicolon may be missing */
} entities[] = {
#define ENTITY(name, first, second, may_end_open) {STR_INIT(name), first, second, may_end_open},
#include "check/read/entities.def"
#undef ENTITY
};

enum { NAME_BYTES_MAX = 31 };

static const struct entity *entities_find(struct str name)
{
    size_t low = 0, high = ARRAY_LEN(entities);
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = str_compare(name, entities[middle].name);
        if (order == 0)
            return &entities[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static bool is_name_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c);
}

/* `text` stands behind the '&'. Returns how many bytes of it were used; 0: no reference. */
static size_t take_named(struct buf *to, struct str text, bool in_attribute)
{
    size_t len = 0;
    while (len < text.len && len < NAME_BYTES_MAX && is_name_char(text.at[len]))
        len++;
    for (; len > 1; len--) {
        const struct entity *entity = entities_find(str_first(text, len));
        char next = len < text.len ? text.at[len] : '\0';
        if (!entity || (next != ';' && !entity->may_end_open))
            continue;
        if (in_attribute && next != ';' && (next == '=' || is_name_char(next)))
            return 0;
        utf8_add(to, entity->first);
        if (entity->second)
            utf8_add(to, entity->second);
        return len + (next == ';');
    }
    return 0;
}

/* The numbers that pages use for characters of windows-1252 (HTML 13.2.5.80). */
static uint32_t mended(uint32_t number)
{
    static const uint16_t windows[32] = {
        0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
        0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
    };
    if (number == 0)
        return UTF8_REPLACEMENT;
    if (number >= 0x80 && number < 0xa0 && windows[number - 0x80])
        return windows[number - 0x80];
    return number;
}

static size_t take_number(struct buf *to, struct str text)
{
    bool is_hex = text.len > 1 && char_lower(text.at[1]) == 'x';
    size_t start = is_hex ? 2 : 1, i = start;
    uint32_t number = 0;
    for (; i < text.len; i++) {
        int digit = hex_value(text.at[i]);
        if (digit < 0 || (!is_hex && digit > 9))
            break;
        if (number < 0x110000)
            number = number * (is_hex ? 16 : 10) + (unsigned)digit;
    }
    if (i == start)
        return 0;
    utf8_add(to, mended(number));
    return i + (i < text.len && text.at[i] == ';');
}

void entities_decode(struct buf *to, struct str text, bool in_attribute)
{
    while (text.len) {
        size_t mark = str_index(text, '&');
        buf_add(to, str_first(text, mark));
        if (mark == text.len)
            return;
        text = str_from(text, mark + 1);
        size_t used = text.len && text.at[0] == '#' ? take_number(to, text)
                                                    : take_named(to, text, in_attribute);
        if (used == 0)
            buf_add_char(to, '&');
        text = str_from(text, used);
    }
}
