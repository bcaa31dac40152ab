/* The tokenizer of XML that a browser shows: XHTML and SVG. Read as HTML, <title/> and <script/>
 * would swallow all that follows, and what stands in CDATA would be markup.
 *
 * expat is in the house, but it stops at the first fault and knows no place of an attribute. What
 * is not well-formed is to be read on, as HTML from there, since most of its links are fine; and a
 * page without its document type says &nbsp; all the same. So this is a tokenizer of its own: it
 * cuts the bytes into text, tags and the rest, gathers a tag whole, and reads it then. Until a tag
 * is told of it can still be handed on, to be read as HTML.
 *
 *     TEXT -> REFERENCE -> TEXT
 *          -> OPEN -> TAG -> TEXT
 *                  -> INSTRUCTION | COMMENT | CDATA | DOCTYPE -> TEXT
 *
 * Faults after which elements still end where they say (a stray '&', "--" in a comment, a second
 * outermost element) are noted and read over; all others end the reading. What is not looked at:
 * which characters a name may have, attributes that stand twice, entities that nobody declared,
 * and whether end tags are the right ones below DEPTH_MAX.
 *
 * Invariants
 *  (1) `raw` holds what began at raw_at and was not told of, with the character that shows that it
 *      cannot be read; it is empty in TEXT, and of no use within comments and their like;
 *  (2) `text` holds text as it is meant, references resolved, and only while it is wanted;
 *  (3) `open` has a number made of its name for each open element, up to DEPTH_MAX. */
#include "check/read/xhtml_reader.h"

#include "base/map.h"
#include "base/mem.h"
#include "check/read/entities.h"
#include "check/read/html_layers.h"

enum {
    ATTRS_MAX = 512,           /* more on one tag are dropped */
    TAG_BYTES_MAX = 1 << 20,   /* a longer one is none */
    TEXT_BYTES_MAX = 1 << 20,  /* of text in one event; the rest comes in another */
    REFERENCE_BYTES_MAX = 128, /* a longer one is none */
    DEPTH_MAX = 256,
};

enum state { TEXT, REFERENCE, OPEN, TAG, INSTRUCTION, COMMENT, CDATA, DOCTYPE };

struct xhtml_reader {
    struct html_events *events;
    enum state state;
    struct html_position at; /* of the next character */
    bool was_cr;             /* a line feed belongs to the line end before */
    struct buf raw;
    struct html_position raw_at;
    char quote;                        /* within which we are, in TAG and DOCTYPE; 0: none */
    char window[4];                    /* what came last, newest last */
    unsigned brackets;                 /* that are open, in DOCTYPE */
    bool is_in_comment;                /* in DOCTYPE */
    struct buf token;                  /* the values of a tag's attributes */
    struct html_attr attrs[ATTRS_MAX]; /* of the tag that is being read */
    uint32_t open[DEPTH_MAX];          /* newest last */
    size_t depth;                      /* may be more than DEPTH_MAX */
    bool has_root;
    bool wants_text;
    struct str text_element; /* "script" or "style", in which the text stands; or empty */
    struct buf text;
    struct html_position text_at;
    struct html_layers layers;
    struct buf fault;
};

struct xhtml_reader *xhtml_reader_new(struct html_events *events)
{
    struct xhtml_reader *reader = MEM_NEW(struct xhtml_reader);
    reader->events = events;
    reader->at = (struct html_position){1, 1};
    return reader;
}

void xhtml_reader_free(struct xhtml_reader *reader)
{
    if (!reader)
        return;
    buf_done(&reader->raw);
    buf_done(&reader->token);
    buf_done(&reader->text);
    buf_done(&reader->fault);
    mem_free(reader);
}

struct str xhtml_reader_fault(const struct xhtml_reader *reader)
{
    return buf_str(&reader->fault);
}

/* The first one counts. */
static void note_fault(struct xhtml_reader *r, struct html_position at, const char *what)
{
    if (r->fault.len == 0)
        buf_addf(&r->fault, "not well-formed XML: line %u, column %u: %s", at.line, at.column,
                 what);
}

