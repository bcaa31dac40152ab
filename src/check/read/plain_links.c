/* Markdown, as far as its links go. What matters is where no link is: in code. So code is made
 * blank first, in a copy of the same shape (`shape`), and then links are looked for in two passes
 * over it: Markdown's own here, and those of the HTML in it by the reader of HTML, which skips what
 * it does not know. Positions stay right because the copy has every line and column of the
 * original.
 *
 * Blocks are told apart only where it decides what is code: fences, and lines indented by four
 * after a blank one. A link may run over line ends but not over a blank line.
 *
 * Known differences from CommonMark: no check that a reference that is used is defined (an
 * undefined one is plain text), and brackets within brackets are taken as they come. */
#include "check/read/plain_links.h"

#include "check/read/html_links.h"
#include "text/utf8_clean.h"

enum { TEXT_BYTES_MAX = 120 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* --- lists --- */

void list_links(struct finder *finder, struct str text)
{
    struct html_position at = {1, 1};
    for (; text.len; at.line++) {
        struct str line = str_cut(&text, '\n');
        size_t lead = 0;
        while (lead < line.len && is_space(line.at[lead]))
            lead++;
        at.column = (uint32_t)lead + 1;
        line = str_from(line, lead);
        while (line.len && is_space(line.at[line.len - 1]))
            line.len--;
        if (line.len && line.at[0] != '#')
            finder_link(finder, LINK_LIST_LINE, line, STR_NONE, at);
    }
}

/* --- Markdown: making code blank --- */

static void blank(struct buf *shape, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (!is_space(shape->at[i]))
            shape->at[i] = ' ';
    }
}

static size_t indent_of(struct str line)
{
    size_t columns = 0;
    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] == '\t')
            columns += 4 - columns % 4;
        else if (line.at[i] == ' ')
            columns++;
        else
            return columns;
    }
    return SIZE_MAX; /* a blank line */
}

/* The length of the fence that the line begins with, and its character; 0: none. */
static size_t fence_of(struct str line, char *mark_out)
{
    size_t len = 0;
    while (line.len && (line.at[0] == ' ' || line.at[0] == '>'))
        line = str_from(line, 1);
    if (line.len == 0 || (line.at[0] != '`' && line.at[0] != '~'))
        return 0;
    while (len < line.len && line.at[len] == line.at[0])
        len++;
    /* Backticks behind backticks on one line are a span of code. */
    bool is_span = line.at[0] == '`' && str_index(str_from(line, len), '`') < line.len - len;
    *mark_out = line.at[0];
    return len >= 3 && !is_span ? len : 0;
}

static void blank_blocks(struct buf *shape)
{
    struct str rest = buf_str(shape);
    size_t at = 0, fence = 0;
    char fence_mark = 0;
    bool was_blank = true, is_indented = false;
    while (rest.len) {
        size_t start = at;
        struct str line = str_first(rest, str_index(rest, '\n'));
        at += line.len + (line.len < rest.len);
        rest = str_from(rest, line.len + 1);
        char mark = 0;
        size_t len = fence_of(line, &mark), indent = indent_of(line);
        if (fence) {
            blank(shape, start, at);
            if (len >= fence && mark == fence_mark)
                fence = 0;
            was_blank = true; /* no paragraph goes on behind it */
            continue;
        }
        if (len) {
            fence = len;
            fence_mark = mark;
            blank(shape, start, at);
            continue;
        }
        is_indented = indent != SIZE_MAX ? indent >= 4 && (was_blank || is_indented) : is_indented;
        if (is_indented)
            blank(shape, start, at);
        was_blank = indent == SIZE_MAX || (indent < 4 && str_trim(line).at[0] == '#');
    }
}

static size_t run_of(struct str text, size_t at, char c)
{
    size_t len = 0;
    while (at + len < text.len && text.at[at + len] == c)
        len++;
    return len;
}

/* Where the run of exactly `ticks` backticks is that ends a span; text.len: nowhere. */
static size_t span_end(struct str text, size_t from, size_t ticks)
{
    for (size_t i = from; i < text.len;) {
        size_t run = run_of(text, i, '`');
        if (run == ticks)
            return i;
        if (text.at[i] == '\n' && i + 1 < text.len && text.at[i + 1] == '\n')
            return text.len; /* the end of the paragraph */
        i += run ? run : 1;
    }
    return text.len;
}

