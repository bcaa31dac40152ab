#include "xml/writer.h"

#include "base/utf8.h"

/* How many bytes the UTF-8 sequence at the start of `text` has, when it is a character that XML 1.0
 * can hold (§2.2 Char); 0 when it is none. */
static size_t sequence_len(struct str text)
{
    uint32_t c = 0xffff; /* stays where there is none */
    size_t len = utf8_take(text, &c);
    if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
        return 0;
    return c == 0xfffe || c == 0xffff ? 0 : len;
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