/* It is no XML from `raw` on. */
static bool give_up(struct xhtml_reader *r, const char *what)
{
    if (r->fault.len == 0) {
        note_fault(r, r->raw_at, what);
        BUF_ADD(&r->fault, "; read as HTML from there on");
    }
    return false;
}

/* --- text --- */

static void flush_text(struct xhtml_reader *r)
{
    if (r->text.len && r->wants_text && r->events->text)
        r->events->text(r->events, r->text_element, buf_str(&r->text), r->text_at);
    buf_clear(&r->text);
}

static void add_text(struct xhtml_reader *r, struct str text, struct html_position at)
{
    if (!r->wants_text || text.len == 0)
        return;
    if (r->text.len == 0)
        r->text_at = at;
    buf_add(&r->text, text);
    if (r->text.len > TEXT_BYTES_MAX)
        flush_text(r);
}

void xhtml_reader_want_text(struct xhtml_reader *reader, bool wants_text)
{
    if (!wants_text)
        buf_clear(&reader->text);
    reader->wants_text = wants_text;
}

/* --- tags --- */

/* What is left of a tag, and where it stands. */
struct cursor {
    struct str rest;
    struct html_position at;
};

static void advance(struct html_position *at, char c)
{
    if (c == '\n') {
        at->line++;
        at->column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        at->column++;
    }
}

static struct str cursor_take(struct cursor *cursor, size_t len)
{
    struct str taken = str_first(cursor->rest, len);
    for (size_t i = 0; i < taken.len; i++)
        advance(&cursor->at, taken.at[i]);
    cursor->rest = str_from(cursor->rest, taken.len);
    return taken;
}

/* Returns whether there were any. */
static bool skip_spaces(struct cursor *cursor)
{
    size_t len = 0;
    while (len < cursor->rest.len && char_is_space(cursor->rest.at[len]))
        len++;
    (void)cursor_take(cursor, len);
    return len > 0;
}

static bool ends_name(char c)
{
    return char_is_space(c) || c == '/' || c == '>' || c == '=' || c == '"' || c == '\'';
}

static struct str name_at(const struct cursor *cursor)
{
    size_t len = 0;
    while (len < cursor->rest.len && !ends_name(cursor->rest.at[len]))
        len++;
    return str_first(cursor->rest, len);
}

/* In lower case, for who looks it up; capitals make no difference to HTML either. */
static struct str take_name(struct cursor *cursor, struct buf *raw)
{
    struct str name = cursor_take(cursor, name_at(cursor).len);
    char *at = raw->at + (name.at - raw->at);
    for (size_t i = 0; i < name.len; i++)
        at[i] = char_lower(at[i]);
    return name;
}

/* Without its prefix: who writes one means what it says. */
static struct str local_name(struct str name)
{
    return str_from(name, str_index_last(name, ':') < name.len ? str_index_last(name, ':') + 1 : 0);
}

/* With references resolved, and with spaces for line ends (XML 3.3.3). There is room in `token`. */
static struct str value_of(struct xhtml_reader *r, struct str text)
{
    size_t start = r->token.len;
    entities_decode(&r->token, text, true);
    for (size_t i = start; i < r->token.len; i++) {
        if (char_is_space(r->token.at[i]))
            r->token.at[i] = ' ';
    }
    return str_of(r->token.at + start, r->token.len - start);
}

/* name="value". False: it is something else. */
static bool take_attr(struct xhtml_reader *r, struct cursor *cursor, struct html_attr *attr)
{
    struct str name = take_name(cursor, &r->raw);
    (void)skip_spaces(cursor); /* there may be none */
    if (name.len == 0 || !str_starts(cursor->rest, STR("=")))
        return false;
    (void)cursor_take(cursor, 1);
    (void)skip_spaces(cursor); /* likewise */
    char quote = cursor->rest.len ? cursor->rest.at[0] : '\0';
    if (quote != '"' && quote != '\'')
        return false;
    (void)cursor_take(cursor, 1);
    *attr = (struct html_attr){.name = name, .at = cursor->at};
    attr->value = value_of(r, cursor_take(cursor, str_index(cursor->rest, quote)));
    (void)cursor_take(cursor, 1);
    return true;
}

