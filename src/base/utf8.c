#include "base/utf8.h"

size_t utf8_take(struct str text, uint32_t *character_out)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *at = (const unsigned char *)text.at;
    unsigned first = at[0];
    if (first < 0x80) {
        *character_out = first;
        return 1;
    }
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.len < len)
        return 0;
    uint32_t c = first & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (at[i] & 0x3f);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *character_out = c;
    return len;
}

bool utf8_is_valid(struct str text)
{
    uint32_t c;
    while (text.len) {
        size_t len = utf8_take(text, &c);
        if (!len)
            return false;
        text = str_from(text, len);
    }
    return true;
}

/* Characters that are not seen, and change how others are: C0 and C1 controls, the marks that turn
 * the direction of text round (UAX #9), which make one name look like another, and the two that end
 * a line or a paragraph. */
static bool is_steering(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

bool utf8_is_steering(struct str text)
{
    uint32_t c;
    while (text.len) {
        size_t len = utf8_take(text, &c);
        if (!len || is_steering(c))
            return true;
        text = str_from(text, len);
    }
    return false;
}

size_t utf8_take_visible(struct str text, char escape[UTF8_ESCAPE_BYTES], struct str *visible_out)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t c = 0;
    size_t len = utf8_take(text, &c);
    if (len && !is_steering(c)) {
        *visible_out = str_first(text, len);
        return len;
    }
    bool is_byte = !len || c < 0x80;
    unsigned value = is_byte ? (unsigned char)text.at[0] : c;
    size_t digit_count = is_byte ? 2 : 4;
    escape[0] = '\\';
    escape[1] = is_byte ? 'x' : 'u';
    for (size_t i = 0; i < digit_count; i++)
        escape[2 + i] = digits[value >> 4 * (digit_count - 1 - i) & 0xf];
    *visible_out = str_of(escape, 2 + digit_count);
    return len ? len : 1;
}

void utf8_add_printable(struct buf *to, struct str text)
{
    char escape[UTF8_ESCAPE_BYTES];
    struct str visible;
    while (text.len) {
        bool is_blank = text.at[0] == '\n' || text.at[0] == '\r' || text.at[0] == '\t';
        size_t len = utf8_take_visible(text, escape, &visible);
        buf_add(to, is_blank ? STR(" ") : visible);
        text = str_from(text, len);
    }
}
