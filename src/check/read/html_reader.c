/* The tokenizer of HTML, and the little of its tree construction that decides what is a tag: which
 * elements hold raw text here, and where SVG and MathML begin and end in html_layers.c.
 *
 * A library that builds a tree costs a hundred times more and does not know where an attribute
 * stood in the source. A few regular expressions find links in comments, scripts and text areas.
 * This is the standard's own state machine, a function for each state; each gets one character and
 * returns whether it used it. Only text, which is most of a page, is gone over in runs.
 *
 * States that the standard has only to tell errors apart are one here: those of the doctype, of
 * bogus comments, of quoted identifiers. Those of script data with "<!--" in it are one state with
 * a level: 0 plain, 1 escaped, 2 doubly escaped, where "</script>" ends nothing.
 *
 *     DATA -> TAG_OPEN -> TAG_NAME -> the states of attributes -> DATA, or RAW
 *                     '-> END_TAG_OPEN, COMMENT_OPEN -> COMMENT, BOGUS, CDATA
 *     RAW -> RAW_LESS -> RAW_END_NAME | RAW_BANG | RAW_OPEN_NAME -> RAW, or DATA
 *
 * Invariants
 *  (1) what a tag has gathered stands in `token`, by offsets; views are made when it is told of;
 *  (2) `line` and `column` are those of the next character;
 *  (3) text is gathered only while it is wanted, and at most TEXT_BYTES_MAX of it at a time.
 *
 * tests/unit/check compares what it finds with an HTML5 library. Known difference: a tag that the
 * tree's rules would ignore (within <select>, say) is told of. */
#include "check/read/html_reader.h"

#include "base/mem.h"
#include "check/read/entities.h"
#include "check/read/html_layers.h"
#include "text/utf8_clean.h"

enum {
    ATTRS_MAX = 512,           /* more on one tag are dropped */
    TOKEN_BYTES_MAX = 1 << 20, /* of one tag; the rest is dropped */
    TEXT_BYTES_MAX = 1 << 20,  /* of text in one event; the rest comes in another */
    NAME_BYTES_MAX = 32,       /* no element of raw text has a longer name */
};

enum state {
    DATA,
    TAG_OPEN,
    END_TAG_OPEN,
    TAG_NAME,
    BEFORE_ATTR_NAME,
    ATTR_NAME,
    AFTER_ATTR_NAME,
    BEFORE_ATTR_VALUE,
    VALUE_DOUBLE,
    VALUE_SINGLE,
    VALUE_UNQUOTED,
    AFTER_VALUE,
    SELF_CLOSING,
    COMMENT_OPEN, /* behind "<!" */
    COMMENT_START,
    COMMENT,
    BOGUS,
    CDATA,
    RAW,
    RAW_LESS,
    RAW_END_NAME,
    RAW_BANG,
    RAW_OPEN_NAME,
    PLAINTEXT,
    STATE_COUNT,
};

/* How an element's content is read. */
enum content { CONTENT_MARKUP, CONTENT_RAW, CONTENT_RAW_REFERENCES, CONTENT_SCRIPT, CONTENT_PLAIN };

struct attr_range {
    size_t name, name_len, value, value_len;
    struct html_position at;
    bool has_reference;
};

struct html_reader {
    struct html_events *events;
    enum state state;
    uint32_t line, column;
    bool was_cr; /* a line feed belongs to the line end before */

    struct buf token; /* the tag's name, then names and values of attributes */
    size_t name_len;
    bool is_end, is_self_closing;
    struct html_position tag_at;
    struct attr_range attrs[ATTRS_MAX];
    size_t attr_count;
    bool is_attr_open;       /* attrs[attr_count] is being gathered */
    struct html_attr *views; /* of those of the tag that is told of; kept for the next */
    size_t view_room;

    enum content content;
    char raw_name[NAME_BYTES_MAX]; /* of the element of raw text that is being read */
    size_t raw_name_len;
    unsigned script_level;
    unsigned dashes;    /* '-' characters before this one, in comments and scripts */
    struct buf partial; /* what may become a tag in raw text, or "[CDATA[", or "--" */

