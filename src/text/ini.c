#include "text/ini.h"

static bool is_name(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && c != '-' && c != '_' && c != '.' &&
            c != '@' && (unsigned char)c < 0x80)
            return false;
    }
    return text.len > 0;
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static struct str unquote(struct str text)
{
    if (text.len >= 2 && text.at[0] == '"' && text.at[text.len - 1] == '"')
        return str_of(text.at + 1, text.len - 2);
    return text;
}

static enum ini_rc malformed(struct err *err, const char *text)
{
    err_set(err, 0, "%s", text);
    return INI_MALFORMED;
}

static enum ini_rc read_section(struct ini *ini, struct str line, struct err *err)
{
    if (line.at[line.len - 1] != ']')
        return malformed(err, "a section must end with ']'");
    struct str inside = str_trim(str_of(line.at + 1, line.len - 2));
    size_t blank = 0;
    while (blank < inside.len && inside.at[blank] != ' ' && inside.at[blank] != '\t')
        blank++;
    struct str quoted = str_trim(str_from(inside, blank));
    ini->section = str_first(inside, blank);
    ini->subject = unquote(quoted);
    if (!is_name(ini->section))
        return malformed(err, "not a valid name of a section");
    if (quoted.len && quoted.len != ini->subject.len + 2)
        return malformed(err, "what follows the name of a section must be in quotes");
    return INI_SECTION;
}

static enum ini_rc read_key(struct ini *ini, struct str line, struct err *err)
{
    if (str_index(line, '=') == line.len)
        return malformed(err, "neither a [section] nor a key = value");
    ini->value = line;
    ini->key = str_trim(str_cut(&ini->value, '='));
    ini->value = unquote(str_trim(ini->value));
    if (!is_name(ini->key))
        return malformed(err, "not a valid name of a key");
    return INI_KEY;
}

enum ini_rc ini_next(struct ini *ini, struct err *err)
{
    while (ini->rest.len) {
        struct str line = str_cut(&ini->rest, '\n');
        ini->line++;
        if (str_starts(line, STR("\xef\xbb\xbf")))
            return malformed(err, "starts with a byte order mark; save the file as UTF-8 "
                                  "without one");
        if (line.len && line.at[line.len - 1] == '\r')
            line.len--;
        if (has_control(line))
            return malformed(err, "control characters are not allowed");
        line = str_trim(line);
        if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';')
            continue;
        return line.at[0] == '[' ? read_section(ini, line, err) : read_key(ini, line, err);
    }
    return INI_END;
}
