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

void utf8_add_printable(struct buf *to, struct str text)
{
    while (text.len) {
        uint32_t c = 0;
        size_t len = utf8_take(text, &c);
        if (len && (c == '\n' || c == '\r' || c == '\t'))
            buf_add_char(to, ' ');
        else if (!len || c < 0x20 || (c >= 0x7f && c < 0xa0))
            BUF_ADD(to, "\xef\xbf\xbd");
        else
            buf_add(to, str_first(text, len));
        text = str_from(text, len ? len : 1);
    }
}
