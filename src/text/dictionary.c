/* A dictionary is one of the three forms of structured fields (RFC 9651 §3), and the only one that
 * davit is sent whole. It is read member by member, in place, and nothing of a member is copied.
 *
 * Either all of it is well-formed, or none of it is to be used (§4.2): so what nobody here knows is
 * read as strictly as what davit looks for, down to the parameters of parameters' items. What can
 * stand in a value is a table of first characters, as in §4.2.3.1; each reader takes its item off
 * the front of what is left. Whoever sends lists within lists is told that these are none: an inner
 * list holds items, and no other list, so nothing here recurs. */
#include "text/dictionary.h"

enum { INTEGER_DIGITS_MAX = 15, DECIMAL_DIGITS_MAX = 12, FRACTION_DIGITS_MAX = 3 };

static bool take_char(struct str *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    *rest = str_from(*rest, 1);
    return true;
}

static void skip_spaces(struct str *rest)
{
    while (take_char(rest, ' '))
        ;
}

/* §3.1.2: lower case only. */
static bool is_key_start(char c)
{
    return (c >= 'a' && c <= 'z') || c == '*';
}

static bool is_key_char(char c)
{
    return is_key_start(c) || char_is_digit(c) || c == '_' || c == '-' || c == '.';
}

static bool take_key(struct str *rest, struct str *key_out)
{
    size_t len = 0;
    if (rest->len == 0 || !is_key_start(rest->at[0]))
        return false;
    while (len < rest->len && is_key_char(rest->at[len]))
        len++;
    *key_out = str_first(*rest, len);
    *rest = str_from(*rest, len);
    return true;
}

/* --- items, each with its first character still there --- */

static size_t count_digits(struct str text)
{
    size_t count = 0;
    while (count < text.len && char_is_digit(text.at[count]))
        count++;
    return count;
}

/* §4.2.4: an integer, or a decimal, which is of no interest here. */
static bool take_number(struct str *rest, struct dictionary_member *item)
{
    struct str start = *rest;
    uint64_t value;
    bool is_negative = take_char(rest, '-');
    size_t digits = count_digits(*rest);
    struct str whole = str_first(*rest, digits);
    *rest = str_from(*rest, digits);
    item->kind = DICTIONARY_OTHER;
    if (digits && digits <= DECIMAL_DIGITS_MAX && take_char(rest, '.')) {
        digits = count_digits(*rest);
        *rest = str_from(*rest, digits);
        return digits && digits <= FRACTION_DIGITS_MAX;
    }
    if (digits > INTEGER_DIGITS_MAX || !str_parse_u64(whole, &value))
        return false;
    item->kind = DICTIONARY_INTEGER;
    item->text = str_first(start, start.len - rest->len);
    item->integer = is_negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* §4.2.5. */
static bool take_string(struct str *rest, struct dictionary_member *item)
{
    struct str start = str_from(*rest, 1);
    item->kind = DICTIONARY_STRING;
    *rest = start;
    while (rest->len) {
        char c = rest->at[0];
        item->text = str_first(start, start.len - rest->len);
        *rest = str_from(*rest, 1);
        if (c == '"')
            return true;
        if (c < ' ' || c > '~')
            return false;
        if (c == '\\' && !take_char(rest, '"') && !take_char(rest, '\\'))
            return false;
    }
    return false;
}

/* §4.2.6: RFC 9110's token characters, ":" and "/". */
static bool take_token(struct str *rest, struct dictionary_member *item)
{
    size_t len = 1;
    while (len < rest->len && rest->at[len] &&
           (char_is_alpha(rest->at[len]) || char_is_digit(rest->at[len]) ||
            strchr("!#$%&'*+-.^_`|~:/", rest->at[len])))
        len++;
    item->kind = DICTIONARY_OTHER;
    *rest = str_from(*rest, len);
    return true;
}

/* §4.2.7; whether what stands there is base64 sees who decodes it. */
static bool take_bytes(struct str *rest, struct dictionary_member *item)
{
    struct str text = str_from(*rest, 1);
    size_t len = str_index(text, ':');
    if (len == text.len)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '+' && c != '/' && c != '=')
            return false;
    }
    item->kind = DICTIONARY_BYTES;
    item->text = str_first(text, len);
    *rest = str_from(text, len + 1);
    return true;
}

