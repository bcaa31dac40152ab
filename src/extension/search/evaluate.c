/* Truth has three values, after SQL (RFC 5323 §5.5.3): a property that a resource does not have,
 * one whose value is elements, and a literal that is no value of the property's type make a
 * comparison unknown. So it does not match, nor does it behind a not. FALSE < UNKNOWN < TRUE: an
 * and is the least of what it is about, an or the greatest, and a not turns the order round.
 *
 * How values are compared the literal says, where it has a type, and otherwise the property: of the
 * live ones whose values are numbers or dates that is known, and all others are text. Text is
 * compared by its characters; without case in the form of Unicode in which every letter is its
 * small one (text/unicode.h).
 *
 * A query is walked by recursion: it is as deep as its XML, which is bounded. What one comparison
 * needs is forgotten before the next: a query may have thousands of them, each about a value of
 * megabytes. For the same reason the time is looked at before each, and within the one that can
 * take more than a moment; where it is over, what is left is unknown, and the caller says so. */
#include "extension/search/evaluate.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "text/date.h"
#include "text/unicode.h"

/* --- types --- */

static enum search_type type_of(const struct prop_name *name)
{
    static const struct {
        struct str name;
        enum search_type type;
    } typed[] = {{STR_INIT("getcontentlength"), TYPE_NUMBER},
                 {STR_INIT("quota-available-bytes"), TYPE_NUMBER},
                 {STR_INIT("quota-used-bytes"), TYPE_NUMBER},
                 {STR_INIT("creationdate"), TYPE_DATE},
                 {STR_INIT("getlastmodified"), TYPE_DATE}};
    for (size_t i = 0; name->live && i < ARRAY_LEN(typed); i++) {
        if (str_eq(typed[i].name, name->name) && str_eq(name->ns, STR(NS_DAV)))
            return typed[i].type;
    }
    return TYPE_STRING;
}

/* A value as what is compared; of a string nothing but its text. */
struct operand {
    struct str text;
    double number; /* also a truth, and the part of a date's second */
    int64_t whole; /* of a number without a fraction, and of a date */
    bool is_whole;
};

static bool read_number(struct str text, struct operand *out)
{
    enum { NUMBER_BYTES_MAX = 64 };
    char copy[NUMBER_BYTES_MAX];
    char *end;
    uint64_t whole;
    text = str_trim(text);
    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = 0;
    out->is_whole = str_parse_u64(text, &whole) && whole <= INT64_MAX;
    out->whole = out->is_whole ? (int64_t)whole : 0;
    out->number = strtod(copy, &end);
    return *end == 0 && out->number - out->number == 0; /* it is finite */
}

/* As HTTP has it, or as XML Schema does. */
static bool read_date(struct str text, struct operand *out)
{
    text = str_trim(text);
    out->is_whole = true;
    return http_date_parse(text, &out->whole) || iso_date_parse(text, &out->whole);
}

static bool read_truth(struct str text, struct operand *out)
{
    bool is_true = str_eq(text, STR("true")) || str_eq(text, STR("1"));
    out->is_whole = true;
    out->whole = is_true;
    return is_true || str_eq(text, STR("false")) || str_eq(text, STR("0"));
}

/* False: the text is no value of that type. */
static bool read_operand(struct str text, enum search_type type, struct operand *out)
{
    *out = (struct operand){.text = text};
    switch (type) {
    case TYPE_STRING:
        return true;
    case TYPE_NUMBER:
        return read_number(text, out);
    case TYPE_DATE:
        return read_date(text, out);
    case TYPE_TRUTH:
        return read_truth(str_trim(text), out);
    }
    BUG("no such type");
}

static int compare_operands(const struct operand *a, const struct operand *b, enum search_type type)
{
    if (type == TYPE_STRING) /* UTF-8 has the order of its characters */
        return str_compare(a->text, b->text);
    if (a->is_whole && b->is_whole)
        return (a->whole > b->whole) - (a->whole < b->whole);
    return (a->number > b->number) - (a->number < b->number);
}

/* --- like --- */

static size_t take(struct str text)
{
    uint32_t c;
    size_t len = utf8_take(text, &c);
    return len ? len : 1; /* a byte that is no character stands for itself */
}