    bool wants_text;
    struct buf text;
    struct html_position text_at;

    struct html_layers layers;
};

typedef bool state_fn(struct html_reader *r, char c);

static const struct {
    struct str name;
    enum content content;
} raw_elements[] = {
    {STR_INIT("script"), CONTENT_SCRIPT},
    {STR_INIT("style"), CONTENT_RAW},
    {STR_INIT("xmp"), CONTENT_RAW},
    {STR_INIT("iframe"), CONTENT_RAW},
    {STR_INIT("noembed"), CONTENT_RAW},
    {STR_INIT("noframes"), CONTENT_RAW},
    {STR_INIT("textarea"), CONTENT_RAW_REFERENCES},
    {STR_INIT("title"), CONTENT_RAW_REFERENCES},
    {STR_INIT("plaintext"), CONTENT_PLAIN},
};

struct html_reader *html_reader_new(struct html_events *events)
{
    struct html_reader *reader = MEM_NEW(struct html_reader);
    reader->events = events;
    reader->line = reader->column = 1;
    return reader;
}

void html_reader_free(struct html_reader *reader)
{
    if (!reader)
        return;
    buf_done(&reader->token);
    mem_free(reader->views);
    buf_done(&reader->partial);
    buf_done(&reader->text);
    mem_free(reader);
}

/* --- text --- */

static struct html_position here(const struct html_reader *r)
{
    return (struct html_position){r->line, r->column};
}

static bool is_raw(const struct html_reader *r)
{
    return r->content != CONTENT_MARKUP;
}

static void flush_text(struct html_reader *r)
{
    if (r->text.len == 0)
        return;
    struct str element = is_raw(r) ? str_of(r->raw_name, r->raw_name_len) : STR_NONE;
    bool has_references = r->content == CONTENT_MARKUP || r->content == CONTENT_RAW_REFERENCES;
    struct buf decoded = {0};
    if (has_references)
        entities_decode(&decoded, buf_str(&r->text), false);
    if (r->wants_text && r->events->text)
        r->events->text(r->events, element, buf_str(has_references ? &decoded : &r->text),
                        r->text_at);
    buf_done(&decoded);
    buf_clear(&r->text);
}

static void add_text(struct html_reader *r, struct str text)
{
    if (!r->wants_text || text.len == 0)
        return;
    if (r->text.len == 0)
        r->text_at = here(r);
    buf_add(&r->text, text);
    if (r->text.len > TEXT_BYTES_MAX)
        flush_text(r);
}

void html_reader_want_text(struct html_reader *reader, bool wants_text)
{
    if (!wants_text)
        buf_clear(&reader->text);
    reader->wants_text = wants_text;
}

/* --- tags --- */

static void begin_tag(struct html_reader *r, bool is_end)
{
    buf_clear(&r->token);
    r->name_len = 0;
    r->attr_count = 0;
    r->is_attr_open = false;
    r->is_end = is_end;
    r->is_self_closing = false;
    r->state = TAG_NAME;
}

static void add_token(struct html_reader *r, char c)
{
    if (r->token.len >= TOKEN_BYTES_MAX)
        return;
    if (c == '\0')
        utf8_add(&r->token, UTF8_REPLACEMENT);
    else
        buf_add_char(&r->token, c);
}

static void open_attr(struct html_reader *r)
{
    r->is_attr_open = r->attr_count < ATTRS_MAX;
    if (r->is_attr_open)
        r->attrs[r->attr_count] =
            (struct attr_range){.name = r->token.len, .value = r->token.len, .at = here(r)};
    r->state = ATTR_NAME;
}

static void end_attr_name(struct html_reader *r)
{
    if (!r->is_attr_open)
        return;
    struct attr_range *attr = &r->attrs[r->attr_count];
    attr->name_len = r->token.len - attr->name;
    attr->value = r->token.len;
}

static void begin_value(struct html_reader *r)
{
    if (r->is_attr_open)
        r->attrs[r->attr_count].at = here(r);
}

static void close_attr(struct html_reader *r)
{
    if (!r->is_attr_open)
        return;
    struct attr_range *attr = &r->attrs[r->attr_count++];
    attr->value_len = r->token.len - attr->value;
    r->is_attr_open = false;
}

