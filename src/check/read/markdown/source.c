/* What the parser of the distribution is spared. libcmark-gfm is the reference, but the version of
 * the day takes time or memory that grows with the square of some inputs: tables whose rows lack
 * cells, words full of '@', lists within lists on one line. A document comes from anybody, so its
 * lines pass through here. A line keeps its length, so that columns hold; the parser sees an empty
 * line more where a table is ended, which is why lines have two numbers.
 *
 * Rejected: a bound on the length of paragraphs. Tables in HTML are one block of any length, and
 * an empty line in them would make code of what is indented. Rejected too: an allocator that gives
 * up, since the parser has no way to say so. */
#include "check/read/markdown/source.h"

#include "base/mem.h"

/* What the lines before this one say. */
struct guard {
    struct buf line;      /* as it is fed */
    size_t columns;       /* of the table that may be open; 0: none can be */
    size_t missing_cells; /* so far */
    size_t lines;         /* of this paragraph, or whatever it is, before this one */
    size_t instructions;  /* "<?" and "<![" in it */
};

static size_t count_of(struct str line, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < line.len; i++)
        count += line.at[i] == c;
    return count;
}

/* The line between head and rows, or what could be one. */
static bool is_delimiter_row(struct str line)
{
    bool has_dash = false;
    for (size_t i = 0; i < line.len; i++) {
        has_dash |= line.at[i] == '-';
        if (!strchr("|-: \t>\v\f", line.at[i]))
            return false;
    }
    return has_dash;
}

static bool is_blank(struct str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] != ' ' && line.at[i] != '\t')
            return false;
    }
    return true;
}

/* Whether the table that may be open, or a paragraph before one, is to end before this line. */
static bool wants_end(struct guard *guard, struct str line)
{
    size_t cells = count_of(line, '|') + 1;
    if (is_delimiter_row(line)) {
        guard->columns = size_max(guard->columns, cells);
        if (guard->lines > MARKDOWN_LINES_MAX)
            return true;
    }
    if (guard->columns <= cells)
        return false;
    guard->missing_cells += guard->columns - cells;
    if (guard->missing_cells <= MARKDOWN_MISSING_CELLS_MAX)
        return false;
    guard->columns = 0;
    return true;
}

/* "> * 1. ": a marker of a quote or of a list stands at `at`. */
static bool is_marker(struct str line, size_t at)
{
    bool is_last = at + 1 == line.len;
    if (line.at[at] == '>')
        return true;
    return strchr("*+-.)", line.at[at]) && (is_last || strchr(" \t", line.at[at + 1]));
}

static void bound_depth(struct buf *line)
{
    size_t depth = 0;
    for (size_t i = 0; i < line->len; i++) {
        char c = line->at[i];
        bool is_mark = is_marker(buf_str(line), i);
        if (!is_mark && c != ' ' && c != '\t' && !char_is_digit(c))
            return;
        depth += is_mark;
        if (depth > MARKDOWN_DEPTH_MAX) {
            line->at[i] = 'x';
            return;
        }
    }
}

static void bound_signs(struct guard *guard)
{
    struct buf *line = &guard->line;
    size_t bars = 0, ats = 0, signs = 0;
    bool is_address = false; /* the word, as far as it goes */
    for (size_t i = 0; i < line->len; i++) {
        char *c = &line->at[i];
        bool is_instruction = *c == '<' && i + 1 < line->len && (c[1] == '?' || c[1] == '!');
        if (*c == '\0')
            *c = ' '; /* the parser would put three bytes there */
        if (*c == ' ' || *c == '\t')
            signs = is_address = 0;
        is_address |= *c == '/';
        if (*c == '|' && ++bars > MARKDOWN_COLUMNS_MAX)
            *c = ' ';
        if (is_instruction && ++guard->instructions > MARKDOWN_INSTRUCTIONS_MAX)
            *c = ' ';
        bool is_extra = *c == '@' && ++ats > MARKDOWN_LINE_SIGNS_MAX && !is_address;
        if (is_extra || ((*c == '@' || *c == ':') && ++signs > MARKDOWN_WORD_SIGNS_MAX))
            *c = 'x';
    }
}

