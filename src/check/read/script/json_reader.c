/* A tokenizer of JSON (RFC 8259). A library would build the whole text in memory, and not say where
 * in it a string stands.
 *
 *     VALUE -> STRING -> AFTER          '{' -> KEY -> STRING -> COLON -> VALUE
 *           -> WORD -> AFTER            '[' -> VALUE
 *     AFTER -> KEY | VALUE (behind ',') -> AFTER (behind a bracket)
 *
 * Numbers and the three words are passed over, whatever is in them.
 *
 * Invariants
 *  (1) `path` has the keys of all open objects, and of the value that comes, cut at KEY_BYTES_MAX
 *      each; levels[i].path_len is how much of it was there when level i began;
 *  (2) below DEPTH_MAX levels nothing is kept and nothing told of: JSON that people write for
 *      others to read ends long before. */
#include "check/read/script/json_reader.h"

#include "base/mem.h"
#include "text/utf8_clean.h"

enum { DEPTH_MAX = 64, KEY_BYTES_MAX = 64, STRING_BYTES_MAX = 1 << 16 };

enum state { VALUE, KEY, STRING, ESCAPE, HEX, COLON, WORD, AFTER, BROKEN };

struct level {
    bool is_object;
    size_t path_len;
};

struct json_reader {
    struct json_events *events;
    enum state state;
    struct html_position at; /* of the next character */
    struct level levels[DEPTH_MAX];
    size_t depth;
    bool is_key;      /* the string is one */
    bool may_be_last; /* in VALUE and KEY: an end may stand here, since nothing came before */
    struct buf string;
    struct html_position string_at;
    unsigned digits; /* of an escape */
    uint32_t unit;   /* likewise */
    uint32_t high;   /* the first half of a pair; 0: none */
    struct buf path;
    size_t key_at; /* of the last key, in `path` */
};

struct json_reader *json_reader_new(struct json_events *events, struct html_position at)
{
    struct json_reader *reader = MEM_NEW(struct json_reader);
    reader->events = events;
    reader->at = at;
    return reader;
}

void json_reader_free(struct json_reader *reader)
{
    if (!reader)
        return;
    buf_done(&reader->string);
    buf_done(&reader->path);
    mem_free(reader);
}

/* Each state gets one character and returns whether it used it. */
static bool go_to(struct json_reader *r, enum state state, bool is_used)
{
    r->state = state;
    return is_used;
}

/* --- levels --- */

static bool open_level(struct json_reader *r, bool is_object)
{
    if (r->depth == DEPTH_MAX)
        return go_to(r, BROKEN, true);
    r->levels[r->depth++] = (struct level){is_object, r->path.len};
    r->may_be_last = true;
    return go_to(r, is_object ? KEY : VALUE, true);
}

static bool close_level(struct json_reader *r, char c)
{
    bool is_fine = r->depth && r->levels[r->depth - 1].is_object == (c == '}');
    if (!is_fine)
        return go_to(r, BROKEN, true);
    r->path.len = r->levels[--r->depth].path_len;
    return go_to(r, AFTER, true);
}

static void set_key(struct json_reader *r)
{
    r->path.len = r->levels[r->depth - 1].path_len;
    if (r->path.len)
        buf_add_char(&r->path, '.');
    r->key_at = r->path.len;
    buf_add(&r->path, utf8_first(buf_str(&r->string), KEY_BYTES_MAX));
}

/* --- strings --- */

static void add_half(struct json_reader *r)
{
    if (r->high)
        utf8_add(&r->string, UTF8_REPLACEMENT);
    r->high = 0;
}

static bool begin_string(struct json_reader *r, bool is_key)
{
    buf_clear(&r->string);
    r->is_key = is_key;
    r->high = 0;
    r->string_at = (struct html_position){r->at.line, r->at.column + 1};
    return go_to(r, STRING, true);
}

static bool end_string(struct json_reader *r)
{
    add_half(r);
    if (r->is_key) {
        set_key(r);
        return go_to(r, COLON, true);
    }
    struct str path = buf_str(&r->path);
    struct str key = r->path.len ? str_from(path, r->key_at) : STR_NONE;
    if (r->string.len < STRING_BYTES_MAX)
        r->events->string(r->events, path, key, buf_str(&r->string), r->string_at);
    return go_to(r, AFTER, true);
}

