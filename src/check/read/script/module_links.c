/* Imports of a script. All that is needed of JavaScript is its tokens: an import in a comment, a
 * string, a template or a regular expression is none. Whether a '/' divides or begins an expression
 * depends on what stands before it, and is not decidable without a grammar: behind ')' it divides
 * here, behind '}' it begins an expression. Where that is wrong the end of the line mends it, and
 * what is taken for an import has to look like one and to name an address; so a guess that fails
 * costs a link, and invents none.
 *
 * What a module says at its top ("import a from './x.js'", "export * from './x.js'") the browser
 * fetches before anything runs. A call is made when the script comes to it, if it does.
 *
 * A name without "./", "/" or a scheme stands for what an import map or a tool makes of it: it is
 * no address.
 *
 *     CODE -> WORD | STRING | SLASH | TEMPLATE -> CODE
 *     SLASH -> LINE | BLOCK | EXPRESSION | CODE;   TEMPLATE -> CODE (within "${") -> TEMPLATE
 *
 * Invariants
 *  (1) templates[i] is the depth at which the "${" of template i stands, the innermost last;
 *  (2) `clause` is what the tokens so far could become. */
#include "check/read/script/module_links.h"

#include "base/buf.h"
#include "base/mem.h"

enum { WORD_BYTES_MAX = 12, STRING_BYTES_MAX = 4096, TEMPLATES_MAX = 64 };

enum state {
    CODE,
    WORD,
    STRING,
    STRING_ESCAPE,
    SLASH,
    LINE,
    BLOCK,
    BLOCK_STAR,
    TEMPLATE,
    TEMPLATE_ESCAPE,
    TEMPLATE_DOLLAR,
    EXPRESSION,
    EXPRESSION_ESCAPE,
    EXPRESSION_CLASS,
    EXPRESSION_CLASS_ESCAPE,
    LOST, /* templates within templates, deeper than anybody writes them */
};

enum clause {
    CLAUSE_NONE,
    CLAUSE_IMPORT, /* "import" */
    CLAUSE_EXPORT, /* "export" */
    CLAUSE_NAMES,  /* "import a, {b", before "from" */
    CLAUSE_FROM,   /* with it */
    CLAUSE_CALL,   /* "import(" */
    CLAUSE_STRING, /* "import('x'" */
};

struct module_links {
    struct finder *finder;
    bool is_module;
    enum state state;
    struct html_position at; /* of the next character */
    char word[WORD_BYTES_MAX];
    size_t word_len; /* WORD_BYTES_MAX: it is longer than any that matters */
    char quote;
    struct buf string;
    struct html_position string_at;
    bool is_value_before; /* what came last has a value: '/' divides it */
    bool is_dot_before;
    unsigned depth; /* of brackets */
    unsigned templates[TEMPLATES_MAX];
    size_t template_count;
    enum clause clause;
    bool is_at_top; /* the clause began outside of all brackets */
};

struct module_links *module_links_new(struct finder *finder, bool is_module,
                                      struct html_position at)
{
    struct module_links *links = MEM_NEW(struct module_links);
    links->finder = finder;
    links->is_module = is_module;
    links->at = at;
    return links;
}

void module_links_free(struct module_links *links)
{
    if (!links)
        return;
    buf_done(&links->string);
    mem_free(links);
}

/* --- what tokens mean --- */

static void add_link(struct module_links *m, enum link_kind kind)
{
    static const struct str starts[] = {STR_INIT("./"), STR_INIT("../"), STR_INIT("/"),
                                        STR_INIT("http://"), STR_INIT("https://")};
    struct str raw = buf_str(&m->string);
    m->clause = CLAUSE_NONE;
    for (size_t i = 0; i < ARRAY_LEN(starts); i++) {
        if (str_starts(raw, starts[i]) && raw.len < STRING_BYTES_MAX) {
            finder_link(m->finder, kind, raw, STR_NONE, m->string_at);
            return;
        }
    }
}

static void begin_clause(struct module_links *m, struct str word)
{
    m->clause = CLAUSE_NONE;
    m->is_at_top = m->is_module && m->depth == 0;
    if (m->is_dot_before)
        return;
    if (str_eq(word, STR("import")))
        m->clause = CLAUSE_IMPORT;
    else if (str_eq(word, STR("export")) && m->is_at_top)
        m->clause = CLAUSE_EXPORT;
}