/* Takes one part of a pattern that stands for one character. False: `text` does not begin so. */
static bool take_one(struct str *text, struct str *pattern)
{
    if (text->len == 0)
        return false;
    if (pattern->at[0] == '_') {
        *text = str_from(*text, take(*text));
        *pattern = str_from(*pattern, 1);
        return true;
    }
    bool is_escaped = pattern->at[0] == '\\' && pattern->len > 1;
    struct str wanted = is_escaped ? str_from(*pattern, 1) : *pattern;
    size_t len = size_min(take(wanted), wanted.len);
    if (!str_starts(*text, str_first(wanted, len)))
        return false;
    *text = str_from(*text, len);
    *pattern = str_from(wanted, len);
    return true;
}

static bool is_over(struct search_deadline *deadline)
{
    deadline->has_come |= clock_mono_ms() >= deadline->ends_ms;
    return deadline->has_come;
}

static enum search_truth truth_of(bool is_true)
{
    return is_true ? TRUTH_TRUE : TRUTH_FALSE;
}

/* Only the last % has to be tried again: what is before it has been found as early as can be. Each
 * time may take as long as the pattern is. */
enum search_truth search_is_like(struct str text, struct str pattern,
                                 struct search_deadline *deadline)
{
    enum { TRIES_BETWEEN_LOOKS = 1024 };
    unsigned tries = 0;
    struct str again_text = STR_NONE;
    struct str again_pattern = STR_NONE;
    bool has_again = false;
    while (text.len || pattern.len) {
        if (pattern.len && pattern.at[0] == '%') {
            pattern = str_from(pattern, 1);
            again_pattern = pattern;
            again_text = text;
            has_again = true;
        } else if (!pattern.len || !take_one(&text, &pattern)) {
            if (!has_again || again_text.len == 0)
                return TRUTH_FALSE;
            if (++tries % TRIES_BETWEEN_LOOKS == 0 && is_over(deadline))
                return TRUTH_UNKNOWN;
            again_text = str_from(again_text, take(again_text));
            text = again_text;
            pattern = again_pattern;
        }
    }
    return TRUTH_TRUE;
}

/* --- operators --- */

struct evaluation {
    const struct search_query *query;
    const struct search_subject *subject;
    struct search_deadline *deadline;
    struct arena arena; /* of one comparison */
};

static struct str folded(struct arena *arena, struct str text, bool is_caseless)
{
    return is_caseless ? unicode_form(arena, text, UNICODE_SMALL) : text;
}

static enum search_truth compare(struct evaluation *evaluation, const struct search_node *node,
                                 const struct search_value *value)
{
    const struct prop_name *name = &evaluation->query->props.names[node->prop];
    enum search_type type = node->is_typed ? node->type : type_of(name);
    struct arena *arena = &evaluation->arena;
    struct operand left, right;
    if (!value->is_text ||
        !read_operand(folded(arena, value->text, node->is_caseless), type, &left) ||
        !read_operand(folded(arena, node->literal, node->is_caseless), type, &right))
        return TRUTH_UNKNOWN;
    int order = compare_operands(&left, &right, type);
    switch (node->operator) {
    case SEARCH_LT:
        return truth_of(order < 0);
    case SEARCH_LTE:
        return truth_of(order <= 0);
    case SEARCH_GT:
        return truth_of(order > 0);
    case SEARCH_GTE:
        return truth_of(order >= 0);
    default:
        return truth_of(order == 0);
    }
}

static enum search_truth like(struct evaluation *evaluation, const struct search_node *node,
                              const struct search_value *value)
{
    struct arena *arena = &evaluation->arena;
    if (!value->is_text)
        return TRUTH_UNKNOWN;
    return search_is_like(folded(arena, value->text, node->is_caseless),
                          folded(arena, node->literal, node->is_caseless), evaluation->deadline);
}

/* RFC 4647 §3.3.1: "*" is any; a range is a language tag, or the first subtags of one. */
static enum search_truth language_matches(const struct search_node *node,
                                          const struct search_value *value)
{
    struct str range = str_trim(node->literal);
    if (!value->is_defined || value->lang.len == 0)
        return TRUTH_UNKNOWN;
    bool is_first = value->lang.len > range.len && value->lang.at[range.len] == '-';
    return truth_of(str_eq(range, STR("*")) ||
                    (str_eq_nocase(str_first(value->lang, range.len), range) &&
                     (is_first || value->lang.len == range.len)));
}