static bool on_string(struct json_reader *r, char c)
{
    if (c == '\\')
        return go_to(r, ESCAPE, true);
    if (c == '"')
        return end_string(r);
    if ((unsigned char)c < ' ')
        return go_to(r, BROKEN, true);
    add_half(r);
    if (r->string.len < STRING_BYTES_MAX)
        buf_add_char(&r->string, c);
    return true;
}

static bool on_escape(struct json_reader *r, char c)
{
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = c ? strchr(names, c) : NULL;
    if (c == 'u') {
        r->digits = r->unit = 0;
        return go_to(r, HEX, true);
    }
    if (!name)
        return go_to(r, BROKEN, true);
    add_half(r);
    buf_add_char(&r->string, meant[name - names]);
    return go_to(r, STRING, true);
}

/* What is beyond the first plane is written as two units (RFC 8259 §7). */
static void add_unit(struct json_reader *r)
{
    bool is_low = r->unit >= 0xdc00 && r->unit < 0xe000;
    if (r->high && is_low) {
        utf8_add(&r->string, 0x10000 + ((r->high - 0xd800) << 10) + (r->unit - 0xdc00));
        r->high = 0;
        return;
    }
    add_half(r);
    if (r->unit >= 0xd800 && r->unit < 0xdc00)
        r->high = r->unit;
    else
        utf8_add(&r->string, r->unit);
}

static bool on_hex(struct json_reader *r, char c)
{
    if (hex_value(c) < 0)
        return go_to(r, BROKEN, true);
    r->unit = r->unit << 4 | (unsigned)hex_value(c);
    if (++r->digits < 4)
        return true;
    add_unit(r);
    return go_to(r, STRING, true);
}

/* --- what is around them --- */

static bool on_value(struct json_reader *r, char c)
{
    bool may_be_last = r->may_be_last;
    if (char_is_space(c))
        return true;
    r->may_be_last = false;
    if (c == '"')
        return begin_string(r, false);
    if (c == '{' || c == '[')
        return open_level(r, c == '{');
    if (c == ']' && may_be_last)
        return close_level(r, c);
    bool is_word = char_is_alpha(c) || char_is_digit(c) || c == '-';
    return go_to(r, is_word ? WORD : BROKEN, true);
}

static bool on_key(struct json_reader *r, char c)
{
    bool may_be_last = r->may_be_last;
    if (char_is_space(c))
        return true;
    r->may_be_last = false;
    if (c == '"')
        return begin_string(r, true);
    return c == '}' && may_be_last ? close_level(r, c) : go_to(r, BROKEN, true);
}

static bool on_colon(struct json_reader *r, char c)
{
    return char_is_space(c) || go_to(r, c == ':' ? VALUE : BROKEN, true);
}

static bool on_word(struct json_reader *r, char c)
{
    bool is_part = char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '+' || c == '.';
    return is_part || go_to(r, AFTER, false);
}

static bool on_after(struct json_reader *r, char c)
{
    if (char_is_space(c))
        return true;
    if (c == '}' || c == ']')
        return close_level(r, c);
    bool goes_on = c == ',' && r->depth;
    return go_to(r, goes_on ? r->levels[r->depth - 1].is_object ? KEY : VALUE : BROKEN, true);
}

static bool on_broken(struct json_reader *r, char c)
{
    (void)r, (void)c; /* nothing is read any more */
    return true;
}

typedef bool state_fn(struct json_reader *r, char c);

static state_fn *const states[] = {
    [VALUE] = on_value, [KEY] = on_key,     [STRING] = on_string,
    [HEX] = on_hex,     [COLON] = on_colon, [ESCAPE] = on_escape,
    [WORD] = on_word,   [AFTER] = on_after, [BROKEN] = on_broken,
};

void json_reader_feed(struct json_reader *reader, struct str bytes)
{
    for (size_t i = 0; i < bytes.len && reader->state != BROKEN; i++) {
        char c = bytes.at[i];
        while (!states[reader->state](reader, c))
            ;
        if (c == '\n')
            reader->at = (struct html_position){reader->at.line + 1, 1};
        else if (((unsigned char)c & 0xc0) != 0x80)
            reader->at.column++;
    }
}
