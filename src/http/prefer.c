/* Prefer is a list of tokens, each perhaps with a value, which may be a quoted string, and with
 * parameters, none of which means anything to us (RFC 7240 §2). Several lines are one list. Of a
 * preference that is named twice the first counts; so of two that exclude each other, which are
 * values of one.
 *
 * A preference never fails a request: one that cannot be read was not expressed.
 *
 * Exchange's clients say "Brief: t" for what is return=minimal today (RFC 8144 §2 has it from
 * there). Prefer comes first where both are there. */
#include "http/prefer.h"

/* A token, or the text within quotes, without what a backslash stands before: no value that is
 * known here has any. */
static struct str value_of(struct str word)
{
    word = str_trim(word);
    bool is_quoted = word.len >= 2 && word.at[0] == '"' && word.at[word.len - 1] == '"';
    return is_quoted ? str_of(word.at + 1, word.len - 2) : word;
}

struct seen {
    bool has_return;
    bool has_handling;
};

static void take(struct str preference, struct seen *seen, struct http_preferences *out)
{
    struct str value = str_first(preference, http_index_unquoted(preference, ';'));
    struct str name = str_trim(str_cut(&value, '='));
    value = value_of(value);
    if (str_eq_nocase(name, STR("return")) && !seen->has_return) {
        seen->has_return = true;
        out->is_minimal = str_eq_nocase(value, STR("minimal"));
        out->wants_representation = str_eq_nocase(value, STR("representation"));
    } else if (str_eq_nocase(name, STR("handling")) && !seen->has_handling) {
        seen->has_handling = true;
        out->is_strict = str_eq_nocase(value, STR("strict"));
    } else if (str_eq_nocase(name, STR("depth-noroot"))) {
        out->is_noroot |= value.len == 0;
    }
}

struct http_preferences http_preferences_read(const struct http_fields *fields)
{
    struct http_preferences found = {0};
    struct seen seen = {0};
    for (size_t i = 0; i < fields->count; i++) {
        struct str rest = fields->lines[i].value;
        while (fields->lines[i].id == FIELD_PREFER && rest.len) {
            size_t len = http_index_unquoted(rest, ',');
            take(str_first(rest, len), &seen, &found);
            rest = str_from(rest, len < rest.len ? len + 1 : len);
        }
    }
    struct str brief = str_trim(http_fields_get(fields, FIELD_BRIEF));
    found.is_brief = !seen.has_return && str_eq_nocase(brief, STR("t"));
    found.is_minimal |= found.is_brief;
    return found;
}