/* §4.2.8. */
static bool take_boolean(struct str *rest, struct dictionary_member *item)
{
    *rest = str_from(*rest, 1);
    item->kind = DICTIONARY_BOOLEAN;
    item->text = str_first(*rest, 1);
    return take_char(rest, '0') || take_char(rest, '1');
}

/* §4.2.9: a date is seconds; §4.2.10: a display string, with its "%" escapes in lower case. */
static bool take_date(struct str *rest, struct dictionary_member *item)
{
    *rest = str_from(*rest, 1);
    bool is_number = take_number(rest, item);
    bool is_date = is_number && item->kind == DICTIONARY_INTEGER;
    item->kind = DICTIONARY_OTHER;
    item->text = STR_NONE;
    return is_date;
}

static bool take_escaped(struct str *rest)
{
    for (int i = 0; i < 2; i++) {
        if (rest->len == 0 || hex_value(rest->at[0]) < 0 || char_lower(rest->at[0]) != rest->at[0])
            return false;
        *rest = str_from(*rest, 1);
    }
    return true;
}

static bool take_display(struct str *rest, struct dictionary_member *item)
{
    item->kind = DICTIONARY_OTHER;
    *rest = str_from(*rest, 1);
    if (!take_char(rest, '"'))
        return false;
    while (rest->len) {
        char c = rest->at[0];
        *rest = str_from(*rest, 1);
        if (c == '"')
            return true;
        if (c < ' ' || c > '~' || (c == '%' && !take_escaped(rest)))
            return false;
    }
    return false;
}

static bool take_item(struct str *rest, struct dictionary_member *item)
{
    char c = rest->len ? rest->at[0] : '\0';
    item->text = STR_NONE;
    if (c == '-' || char_is_digit(c))
        return take_number(rest, item);
    if (c == '*' || char_is_alpha(c))
        return take_token(rest, item);
    switch (c) {
    case '"':
        return take_string(rest, item);
    case ':':
        return take_bytes(rest, item);
    case '?':
        return take_boolean(rest, item);
    case '@':
        return take_date(rest, item);
    case '%':
        return take_display(rest, item);
    default:
        return false;
    }
}

/* §4.2.3.2. */
static bool take_parameters(struct str *rest)
{
    struct dictionary_member parameter;
    while (take_char(rest, ';')) {
        skip_spaces(rest);
        if (!take_key(rest, &parameter.key) ||
            (take_char(rest, '=') && !take_item(rest, &parameter)))
            return false;
    }
    return true;
}

/* §4.2.1.2, behind its "(". */
static bool take_inner_list(struct str *rest)
{
    struct dictionary_member item;
    for (;;) {
        skip_spaces(rest);
        if (take_char(rest, ')'))
            return take_parameters(rest);
        if (!take_item(rest, &item) || !take_parameters(rest))
            return false;
        if (rest->len == 0 || (rest->at[0] != ' ' && rest->at[0] != ')'))
            return false;
    }
}

static bool take_value(struct str *rest, struct dictionary_member *member)
{
    if (!take_char(rest, '=')) { /* §4.2.2: a key alone is true */
        member->kind = DICTIONARY_BOOLEAN;
        member->text = STR_NONE;
        return take_parameters(rest);
    }
    if (take_char(rest, '(')) {
        member->kind = DICTIONARY_OTHER;
        member->text = STR_NONE;
        return take_inner_list(rest);
    }
    return take_item(rest, member) && take_parameters(rest);
}

/* The comma before the next member, if there is one; §4.2.2: none stands at the end. */
static bool take_comma(struct str *rest)
{
    *rest = str_trim(*rest);
    if (rest->len == 0)
        return true;
    if (!take_char(rest, ','))
        return false;
    *rest = str_trim(*rest);
    return rest->len > 0;
}

enum dictionary_step dictionary_next(struct str *rest, struct dictionary_member *member_out)
{
    *rest = str_trim(*rest);
    if (rest->len == 0)
        return DICTIONARY_END;
    bool is_fine =
        take_key(rest, &member_out->key) && take_value(rest, member_out) && take_comma(rest);
    return is_fine ? DICTIONARY_MEMBER : DICTIONARY_MALFORMED;
}

bool dictionary_item(struct str line, struct dictionary_member *item_out)
{
    struct str rest = str_trim(line);
    item_out->key = STR_NONE;
    return take_item(&rest, item_out) && take_parameters(&rest) && rest.len == 0;
}
