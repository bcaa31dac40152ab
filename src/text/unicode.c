/* The forms of Unicode, by utf8proc.
 *
 * Most of what comes by is ASCII, whose forms are all the same but for its capitals, so that is not
 * given to the library. What is no UTF-8 is left as it is: names of files are bytes, and two that
 * differ in them are two files whatever they look like. Each part of a path has its form by itself,
 * so that one bad part does not keep its neighbours from being compared.
 *
 * UNICODE_SMALL goes by way of the capital, as file systems do that do not tell case apart. */
#include "text/unicode.h"

#include <utf8proc.h>

#include "base/utf8.h"

/* By way of the capital, so that what shares one is the same: "ſ" is "s". */
static utf8proc_int32_t small_letter(utf8proc_int32_t character, void *data)
{
    (void)data; /* it depends on nothing else */
    return utf8proc_tolower(utf8proc_toupper(character));
}

static utf8proc_ssize_t map(struct str text, enum unicode_form form, utf8proc_uint8_t **bytes_out)
{
    static const int options[] = {
        [UNICODE_NFC] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [UNICODE_NFD] = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
        [UNICODE_SMALL] = UTF8PROC_STABLE | UTF8PROC_COMPOSE,
        [UNICODE_LOOSE] = UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_IGNORE,
    };
    return utf8proc_map_custom((const utf8proc_uint8_t *)text.at, (utf8proc_ssize_t)text.len,
                               bytes_out, (utf8proc_option_t)options[form],
                               form == UNICODE_SMALL ? small_letter : NULL, NULL);
}

static void add_ascii(struct buf *to, struct str text, enum unicode_form form)
{
    bool is_small = form == UNICODE_SMALL || form == UNICODE_LOOSE;
    for (size_t i = 0; i < text.len; i++)
        buf_add_char(to, is_small ? char_lower(text.at[i]) : text.at[i]);
}

static void add_part(struct buf *to, struct str part, enum unicode_form form)
{
    utf8proc_uint8_t *bytes = NULL;
    utf8proc_ssize_t len = str_is_ascii(part) ? -1 : map(part, form, &bytes);
    if (len >= 0)
        buf_add(to, str_of((const char *)bytes, (size_t)len));
    else
        add_ascii(to, part, form);
    free(bytes);
}

struct str unicode_form(struct arena *arena, struct str text, enum unicode_form form)
{
    struct buf formed = {0};
    if ((form == UNICODE_NFC || form == UNICODE_NFD) && str_is_ascii(text))
        return text;
    for (struct str rest = text; rest.len;) {
        size_t len = str_index(rest, '/');
        add_part(&formed, str_first(rest, len), form);
        if (len < rest.len)
            buf_add_char(&formed, '/');
        rest = str_from(rest, len + 1);
    }
    struct str copy = arena_str(arena, buf_str(&formed));
    buf_done(&formed);
    return copy;
}

bool unicode_eq(struct str a, struct str b)
{
    struct arena arena = {0};
    if (str_eq(a, b) || (str_is_ascii(a) && str_is_ascii(b)))
        return str_eq(a, b);
    bool is_same =
        str_eq(unicode_form(&arena, a, UNICODE_NFC), unicode_form(&arena, b, UNICODE_NFC));
    arena_done(&arena);
    return is_same;
}

size_t unicode_within(struct res_path path, struct res_path tree)
{
    struct str rest = path_str(path);
    if (path_is_within(path, tree))
        return tree.len;
    if (str_is_ascii(path_str(path)) && str_is_ascii(path_str(tree)))
        return SIZE_MAX;
    for (struct str tree_rest = path_str(tree); tree_rest.len;) {
        if (!rest.len || !unicode_eq(str_cut(&rest, '/'), str_cut(&tree_rest, '/')))
            return SIZE_MAX;
    }
    return rest.len ? (size_t)(rest.at - path.at) - 1 : path.len;
}

bool unicode_is_word(uint32_t character)
{
    switch (utf8proc_category((utf8proc_int32_t)character)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    default:
        return false;
    }
}
