/* How `davit explain` looks. Text is wrapped at spaces to the width of the screen, an aspect of a
 * status under its title. Several statuses stand beside each other in columns, an aspect a row,
 * where the screen is wide enough for columns that can be read; otherwise under each other, still
 * by aspect, because comparing is what they were asked for.
 *
 * The JSON has the same, unwrapped, with the examples whole. */
#include "cli/explain_text.h"
#include "text/json.h"

enum { COLUMN_WIDTH_MIN = 24, INDENT = 2, GAP = 2 };

static const char *const cache_texts[] = {
    [CACHED] = "Yes, also without being told.",
    [CACHE_TOLD] =
        ("Only with explicit freshness (Cache-Control, Expires), for a method that allows "
         "it. Answers to PROPFIND are not kept in practice."),
    [UNCACHED] = "No.",
};

static const struct class_text {
    const char *title, *text;
} class_texts[] = {
    {"1xx: interim", "The request goes on; another answer follows. Nothing is decided."},
    {"2xx: success",
     "The request was understood and done, or taken. Of 207 that is not so: it only says "
     "that the body holds statuses."},
    {"3xx: elsewhere", "Something more is to be done to get it, usually ask another URL."},
    {"4xx: the client's turn", "The request is wrong or not allowed, or the resource is not as it "
                               "demands. Unchanged it will fail again."},
    {"5xx: the server failed", "The request may be right; the server could not do it."},
};

/* The aspects in which statuses are compared. */
static const struct aspect {
    const char *title, *key;
    size_t offset; /* of a const char * in struct status_text; 0: the cache */
} aspects[] = {
    {"MEANING", "means", offsetof(struct status_text, means)},
    {"USE", "when", offsetof(struct status_text, when)},
    {"CONTENTS OF THE ANSWER", "body", offsetof(struct status_text, body)},
    {"WHAT A CLIENT SHOULD DO", "client", offsetof(struct status_text, client)},
    {"MAY IT BE CACHED", "cache", 0},
    {"ERRORS THAT ARE OFTEN MADE", "mistakes", offsetof(struct status_text, mistakes)},
};

static const char *aspect_of(const struct status_text *text, const struct aspect *aspect)
{
    const char *value;
    if (!aspect->offset)
        return cache_texts[text->cache];
    memcpy(&value, (const char *)text + aspect->offset, sizeof(value));
    return value;
}

/* --- wrapping --- */

static size_t width_of(struct str text)
{
    size_t width = 0;
    for (size_t i = 0; i < text.len; i++)
        width += (text.at[i] & 0xc0) != 0x80;
    return width;
}

/* As many words as fit, at least one; what is left stays in *rest. */
static struct str take_line(struct str *rest, size_t width)
{
    struct str text = *rest;
    size_t end = 0; /* of the words taken */
    for (size_t at = 0; at <= text.len; at++) {
        if (at < text.len && text.at[at] != ' ')
            continue;
        if (end && width_of(str_first(text, at)) > width)
            break;
        end = at;
    }
    *rest = str_from(text, end + 1);
    return str_first(text, end);
}

static void add_spaces(struct buf *to, size_t count)
{
    while (count--)
        buf_add_char(to, ' ');
}

static void add_wrapped(struct buf *to, const char *text, size_t indent, size_t width)
{
    struct str rest = str_of_c(text);
    while (rest.len) {
        add_spaces(to, indent);
        buf_add(to, take_line(&rest, width > indent + COLUMN_WIDTH_MIN ? width - indent
                                                                       : COLUMN_WIDTH_MIN));
        buf_add_char(to, '\n');
    }
}

/* Each line of `text` as it is, indented. */
static void add_block(struct buf *to, const char *text, size_t indent)
{
    struct str rest = str_of_c(text);
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        add_spaces(to, line.len ? indent : 0);
        buf_add(to, line);
        buf_add_char(to, '\n');
    }
}

/* --- one topic --- */

static void add_related(struct buf *to, const struct status_text *text)
{
    struct str rest = str_of_c(text->related);
    BUF_ADD(to, "RELATED\n");
    while (rest.len) {
        uint64_t code = 0;
        (void)!str_parse_u64(str_cut(&rest, ' '), &code); /* the table's own */
        struct str reason = http_reason((unsigned)code);
        buf_addf(to, "  %u %.*s\n", (unsigned)code, STR_ARGS(reason));
    }
}

static void add_example(struct buf *to, const struct explain_example *example, size_t width)
{
    buf_addf(to, "\nEXAMPLE: %s%s\n", example->title,
             example->needs ? " (this davit cannot produce it yet)" : "");
    add_block(to, example->request, INDENT);
    buf_add_char(to, '\n');
    add_block(to, example->head, INDENT);
    buf_add_char(to, '\n');
    add_block(to, example->body, INDENT);
    buf_add_char(to, '\n');
    add_wrapped(to, example->shows, INDENT, width);
}