static void add_value(struct html_reader *r, char c)
{
    if (!r->is_attr_open)
        return;
    if (c == '&')
        r->attrs[r->attr_count].has_reference = true;
    add_token(r, c);
}

/* The attributes of the token; values with their references resolved stand in `room`. */
static void view_attrs(struct html_reader *r, struct buf *room)
{
    size_t need = 0;
    for (size_t i = 0; i < r->attr_count; i++)
        need += r->attrs[i].has_reference ? r->attrs[i].value_len * 4 : 0;
    if (need)
        (void)buf_reserve(room, need); /* so that the views stay valid */
    if (r->attr_count > r->view_room) {
        r->view_room = r->attr_count;
        r->views = mem_resize(r->views, r->view_room * sizeof(*r->views));
    }
    for (size_t i = 0; i < r->attr_count; i++) {
        const struct attr_range *range = &r->attrs[i];
        struct str value = str_of(r->token.at + range->value, range->value_len);
        if (range->has_reference) {
            size_t start = room->len;
            entities_decode(room, value, true);
            assert(room->len <= need);
            value = str_of(room->at + start, room->len - start);
        }
        r->views[i] = (struct html_attr){str_of(r->token.at + range->name, range->name_len), value,
                                         range->at};
    }
}

static void begin_content(struct html_reader *r, struct str name)
{
    r->content = CONTENT_MARKUP;
    for (size_t i = 0; i < ARRAY_LEN(raw_elements); i++) {
        if (str_eq(raw_elements[i].name, name))
            r->content = raw_elements[i].content;
    }
    if (!is_raw(r))
        return;
    memcpy(r->raw_name, name.at, name.len);
    r->raw_name_len = name.len;
    r->script_level = 0;
    r->state = r->content == CONTENT_PLAIN ? PLAINTEXT : RAW;
}

static void emit_start(struct html_reader *r)
{
    struct buf room = {0};
    view_attrs(r, &room);
    struct html_tag tag = {
        .name = str_of(r->token.at, r->name_len),
        .attrs = r->views,
        .attr_count = r->attr_count,
        .at = r->tag_at,
        .is_self_closing = r->is_self_closing,
    };
    tag.is_foreign = html_layers_start(&r->layers, &tag);
    r->events->start(r->events, &tag);
    if (!tag.is_foreign)
        begin_content(r, tag.name);
    buf_done(&room);
}

static void emit_tag(struct html_reader *r)
{
    close_attr(r);
    flush_text(r);
    r->content = CONTENT_MARKUP;
    r->state = DATA;
    if (!r->is_end) {
        emit_start(r);
        return;
    }
    struct str name = str_of(r->token.at, r->name_len);
    html_layers_end(&r->layers, name);
    r->events->end(r->events, name);
}

/* --- the states; each returns whether it used the character --- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\f';
}

static bool go_to(struct html_reader *r, enum state state, bool is_used)
{
    r->state = state;
    return is_used;
}

static bool on_data(struct html_reader *r, char c)
{
    if (c == '<') {
        r->tag_at = here(r);
        return go_to(r, TAG_OPEN, true);
    }
    add_text(r, str_of(&c, 1));
    return true;
}

static bool on_tag_open(struct html_reader *r, char c)
{
    if (c == '!') {
        buf_clear(&r->partial);
        return go_to(r, COMMENT_OPEN, true);
    }
    if (c == '/')
        return go_to(r, END_TAG_OPEN, true);
    if (c == '?')
        return go_to(r, BOGUS, false);
    if (char_is_alpha(c)) {
        begin_tag(r, false);
        return false;
    }
    add_text(r, STR("<"));
    return go_to(r, DATA, false);
}

static bool on_end_tag_open(struct html_reader *r, char c)
{
    if (char_is_alpha(c)) {
        begin_tag(r, true);
        return false;
    }
    if (c == '>')
        return go_to(r, DATA, true);
    return go_to(r, BOGUS, false);
}

static bool on_tag_name(struct html_reader *r, char c)
{
    if (is_space(c))
        return go_to(r, BEFORE_ATTR_NAME, true);
    if (c == '/')
        return go_to(r, SELF_CLOSING, true);
    if (c == '>') {
        emit_tag(r);
        return true;
    }
    add_token(r, char_lower(c));
    r->name_len = r->token.len;
    return true;
}

static bool on_before_attr_name(struct html_reader *r, char c)
{
    if (is_space(c))
        return true;
    if (c == '/' || c == '>')
        return go_to(r, AFTER_ATTR_NAME, false);
    open_attr(r);
    if (c != '=')
        return false;
    add_token(r, c); /* a name may begin with '=' */
    return true;
}