static void blank_spans(struct buf *shape)
{
    struct str text = buf_str(shape);
    for (size_t i = 0; i < text.len;) {
        if (text.at[i] == '\\') {
            i += 2;
            continue;
        }
        size_t ticks = run_of(text, i, '`');
        size_t end = ticks ? span_end(text, i + ticks, ticks) : text.len;
        if (ticks && end < text.len) {
            blank(shape, i, end + ticks);
            i = end + ticks;
        } else {
            i += ticks ? ticks : 1;
        }
    }
}

/* --- Markdown: links --- */

struct scan {
    struct finder *finder;
    struct str text; /* the shape */
    size_t counted;  /* how far the position is known */
    struct html_position at;
    struct buf url;
};

static struct html_position position(struct scan *s, size_t offset)
{
    if (offset < s->counted) {
        s->counted = 0;
        s->at = (struct html_position){1, 1};
    }
    for (; s->counted < offset; s->counted++) {
        char c = s->text.at[s->counted];
        if (c == '\n')
            s->at = (struct html_position){s->at.line + 1, 1};
        else if (((unsigned char)c & 0xc0) != 0x80)
            s->at.column++;
    }
    return s->at;
}

static bool is_punctuation(char c)
{
    return c > ' ' && c < 0x7f && !char_is_alpha(c) && !char_is_digit(c);
}

/* Backslashes before punctuation are dropped. */
static void tell(struct scan *s, enum link_kind kind, struct str raw, struct str text,
                 size_t offset)
{
    buf_clear(&s->url);
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.at[i] == '\\' && i + 1 < raw.len && is_punctuation(raw.at[i + 1]))
            i++;
        buf_add_char(&s->url, raw.at[i]);
    }
    finder_link(s->finder, kind, buf_str(&s->url), str_trim(utf8_first(text, TEXT_BYTES_MAX)),
                position(s, offset));
}

static size_t skip_spaces(struct str text, size_t i)
{
    while (i < text.len && is_space(text.at[i]))
        i++;
    return i;
}

/* A destination at `i`: its end, and what it is; 0: none. */
static size_t destination(struct str text, size_t i, struct str *raw_out)
{
    size_t start = i, depth = 0;
    if (i < text.len && text.at[i] == '<') {
        for (i = ++start; i < text.len && text.at[i] != '>' && text.at[i] != '\n'; i++)
            i += text.at[i] == '\\';
        if (i >= text.len || text.at[i] != '>')
            return 0;
        *raw_out = str_of(text.at + start, i - start);
        return i + 1;
    }
    for (; i < text.len && (unsigned char)text.at[i] > ' '; i++) {
        if (text.at[i] == '\\' && i + 1 < text.len)
            i++;
        else if (text.at[i] == '(')
            depth++;
        else if (text.at[i] == ')' && depth-- == 0)
            break;
    }
    *raw_out = str_of(text.at + start, i - start);
    return i;
}

/* The '[' that `close` belongs to; SIZE_MAX: none. */
static size_t bracket_before(struct str text, size_t close)
{
    size_t depth = 0;
    for (size_t i = close; i-- > 0;) {
        bool is_escaped = i > 0 && text.at[i - 1] == '\\';
        if (text.at[i] == '\n' && i > 0 && text.at[i - 1] == '\n')
            return SIZE_MAX;
        if (text.at[i] == ']' && !is_escaped)
            depth++;
        else if (text.at[i] == '[' && !is_escaped && depth-- == 0)
            return i;
    }
    return SIZE_MAX;
}

/* "](": an inline link or image. */
static void on_inline(struct scan *s, size_t close)
{
    struct str raw, text = s->text;
    size_t start = skip_spaces(text, close + 2);
    size_t end = destination(text, start, &raw);
    size_t open = bracket_before(text, close);
    if (end == 0 || open == SIZE_MAX)
        return;
    end = skip_spaces(text, end);
    bool is_fine = end < text.len && (text.at[end] == ')' || strchr("\"'(", text.at[end]));
    bool is_image = open > 0 && text.at[open - 1] == '!';
    if (is_fine)
        tell(s, is_image ? LINK_MARKDOWN_IMAGE : LINK_MARKDOWN_LINK, raw,
             str_of(text.at + open + 1, close - open - 1), start + (text.at[start] == '<'));
}

static bool begins_line(struct str text, size_t at)
{
    size_t lead = 0;
    while (at > 0 && text.at[at - 1] == ' ' && lead < 4) {
        at--;
        lead++;
    }
    return lead < 4 && (at == 0 || text.at[at - 1] == '\n');
}

