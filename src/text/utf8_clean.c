#include "text/utf8_clean.h"

/* What the first byte of a sequence says: its length, and the range of the second byte, which rules
 * out overlong forms, surrogates and what lies beyond U+10FFFF (Encoding Standard §8.1.1). */
static size_t sequence_of(unsigned char first, unsigned char *low, unsigned char *high)
{
    *low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    *high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

uint32_t utf8_read(struct str text, size_t *len_out)
{
    const unsigned char *at = (const unsigned char *)text.at;
    unsigned char low, high;
    *len_out = 1;
    if (at[0] < 0x80)
        return at[0];
    size_t len = sequence_of(at[0], &low, &high);
    uint32_t character = len ? at[0] & (0xffU >> (len + 1)) : 0;
    for (size_t i = 1; i < len; i++) {
        if (i == text.len || at[i] < low || at[i] > high) {
            *len_out = i;
            return UTF8_REPLACEMENT;
        }
        character = character << 6 | (at[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    if (len)
        *len_out = len;
    return len ? character : UTF8_REPLACEMENT;
}

void utf8_add(struct buf *to, uint32_t character)
{
    if (character > 0x10ffff || (character >= 0xd800 && character <= 0xdfff))
        character = UTF8_REPLACEMENT;
    if (character < 0x80) {
        buf_add_char(to, (char)character);
        return;
    }
    size_t len = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    char bytes[4];
    for (size_t i = len; i-- > 1; character >>= 6)
        bytes[i] = (char)(0x80 | (character & 0x3f));
    bytes[0] = (char)((0xf00U >> len & 0xff) | character);
    buf_add(to, str_of(bytes, len));
}

void utf8_add_clean(struct buf *to, struct str text)
{
    size_t done = 0, len;
    for (size_t i = 0; i < text.len; i += len) {
        len = 1;
        if ((unsigned char)text.at[i] < 0x80)
            continue;
        uint32_t character = utf8_read(str_from(text, i), &len);
        if (character != UTF8_REPLACEMENT)
            continue;
        buf_add(to, str_of(text.at + done, i - done));
        utf8_add(to, UTF8_REPLACEMENT);
        done = i + len;
    }
    if (done < text.len)
        buf_add(to, str_from(text, done));
}

struct str utf8_first(struct str text, size_t len)
{
    if (text.len <= len)
        return text;
    while (len && ((unsigned char)text.at[len] & 0xc0) == 0x80)
        len--;
    return str_first(text, len);
}