static bool on_attr_name(struct html_reader *r, char c)
{
    if (is_space(c) || c == '/' || c == '>') {
        end_attr_name(r);
        return go_to(r, AFTER_ATTR_NAME, false);
    }
    if (c == '=') {
        end_attr_name(r);
        return go_to(r, BEFORE_ATTR_VALUE, true);
    }
    if (r->is_attr_open)
        add_token(r, char_lower(c));
    return true;
}

static bool on_after_attr_name(struct html_reader *r, char c)
{
    if (is_space(c))
        return true;
    if (c == '=' && r->is_attr_open)
        return go_to(r, BEFORE_ATTR_VALUE, true);
    close_attr(r);
    if (c == '/')
        return go_to(r, SELF_CLOSING, true);
    if (c == '>') {
        emit_tag(r);
        return true;
    }
    open_attr(r);
    return false;
}

static bool on_before_attr_value(struct html_reader *r, char c)
{
    if (is_space(c))
        return true;
    if (c == '>') {
        emit_tag(r);
        return true;
    }
    if (c == '"' || c == '\'') {
        r->column++; /* the value begins behind the quote */
        begin_value(r);
        r->column--;
        return go_to(r, c == '"' ? VALUE_DOUBLE : VALUE_SINGLE, true);
    }
    begin_value(r);
    return go_to(r, VALUE_UNQUOTED, false);
}

static bool on_value_quoted(struct html_reader *r, char c, char quote)
{
    if (c == quote) {
        close_attr(r);
        return go_to(r, AFTER_VALUE, true);
    }
    add_value(r, c);
    return true;
}

static bool on_value_double(struct html_reader *r, char c)
{
    return on_value_quoted(r, c, '"');
}

static bool on_value_single(struct html_reader *r, char c)
{
    return on_value_quoted(r, c, '\'');
}

static bool on_value_unquoted(struct html_reader *r, char c)
{
    if (is_space(c)) {
        close_attr(r);
        return go_to(r, BEFORE_ATTR_NAME, true);
    }
    if (c == '>') {
        emit_tag(r);
        return true;
    }
    add_value(r, c);
    return true;
}

static bool on_after_value(struct html_reader *r, char c)
{
    if (is_space(c))
        return go_to(r, BEFORE_ATTR_NAME, true);
    if (c == '/')
        return go_to(r, SELF_CLOSING, true);
    if (c == '>') {
        emit_tag(r);
        return true;
    }
    return go_to(r, BEFORE_ATTR_NAME, false);
}

static bool on_self_closing(struct html_reader *r, char c)
{
    if (c != '>')
        return go_to(r, BEFORE_ATTR_NAME, false);
    r->is_self_closing = true;
    emit_tag(r);
    return true;
}

static bool on_comment_open(struct html_reader *r, char c)
{
    static const struct str cdata = STR_INIT("[CDATA[");
    buf_add_char(&r->partial, c);
    struct str seen = buf_str(&r->partial);
    if (str_eq(seen, STR("--"))) {
        r->dashes = 0;
        return go_to(r, COMMENT_START, true);
    }
    if (str_eq(seen, STR("-")))
        return true;
    if (html_layers_is_foreign(&r->layers) && str_starts(cdata, seen)) {
        if (seen.len == cdata.len) {
            buf_clear(&r->partial);
            r->state = CDATA;
        }
        return true;
    }
    /* A doctype, or a comment that is none. What was gathered has no '>' but perhaps this one. */
    return go_to(r, BOGUS, false);
}