static void push_name(struct xhtml_reader *r, uint32_t name)
{
    if (r->depth < DEPTH_MAX)
        r->open[r->depth] = name;
    r->depth++;
}

static void tell_end(struct xhtml_reader *r, struct str name)
{
    if (str_eq(name, r->text_element))
        r->text_element = STR_NONE;
    r->events->end(r->events, name);
}

static void tell_start(struct xhtml_reader *r, struct html_tag *tag)
{
    tag->is_foreign = html_layers_start(&r->layers, tag);
    r->events->start(r->events, tag);
    if (tag->is_self_closing) {
        tell_end(r, tag->name);
        return;
    }
    if (str_eq(tag->name, STR("script")))
        r->text_element = STR("script");
    else if (str_eq(tag->name, STR("style")))
        r->text_element = STR("style");
}

static bool read_start(struct xhtml_reader *r, struct cursor *cursor)
{
    uint32_t hash = (uint32_t)hash_bytes(name_at(cursor));
    struct html_tag tag = {
        .name = local_name(take_name(cursor, &r->raw)), .attrs = r->attrs, .at = r->raw_at};
    buf_clear(&r->token);
    (void)buf_reserve(&r->token, r->raw.len * 4); /* so that views stay valid */
    struct html_attr dropped;
    bool has_gap = skip_spaces(cursor);
    while (has_gap && cursor->rest.len && cursor->rest.at[0] != '/' && cursor->rest.at[0] != '>') {
        bool is_dropped = tag.attr_count == ATTRS_MAX;
        if (!take_attr(r, cursor, is_dropped ? &dropped : &r->attrs[tag.attr_count]))
            return give_up(r, "a tag with an attribute without quotes");
        tag.attr_count += !is_dropped;
        has_gap = skip_spaces(cursor);
    }
    tag.is_self_closing = str_eq(cursor->rest, STR("/>"));
    if (tag.name.len == 0 || (!tag.is_self_closing && !str_eq(cursor->rest, STR(">"))))
        return give_up(r, "a malformed tag");
    if (r->depth == 0 && r->has_root)
        note_fault(r, r->raw_at, "a second outermost element");
    r->has_root = true;
    if (!tag.is_self_closing)
        push_name(r, hash);
    flush_text(r);
    tell_start(r, &tag);
    return true;
}

static bool read_end(struct xhtml_reader *r, struct cursor *cursor)
{
    (void)cursor_take(cursor, STR("/").len);
    struct str exact = name_at(cursor);
    uint32_t hash = (uint32_t)hash_bytes(exact);
    bool is_known = r->depth <= DEPTH_MAX;
    if (r->depth == 0 || (is_known && r->open[r->depth - 1] != hash)) {
        struct buf what = {0};
        buf_addf(&what, "</%.*s> ends nothing that is open there", STR_ARGS(str_first(exact, 40)));
        (void)give_up(r, buf_c(&what));
        buf_done(&what);
        return false;
    }
    struct str name = local_name(take_name(cursor, &r->raw));
    (void)skip_spaces(cursor); /* there may be none */
    if (!str_eq(cursor->rest, STR(">")))
        return give_up(r, "a malformed tag");
    r->depth--;
    flush_text(r);
    html_layers_end(&r->layers, name);
    tell_end(r, name);
    return true;
}

/* The tag in `raw`, from '<' to '>'. */
static bool read_tag(struct xhtml_reader *r)
{
    struct cursor cursor = {buf_str(&r->raw), r->raw_at};
    (void)cursor_take(&cursor, STR("<").len);
    bool is_end = str_starts(cursor.rest, STR("/"));
    return is_end ? read_end(r, &cursor) : read_start(r, &cursor);
}

/* --- the states: each gets one character; false: it is no XML from `raw` on --- */

