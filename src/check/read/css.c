/* Links in style sheets. All that is needed of CSS is its tokens: a url( in a comment or a string
 * is no link, one with escapes in it is, and @import takes a plain string, and so does image-set(),
 * but not the functions within it. @namespace names what is no link at all.
 *
 * A state machine with one function for each state; each gets one character and returns whether it
 * used it.
 *
 *     PLAIN -> SLASH -> COMMENT -> COMMENT_STAR -> PLAIN
 *           -> STRING -> PLAIN        (a link when it is @import's or image-set()'s)
 *           -> WORD -> PLAIN, or URL_START for "url("
 *     URL_START -> URL | STRING (a link) -> URL_END -> PLAIN
 *
 * Invariants
 *  (1) `word` has at most WORD_BYTES_MAX bytes: a longer one is no word that matters;
 *  (2) `value` holds the string or URL that is being read, escapes unresolved. */
#include "check/read/css.h"

#include "base/mem.h"
#include "text/utf8_clean.h"

enum { WORD_BYTES_MAX = 24, VALUE_BYTES_MAX = 1 << 20 };

enum state { PLAIN, SLASH, COMMENT, COMMENT_STAR, STRING, WORD, URL_START, URL, URL_END };

struct css_reader {
    struct finder *finder;
    enum link_kind url_kind;
    enum state state;
    uint32_t line, column;
    char quote;
    bool is_escaped;     /* the character before was a backslash */
    unsigned hex_digits; /* of an escape, before this character; a space may end them */
    bool is_url;         /* the string stands in url() */
    bool was_cr;
    bool is_import;    /* of an @import: the next string is a link */
    bool is_namespace; /* of an @namespace: what follows is none */
    unsigned brackets; /* that are open since image-set, its own included; 0: we are not in one */
    char word[WORD_BYTES_MAX];
    size_t word_len;
    struct buf value;
    struct html_position value_at;
};

struct css_reader *css_reader_new(struct finder *finder, struct html_position at)
{
    struct css_reader *reader = MEM_NEW(struct css_reader);
    reader->finder = finder;
    reader->url_kind = LINK_CSS_URL;
    reader->line = at.line;
    reader->column = at.column;
    return reader;
}

void css_reader_free(struct css_reader *reader)
{
    if (!reader)
        return;
    buf_done(&reader->value);
    mem_free(reader);
}

void css_reader_want_kind(struct css_reader *reader, enum link_kind kind)
{
    reader->url_kind = kind;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_word_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_' || c == '@' || c == '\\' ||
           (unsigned char)c >= 0x80;
}

static bool go_to(struct css_reader *r, enum state state, bool is_used)
{
    r->state = state;
    return is_used;
}

/* An escape: up to six hexadecimal digits and one space, or the character itself. Returns how many
 * bytes behind the backslash it has. */
static size_t add_escape(struct buf *to, struct str text)
{
    uint32_t number = 0;
    size_t i = 0;
    while (i < 6 && i < text.len && hex_value(text.at[i]) >= 0)
        number = number << 4 | (unsigned)hex_value(text.at[i++]);
    if (i) {
        utf8_add(to, number ? number : UTF8_REPLACEMENT);
        return i + (i < text.len && is_space(text.at[i]));
    }
    if (text.len && text.at[0] != '\n')
        buf_add_char(to, text.at[0]);
    return text.len ? 1 : 0;
}

static void add_link(struct css_reader *r, enum link_kind kind)
{
    struct buf raw = {0};
    struct str text = buf_str(&r->value);
    if (r->is_namespace)
        return;
    for (size_t i = 0; i < text.len; i++) {
        if (text.at[i] == '\\')
            i += add_escape(&raw, str_from(text, i + 1));
        else
            buf_add_char(&raw, text.at[i]);
    }
    finder_link(r->finder, kind, buf_str(&raw), STR_NONE, r->value_at);
    buf_done(&raw);
}

static void begin_value(struct css_reader *r)
{
    buf_clear(&r->value);
    r->is_escaped = false;
    r->hex_digits = 0;
    r->value_at = (struct html_position){r->line, r->column};
}

static void add_value(struct css_reader *r, char c)
{
    if (r->value.len < VALUE_BYTES_MAX)
        buf_add_char(&r->value, c);
    bool is_hex = hex_value(c) >= 0 && (r->is_escaped || r->hex_digits) && r->hex_digits < 6;
    r->hex_digits = is_hex ? r->hex_digits + 1 : 0;
    r->is_escaped = c == '\\' && !r->is_escaped;
}

static bool begin_string(struct css_reader *r, char quote, bool is_url)
{
    r->quote = quote;
    r->is_url = is_url;
    r->column++; /* the value begins behind the quote */
    begin_value(r);
    r->column--;
    return go_to(r, STRING, true);
}