/* "<!-->" and "<!--->" are comments already. */
static bool on_comment_start(struct html_reader *r, char c)
{
    if (c == '-' && r->dashes == 0) {
        r->dashes = 1;
        return true;
    }
    if (c == '>')
        return go_to(r, DATA, true);
    if (c == '-')
        r->dashes = 2;
    else
        r->dashes = 0;
    return go_to(r, COMMENT, c == '-');
}

/* dashes: 2 stands for two or more, 3 for "--!". */
static bool on_comment(struct html_reader *r, char c)
{
    if (c == '>' && r->dashes >= 2)
        return go_to(r, DATA, true);
    if (c == '-')
        r->dashes = r->dashes == 3 ? 1 : r->dashes == 0 ? 1 : 2;
    else if (c == '!' && r->dashes == 2)
        r->dashes = 3;
    else
        r->dashes = 0;
    return true;
}

static bool on_bogus(struct html_reader *r, char c)
{
    return c == '>' ? go_to(r, DATA, true) : true;
}

static bool on_cdata(struct html_reader *r, char c)
{
    struct buf *end = &r->partial;
    if (c == '>' && end->len == 2)
        return go_to(r, DATA, true);
    if (c == ']' && end->len < 2)
        buf_add_char(end, c);
    else if (c != ']')
        buf_clear(end);
    return true;
}

/* --- raw text --- */

static bool on_raw(struct html_reader *r, char c)
{
    if (c == '<') {
        r->tag_at = here(r);
        buf_clear(&r->partial);
        buf_add_char(&r->partial, c);
        r->dashes = 0;
        return go_to(r, RAW_LESS, true);
    }
    if (r->script_level && c == '>' && r->dashes >= 2)
        r->script_level = 0;
    r->dashes = c == '-' ? r->dashes + 1 : 0;
    add_text(r, str_of(&c, 1));
    return true;
}

/* It was no tag: what was gathered is text. */
static bool back_to_raw(struct html_reader *r)
{
    bool is_first = r->text.len == 0;
    add_text(r, buf_str(&r->partial));
    if (is_first)
        r->text_at = r->tag_at;
    return go_to(r, RAW, false);
}

static bool on_raw_less(struct html_reader *r, char c)
{
    bool is_script = r->content == CONTENT_SCRIPT;
    if (c == '/' || (c == '!' && is_script && r->script_level == 0)) {
        buf_add_char(&r->partial, c);
        return go_to(r, c == '/' ? RAW_END_NAME : RAW_BANG, true);
    }
    if (is_script && r->script_level == 1 && char_is_alpha(c))
        return go_to(r, RAW_OPEN_NAME, false);
    return back_to_raw(r);
}

static bool ends_name(char c)
{
    return is_space(c) || c == '/' || c == '>';
}

static bool is_raw_name(const struct html_reader *r, struct str name)
{
    return str_eq_nocase(name, str_of(r->raw_name, r->raw_name_len));
}

/* Behind "</". Only the end tag of the element itself ends it. */
static bool on_raw_end_name(struct html_reader *r, char c)
{
    struct str name = str_from(buf_str(&r->partial), 2);
    if (char_is_alpha(c) && name.len < NAME_BYTES_MAX) {
        buf_add_char(&r->partial, c);
        return true;
    }
    if (!ends_name(c) || !is_raw_name(r, name))
        return back_to_raw(r);
    if (r->script_level == 2) {
        r->script_level = 1;
        return back_to_raw(r);
    }
    begin_tag(r, true);
    for (size_t i = 0; i < name.len; i++)
        add_token(r, char_lower(name.at[i]));
    r->name_len = r->token.len;
    return false;
}

/* Behind "<!" in a script: "--" begins an escape, in which "-->" may follow at once. */
static bool on_raw_bang(struct html_reader *r, char c)
{
    if (c != '-')
        return back_to_raw(r);
    buf_add_char(&r->partial, c);
    if (r->partial.len < sizeof("<!--") - 1)
        return true;
    r->script_level = 1;
    add_text(r, buf_str(&r->partial));
    r->dashes = 2;
    return go_to(r, RAW, true);
}