static void add_status_text(struct buf *to, const struct status_text *text, size_t width)
{
    buf_addf(to, "%u %s (%s)\n\n", text->code, text->name, text->source);
    for (size_t i = 0; i < ARRAY_LEN(aspects); i++) {
        const char *value = aspect_of(text, &aspects[i]);
        if (!value)
            continue;
        buf_addf(to, "%s\n", aspects[i].title);
        add_wrapped(to, value, INDENT, width);
    }
    add_related(to, text);
    for (size_t i = 0; i < explain_example_count; i++) {
        if (explain_examples[i].code == text->code)
            add_example(to, &explain_examples[i], width);
    }
}

static void add_code_line(struct buf *to, const struct status_text *text, size_t width)
{
    char left[64];
    int len = snprintf(left, sizeof(left), "  %u %s", text->code, text->name);
    struct str rest = str_of_c(text->means);
    size_t column = 38;
    buf_addf(to, "%-38s", left);
    if (len >= 38)
        buf_add_char(to, ' ');
    for (bool is_first = true; rest.len; is_first = false) {
        add_spaces(to, is_first ? 0 : column);
        buf_add(to, take_line(&rest, width > column + COLUMN_WIDTH_MIN ? width - column
                                                                       : COLUMN_WIDTH_MIN));
        buf_add_char(to, '\n');
    }
}

static void add_class(struct buf *to, unsigned class, size_t width)
{
    const struct class_text *text = &class_texts[class / 100 - 1];
    buf_addf(to, "%s\n", text->title);
    add_wrapped(to, text->text, INDENT, width);
    buf_add_char(to, '\n');
    for (size_t i = 0; i < http_status_text_count; i++) {
        if (http_status_texts[i].code / 100 == class / 100)
            add_code_line(to, &http_status_texts[i], width);
    }
}

static void add_unregistered(struct buf *to, unsigned code, size_t width)
{
    unsigned class = code / 100 * 100;
    const struct status_text *first = http_status_text_find(class);
    buf_addf(to, "%u is not registered with IANA.\n\n", code);
    buf_addf(to, "%s\n", class_texts[class / 100 - 1].title);
    add_wrapped(to, class_texts[class / 100 - 1].text, INDENT, width);
    BUF_ADD(to, "WHAT A CLIENT SHOULD DO\n");
    buf_addf(to, "  Treat it as %u %s (RFC 9110 §15).\n", class, first ? first->name : "");
}

static void add_condition(struct buf *to, const struct explain_condition *condition, size_t width)
{
    struct str reason = http_reason(condition->status);
    buf_addf(to, "%s (%s)\n\n", condition->element, condition->source);
    BUF_ADD(to, "MEANING\n");
    add_wrapped(to, condition->says, INDENT, width);
    BUF_ADD(to, "USE\n");
    buf_addf(to, "  <D:error xmlns:D=\"DAV:\"><D:%s/></D:error>\n", condition->element);
    buf_addf(to, "  with %u %.*s, as the body of an answer or inside a 207.\n", condition->status,
             STR_ARGS(reason));
    BUF_ADD(to, "WHAT A CLIENT SHOULD DO\n");
    add_wrapped(to, condition->help, INDENT, width);
}

void explain_add_text(struct buf *to, const struct explain_topic *topic, size_t width)
{
    switch (topic->kind) {
    case EXPLAIN_STATUS:
        add_status_text(to, http_status_text_find(topic->code), width);
        break;
    case EXPLAIN_UNREGISTERED:
        add_unregistered(to, topic->code, width);
        break;
    case EXPLAIN_CLASS:
        add_class(to, topic->code, width);
        break;
    case EXPLAIN_CONDITION:
        add_condition(to, topic->condition, width);
        break;
    case EXPLAIN_NOTHING:
        break;
    }
}

/* --- several --- */

static void add_columns(struct buf *to, const struct str *texts, size_t count, size_t width)
{
    struct str rests[16];
    bool is_more = true;
    memcpy(rests, texts, count * sizeof(*texts));
    while (is_more) {
        size_t owed = 0;
        is_more = false;
        for (size_t i = 0; i < count; i++) {
            struct str line = take_line(&rests[i], width);
            if (line.len) {
                add_spaces(to, owed);
                buf_add(to, line);
                owed = 0;
            }
            size_t has = width_of(line);
            owed += (has < width ? width - has : 0) + GAP;
            is_more |= rests[i].len > 0;
        }
        buf_add_char(to, '\n');
    }
}

static void add_side_by_side(struct buf *to, const struct status_text *const *texts, size_t count,
                             size_t width)
{
    struct str cells[16];
    char names[16][64];
    for (size_t i = 0; i < count; i++) {
        str_print(names[i], sizeof(names[i]), "%u %s", texts[i]->code, texts[i]->name);
        cells[i] = str_of_c(names[i]);
    }
    add_columns(to, cells, count, width);
    for (size_t k = 0; k < ARRAY_LEN(aspects); k++) {
        buf_addf(to, "\n%s\n", aspects[k].title);
        for (size_t i = 0; i < count; i++) {
            const char *value = aspect_of(texts[i], &aspects[k]);
            cells[i] = str_of_c(value ? value : "-");
        }
        add_columns(to, cells, count, width);
    }
}

