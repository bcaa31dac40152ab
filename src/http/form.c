#include "http/form.h"

/* "+" is a space; a "%" that no two digits follow stands for itself. */
static struct str decode(struct str text, struct arena *arena)
{
    char *to = arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_coded = text.at[i] == '%' && text.len - i > 2 && hex_value(text.at[i + 1]) >= 0 &&
                        hex_value(text.at[i + 2]) >= 0;
        char c = text.at[i] == '+' ? ' ' : text.at[i];
        if (is_coded) {
            c = (char)(hex_value(text.at[i + 1]) << 4 | hex_value(text.at[i + 2]));
            i += 2;
        }
        to[len++] = c;
    }
    return str_of(to, len);
}

bool form_find(struct str form, struct str name, struct arena *arena, struct str *value_out)
{
    struct str found = STR_NONE;
    size_t count = 0;
    while (form.len) {
        struct str value = str_cut(&form, '&');
        struct str coded = str_cut(&value, '=');
        bool may_be = coded.len >= name.len && coded.len / 3 <= name.len; /* each byte is 1 or 3 */
        if (!may_be || !str_eq(decode(coded, arena), name))
            continue;
        found = value;
        if (++count > 1)
            break;
    }
    if (count != 1)
        return false;
    *value_out = decode(found, arena);
    return true;
}