/* "<script" within an escape: the next end tag is its own. */
static bool on_raw_open_name(struct html_reader *r, char c)
{
    if (char_is_alpha(c) && r->partial.len <= NAME_BYTES_MAX) {
        buf_add_char(&r->partial, c);
        return true;
    }
    if (ends_name(c) && is_raw_name(r, str_from(buf_str(&r->partial), 1)))
        r->script_level = 2;
    return back_to_raw(r);
}

static bool on_plaintext(struct html_reader *r, char c)
{
    add_text(r, str_of(&c, 1));
    return true;
}

static state_fn *const states[STATE_COUNT] = {
    [DATA] = on_data,
    [TAG_OPEN] = on_tag_open,
    [END_TAG_OPEN] = on_end_tag_open,
    [TAG_NAME] = on_tag_name,
    [BEFORE_ATTR_NAME] = on_before_attr_name,
    [ATTR_NAME] = on_attr_name,
    [AFTER_ATTR_NAME] = on_after_attr_name,
    [BEFORE_ATTR_VALUE] = on_before_attr_value,
    [VALUE_DOUBLE] = on_value_double,
    [VALUE_SINGLE] = on_value_single,
    [VALUE_UNQUOTED] = on_value_unquoted,
    [AFTER_VALUE] = on_after_value,
    [SELF_CLOSING] = on_self_closing,
    [COMMENT_OPEN] = on_comment_open,
    [COMMENT_START] = on_comment_start,
    [COMMENT] = on_comment,
    [BOGUS] = on_bogus,
    [CDATA] = on_cdata,
    [RAW] = on_raw,
    [RAW_LESS] = on_raw_less,
    [RAW_END_NAME] = on_raw_end_name,
    [RAW_BANG] = on_raw_bang,
    [RAW_OPEN_NAME] = on_raw_open_name,
    [PLAINTEXT] = on_plaintext,
};

/* --- the input --- */

static void advance(struct html_reader *r, char c)
{
    if (c == '\n') {
        r->line++;
        r->column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        r->column++;
    }
}

/* Line ends of all kinds count as one line feed. */
static void html_reader_take(struct html_reader *r, char c)
{
    bool is_second = c == '\n' && r->was_cr;
    r->was_cr = c == '\r';
    if (is_second)
        return;
    if (c == '\r')
        c = '\n';
    while (!states[r->state](r, c))
        ;
    advance(r, c);
}

/* Dashes and what ends behind them count in scripts. */
static size_t raw_run(struct html_reader *r, struct str bytes)
{
    size_t i = 0;
    while (i < bytes.len && bytes.at[i] != '<' && bytes.at[i] != '\r' && bytes.at[i] != '-' &&
           bytes.at[i] != '>')
        i++;
    r->dashes = i ? 0 : r->dashes;
    return i;
}

/* How many bytes from the start are plain text in this state. */
static size_t text_run(struct html_reader *r, struct str bytes)
{
    size_t i = 0;
    if (r->state == RAW && !r->was_cr)
        return raw_run(r, bytes);
    if (r->state != DATA || r->was_cr)
        return 0;
    while (i < bytes.len && bytes.at[i] != '<' && bytes.at[i] != '\r')
        i++;
    return i;
}

void html_reader_feed(struct html_reader *reader, struct str bytes)
{
    while (bytes.len) {
        size_t run = text_run(reader, bytes);
        if (run) {
            add_text(reader, str_first(bytes, run));
            for (size_t i = 0; i < run; i++)
                advance(reader, bytes.at[i]);
            bytes = str_from(bytes, run);
            continue;
        }
        html_reader_take(reader, bytes.at[0]);
        bytes = str_from(bytes, 1);
    }
}

void html_reader_at(struct html_reader *reader, struct html_position at)
{
    reader->line = at.line;
    reader->column = at.column;
    reader->was_cr = false;
}

void html_reader_end(struct html_reader *reader)
{
    if (reader->state == RAW_LESS || reader->state == RAW_END_NAME || reader->state == RAW_BANG ||
        reader->state == RAW_OPEN_NAME)
        (void)back_to_raw(reader);
    flush_text(reader);
}