/* "]:": a reference definition, when its bracket begins a line. Footnotes ("[^1]:") are none. */
static void on_definition(struct scan *s, size_t close)
{
    struct str raw, text = s->text;
    size_t open = bracket_before(text, close);
    size_t start = skip_spaces(text, close + 2);
    if (open == SIZE_MAX || !begins_line(text, open) || text.at[open + 1] == '^')
        return;
    if (destination(text, start, &raw) && raw.len)
        tell(s, LINK_MARKDOWN_LINK, raw, str_of(text.at + open + 1, close - open - 1),
             start + (text.at[start] == '<'));
}

static size_t scheme_len(struct str text)
{
    static const struct str schemes[] = {STR_INIT("https://"), STR_INIT("http://")};
    for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
        if (str_starts_nocase(text, schemes[i]))
            return schemes[i].len;
    }
    return 0;
}

/* A bare URL, or one in "<>". GitHub leaves punctuation at its end out. Returns its length. */
static size_t on_bare(struct scan *s, size_t at)
{
    struct str text = str_from(s->text, at);
    size_t scheme = scheme_len(text), len = scheme, open = 0, closed = 0;
    bool is_quoted = at > 0 && strchr("<\"'(=", s->text.at[at - 1]);
    if (scheme == 0 || (at > 0 && (char_is_alpha(s->text.at[at - 1]) || s->text.at[at - 1] == '(')))
        return 0;
    if (is_quoted && s->text.at[at - 1] != '<')
        return 0; /* a destination, or an attribute */
    while (len < text.len && (unsigned char)text.at[len] > ' ' && !strchr("<>\"`", text.at[len]))
        len++;
    for (size_t i = 0; i < len; i++) {
        open += text.at[i] == '(';
        closed += text.at[i] == ')';
    }
    while (len > scheme && !is_quoted) {
        char last = text.at[len - 1];
        bool is_extra = last == ')' && closed > open;
        if (!is_extra && !strchr("?!.,:*_~'];", last))
            break;
        closed -= is_extra;
        len--;
    }
    if (len > scheme)
        tell(s, LINK_MARKDOWN_LINK, str_first(text, len), STR_NONE, at);
    return len;
}

static void scan_links(struct scan *s)
{
    for (size_t i = 0; i < s->text.len; i++) {
        char c = s->text.at[i];
        char next = i + 1 < s->text.len ? s->text.at[i + 1] : '\0';
        if (c == '\\') {
            i++;
        } else if (c == ']' && next == '(') {
            on_inline(s, i);
        } else if (c == ']' && next == ':') {
            struct str raw;
            on_definition(s, i);
            size_t end = destination(s->text, skip_spaces(s->text, i + 2), &raw);
            i = end ? end - 1 : i; /* so that its URL is not found again as a bare one */
        } else if (c == 'h' || c == 'H') {
            size_t len = on_bare(s, i);
            i += len ? len - 1 : 0;
        }
    }
}

/* --- Markdown: anchors --- */

/* GitHub's: lower case, spaces are dashes, punctuation is dropped. */
static void add_heading(struct finder *finder, struct str text)
{
    struct buf slug = {0};
    text = str_trim(text);
    while (text.len && text.at[text.len - 1] == '#')
        text = str_trim(str_first(text, text.len - 1));
    for (size_t i = 0; i < text.len; i++) {
        char c = char_lower(text.at[i]);
        if (c == ' ')
            buf_add_char(&slug, '-');
        else if (c == '-' || c == '_' || !is_punctuation(c))
            buf_add_char(&slug, c);
    }
    if (slug.len)
        finder->anchor(finder, buf_str(&slug));
    buf_done(&slug);
}

static void scan_headings(struct finder *finder, struct str original, struct str shape)
{
    while (shape.len) {
        size_t len = str_index(shape, '\n');
        struct str line = str_trim(str_first(original, len));
        size_t marks = run_of(str_first(shape, len), 0, '#');
        if (marks >= 1 && marks <= 6 && marks < line.len && line.at[marks] == ' ')
            add_heading(finder, str_from(line, marks));
        shape = str_from(shape, len + 1);
        original = str_from(original, len + 1);
    }
}

void markdown_links(struct finder *finder, struct str text)
{
    struct buf shape = {0};
    buf_add(&shape, text);
    blank_blocks(&shape);
    blank_spans(&shape);
    struct scan scan = {.finder = finder, .text = buf_str(&shape), .at = {1, 1}};
    scan_links(&scan);
    if (finder->anchor)
        scan_headings(finder, text, buf_str(&shape));
    struct html_links *html = html_links_new(finder);
    html_links_feed(html, buf_str(&shape));
    html_links_end(html);
    html_links_free(html);
    buf_done(&scan.url);
    buf_done(&shape);
}
