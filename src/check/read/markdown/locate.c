/* The parser says of blocks where they are, and of what stands in them nearly so: it miscounts
 * behind lines that are indented or were taken out, and of a link it names the line where it ends.
 * So what it says is a hint. It is believed where the source has there what has to be there;
 * otherwise what was found is looked for behind what was found before it, in the same block. A
 * reference has no destination that could be looked for: it is the next brackets around its text.
 *
 * The place of a link is its destination's, as in HTML it is the value's, since that is what is to
 * be mended. That of a reference is where it is used. */
#include "check/read/markdown/locate.h"

enum {
    REACH_BYTES = 1 << 14, /* how far is looked; so that the time is bounded */
    BRACKETS_MAX = 32,     /* within each other */
};

static struct str first_line(struct str text)
{
    return str_first(text, str_index(text, '\n'));
}

/* "[id]: url", with nothing behind it but a title. */
static bool is_definition(struct str line)
{
    size_t close = str_index(line, ']');
    struct str rest = str_from(line, close + 2);
    if (!str_starts(line, STR("[")) || !str_starts(str_from(line, close), STR("]:")))
        return false;
    rest = str_trim(rest);
    while (rest.len && (unsigned char)rest.at[0] > ' ')
        rest = str_from(rest, 1);
    rest = str_trim(rest);
    size_t len = rest.len - str_ends(rest, STR("\r"));
    char end = len == 0 ? '\0' : rest.at[0] == '(' ? ')' : rest.at[0];
    return len == 0 || (strchr("\"')", end) && rest.at[len - 1] == end);
}

/* Those before the text of a paragraph, which the parser takes out. */
static void skip_definitions(struct locator *locator, int line)
{
    while (locator->next < locator->end &&
           is_definition(first_line(str_from(locator->source->text, locator->next)))) {
        locator->skipped++;
        locator->next =
            size_min(source_line(locator->source, line + locator->skipped), locator->end);
    }
}

void locator_enter(struct locator *locator, cmark_node *block)
{
    size_t start = source_line(locator->source, cmark_node_get_start_line(block));
    size_t end = source_line(locator->source, cmark_node_get_end_line(block) + 1);
    int column = cmark_node_get_start_column(block);
    locator->start = start;
    locator->end = end > start ? end : locator->source->text.len;
    locator->next = size_min(start + (column > 1 ? (size_t)column - 1 : 0), locator->end);
    locator->closed = locator->next;
    locator->skipped = 0;
    if (cmark_node_get_type(block) == CMARK_NODE_PARAGRAPH)
        skip_definitions(locator, cmark_node_get_start_line(block));
}

/* What is left of the block, as far as is looked. */
static struct str ahead(const struct locator *locator, size_t from)
{
    struct str rest = str_first(locator->source->text, locator->end);
    return str_first(str_from(rest, from), REACH_BYTES);
}

/* SIZE_MAX: nowhere. */
static size_t find(const struct locator *locator, size_t from, struct str text)
{
    struct str rest = ahead(locator, from);
    const char *at = rest.len ? memmem(rest.at, rest.len, text.at, text.len) : NULL;
    return at ? from + (size_t)(at - rest.at) : SIZE_MAX;
}

/* Where the parser says that it is; SIZE_MAX: not in this block. */
static size_t hint_of(const struct locator *locator, cmark_node *node)
{
    int line = cmark_node_get_start_line(node) + locator->skipped;
    int column = cmark_node_get_start_column(node);
    size_t at = source_line(locator->source, line) + (column > 0 ? (size_t)column - 1 : 0);
    bool is_here = line > locator->skipped && at >= locator->start && at < locator->end;
    return is_here ? at : SIZE_MAX;
}

static size_t indent_of(struct str line)
{
    size_t len = 0;
    while (len < line.len && char_is_space(line.at[len]))
        len++;
    return len;
}

size_t locate_text(struct locator *locator, cmark_node *node, struct str text)
{
    struct str line = first_line(text);
    size_t hint = hint_of(locator, node), indent = indent_of(line);
    /* A block of HTML begins with its indent, and the hint is of what stands behind that. */
    if (hint != SIZE_MAX && hint >= locator->start + indent &&
        str_starts(ahead(locator, hint - indent), line))
        hint -= indent;
    /* Code begins behind its backticks, and it may be that the hint is theirs. */
    size_t from = hint != SIZE_MAX && hint > locator->next ? hint : locator->next;
    bool is_there = hint != SIZE_MAX && line.len && str_starts(ahead(locator, hint), line);
    size_t at = is_there ? hint : line.len ? find(locator, from, line) : SIZE_MAX;
    if (at == SIZE_MAX && line.len)
        at = find(locator, locator->next, line);
    if (at == SIZE_MAX)
        return hint != SIZE_MAX ? hint : locator->next;
    locator->next = size_max(locator->next, at + line.len);
    locator->closed = size_max(locator->closed, locator->next);
    return at;
}

/* Whether the destination that stands at the start of `at` is `url`, which the parser has freed of
 * escapes. As far as the first character reference, which is enough. */
