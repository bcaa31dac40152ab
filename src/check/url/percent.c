#include "check/url/percent.h"

enum {
    F = PERCENT_FRAGMENT,
    Q = PERCENT_QUERY | PERCENT_SPECIAL_QUERY,
    S = PERCENT_SPECIAL_QUERY,
    P = PERCENT_PATH,
    U = PERCENT_USERINFO,
};

/* Control characters, and all from 0x7f on, are in each set and in no row. */
static const unsigned char encoded_in[128] = {
    [' '] = F | Q | P | U,
    ['"'] = F | Q | P | U,
    ['<'] = F | Q | P | U,
    ['>'] = F | Q | P | U,
    ['`'] = F | P | U,
    ['#'] = Q | P | U,
    ['\''] = S,
    ['?'] = P | U,
    ['^'] = P | U,
    ['{'] = P | U,
    ['}'] = P | U,
    ['/'] = U,
    [':'] = U,
    [';'] = U,
    ['='] = U,
    ['@'] = U,
    ['['] = U,
    ['\\'] = U,
    [']'] = U,
    ['|'] = U,
};

static bool is_encoded(unsigned char c, enum percent_set set)
{
    return c < 0x20 || c >= 0x7f || (encoded_in[c] & set);
}

void percent_encode(struct buf *to, struct str bytes, enum percent_set set)
{
    size_t done = 0;
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        if (!is_encoded(c, set))
            continue;
        char text[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
        buf_add(to, str_of(bytes.at + done, i - done));
        buf_add(to, str_of(text, sizeof(text)));
        done = i + 1;
    }
    if (done < bytes.len)
        buf_add(to, str_from(bytes, done));
}

void percent_add_bytes(struct buf *to, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.at[i];
        if (c >= 0x80)
            buf_addf(to, "%%%02X", c);
        else
            buf_add_char(to, (char)c);
    }
}

void percent_decode(struct buf *to, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        int high = text.at[i] == '%' && i + 2 < text.len ? hex_value(text.at[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.at[i + 2]) : -1;
        if (low < 0) {
            buf_add_char(to, text.at[i]);
            continue;
        }
        buf_add_char(to, (char)(high << 4 | low));
        i += 2;
    }
}
