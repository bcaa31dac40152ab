#include "check/read/plain_links.h"

bool list_take(struct list_reader *reader, struct str *line_out)
{
    while (reader->rest.len) {
        struct str line = str_cut(&reader->rest, '\n');
        size_t lead = 0;
        while (lead < line.len && char_is_space(line.at[lead]))
            lead++;
        reader->at.line++;
        reader->at.column = (uint32_t)lead + 1;
        line = str_from(line, lead);
        while (line.len && char_is_space(line.at[line.len - 1]))
            line.len--;
        *line_out = line;
        if (line.len && line.at[0] != '#')
            return true;
    }
    return false;
}

void list_links(struct finder *finder, struct str text)
{
    struct list_reader reader = {.rest = text};
    struct str line;
    while (list_take(&reader, &line))
        finder_link(finder, LINK_LIST_LINE, line, STR_NONE, reader.at);
}

/* --- addresses --- */

static size_t scheme_len(struct str text)
{
    static const struct str schemes[] = {STR_INIT("https://"), STR_INIT("http://")};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (str_starts_nocase(text, schemes[i]))
            return schemes[i].len;
    }
    return 0;
}

/* Without what ends the sentence or the bracket around it. */
static size_t without_punctuation(struct str address, size_t least)
{
    size_t open = 0, closed = 0;
    for (size_t i = 0; i < address.len; i++) {
        open += address.at[i] == '(';
        closed += address.at[i] == ')';
    }
    while (address.len > least) {
        char last = address.at[address.len - 1];
        bool is_extra = last == ')' && closed > open;
        if (!is_extra && !strchr("?!.,:;*_~'", last))
            break;
        closed -= is_extra;
        address.len--;
    }
    return address.len;
}

/* How long the address is that begins here; 0: none does. A host may be "[::1]"; behind it
 * a bracket begins a title, as in AsciiDoc. */
static size_t address_len(struct str text)
{
    size_t scheme = scheme_len(text), len = scheme;
    if (scheme == 0)
        return 0;
    if (len < text.len && text.at[len] == '[')
        len += str_index(str_from(text, len), ']') + 1;
    while (len < text.len && (unsigned char)text.at[len] > ' ' &&
           !strchr("<>\"`[]{}|\\", text.at[len]))
        len++;
    len = without_punctuation(str_first(text, len), scheme);
    return len > scheme ? len : 0;
}

void text_links(struct finder *finder, struct str text)
{
    struct html_position at = {1, 1};
    bool is_in_word = false;
    while (text.len) {
        size_t len = is_in_word ? 0 : address_len(text);
        if (len)
            finder_link(finder, LINK_TEXT_ADDRESS, str_first(text, len), STR_NONE, at);
        for (size_t i = 0; i < size_max(len, 1); i++) {
            char c = text.at[i];
            if (c == '\n')
                at = (struct html_position){at.line + 1, 0};
            at.column += ((unsigned char)c & 0xc0) != 0x80;
            is_in_word = char_is_alpha(c) || char_is_digit(c);
        }
        text = str_from(text, size_max(len, 1));
    }
}