static void note_line(struct source *source, size_t start)
{
    if (source->line_count == source->line_cap) {
        source->line_cap = size_max(64, source->line_cap * 2);
        source->lines = mem_resize(source->lines, source->line_cap * sizeof(*source->lines));
    }
    source->lines[source->line_count++] =
        (struct fed_line){.start = u32_of_size(start), .number = source->first_number};
}

static void feed_line(struct source *source, cmark_parser *parser, struct guard *guard,
                      struct str line)
{
    size_t start = (size_t)(line.at - source->text.at);
    buf_clear(&guard->line);
    buf_add(&guard->line, line);
    bound_depth(&guard->line);
    if (is_blank(line))
        guard->columns = guard->lines = guard->instructions = 0;
    bound_signs(guard);
    if (wants_end(guard, buf_str(&guard->line))) {
        note_line(source, start);
        cmark_parser_feed(parser, "\n", 1);
        guard->lines = 0;
    }
    guard->lines++;
    note_line(source, start);
    source->first_number++;
    buf_add_char(&guard->line, '\n');
    cmark_parser_feed(parser, guard->line.at, guard->line.len);
}

/* The first line of `*rest`; a line feed, a carriage return, or both end it. */
static struct str cut_line(struct str *rest)
{
    size_t len = 0;
    while (len < rest->len && rest->at[len] != '\n' && rest->at[len] != '\r')
        len++;
    struct str line = str_first(*rest, len);
    bool is_pair = len + 1 < rest->len && rest->at[len] == '\r' && rest->at[len + 1] == '\n';
    *rest = str_from(*rest, len + (is_pair ? 2 : 1));
    return line;
}

void source_feed(struct source *source, cmark_parser *parser, size_t front_len)
{
    struct guard guard = {0};
    struct str rest = source->text;
    source->line_count = 0;
    source->counted = 0;
    source->column = 1;
    while (rest.len) {
        struct str line = cut_line(&rest);
        bool is_front = (size_t)(line.at - source->text.at) < front_len;
        feed_line(source, parser, &guard, str_first(line, is_front ? 0 : line.len));
    }
    note_line(source, source->text.len);
    buf_done(&guard.line);
}

void source_done(struct source *source)
{
    mem_free(source->lines);
    source->lines = NULL;
}

/* --- asking --- */

size_t source_line(const struct source *source, int line)
{
    size_t number = line < 1 ? 0 : (size_t)line - 1;
    return source->lines[number < source->line_count ? number : source->line_count - 1].start;
}

/* The line in which the offset is. */
static size_t line_of(const struct source *source, size_t offset)
{
    size_t low = 0, high = source->line_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (source->lines[middle].start <= offset)
            low = middle;
        else
            high = middle;
    }
    return low;
}

struct html_position source_position(struct source *source, size_t offset)
{
    struct fed_line line = source->lines[line_of(source, offset)];
    bool goes_on = source->counted >= line.start && source->counted <= offset;
    size_t at = goes_on ? source->counted : line.start;
    uint32_t column = goes_on ? source->column : 1;
    for (; at < offset; at++)
        column += ((unsigned char)source->text.at[at] & 0xc0) != 0x80;
    source->counted = offset;
    source->column = column;
    return (struct html_position){line.number, column};
}

/* --- what stands before the document --- */

size_t front_matter_len(struct str text)
{
    struct str rest = text;
    struct str fence = str_trim(cut_line(&rest));
    bool is_yaml = str_eq(fence, STR("---"));
    if (!is_yaml && !str_eq(fence, STR("+++")))
        return 0;
    struct str peek = rest, first = str_trim(cut_line(&peek));
    /* Otherwise it is a line across the page. */
    bool is_setting = str_index(first, is_yaml ? ':' : '=') < first.len || str_eq(first, fence) ||
                      str_starts(first, STR("#")) || str_starts(first, STR("["));
    while (rest.len && is_setting) {
        struct str line = str_trim(cut_line(&rest));
        if (str_eq(line, fence) || (is_yaml && str_eq(line, STR("..."))))
            return (size_t)(rest.at - text.at);
    }
    return 0;
}