static void go_to(struct xhtml_reader *r, enum state state)
{
    r->state = state;
    if (state == TEXT)
        buf_clear(&r->raw);
}

static void begin_raw(struct xhtml_reader *r, char c, enum state state)
{
    r->raw_at = r->at;
    buf_clear(&r->raw);
    buf_add_char(&r->raw, c);
    r->state = state;
}

static bool on_text(struct xhtml_reader *r, char c)
{
    if (c == '<')
        begin_raw(r, c, OPEN);
    else if (c == '&')
        begin_raw(r, c, REFERENCE);
    else
        add_text(r, str_of(&c, 1), r->at);
    return true;
}

/* What is no reference is text. */
static bool on_reference(struct xhtml_reader *r, char c)
{
    bool is_part = char_is_alpha(c) || char_is_digit(c) || strchr("#_-.:", c) || (c & 0x80);
    bool goes_on = is_part && c && r->raw.len < REFERENCE_BYTES_MAX;
    bool is_end = c == ';' && r->raw.len > 1;
    if (goes_on || is_end)
        buf_add_char(&r->raw, c);
    if (goes_on)
        return true;
    struct buf decoded = {0};
    if (!is_end)
        note_fault(r, r->raw_at, "'&' that begins no reference");
    entities_decode(&decoded, buf_str(&r->raw), false);
    add_text(r, buf_str(&decoded), r->raw_at);
    buf_done(&decoded);
    go_to(r, TEXT);
    return is_end || on_text(r, c);
}

static void begin_doctype(struct xhtml_reader *r)
{
    r->quote = '\0';
    r->brackets = 0;
    r->is_in_comment = false;
    r->state = DOCTYPE;
}

/* Behind "<!". */
static bool on_declaration(struct xhtml_reader *r)
{
    static const struct str comment = STR_INIT("<!--"), cdata = STR_INIT("<![CDATA["),
                            doctype = STR_INIT("<!DOCTYPE");
    struct str seen = buf_str(&r->raw);
    memset(r->window, 0, sizeof(r->window));
    if (str_eq(seen, comment))
        r->state = COMMENT;
    else if (str_eq(seen, cdata))
        r->state = CDATA;
    else if (str_eq(seen, doctype))
        begin_doctype(r);
    else if (!str_starts(comment, seen) && !str_starts(cdata, seen) && !str_starts(doctype, seen))
        return give_up(r, "'<!' that begins nothing");
    return true;
}

static bool on_open(struct xhtml_reader *r, char c)
{
    if (r->raw.len > 1 || c == '!') {
        buf_add_char(&r->raw, c);
        return on_declaration(r);
    }
    buf_add_char(&r->raw, c);
    if (c != '?' && c != '/' && (ends_name(c) || c == '<' || c == '&'))
        return give_up(r, "'<' that begins no tag");
    memset(r->window, 0, sizeof(r->window));
    r->quote = '\0';
    r->state = c == '?' ? INSTRUCTION : TAG;
    return true;
}

static bool on_tag(struct xhtml_reader *r, char c)
{
    buf_add_char(&r->raw, c);
    if (c == '<' || r->raw.len > TAG_BYTES_MAX)
        return give_up(r, c == '<' ? "a tag with '<' in it" : "a tag that is too long");
    if (r->quote)
        r->quote = c == r->quote ? '\0' : r->quote;
    else if (c == '"' || c == '\'')
        r->quote = c;
    else if (c == '>') {
        bool is_read = read_tag(r);
        if (is_read)
            go_to(r, TEXT);
        return is_read;
    }
    return true;
}

static bool ends_in(const struct xhtml_reader *r, struct str end)
{
    return memcmp(r->window + sizeof(r->window) - end.len, end.at, end.len) == 0;
}

static void slide(struct xhtml_reader *r, char c)
{
    memmove(r->window, r->window + 1, sizeof(r->window) - 1);
    r->window[sizeof(r->window) - 1] = c;
}