static void clause_word(struct module_links *m, struct str word)
{
    switch (m->clause) {
    case CLAUSE_IMPORT:
        m->clause = m->is_at_top ? CLAUSE_NAMES : CLAUSE_NONE;
        break;
    case CLAUSE_NAMES:
    case CLAUSE_FROM: /* a name, too */
        m->clause = str_eq(word, STR("from")) ? CLAUSE_FROM : CLAUSE_NAMES;
        break;
    default:
        begin_clause(m, word);
        break;
    }
}

static void clause_string(struct module_links *m)
{
    if ((m->clause == CLAUSE_IMPORT && m->is_at_top) || m->clause == CLAUSE_FROM)
        add_link(m, LINK_SCRIPT_IMPORT);
    else if (m->clause == CLAUSE_CALL)
        m->clause = CLAUSE_STRING;
    else if (m->clause != CLAUSE_NAMES)
        m->clause = CLAUSE_NONE;
}

static void clause_mark(struct module_links *m, char c)
{
    bool begins_names = c == '{' || c == '*';
    switch (m->clause) {
    case CLAUSE_IMPORT:
        m->clause = c == '('                       ? CLAUSE_CALL
                    : begins_names && m->is_at_top ? CLAUSE_NAMES
                                                   : CLAUSE_NONE;
        break;
    case CLAUSE_EXPORT:
        m->clause = begins_names ? CLAUSE_NAMES : CLAUSE_NONE;
        break;
    case CLAUSE_NAMES:
        m->clause = begins_names || c == '}' || c == ',' ? CLAUSE_NAMES : CLAUSE_NONE;
        break;
    case CLAUSE_STRING:
        if (c == ')' || c == ',')
            add_link(m, LINK_SCRIPT_IMPORT_CALL);
        m->clause = CLAUSE_NONE;
        break;
    default:
        m->clause = CLAUSE_NONE;
        break;
    }
}

/* --- the states: each gets one character and returns whether it used it --- */

static bool go_to(struct module_links *m, enum state state, bool is_used)
{
    m->state = state;
    return is_used;
}

static bool is_word_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '_' || c == '$' || c == '#' ||
           (unsigned char)c >= 0x80;
}

static void count_bracket(struct module_links *m, char c)
{
    m->depth += c == '(' || c == '[' || c == '{';
    m->depth -= m->depth && (c == ')' || c == ']' || c == '}');
}

static bool on_mark(struct module_links *m, char c)
{
    bool ends_part =
        c == '}' && m->template_count && m->templates[m->template_count - 1] == m->depth;
    if (ends_part) {
        m->template_count--;
        count_bracket(m, c);
        return go_to(m, TEMPLATE, true);
    }
    count_bracket(m, c);
    clause_mark(m, c);
    m->is_value_before = c == ')' || c == ']';
    m->is_dot_before = c == '.';
    return true;
}

static bool on_code(struct module_links *m, char c)
{
    if ((unsigned char)c <= ' ')
        return true;
    if (is_word_char(c)) {
        m->word_len = 0;
        return go_to(m, WORD, false);
    }
    if (c == '/')
        return go_to(m, SLASH, true);
    if (c == '`') {
        clause_mark(m, c);
        return go_to(m, TEMPLATE, true);
    }
    if (c != '"' && c != '\'')
        return on_mark(m, c);
    m->quote = c;
    buf_clear(&m->string);
    m->string_at = (struct html_position){m->at.line, m->at.column + 1};
    return go_to(m, STRING, true);
}

/* Behind these a value is yet to come. */
static bool is_operator(struct str word)
{
    static const struct str words[] = {
        STR_INIT("return"), STR_INIT("typeof"), STR_INIT("case"),       STR_INIT("in"),
        STR_INIT("of"),     STR_INIT("delete"), STR_INIT("void"),       STR_INIT("throw"),
        STR_INIT("new"),    STR_INIT("do"),     STR_INIT("instanceof"), STR_INIT("else"),
        STR_INIT("yield"),  STR_INIT("await"),
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (str_eq(words[i], word))
            return true;
    }
    return false;
}

static bool on_word(struct module_links *m, char c)
{
    if (is_word_char(c)) {
        if (m->word_len < WORD_BYTES_MAX)
            m->word[m->word_len++] = c;
        return true;
    }
    struct str word = str_of(m->word, m->word_len < WORD_BYTES_MAX ? m->word_len : 0);
    clause_word(m, word);
    m->is_value_before = m->is_dot_before || !is_operator(word);
    m->is_dot_before = false;
    return go_to(m, CODE, false);
}

