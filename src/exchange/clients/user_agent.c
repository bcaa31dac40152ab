/* A User-Agent is what its writer thought good: products with versions, comments, and often words
 * that are neither. It is foreign text, of any bytes, and is read once from left to right: at each
 * place where a product may begin the pattern is held against it. What is in a comment is said of a
 * product ("like Gecko"), and is none.
 *
 *     davfs2/1.6.1 neon/0.32.2          two products
 *     Mozilla/5.0 (Linux) mirall/3.10   mirall behind a comment
 *     Microsoft Office Word 2014        words, which have no version
 *
 * A version is parts between dots, each a number with something behind it. Numbers are compared as
 * such, however long; what has something behind its number comes before what has nothing, since
 * that is what people mean by 3.0-rc1. A "v" in front is left out.
 *
 * Rejected: regular expressions and globs. A bound on a version is what is wanted, and neither can
 * say it. Rejected: to read patterns into structs. They are as short as what they are held
 * against, and who reads one for the first time finds its mistakes (user_agent_check()). */
#include "exchange/clients/user_agent.h"

#include "http/fields.h"

enum { PATTERN_BYTES_MAX = 256 };

/* --- versions --- */

/* Takes what is before the next dot. */
static struct str take_part(struct str *version, struct str *number_out)
{
    struct str part = str_cut(version, '.');
    size_t digits = 0;
    while (digits < part.len && char_is_digit(part.at[digits]))
        digits++;
    *number_out = str_first(part, digits);
    while (number_out->len && number_out->at[0] == '0')
        *number_out = str_from(*number_out, 1);
    return str_from(part, digits);
}

static int compare_numbers(struct str a, struct str b)
{
    return a.len != b.len ? (a.len > b.len) - (a.len < b.len) : str_compare(a, b);
}

static struct str plain_version(struct str version)
{
    if (version.len && (version.at[0] == 'v' || version.at[0] == 'V'))
        version = str_from(version, 1);
    return str_first(version, str_index(version, '+'));
}

int user_agent_compare_versions(struct str a, struct str b)
{
    int order = 0;
    a = plain_version(a);
    b = plain_version(b);
    while (order == 0 && (a.len || b.len)) {
        struct str number, other_number;
        struct str rest = take_part(&a, &number);
        struct str other_rest = take_part(&b, &other_number);
        order = compare_numbers(number, other_number);
        if (order == 0 && !rest.len != !other_rest.len)
            order = rest.len ? -1 : 1;
        if (order == 0)
            order = str_compare(rest, other_rest);
    }
    return order;
}

/* --- patterns --- */

/* Takes "<=" and the like, "=" where there is none; bits of what the comparison may come to. */
enum { BELOW = 1, EQUAL = 2, ABOVE = 4 };

static unsigned take_operator(struct str *condition)
{
    static const struct {
        struct str sign;
        unsigned orders;
    } operators[] = {{STR_INIT("<="), BELOW | EQUAL},
                     {STR_INIT(">="), ABOVE | EQUAL},
                     {STR_INIT("<"), BELOW},
                     {STR_INIT(">"), ABOVE},
                     {STR_INIT("="), EQUAL}};
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        if (str_starts(*condition, operators[i].sign)) {
            *condition = str_from(*condition, operators[i].sign.len);
            return operators[i].orders;
        }
    }
    return EQUAL;
}

static bool is_within(struct str version, struct str conditions)
{
    while (conditions.len) {
        struct str bound = str_trim(str_cut(&conditions, ','));
        unsigned orders = take_operator(&bound);
        int order = user_agent_compare_versions(version, str_trim(bound));
        if (!(orders & (order < 0 ? BELOW : order > 0 ? ABOVE : EQUAL)))
            return false;
    }
    return true;
}

static bool is_version(struct str text)
{
    struct str version = plain_version(text);
    bool is_fine = version.len && char_is_digit(version.at[0]);
    for (size_t i = 0; i < text.len; i++)
        is_fine &= http_is_token_char(text.at[i]) && text.at[i] != '*';
    return is_fine;
}

static bool check_name(struct str name, struct err *err)
{
    if (name.len && name.at[name.len - 1] == '*')
        name.len--;
    bool is_fine = name.len && name.at[0] != ' ' && name.at[name.len - 1] != ' ';
    for (size_t i = 0; i < name.len; i++)
        is_fine &= name.at[i] != '*' && (http_is_token_char(name.at[i]) || name.at[i] == ' ');
    return is_fine ||
           err_set(err, 0,
                   "a client is named by a product, as its User-Agent has it: \"davfs2\", "
                   "\"davfs2/<1.5\", \"Microsoft*\"");
}

bool user_agent_check(struct str pattern, struct err *err)
{
    struct str rest = pattern;
    struct str name = str_cut(&rest, '/');
    if (pattern.len > PATTERN_BYTES_MAX)
        return err_set(err, 0, "the name of a client is too long");
    if (!check_name(name, err))
        return false;
    bool has_bounds = name.len < pattern.len;
    while (has_bounds) {
        has_bounds = memchr(rest.len ? rest.at : "", ',', rest.len) != NULL;
        struct str bound = str_trim(str_cut(&rest, ','));
        (void)take_operator(&bound);
        bound = str_trim(bound);
        if (!is_version(bound))
            return err_set(err, 0,
                           "'%.*s' is no version; versions are bounded by <, <=, =, >=, > and a "
                           "number, several with commas between them: \"davfs2/>=1.4,<1.5\"",
                           STR_ARGS(bound));
    }
    return true;
}

/* --- products --- */

/* Behind the comment that `text` begins with, which may have others in it (RFC 9110 §5.6.5). */
static struct str skip_comment(struct str text)
{
    size_t depth = 0;
    size_t i = 0;
    for (; i < text.len; i++) {
        if (text.at[i] == '\\')
            i++;
        else if (text.at[i] == '(')
            depth++;
        else if (text.at[i] == ')' && --depth == 0)
            break;
    }
    return str_from(text, size_min(i + 1, text.len));
}

static size_t product_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && text.at[len] != ' ' && text.at[len] != '\t' && text.at[len] != '(')
        len++;
    return len;
}

static struct str token_at(struct str text)
{
    size_t len = 0;
    while (len < text.len && http_is_token_char(text.at[len]))
        len++;
    return str_first(text, len);
}

/* Whether what the text begins with is meant. */
static bool is_meant(struct str text, struct str name, struct str conditions)
{
    bool is_open = name.at[name.len - 1] == '*';
    name.len -= is_open;
    if (text.len < name.len || !str_eq_nocase(str_first(text, name.len), name))
        return false;
    text = str_from(text, name.len);
    struct str rest = str_first(text, product_len(text));
    size_t slash = str_index(rest, '/');
    if (!is_open && rest.len && slash > 0)
        return false;
    if (!conditions.len)
        return true;
    struct str version = token_at(str_from(rest, size_min(slash + 1, rest.len)));
    return is_version(version) && is_within(version, conditions);
}

bool user_agent_is(struct str agent, struct str pattern)
{
    struct str conditions = pattern;
    struct str name = str_cut(&conditions, '/');
    while (agent.len) {
        size_t len = product_len(agent);
        if (len && is_meant(agent, name, conditions))
            return true;
        agent = str_from(agent, len);
        if (agent.len && agent.at[0] == '(')
            agent = skip_comment(agent);
        else if (agent.len)
            agent = str_from(agent, 1);
    }
    return false;
}
