#include "text/json.h"

#include "base/utf8.h"

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

/* JSON asks for it below U+0020 only; the rest is for who looks at it in a terminal. */
static void add_special(struct buf *to, struct str text, size_t len, uint32_t c)
{
    if (!len) {
        BUF_ADD(to, "\xef\xbf\xbd");
    } else if (c == '"' || c == '\\') {
        buf_add_char(to, '\\');
        buf_add_char(to, (char)c);
    } else if (c == '\n') {
        BUF_ADD(to, "\\n");
    } else if (c == '\t') {
        BUF_ADD(to, "\\t");
    } else if (utf8_is_steering(str_first(text, len))) { /* all of them have four digits */
        BUF_ADD(to, "\\u");
        buf_add_hex(to, c, 4);
    } else {
        buf_add(to, str_first(text, len));
    }
}

void json_add(struct buf *to, struct str text)
{
    buf_add_char(to, '"');
    while (text.len) {
        size_t run = 0;
        while (run < text.len && is_plain((unsigned char)text.at[run]))
            run++;
        buf_add(to, str_first(text, run));
        text = str_from(text, run);
        if (text.len == 0)
            break;
        uint32_t c = 0;
        size_t len = utf8_take(text, &c);
        add_special(to, text, len, c);
        text = str_from(text, len ? len : 1);
    }
    buf_add_char(to, '"');
}

void json_add_comma(struct buf *to)
{
    char last = to->len ? to->at[to->len - 1] : '{';
    if (last != '{' && last != '[' && last != ':')
        buf_add_char(to, ',');
}

void json_add_name(struct buf *to, struct str name)
{
    json_add_comma(to);
    json_add(to, name);
    buf_add_char(to, ':');
}

void json_add_member(struct buf *to, struct str name, struct str text)
{
    json_add_name(to, name);
    json_add(to, text);
}

void json_add_number(struct buf *to, struct str name, uint64_t number)
{
    json_add_name(to, name);
    buf_add_u64(to, number);
}

void json_add_bool(struct buf *to, struct str name, bool is_true)
{
    json_add_name(to, name);
    buf_add(to, is_true ? STR("true") : STR("false"));
}