static bool is_destination(struct str at, struct str url)
{
    while (url.len) {
        if (at.len > 1 && at.at[0] == '\\' && at.at[1] == url.at[0])
            at = str_from(at, 1);
        if (at.len == 0 || (at.at[0] != '&' && at.at[0] != url.at[0]))
            return false;
        if (at.at[0] == '&')
            return true;
        at = str_from(at, 1);
        url = str_from(url, 1);
    }
    return at.len && strchr(")> \t\r\n", at.at[0]);
}

/* "](url": where `url` begins; SIZE_MAX: nowhere. */
static size_t find_inline(const struct locator *locator, size_t from, struct str url)
{
    for (size_t reach = from + REACH_BYTES; from < reach;) {
        size_t at = find(locator, from, STR("]("));
        if (at == SIZE_MAX)
            return SIZE_MAX;
        from = at += 2;
        while (at < locator->end && strchr(" \t\r\n", locator->source->text.at[at]))
            at++;
        if (at < locator->end && locator->source->text.at[at] == '<')
            at++;
        if (is_destination(ahead(locator, at), url))
            return at;
    }
    return SIZE_MAX;
}

/* Whether a reader sees that text in `source`: exactly, but for white space; or with markup in
 * between. */
static bool has_text(struct str source, struct str text, bool is_exact)
{
    for (size_t i = 0; i < text.len; i++) {
        if (char_is_space(text.at[i]))
            continue;
        while (source.len &&
               (char_is_space(source.at[0]) || (!is_exact && source.at[0] != text.at[i])))
            source = str_from(source, 1);
        if (source.len == 0 || source.at[0] != text.at[i])
            return false;
        source = str_from(source, 1);
    }
    return !is_exact || str_trim(source).len == 0;
}

/* "[text][id]" or "![text][id]": where it begins; SIZE_MAX: nowhere. The brackets that have closed
 * so far were those of others, since links are asked for as they end. */
static size_t find_reference(const struct locator *locator, struct str text, bool is_exact)
{
    size_t opened[BRACKETS_MAX], depth = 0;
    size_t back = size_min(locator->closed - locator->start, REACH_BYTES / 2);
    size_t from = locator->closed - back, end = size_min(from + REACH_BYTES, locator->end);
    struct str source = locator->source->text;
    for (size_t at = from; at < end; at++) {
        char c = source.at[at];
        at += c == '\\';
        if (c == '[' && depth++ < BRACKETS_MAX)
            opened[depth - 1] = at;
        if (c != ']' || depth == 0 || depth-- > BRACKETS_MAX || at < locator->closed)
            continue;
        size_t begin = opened[depth] + 1;
        if (has_text(str_of(source.at + begin, at - begin), text, is_exact))
            return opened[depth] - (begin > 1 && source.at[begin - 2] == '!');
    }
    return SIZE_MAX;
}

/* Where it is, as far as that can be said; `at` is where the parser says that it is, if it may be
 * right. */
static size_t locate_reference(struct locator *locator, size_t at, struct str text)
{
    if (at == SIZE_MAX)
        at = find_reference(locator, text, true);
    if (at == SIZE_MAX)
        at = find_reference(locator, text, false);
    if (at == SIZE_MAX)
        return locator->next;
    locator->closed = size_max(locator->closed, size_min(at + text.len + 2, locator->end));
    return at;
}

/* "<https://...>", and addresses in text: what is seen is the destination. */
static bool is_autolink(struct str url, struct str text)
{
    return text.len && str_ends(url, text) &&
           (url.len == text.len || str_eq(url, STR("mailto:")) || str_starts(url, STR("mailto:")) ||
            str_starts(url, STR("http://")));
}

/* Whether it looks like the "[id]" of a reference, and not like its begin. */
static bool is_id_at(const struct locator *locator, size_t at)
{
    return at > locator->start && locator->source->text.at[at - 1] == ']';
}

size_t locate_link(struct locator *locator, cmark_node *node, struct str text)
{
    struct str url = str_of_c(cmark_node_get_url(node));
    size_t hint = hint_of(locator, node);
    struct str there = hint == SIZE_MAX ? STR_NONE : ahead(locator, hint);
    bool is_bracket = str_starts(there, STR("[")) || str_starts(there, STR("!["));
    bool is_seen = is_autolink(url, text) && !is_bracket;
    bool is_sure =
        is_bracket || str_starts(there, STR("<")) || (is_seen && str_starts(there, text));
    size_t from = is_sure && hint > locator->next ? hint : locator->next;
    size_t at = is_seen ? find(locator, from, text) : SIZE_MAX;
    size_t len = at == SIZE_MAX ? url.len : text.len;
    if (at == SIZE_MAX)
        at = find_inline(locator, from, url);
    if (at == SIZE_MAX)
        return locate_reference(locator, is_sure && !is_id_at(locator, hint) ? hint : SIZE_MAX,
                                text);
    locator->next = size_min(at + len, locator->end);
    locator->closed = size_max(locator->closed, at);
    return at;
}
