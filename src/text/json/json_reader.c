/* Bodies of requests in JSON have a form that is known: who reads one asks for what must come, and
 * no tree is built, which a client could make many times larger than its text (`[[],[],...`).
 *
 * Strings are UTF-8 and hold no control characters (RFC 8259 §7, §8.1). An escape that is half of
 * a surrogate pair, or one of NUL, means no text that anything here could be called by: malformed.
 *
 * Rejected: jansson, which is there for tokens: it builds the tree, and takes the last of two
 * members of one name without a word. */
#include "text/json/json_reader.h"

#include "base/utf8.h"

void json_reader_init(struct json_reader *reader, struct str text)
{
    *reader = (struct json_reader){.rest = text};
}

static bool fail(struct json_reader *reader)
{
    reader->is_malformed = true;
    reader->rest = STR_NONE;
    return false;
}

static void skip_space(struct json_reader *reader)
{
    while (reader->rest.len && char_is_space(reader->rest.at[0]))
        reader->rest = str_from(reader->rest, 1);
}

/* The next character that is no space; 0: there is none. */
static char peek_char(struct json_reader *reader)
{
    skip_space(reader);
    return reader->rest.len ? reader->rest.at[0] : 0;
}

static bool take_char(struct json_reader *reader, char c)
{
    if (peek_char(reader) != c || !reader->rest.len)
        return false;
    reader->rest = str_from(reader->rest, 1);
    return true;
}

enum json_kind json_peek(struct json_reader *reader)
{
    char c = peek_char(reader);
    if (c == '{')
        return JSON_OBJECT;
    if (c == '[')
        return JSON_ARRAY;
    if (c == '"')
        return JSON_STRING;
    if (c == '-' || char_is_digit(c))
        return JSON_NUMBER;
    return char_is_alpha(c) ? JSON_WORD : JSON_NONE;
}

/* --- strings --- */

/* "\uXXXX", behind the 'u'. */
static bool take_unit(struct str *text, uint32_t *unit_out)
{
    uint64_t unit;
    if (text->len < 4 || !str_parse_hex(str_first(*text, 4), &unit))
        return false;
    *text = str_from(*text, 4);
    *unit_out = (uint32_t)unit;
    return true;
}

/* A character as one escape of four digits, or two that are a pair (RFC 8259 §7). */
static bool take_escaped(struct str *text, uint32_t *character_out)
{
    uint32_t low;
    if (!take_unit(text, character_out) || *character_out == 0)
        return false;
    if (*character_out < 0xd800 || *character_out > 0xdfff)
        return true;
    if (*character_out > 0xdbff || !str_starts(*text, STR("\\u")))
        return false;
    *text = str_from(*text, 2);
    if (!take_unit(text, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *character_out = 0x10000 + ((*character_out - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

static char *add_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 0x3f));
        *to++ = (char)(0x80 | (c >> 6 & 0x3f));
        *to++ = (char)(0x80 | (c & 0x3f));
    }
    return to;
}

/* Behind the backslash. */
static bool unescape(struct str *text, char **to)
{
    static const char from[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    uint32_t character;
    if (!text->len)
        return false;
    char c = text->at[0];
    *text = str_from(*text, 1);
    if (c == 'u') {
        if (!take_escaped(text, &character))
            return false;
        *to = add_utf8(*to, character);
        return true;
    }
    const char *at = c ? strchr(from, c) : NULL;
    if (at)
        *(*to)++ = meant[at - from];
    return at != NULL;
}

/* Where the string ends whose first quote is taken; SIZE_MAX: nowhere. */
static size_t find_end(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '"')
            return i;
    }
    return SIZE_MAX;
}

bool json_take_string(struct json_reader *reader, struct arena *arena, struct str *text_out)
{
    if (!take_char(reader, '"'))
        return fail(reader);
    size_t end = find_end(reader->rest);
    if (end == SIZE_MAX)
        return fail(reader);
    struct str left = str_first(reader->rest, end);
    char *text = arena_alloc(arena, end + 1); /* an escape is longer than what it means */
    char *to = text;
    while (left.len) {
        uint32_t character;
        size_t len = utf8_take(left, &character);
        if (!len || (unsigned char)left.at[0] < ' ')
            return fail(reader);
        bool is_escape = left.at[0] == '\\';
        struct str bytes = str_first(left, len);
        left = str_from(left, len);
        if (is_escape && !unescape(&left, &to))
            return fail(reader);
        if (is_escape)
            continue;
        memcpy(to, bytes.at, bytes.len);
        to += bytes.len;
    }
    reader->rest = str_from(reader->rest, end + 1);
    *text_out = str_of(text, (size_t)(to - text));
    return true;
}

/* --- numbers and words --- */

static size_t count_digits(struct str text, size_t from)
{
    size_t at = from;
    while (at < text.len && char_is_digit(text.at[at]))
        at++;
    return at - from;
}

/* RFC 8259 §6. */
static bool is_number(struct str text)
{
    size_t at = text.len && text.at[0] == '-';
    size_t digits = count_digits(text, at);
    if (!digits || (digits > 1 && text.at[at] == '0'))
        return false;
    at += digits;
    if (at < text.len && text.at[at] == '.') {
        digits = count_digits(text, at + 1);
        at += 1 + digits;
    }
    if (digits && at < text.len && char_lower(text.at[at]) == 'e') {
        at++;
        at += at < text.len && (text.at[at] == '+' || text.at[at] == '-');
        digits = count_digits(text, at);
        at += digits;
    }
    return digits && at == text.len;
}

bool json_take_plain(struct json_reader *reader, struct str *text_out)
{
    size_t len = 0;
    skip_space(reader);
    while (len < reader->rest.len &&
           (char_is_alpha(reader->rest.at[len]) || char_is_digit(reader->rest.at[len]) ||
            reader->rest.at[len] == '.' || reader->rest.at[len] == '+' ||
            reader->rest.at[len] == '-'))
        len++;
    struct str text = str_first(reader->rest, len);
    if (!str_eq(text, STR("true")) && !str_eq(text, STR("false")) && !str_eq(text, STR("null")) &&
        !is_number(text))
        return fail(reader);
    reader->rest = str_from(reader->rest, len);
    *text_out = text;
    return true;
}

/* --- objects and arrays --- */

static bool enter(struct json_reader *reader, char c)
{
    if (reader->depth == JSON_DEPTH_MAX || !take_char(reader, c))
        return fail(reader);
    reader->depth++;
    reader->has_begun = true;
    return true;
}

/* True: another value comes. */
static bool go_on(struct json_reader *reader, char end)
{
    if (reader->is_malformed)
        return false;
    assert(reader->depth > 0);
    bool is_first = reader->has_begun;
    reader->has_begun = false;
    if (take_char(reader, end)) {
        reader->depth--;
        return false;
    }
    return is_first || take_char(reader, ',') || fail(reader);
}

bool json_enter_array(struct json_reader *reader)
{
    return enter(reader, '[');
}

bool json_next(struct json_reader *reader)
{
    return go_on(reader, ']');
}

bool json_enter_object(struct json_reader *reader)
{
    return enter(reader, '{');
}

bool json_next_member(struct json_reader *reader, struct arena *arena, struct str *name_out)
{
    return go_on(reader, '}') && json_take_string(reader, arena, name_out) &&
           (take_char(reader, ':') || fail(reader));
}

bool json_is_over(struct json_reader *reader)
{
    skip_space(reader);
    return !reader->is_malformed && !reader->depth && !reader->rest.len;
}
