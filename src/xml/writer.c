#include "xml/writer.h"

/* How many bytes the UTF-8 sequence at the start of `text` has, when it is a character that XML 1.0
 * can hold (§2.2 Char); 0 when it is none. */
static size_t sequence_len(struct str text)
{
    const unsigned char *at = (const unsigned char *)text.at;
    unsigned first = at[0];
    if (first < 0x80)
        return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || text.len < len)
        return 0;
    uint32_t c = first & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (at[i] & 0x3f);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
    if (c < least[len] || c > 0x10ffff || is_surrogate || c == 0xfffe || c == 0xffff)
        return 0;
    return len;
}

/* Printable ASCII that needs no escape anywhere: all but " & < >. A bit for each byte. */
static bool is_plain(unsigned char c)
{
    static const uint64_t plain[4] = {
        0xffffffff00000000U & ~(1ULL << '"' | 1ULL << '&' | 1ULL << '<' | 1ULL << '>'),
        0x7fffffffffffffffU,
    };
    return plain[c >> 6] >> (c & 63) & 1;
}

static struct str escape_of(char c, bool in_attr)
{
    switch (c) {
    case '&':
        return STR("&amp;");
    case '<':
        return STR("&lt;");
    case '>':
        return STR("&gt;");
    case '\r':
        return STR("&#13;");
    case '"':
        return in_attr ? STR("&quot;") : STR_NONE;
    case '\t':
        return in_attr ? STR("&#9;") : STR_NONE;
    case '\n':
        return in_attr ? STR("&#10;") : STR_NONE;
    default:
        return STR_NONE;
    }
}

static void add_escaped(struct buf *to, struct str text, bool in_attr)
{
    while (text.len) {
        size_t run = 0;
        while (run < text.len && is_plain((unsigned char)text.at[run]))
            run++;
        buf_add(to, str_first(text, run));
        text = str_from(text, run);
        if (text.len == 0)
            return;
        struct str escape = escape_of(text.at[0], in_attr);
        size_t len = sequence_len(text);
        if (escape.len)
            buf_add(to, escape);
        else if (len)
            buf_add(to, str_first(text, len));
        else
            BUF_ADD(to, "\xef\xbf\xbd");
        text = str_from(text, len ? len : 1);
    }
}

void xml_add_text(struct buf *to, struct str text)
{
    add_escaped(to, text, false);
}

void xml_add_attr(struct buf *to, struct str value)
{
    add_escaped(to, value, true);
}
