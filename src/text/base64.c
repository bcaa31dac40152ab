#include "text/base64.h"

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_urls[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_encode(struct buf *to, struct str bytes, enum base64_kind kind)
{
    const char *alphabet = kind == BASE64_URL ? for_urls : standard;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = size_min(3, bytes.len - i);
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (k < left ? (unsigned char)bytes.at[i + k] : 0);
        for (size_t k = 0; k < 4; k++) {
            if (k <= left)
                buf_add_char(to, alphabet[group >> (18 - 6 * k) & 63]);
            else if (kind != BASE64_URL)
                buf_add_char(to, '=');
        }
    }
}

/* 0 to 63, or -1. */
static int value_of(char c, enum base64_kind kind)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (char_is_digit(c))
        return c - '0' + 52;
    if (c == (kind == BASE64_URL ? '-' : '+'))
        return 62;
    return c == (kind == BASE64_URL ? '_' : '/') ? 63 : -1;
}

/* The text without its padding; false where that is not as it must be. */
static bool strip(struct str *text, enum base64_kind kind)
{
    if (kind != BASE64_URL) {
        if (kind == BASE64 && text->len % 4)
            return false;
        for (int i = 0; i < 2 && text->len && text->at[text->len - 1] == '='; i++)
            text->len--;
    }
    return text->len % 4 != 1;
}

bool base64_decode(struct str text, enum base64_kind kind, struct arena *arena,
                   struct str *bytes_out)
{
    if (!strip(&text, kind))
        return false;
    char *bytes = arena_alloc(arena, text.len / 4 * 3 + 3);
    size_t len = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < text.len; i++) {
        int value = value_of(text.at[i], kind);
        if (value < 0)
            return false;
        group = (group << 6 | (uint32_t)value) & 0xffffff;
        if (i % 4)
            bytes[len++] = (char)(group >> (6 - 2 * (i % 4)) & 0xff);
    }
    uint32_t stray = text.len % 4 == 2 ? group & 15 : text.len % 4 == 3 ? group & 3 : 0;
    if (stray && kind != BASE64_ANY_PADDING)
        return false;
    *bytes_out = str_of(bytes, len);
    return true;
}
