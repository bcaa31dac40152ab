/* What somebody may type who wants to know about a status: a code, a class (2xx), a status line
 * from a log, a reason phrase in any spelling, the element of a precondition with or without its
 * prefix. What is none of these gets the nearest name there is.
 *
 * Elements come first, then classes, codes and phrases; no two of them can be the same text. A code
 * that is not registered is still explained, by its class (RFC 9110 §15). */
#include "cli/explain_topic.h"

#include "base/mem.h"
#include "base/suggest.h"

const struct explain_condition explain_conditions[] = {
#define DAV_CONDITION(name, status, element, where, says, help)                                    \
    {element, status, where, says, help},
#include "exchange/conditions.def"
#undef DAV_CONDITION
};
const size_t explain_condition_count = ARRAY_LEN(explain_conditions);

const struct explain_example explain_examples[] = {
#define EXPLAIN_EXAMPLE(code, name, title, needs, request, head, body, shows)                      \
    {code, name, title, needs, request, head, body, shows},
#include "cli/examples.def"
#undef EXPLAIN_EXAMPLE
};
const size_t explain_example_count = ARRAY_LEN(explain_examples);

static bool is_class(struct str text)
{
    return text.len == 3 && text.at[0] >= '1' && text.at[0] <= '5' &&
           str_eq_nocase(str_from(text, 1), STR("xx"));
}

static const struct explain_condition *find_condition(struct str text)
{
    size_t colon = str_index(text, ':');
    if (colon < text.len) /* D:lock-token-submitted */
        text = str_from(text, colon + 1);
    for (size_t i = 0; i < explain_condition_count; i++) {
        if (str_eq_nocase(str_of_c(explain_conditions[i].element), text))
            return &explain_conditions[i];
    }
    return NULL;
}

/* "multistatus" is "Multi-Status". */
static bool is_same_phrase(struct str a, const char *b)
{
    size_t i = 0;
    for (;; i++, b++) {
        while (i < a.len && strchr(" -_", a.at[i]))
            i++;
        while (*b && strchr(" -_", *b))
            b++;
        if (i == a.len || !*b)
            return i == a.len && !*b;
        if (char_lower(a.at[i]) != char_lower(*b))
            return false;
    }
}

static unsigned find_phrase(struct str text)
{
    for (size_t i = 0; i < http_status_text_count; i++) {
        if (is_same_phrase(text, http_status_texts[i].name))
            return http_status_texts[i].code;
    }
    return 0;
}

/* The nearest element or phrase. */
static const char *find_near(const char *argument)
{
    size_t count = explain_condition_count + http_status_text_count;
    const char **names = mem_new(count, sizeof(*names));
    for (size_t i = 0; i < explain_condition_count; i++)
        names[i] = explain_conditions[i].element;
    for (size_t i = 0; i < http_status_text_count; i++)
        names[explain_condition_count + i] = http_status_texts[i].name;
    const char *near = suggest(argument, names, count);
    mem_free(names);
    return near;
}

struct explain_topic explain_parse(const char *argument)
{
    struct explain_topic topic = {.argument = argument};
    struct str text = str_trim(str_of_c(argument));
    struct http_status_line line;
    if (str_starts(text, STR("<")) && str_ends(text, STR("/>")))
        text = str_first(str_from(text, 1), text.len - 3);
    topic.condition = find_condition(text);
    if (topic.condition) {
        topic.kind = EXPLAIN_CONDITION;
    } else if (is_class(text)) {
        topic.kind = EXPLAIN_CLASS;
        topic.code = (unsigned)(text.at[0] - '0') * 100;
    } else if (http_status_line_parse(text, &line) && line.status < 600) {
        topic.code = line.status;
        topic.kind = http_status_text_find(topic.code) ? EXPLAIN_STATUS : EXPLAIN_UNREGISTERED;
    } else {
        topic.code = text.len ? find_phrase(text) : 0;
        topic.kind = topic.code ? EXPLAIN_STATUS : EXPLAIN_NOTHING;
        topic.suggestion = topic.code ? NULL : find_near(argument);
    }
    return topic;
}
