#include "check/read/srcset.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static struct str skip_spaces(struct str text)
{
    while (text.len && is_space(text.at[0]))
        text = str_from(text, 1);
    return text;
}

bool spaced_take(struct str *rest, struct str *value_out)
{
    struct str text = skip_spaces(*rest);
    size_t len = 0;
    while (len < text.len && !is_space(text.at[len]))
        len++;
    *rest = str_from(text, len);
    if (len == 0)
        return false;
    *value_out = str_first(text, len);
    return true;
}

/* The end of an image's descriptors: a comma that is not within parentheses. */
static struct str skip_descriptors(struct str text)
{
    bool is_inside = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '(')
            is_inside = true;
        else if (text.at[i] == ')')
            is_inside = false;
        else if (text.at[i] == ',' && !is_inside)
            return str_from(text, i + 1);
    }
    return STR_NONE;
}

bool srcset_take(struct str *rest, struct str *url_out)
{
    struct str text = *rest, url;
    while (text.len && (is_space(text.at[0]) || text.at[0] == ','))
        text = str_from(text, 1);
    if (!spaced_take(&text, &url)) {
        *rest = STR_NONE;
        return false;
    }
    bool has_comma = url.at[url.len - 1] == ',';
    while (url.len && url.at[url.len - 1] == ',')
        url.len--;
    *rest = has_comma ? text : skip_descriptors(text);
    *url_out = url;
    return true;
}

bool refresh_url(struct str content, struct str *url_out)
{
    struct str text = skip_spaces(content);
    size_t digits = 0;
    while (digits < text.len && (char_is_digit(text.at[digits]) || text.at[digits] == '.'))
        digits++;
    if (digits == 0)
        return false;
    text = str_from(text, digits);
    if (text.len && !is_space(text.at[0]) && text.at[0] != ';' && text.at[0] != ',')
        return false;
    text = skip_spaces(text);
    if (text.len && (text.at[0] == ';' || text.at[0] == ','))
        text = skip_spaces(str_from(text, 1));
    if (str_starts_nocase(text, STR("url"))) {
        struct str behind = skip_spaces(str_from(text, 3));
        if (behind.len && behind.at[0] == '=')
            text = skip_spaces(str_from(behind, 1));
    }
    if (text.len && (text.at[0] == '"' || text.at[0] == '\'')) {
        char quote = text.at[0];
        text = str_from(text, 1);
        text = str_first(text, str_index(text, quote));
    }
    *url_out = text;
    return text.len > 0;
}