/* Content is not looked into, and nothing would be said of it: the name is. */
static enum search_truth contains(struct arena *arena, const struct search_node *node,
                                  const struct search_subject *subject)
{
    struct str name = unicode_form(arena, subject->name, UNICODE_LOOSE);
    struct str wanted = unicode_form(arena, str_trim(node->literal), UNICODE_LOOSE);
    for (size_t at = 0; at + wanted.len <= name.len; at++) {
        if (str_starts(str_from(name, at), wanted))
            return TRUTH_TRUE;
    }
    return TRUTH_FALSE;
}

static enum search_truth evaluate(struct evaluation *evaluation, const struct search_node *node);

/* The least of all within, or the greatest. */
static enum search_truth evaluate_all(struct evaluation *evaluation, const struct search_node *node)
{
    bool is_and = node->operator== SEARCH_AND;
    enum search_truth truth = is_and ? TRUTH_TRUE : TRUTH_FALSE;
    enum search_truth last = is_and ? TRUTH_FALSE : TRUTH_TRUE;
    for (const struct search_node *inner = node->inner; inner && truth != last;
         inner = inner->before) {
        enum search_truth found = evaluate(evaluation, inner);
        bool counts = is_and ? found < truth : found > truth;
        truth = counts ? found : truth;
    }
    return truth;
}

/* An operator that has no others in it. */
static enum search_truth evaluate_one(struct evaluation *evaluation, const struct search_node *node)
{
    const struct search_subject *subject = evaluation->subject;
    const struct search_value *value = node->prop != SIZE_MAX ? &subject->values[node->prop] : NULL;
    switch (node->operator) {
    case SEARCH_LT:
    case SEARCH_LTE:
    case SEARCH_GT:
    case SEARCH_GTE:
    case SEARCH_EQ:
        return compare(evaluation, node, value);
    case SEARCH_LIKE:
        return like(evaluation, node, value);
    case SEARCH_LANGUAGE_DEFINED:
        return value->is_defined ? truth_of(value->lang.len > 0) : TRUTH_UNKNOWN;
    case SEARCH_LANGUAGE_MATCHES:
        return language_matches(node, value);
    case SEARCH_IS_COLLECTION:
        return truth_of(subject->is_collection);
    case SEARCH_IS_DEFINED:
        return truth_of(value->is_defined);
    case SEARCH_CONTAINS:
        return contains(&evaluation->arena, node, subject);
    default:
        break;
    }
    BUG("no such operator");
}

static enum search_truth evaluate(struct evaluation *evaluation, const struct search_node *node)
{
    switch (node->operator) {
    case SEARCH_AND:
    case SEARCH_OR:
        return evaluate_all(evaluation, node);
    case SEARCH_NOT:
        return (enum search_truth)(TRUTH_TRUE - evaluate(evaluation, node->inner));
    default:
        break;
    }
    if (is_over(evaluation->deadline))
        return TRUTH_UNKNOWN;
    arena_reset(&evaluation->arena);
    return evaluate_one(evaluation, node);
}

enum search_truth search_evaluate(const struct search_query *query,
                                  const struct search_subject *subject,
                                  struct search_deadline *deadline)
{
    struct evaluation evaluation = {.query = query, .subject = subject, .deadline = deadline};
    enum search_truth truth = query->where ? evaluate(&evaluation, query->where) : TRUTH_TRUE;
    arena_done(&evaluation.arena);
    return truth;
}

/* --- order --- */

/* What has no value comes first. */
static int compare_values(enum search_type type, struct arena *arena, bool is_caseless,
                          const struct search_value *a, const struct search_value *b)
{
    struct operand left, right;
    bool has_left = a->is_text && read_operand(folded(arena, a->text, is_caseless), type, &left);
    bool has_right = b->is_text && read_operand(folded(arena, b->text, is_caseless), type, &right);
    if (!has_left || !has_right)
        return (int)has_left - (int)has_right;
    return compare_operands(&left, &right, type);
}

int search_compare(const struct search_query *query, struct arena *arena,
                   const struct search_value *a, const struct search_value *b)
{
    int result = 0;
    for (size_t i = 0; result == 0 && i < query->order_count; i++) {
        const struct search_order *order = &query->orders[i];
        if (order->prop == SIZE_MAX)
            continue;
        result = compare_values(type_of(&query->props.names[order->prop]), arena,
                                order->is_caseless, &a[i], &b[i]);
        result = order->is_descending ? -result : result;
    }
    return result;
}
