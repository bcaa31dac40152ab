/* A fragment is compared as it stands, then decoded (HTML 7.4.6.4). What goes beyond the standard
 * is what sites do by script, and what people rely on: GitHub puts "user-content-" before the names
 * of others' documents and takes both, and tells no capitals apart there; a range of lines begins
 * with a line that has a name, if lines have names at all. */
#include "check/model/fragment.h"

#include "check/read/markdown/names.h"

struct document_names {
    const struct anchor_set *names;
    uint32_t id;
    bool folds;
};

static bool has(const struct document_names *document, struct str name)
{
    return anchor_set_has(document->names, document->id, name);
}

static bool is_found_as(const struct document_names *document, struct str fragment)
{
    static const struct str prefix = STR_INIT("user-content-");
    struct arena arena = {0};
    struct buf longer = {0};
    struct str name = document->folds ? heading_name_fold(&arena, fragment) : fragment;
    buf_add(&longer, prefix);
    buf_add(&longer, name);
    bool is_prefixed = document->folds && str_starts(name, prefix);
    bool is_found = has(document, name) || has(document, buf_str(&longer)) ||
                    (is_prefixed && has(document, str_from(name, prefix.len)));
    buf_done(&longer);
    arena_done(&arena);
    return is_found;
}

/* Every page has a top (HTML 7.4.6.4); what begins with '!' or '/' is for a script. */
static bool is_everywhere(struct str fragment)
{
    return str_eq_nocase(fragment, STR("top")) || str_starts(fragment, STR("!")) ||
           str_starts(fragment, STR("/"));
}

static bool skip_number(struct str *rest, char mark)
{
    size_t len = 1;
    if (rest->len < 2 || rest->at[0] != mark || !char_is_digit(rest->at[1]))
        return false;
    while (len < rest->len && char_is_digit(rest->at[len]))
        len++;
    *rest = str_from(*rest, len);
    return true;
}

/* "L10", "L10-L20", "L10-20", "L10C5-L20C3": its first line's name; empty: it is something else. */
static struct str first_line_of(struct str fragment)
{
    struct str rest = fragment;
    if (!skip_number(&rest, 'L'))
        return STR_NONE;
    struct str line = str_first(fragment, fragment.len - rest.len);
    (void)skip_number(&rest, 'C'); /* may be left out */
    if (str_starts(rest, STR("-L")))
        rest = str_from(rest, 1);
    if (skip_number(&rest, 'L') || skip_number(&rest, '-'))
        (void)skip_number(&rest, 'C'); /* likewise */
    return rest.len ? STR_NONE : line;
}

/* A page that has names for its lines is to have this one; others make them by script. */
static bool is_found_as_lines(const struct document_names *document, struct str fragment)
{
    struct str line = first_line_of(fragment);
    bool has_lines = is_found_as(document, STR("L1"));
    return line.len && (!has_lines || is_found_as(document, line));
}

/* As it stands in the document, without the directive at its end (HTML 7.4.2.3.3). */
static struct str behind_hash(struct str url)
{
    struct str raw = str_trim(str_from(url, str_index(url, '#') + 1));
    const char *directive = raw.len ? memmem(raw.at, raw.len, ":~:", 3) : NULL;
    return directive ? str_of(raw.at, (size_t)(directive - raw.at)) : raw;
}

bool fragment_is_found(const struct anchor_set *names, uint32_t id, bool folds,
                       const struct fragment *fragment)
{
    const struct document_names document = {names, id, folds};
    struct str raw = behind_hash(fragment->raw), decoded = fragment->decoded;
    bool is_encoded = str_index(raw, '%') < raw.len;
    return is_everywhere(decoded) || (is_encoded && is_found_as(&document, raw)) ||
           is_found_as(&document, decoded) || is_found_as_lines(&document, decoded);
}