static bool on_plain(struct css_reader *r, char c)
{
    if (c == '/')
        return go_to(r, SLASH, true);
    if (c == '"' || c == '\'')
        return begin_string(r, c, false);
    if (is_word_char(c)) {
        r->word_len = 0;
        return go_to(r, WORD, false);
    }
    if (r->brackets && c == '(')
        r->brackets++;
    if (r->brackets && c == ')')
        r->brackets--;
    if (c == ';' || c == '{' || c == '}') {
        r->is_import = r->is_namespace = false;
        r->brackets = 0; /* it was never closed */
    }
    return true;
}

static bool on_slash(struct css_reader *r, char c)
{
    return c == '*' ? go_to(r, COMMENT, true) : go_to(r, PLAIN, false);
}

static bool on_comment(struct css_reader *r, char c)
{
    return c == '*' ? go_to(r, COMMENT_STAR, true) : true;
}

static bool on_comment_star(struct css_reader *r, char c)
{
    if (c == '/')
        return go_to(r, PLAIN, true);
    return c == '*' ? true : go_to(r, COMMENT, true);
}

static bool is_link_string(const struct css_reader *r)
{
    return r->is_url || r->is_import || r->brackets == 1;
}

static enum link_kind kind_of_string(const struct css_reader *r)
{
    if (r->is_import)
        return LINK_CSS_IMPORT;
    return r->is_url ? r->url_kind : LINK_CSS_IMAGE_SET;
}

static bool on_string(struct css_reader *r, char c)
{
    bool is_end = c == r->quote && !r->is_escaped;
    if (!is_end && (c != '\n' || r->is_escaped)) {
        add_value(r, c);
        return true;
    }
    if (is_end && is_link_string(r))
        add_link(r, kind_of_string(r));
    r->is_import = false;
    return go_to(r, is_end && r->is_url ? URL_END : PLAIN, true);
}

static bool is_image_set(struct str word)
{
    return str_eq_nocase(word, STR("image-set")) || str_eq_nocase(word, STR("-webkit-image-set"));
}

static bool on_word(struct css_reader *r, char c)
{
    struct str word = str_of(r->word, r->word_len);
    if (is_word_char(c)) {
        if (r->word_len < WORD_BYTES_MAX)
            r->word[r->word_len++] = c;
        return true;
    }
    if (str_eq_nocase(word, STR("@import")))
        r->is_import = true;
    if (str_eq_nocase(word, STR("@namespace")))
        r->is_namespace = true;
    if (c == '(' && str_eq_nocase(word, STR("url")))
        return go_to(r, URL_START, true);
    if (c == '(' && is_image_set(word)) {
        r->brackets = 1;
        r->is_import = false;
        return go_to(r, PLAIN, true);
    }
    return go_to(r, PLAIN, false);
}

static bool on_url_start(struct css_reader *r, char c)
{
    if (is_space(c))
        return true;
    if (c == '"' || c == '\'')
        return begin_string(r, c, true);
    begin_value(r);
    return go_to(r, URL, false);
}

static bool on_url(struct css_reader *r, char c)
{
    bool is_end = c == ')' && !r->is_escaped;
    bool is_gap = is_space(c) && !r->is_escaped && !r->hex_digits;
    if (!is_end && !is_gap) {
        add_value(r, c);
        return true;
    }
    if (r->value.len)
        add_link(r, r->is_import ? LINK_CSS_IMPORT : r->url_kind);
    r->is_import = false;
    return go_to(r, is_end ? PLAIN : URL_END, true);
}

static bool on_url_end(struct css_reader *r, char c)
{
    return c == ')' ? go_to(r, PLAIN, true) : true;
}

typedef bool state_fn(struct css_reader *r, char c);

static state_fn *const states[] = {
    [PLAIN] = on_plain,   [SLASH] = on_slash,         [COMMENT] = on_comment,
    [STRING] = on_string, [WORD] = on_word,           [COMMENT_STAR] = on_comment_star,
    [URL] = on_url,       [URL_START] = on_url_start, [URL_END] = on_url_end,
};

static void css_take(struct css_reader *r, char c)
{
    bool is_second = c == '\n' && r->was_cr;
    r->was_cr = c == '\r';
    if (is_second)
        return;
    if (c == '\r' || c == '\f')
        c = '\n';
    while (!states[r->state](r, c))
        ;
    if (c == '\n') {
        r->line++;
        r->column = 1;
    } else if (((unsigned char)c & 0xc0) != 0x80) {
        r->column++;
    }
}

void css_reader_feed(struct css_reader *reader, struct str bytes)
{
    for (size_t i = 0; i < bytes.len; i++)
        css_take(reader, bytes.at[i]);
}

/* What is open at the end counts as closed (CSS Syntax 3 §4.3.5, §4.3.6). */
void css_reader_end(struct css_reader *reader)
{
    bool is_url = reader->state == URL && reader->value.len;
    if (is_url)
        add_link(reader, reader->is_import ? LINK_CSS_IMPORT : reader->url_kind);
    else if (reader->state == STRING && is_link_string(reader))
        add_link(reader, kind_of_string(reader));
}