static bool on_string(struct module_links *m, char c)
{
    if (c == '\\') { /* no address needs one */
        m->clause = CLAUSE_NONE;
        return go_to(m, STRING_ESCAPE, true);
    }
    if (c != m->quote && c != '\n') {
        if (m->string.len < STRING_BYTES_MAX)
            buf_add_char(&m->string, c);
        return true;
    }
    if (c == m->quote)
        clause_string(m);
    else
        m->clause = CLAUSE_NONE; /* it was no string */
    m->is_value_before = true;
    m->is_dot_before = false;
    return go_to(m, CODE, true);
}

static bool on_string_escape(struct module_links *m, char c)
{
    (void)c; /* whatever it stands for */
    return go_to(m, STRING, true);
}

static bool on_slash(struct module_links *m, char c)
{
    if (c == '/')
        return go_to(m, LINE, true);
    if (c == '*')
        return go_to(m, BLOCK, true);
    bool divides = m->is_value_before;
    clause_mark(m, '/');
    m->is_value_before = m->is_dot_before = false;
    return go_to(m, divides ? CODE : EXPRESSION, false);
}

static bool on_line(struct module_links *m, char c)
{
    return c == '\n' ? go_to(m, CODE, true) : true;
}

static bool on_block(struct module_links *m, char c)
{
    return c == '*' ? go_to(m, BLOCK_STAR, true) : true;
}

static bool on_block_star(struct module_links *m, char c)
{
    if (c == '/')
        return go_to(m, CODE, true);
    return c == '*' ? true : go_to(m, BLOCK, true);
}

static bool on_template(struct module_links *m, char c)
{
    if (c == '\\')
        return go_to(m, TEMPLATE_ESCAPE, true);
    if (c == '$')
        return go_to(m, TEMPLATE_DOLLAR, true);
    if (c != '`')
        return true;
    m->is_value_before = true;
    m->is_dot_before = false;
    return go_to(m, CODE, true);
}

static bool on_template_escape(struct module_links *m, char c)
{
    (void)c; /* whatever it stands for */
    return go_to(m, TEMPLATE, true);
}

static bool on_template_dollar(struct module_links *m, char c)
{
    if (c != '{')
        return go_to(m, TEMPLATE, false);
    if (m->template_count == TEMPLATES_MAX)
        return go_to(m, LOST, true);
    m->templates[m->template_count++] = ++m->depth;
    m->is_value_before = m->is_dot_before = false;
    return go_to(m, CODE, true);
}

/* An expression cannot go on in another line: then it was a division. */
static bool on_expression(struct module_links *m, char c)
{
    if (c == '\\')
        return go_to(m, EXPRESSION_ESCAPE, true);
    if (c == '[')
        return go_to(m, EXPRESSION_CLASS, true);
    if (c != '/' && c != '\n')
        return true;
    m->is_value_before = true;
    return go_to(m, CODE, true);
}

static bool on_expression_escape(struct module_links *m, char c)
{
    return go_to(m, EXPRESSION, c != '\n');
}

static bool on_expression_class(struct module_links *m, char c)
{
    if (c == '\\')
        return go_to(m, EXPRESSION_CLASS_ESCAPE, true);
    if (c == '\n')
        return go_to(m, EXPRESSION, false);
    return c == ']' ? go_to(m, EXPRESSION, true) : true;
}

static bool on_expression_class_escape(struct module_links *m, char c)
{
    return go_to(m, EXPRESSION_CLASS, c != '\n');
}

static bool on_lost(struct module_links *m, char c)
{
    (void)m, (void)c; /* nothing is read any more */
    return true;
}

typedef bool state_fn(struct module_links *m, char c);

static state_fn *const states[] = {
    [CODE] = on_code,
    [WORD] = on_word,
    [STRING] = on_string,
    [STRING_ESCAPE] = on_string_escape,
    [SLASH] = on_slash,
    [LINE] = on_line,
    [BLOCK] = on_block,
    [BLOCK_STAR] = on_block_star,
    [TEMPLATE] = on_template,
    [TEMPLATE_ESCAPE] = on_template_escape,
    [TEMPLATE_DOLLAR] = on_template_dollar,
    [EXPRESSION] = on_expression,
    [EXPRESSION_ESCAPE] = on_expression_escape,
    [EXPRESSION_CLASS] = on_expression_class,
    [EXPRESSION_CLASS_ESCAPE] = on_expression_class_escape,
    [LOST] = on_lost,
};

void module_links_feed(struct module_links *links, struct str bytes)
{
    for (size_t i = 0; i < bytes.len && links->state != LOST; i++) {
        char c = bytes.at[i];
        while (!states[links->state](links, c))
            ;
        if (c == '\n')
            links->at = (struct html_position){links->at.line + 1, 1};
        else if (((unsigned char)c & 0xc0) != 0x80)
            links->at.column++;
    }
}