static void add_one_below_the_other(struct buf *to, const struct status_text *const *texts,
                                    size_t count, size_t width)
{
    for (size_t k = 0; k < ARRAY_LEN(aspects); k++) {
        buf_addf(to, "%s%s\n", k ? "\n" : "", aspects[k].title);
        for (size_t i = 0; i < count; i++) {
            const char *value = aspect_of(texts[i], &aspects[k]);
            if (!value)
                continue;
            buf_addf(to, "  %u %s\n", texts[i]->code, texts[i]->name);
            add_wrapped(to, value, 6, width);
        }
    }
}

void explain_add_comparison(struct buf *to, const struct explain_topic *topics, size_t count,
                            size_t width)
{
    const struct status_text *texts[16];
    assert(count <= ARRAY_LEN(texts));
    for (size_t i = 0; i < count; i++)
        texts[i] = http_status_text_find(topics[i].code);
    size_t gaps = (count - 1) * GAP;
    size_t column = width > gaps ? (width - gaps) / count : 0;
    if (column >= COLUMN_WIDTH_MIN)
        add_side_by_side(to, texts, count, column);
    else
        add_one_below_the_other(to, texts, count, width);
}

/* --- JSON --- */

static void add_json_text(struct buf *to, const char *name, const char *text)
{
    if (text)
        json_add_member(to, str_of_c(name), str_of_c(text));
}

static void add_json_example(struct buf *to, const struct explain_example *example)
{
    json_add_comma(to);
    buf_add_char(to, '{');
    add_json_text(to, "name", example->name);
    add_json_text(to, "title", example->title);
    json_add_bool(to, STR("produced"), !example->needs);
    add_json_text(to, "needs", example->needs);
    add_json_text(to, "request", example->request);
    add_json_text(to, "head", example->head);
    add_json_text(to, "body", example->body);
    add_json_text(to, "shows", example->shows);
    buf_add_char(to, '}');
}

static void add_json_status(struct buf *to, const struct status_text *text)
{
    static const char *const caches[] = {"by default", "when told", "never"};
    struct str related = str_of_c(text->related);
    bool has_examples = false;
    json_add_number(to, STR("code"), text->code);
    add_json_text(to, "name", text->name);
    json_add_bool(to, STR("registered"), true);
    add_json_text(to, "class", class_texts[text->code / 100 - 1].title);
    add_json_text(to, "source", text->source);
    add_json_text(to, "means", text->means);
    add_json_text(to, "when", text->when);
    add_json_text(to, "body", text->body);
    add_json_text(to, "client", text->client);
    add_json_text(to, "cache", caches[text->cache]);
    add_json_text(to, "mistakes", text->mistakes);
    json_add_name(to, STR("related"));
    buf_add_char(to, '[');
    while (related.len) {
        json_add_comma(to);
        buf_add(to, str_cut(&related, ' '));
    }
    buf_add_char(to, ']');
    for (size_t i = 0; i < explain_example_count; i++) {
        if (explain_examples[i].code != text->code)
            continue;
        if (!has_examples) {
            json_add_name(to, STR("examples"));
            buf_add_char(to, '[');
        }
        has_examples = true;
        add_json_example(to, &explain_examples[i]);
    }
    if (has_examples)
        buf_add_char(to, ']');
}

static void add_json_class(struct buf *to, unsigned class)
{
    add_json_text(to, "class", class_texts[class / 100 - 1].title);
    add_json_text(to, "means", class_texts[class / 100 - 1].text);
    json_add_name(to, STR("codes"));
    buf_add_char(to, '[');
    for (size_t i = 0; i < http_status_text_count; i++) {
        if (http_status_texts[i].code / 100 != class / 100)
            continue;
        json_add_comma(to);
        buf_add_char(to, '{');
        add_json_status(to, &http_status_texts[i]);
        buf_add_char(to, '}');
    }
    buf_add_char(to, ']');
}

void explain_add_json(struct buf *to, const struct explain_topic *topic)
{
    json_add_comma(to);
    buf_add_char(to, '{');
    add_json_text(to, "argument", topic->argument);
    switch (topic->kind) {
    case EXPLAIN_STATUS:
        add_json_status(to, http_status_text_find(topic->code));
        break;
    case EXPLAIN_UNREGISTERED:
        json_add_number(to, STR("code"), topic->code);
        json_add_bool(to, STR("registered"), false);
        add_json_text(to, "class", class_texts[topic->code / 100 - 1].title);
        break;
    case EXPLAIN_CLASS:
        add_json_class(to, topic->code);
        break;
    case EXPLAIN_CONDITION:
        add_json_text(to, "condition", topic->condition->element);
        json_add_number(to, STR("status"), topic->condition->status);
        add_json_text(to, "source", topic->condition->source);
        add_json_text(to, "means", topic->condition->says);
        add_json_text(to, "client", topic->condition->help);
        break;
    case EXPLAIN_NOTHING:
        add_json_text(to, "error", "unknown");
        add_json_text(to, "suggestion", topic->suggestion);
        break;
    }
    buf_add_char(to, '}');
}