static bool on_instruction(struct xhtml_reader *r, char c)
{
    slide(r, c);
    if (ends_in(r, STR("?>")))
        go_to(r, TEXT);
    return true;
}

static bool on_comment(struct xhtml_reader *r, char c)
{
    if (ends_in(r, STR("--")) && c != '>')
        note_fault(r, (struct html_position){r->at.line, r->at.column - 2},
                   "'--' within a comment");
    slide(r, c);
    if (ends_in(r, STR("-->")))
        go_to(r, TEXT);
    return true;
}

static bool on_cdata(struct xhtml_reader *r, char c)
{
    slide(r, c);
    if (r->window[0]) /* it is too far back to be of the end */
        add_text(r, str_of(r->window, 1), r->at);
    if (ends_in(r, STR("]]>")))
        go_to(r, TEXT);
    return true;
}

/* What is declared in it matters to nobody; only where it ends. */
static bool on_doctype(struct xhtml_reader *r, char c)
{
    slide(r, c);
    if (r->is_in_comment)
        r->is_in_comment = !ends_in(r, STR("-->"));
    else if (r->quote)
        r->quote = c == r->quote ? '\0' : r->quote;
    else if (ends_in(r, STR("<!--")))
        r->is_in_comment = true;
    else if (c == '"' || c == '\'')
        r->quote = c;
    else if (c == '[')
        r->brackets++;
    else if (c == ']' && r->brackets)
        r->brackets--;
    else if (c == '>' && r->brackets == 0)
        go_to(r, TEXT);
    return true;
}

typedef bool state_fn(struct xhtml_reader *r, char c);

static state_fn *const states[] = {
    [TEXT] = on_text,   [REFERENCE] = on_reference, [OPEN] = on_open,
    [TAG] = on_tag,     [COMMENT] = on_comment,     [INSTRUCTION] = on_instruction,
    [CDATA] = on_cdata, [DOCTYPE] = on_doctype,
};

/* --- the input --- */

/* How many bytes from the start are plain text. */
static size_t text_run(const struct xhtml_reader *r, struct str bytes)
{
    size_t i = 0;
    if (r->state != TEXT || r->was_cr)
        return 0;
    while (i < bytes.len && bytes.at[i] != '<' && bytes.at[i] != '&' && bytes.at[i] != '\r')
        i++;
    return i;
}

/* Line ends of all kinds count as one line feed. */
static bool take(struct xhtml_reader *r, char c)
{
    bool is_second = c == '\n' && r->was_cr;
    r->was_cr = c == '\r';
    if (is_second)
        return true;
    if (c == '\r')
        c = '\n';
    bool goes_on = states[r->state](r, c);
    advance(&r->at, c);
    return goes_on;
}

bool xhtml_reader_feed(struct xhtml_reader *reader, struct str bytes, struct str *rest_out,
                       struct html_position *at_out)
{
    bool is_read = true;
    while (bytes.len && is_read) {
        size_t run = text_run(reader, bytes);
        if (run) {
            add_text(reader, str_first(bytes, run), reader->at);
            for (size_t i = 0; i < run; i++)
                advance(&reader->at, bytes.at[i]);
            bytes = str_from(bytes, run);
            continue;
        }
        is_read = take(reader, bytes.at[0]);
        bytes = str_from(bytes, 1);
    }
    if (is_read)
        return true;
    flush_text(reader);
    buf_add(&reader->raw, bytes);
    *rest_out = buf_str(&reader->raw);
    *at_out = reader->raw_at;
    return false;
}

bool xhtml_reader_end(struct xhtml_reader *reader, struct str *rest_out,
                      struct html_position *at_out)
{
    flush_text(reader);
    if (reader->state != TEXT) {
        *rest_out = buf_str(&reader->raw);
        *at_out = reader->raw_at;
        return give_up(reader, "it ends within a tag");
    }
    if (reader->depth)
        note_fault(reader, reader->at, "it ends before its elements do");
    else if (!reader->has_root)
        note_fault(reader, reader->at, "it has no elements");
    return true;
}
