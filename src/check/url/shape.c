/* Addresses that a template makes: what stays the same in them and what does not.
 *
 *     /cal/2031/05/       /cal/#/#/            numbers
 *     /s/9f3ac02e/home    /s/ * /home          ids: letters and digits in turns, or long
 *     /a/b/a/b/a/         a, b, several times  a path that goes on in itself
 *     /list?x=1&y=2       /list?               whatever is asked
 *
 * A shape is wide on purpose: all that a template can make must have one. That two addresses have
 * the same shape says nothing about what stands there (model/traps.c looks at that); in what they
 * differ is found out when there is a reason to ask.
 *
 * The parts of a path are sorted in its shape: from pages that lead to "a/" and to "b/" wherever
 * they are, there is one address for each order of these.
 *
 * What is far off must be of the form that the site's own addresses have, or it is refused for its
 * form: so a year becomes another that calendars still know, and the month beside it stays one. */
#include "check/url/shape.h"

#include "base/random.h"

enum {
    PARTS_MAX = 64, /* the bits of shape_diff.places */
    IN_QUERY = PARTS_MAX,
    PARAMS_MAX = 32,
    ID_BYTES_MIN = 8,
    LONG_ID_BYTES_MIN = 16,
    UUID_BYTES = 36,
    FAR_YEARS = 400, /* weekdays are the same again */
    FAR_PARTS = 12,
    FAR_ID_BYTES_MAX = 40,
    WORD_BYTES = 12,
};

#define FAR_SECONDS ((uint64_t)12622780800) /* so many years */

struct param {
    struct str name, value;
    size_t part; /* of the path; IN_QUERY */
};

/* A URL in its pieces. */
struct pieces {
    struct str origin;
    struct str path;
    struct str parts[PARTS_MAX]; /* what stands between slashes; more of them do not count */
    size_t part_count;
    bool has_query;
    struct param params[PARAMS_MAX];
    size_t param_count;
};

static void split_params(struct pieces *pieces, struct str text, size_t part, char mark)
{
    while (text.len && pieces->param_count < PARAMS_MAX) {
        struct str value = str_cut(&text, mark);
        struct str name = str_cut(&value, '=');
        pieces->params[pieces->param_count++] = (struct param){name, value, part};
    }
}

static void split(struct pieces *pieces, struct str url)
{
    size_t scheme = str_index(url, ':') + strlen("://");
    size_t origin_len = scheme + str_index(str_from(url, scheme), '/');
    struct str query = str_from(url, origin_len);
    pieces->part_count = pieces->param_count = 0;
    pieces->origin = str_first(url, origin_len);
    pieces->has_query = str_index(query, '?') < query.len;
    pieces->path = str_cut(&query, '?');
    struct str rest = str_from(pieces->path, 1);
    while (rest.len && pieces->part_count < PARTS_MAX) {
        struct str params = str_cut(&rest, '/');
        pieces->parts[pieces->part_count] = str_cut(&params, ';');
        split_params(pieces, params, pieces->part_count++, ';');
    }
    split_params(pieces, query, IN_QUERY, '&');
}

/* --- what varies in a text --- */

static bool is_alnum(char c)
{
    return char_is_alpha(c) || char_is_digit(c);
}

static size_t token_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && is_alnum(text.at[len]))
        len++;
    return len;
}

static size_t digits_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && char_is_digit(text.at[len]))
        len++;
    return len;
}

/* Letters and digits in turns, or a long mixture of them. */
static bool is_id(struct str token)
{
    unsigned turns = 0;
    if (token.len < ID_BYTES_MIN)
        return false;
    for (size_t i = 1; i < token.len; i++)
        turns += char_is_digit(token.at[i]) != char_is_digit(token.at[i - 1]);
    return turns >= 2 || (turns && token.len >= LONG_ID_BYTES_MIN);
}

/* RFC 9562 §4: hexadecimal digits with four dashes between. */
static size_t uuid_len(struct str text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    for (size_t i = 0; i < UUID_BYTES; i++) {
        bool is_right =
            i < text.len && (form[i] == '-' ? text.at[i] == '-' : hex_value(text.at[i]) >= 0);
        if (!is_right)
            return 0;
    }
    return UUID_BYTES;
}

/* The length of an id at the beginning; 0: there is none. */
static size_t id_len(struct str text)
{
    size_t len = uuid_len(text);
    if (len)
        return len;
    len = token_len(text);
    return is_id(str_first(text, len)) ? len : 0;
}

/* Ids become '*', and numbers '#' if they are to. Never longer than it was. */
static void add_folded_if(struct buf *to, struct str text, bool with_numbers)
{
    while (text.len) {
        size_t id = id_len(text), end = id ? id : size_max(token_len(text), 1);
        struct str token = str_first(text, end);
        text = str_from(text, end);
        if (id)
            buf_add_char(to, '*');
        while (!id && token.len) {
            size_t digits = with_numbers ? digits_len(token) : 0;
            buf_add_char(to, digits ? '#' : token.at[0]);
            token = str_from(token, digits ? digits : 1);
        }
    }
}

static void add_folded(struct buf *to, struct str text)
{
    add_folded_if(to, text, true);
}

/* Whether they are the same but for ids. */
static bool differ_in_ids(struct str a, struct str b)
{
    struct buf folded = {0};
    add_folded_if(&folded, a, false);
    size_t len = folded.len;
    add_folded_if(&folded, b, false);
    bool is_so = str_eq(str_first(buf_str(&folded), len), str_from(buf_str(&folded), len));
    buf_done(&folded);
    return is_so;
}

/* Whether two texts are the same but for numbers in them. */
static bool differ_in_numbers(struct str a, struct str b)
{
    struct buf folded = {0};
    add_folded(&folded, a);
    size_t len = folded.len;
    add_folded(&folded, b);
    struct str first = str_first(buf_str(&folded), len), second = str_from(buf_str(&folded), len);
    bool is_so =
        str_eq(first, second) && str_index(first, '#') < len && str_index(first, '*') == len;
    buf_done(&folded);
    return is_so;
}

/* --- shapes --- */

static bool has_before(const struct pieces *pieces, size_t part)
{
    bool has = false;
    for (size_t i = 0; i < part && !has; i++)
        has = str_eq(pieces->parts[i], pieces->parts[part]);
    return has;
}

static bool repeats_itself(const struct pieces *pieces)
{
    bool repeats = false;
    for (size_t i = 1; i < pieces->part_count && !repeats; i++)
        repeats = has_before(pieces, i);
    return repeats;
}

static int compare_texts(const void *left, const void *right)
{
    return str_compare(*(const struct str *)left, *(const struct str *)right);
}

static void add_path_shape(struct buf *to, const struct pieces *pieces)
{
    struct buf folded = {0};
    struct str sorted[PARTS_MAX];
    size_t count = 0;
    (void)buf_reserve(&folded, pieces->path.len + 1); /* it does not move below */
    for (size_t i = 0; i < pieces->part_count; i++) {
        if (has_before(pieces, i))
            continue;
        size_t len = folded.len;
        add_folded(&folded, pieces->parts[i]);
        sorted[count++] = str_of(folded.at + len, folded.len - len);
    }
    qsort(sorted, count, sizeof(*sorted), compare_texts);
    for (size_t i = 0; i < count; i++) {
        buf_add_char(to, '/');
        buf_add(to, sorted[i]);
    }
    if (str_ends(pieces->path, STR("/")))
        buf_add_char(to, '/');
    if (count < pieces->part_count)
        BUF_ADD(to, "...");
    buf_done(&folded);
}

void shape_add(struct buf *to, struct str url)
{
    struct pieces pieces;
    split(&pieces, url);
    buf_add(to, pieces.origin);
    add_path_shape(to, &pieces);
    if (pieces.has_query)
        buf_add_char(to, '?');
}

bool shape_is_odd(struct str url)
{
    struct pieces pieces;
    bool is_odd = false;
    split(&pieces, url);
    for (struct str text = pieces.path; text.len && !is_odd;) {
        is_odd = id_len(text);
        text = str_from(text, size_max(token_len(text), 1));
    }
    return is_odd || repeats_itself(&pieces);
}

/* --- differences --- */

void shape_diff_done(struct shape_diff *diff)
{
    buf_done(&diff->names);
}

bool shape_diff_is_empty(const struct shape_diff *diff)
{
    return diff->places == 0 && !diff->in_parts && diff->names.len == 0;
}

static bool is_named(const struct shape_diff *diff, struct str name)
{
    struct buf wanted = {0};
    buf_add_char(&wanted, '&');
    add_folded(&wanted, name);
    buf_add_char(&wanted, '&');
    bool is = diff->names.len && memmem(diff->names.at, diff->names.len, wanted.at, wanted.len);
    buf_done(&wanted);
    return is;
}

static void add_name(struct shape_diff *diff, struct str name)
{
    if (is_named(diff, name))
        return;
    if (diff->names.len == 0)
        buf_add_char(&diff->names, '&');
    add_folded(&diff->names, name);
    buf_add_char(&diff->names, '&');
}

void shape_diff_add(struct shape_diff *to, const struct shape_diff *more)
{
    struct str names = str_from(buf_str(&more->names), 1);
    to->places |= more->places;
    to->in_numbers |= more->in_numbers;
    to->in_parts |= more->in_parts;
    to->in_words |= more->in_words;
    while (names.len)
        add_name(to, str_cut(&names, '&'));
}

static void compare_parts(struct shape_diff *diff, const struct pieces *a, const struct pieces *b)
{
    diff->in_parts |= a->part_count != b->part_count;
    for (size_t i = 0; i < a->part_count && !diff->in_parts; i++) {
        if (str_eq(a->parts[i], b->parts[i]))
            continue;
        bool in_numbers = differ_in_numbers(a->parts[i], b->parts[i]);
        diff->places |= (uint64_t)1 << i;
        diff->in_numbers |= !differ_in_ids(a->parts[i], b->parts[i]);
        diff->in_words |= !in_numbers;
        diff->in_parts |= !in_numbers && id_len(a->parts[i]) == 0 && repeats_itself(a);
    }
    diff->in_words |= diff->in_parts;
}

/* How often a parameter stands there; with `value`, with that. The last such one. */
static unsigned count_params(const struct pieces *pieces, struct param wanted, bool with_value,
                             const struct param **last_out)
{
    unsigned count = 0;
    for (size_t i = 0; i < pieces->param_count; i++) {
        const struct param *param = &pieces->params[i];
        bool is_it =
            str_eq(param->name, wanted.name) && (!with_value || str_eq(param->value, wanted.value));
        count += is_it;
        *last_out = is_it ? param : *last_out;
    }
    return count;
}

static void compare_params(struct shape_diff *diff, const struct pieces *a, const struct pieces *b)
{
    const struct param *other = NULL;
    for (size_t i = 0; i < a->param_count; i++) {
        struct param param = a->params[i];
        if (count_params(a, param, true, &other) == count_params(b, param, true, &other))
            continue;
        bool is_one = count_params(a, param, false, &other) == 1 &&
                      count_params(b, param, false, &other) == 1;
        diff->in_words |= !is_one || !differ_in_numbers(param.value, other->value);
        add_name(diff, param.name);
    }
}

void shape_compare(struct shape_diff *diff, struct str a, struct str b)
{
    struct pieces left, right;
    split(&left, a);
    split(&right, b);
    compare_parts(diff, &left, &right);
    compare_params(diff, &left, &right);
    compare_params(diff, &right, &left);
}

bool shape_has_name(const struct shape_diff *diff, struct str url)
{
    struct pieces pieces;
    bool has = false;
    split(&pieces, url);
    for (size_t i = 0; i < pieces.param_count && !has; i++)
        has = is_named(diff, pieces.params[i].name);
    return has;
}

/* --- what is left --- */

static int compare_params_by_text(const void *left, const void *right)
{
    const struct param *a = left, *b = right;
    int order = str_compare(a->name, b->name);
    return order ? order : str_compare(a->value, b->value);
}

static void add_param(struct buf *to, const struct param *param, bool is_first)
{
    buf_add_char(to, param->part != IN_QUERY ? ';' : is_first ? '?' : '&');
    buf_add(to, param->name);
    buf_add_char(to, '=');
}

void shape_add_key(struct buf *to, struct str url, const struct shape_diff *diff)
{
    struct pieces pieces;
    split(&pieces, url);
    buf_add(to, pieces.origin);
    for (size_t i = 0; i < pieces.part_count && !diff->in_parts; i++) {
        buf_add_char(to, '/');
        if (diff->places >> i & 1)
            add_folded_if(to, pieces.parts[i], diff->in_numbers);
        else
            buf_add(to, pieces.parts[i]);
    }
    if (diff->in_parts)
        add_path_shape(to, &pieces);
    qsort(pieces.params, pieces.param_count, sizeof(*pieces.params), compare_params_by_text);
    for (size_t i = 0; i < pieces.param_count; i++) {
        if (is_named(diff, pieces.params[i].name))
            continue;
        add_param(to, &pieces.params[i], false);
        buf_add(to, pieces.params[i].value);
    }
}

/* All that varies as '*'. */
static void add_starred(struct buf *to, struct str text, bool with_numbers)
{
    size_t from = to->len;
    add_folded_if(to, text, with_numbers);
    for (size_t i = from; i < to->len; i++)
        to->at[i] = to->at[i] == '#' ? '*' : to->at[i];
}

/* Those of a part, or of the query; each that varies once. */
static void add_params_pattern(struct buf *to, const struct pieces *pieces,
                               const struct shape_diff *diff, size_t part)
{
    struct shape_diff done = {0};
    bool is_first = true;
    for (size_t i = 0; i < pieces->param_count; i++) {
        const struct param *param = &pieces->params[i];
        bool is_varied = is_named(diff, param->name);
        if (param->part != part || (is_varied && is_named(&done, param->name)))
            continue;
        size_t from = to->len + 1;
        add_param(to, param, is_first);
        is_first = false;
        if (is_varied) {
            add_name(&done, param->name);
            to->len = from;
            add_starred(to, param->name, true);
            BUF_ADD(to, "=*");
        } else {
            buf_add(to, param->value);
        }
    }
    shape_diff_done(&done);
}

void shape_add_pattern(struct buf *to, struct str url, const struct shape_diff *diff)
{
    struct pieces pieces;
    split(&pieces, url);
    buf_add(to, pieces.origin);
    for (size_t i = 0; i < pieces.part_count; i++) {
        if (diff->in_parts && has_before(&pieces, i))
            continue;
        buf_add_char(to, '/');
        if (diff->places >> i & 1)
            add_starred(to, pieces.parts[i], diff->in_numbers);
        else
            buf_add(to, pieces.parts[i]);
        add_params_pattern(to, &pieces, diff, i);
    }
    if (diff->in_parts)
        BUF_ADD(to, "/...");
    if (str_ends(pieces.path, STR("/")))
        buf_add_char(to, '/');
    add_params_pattern(to, &pieces, diff, IN_QUERY);
}

/* --- far off --- */

static uint64_t value_of(struct str digits)
{
    uint64_t value = 0;
    return str_parse_u64(digits, &value) ? value : UINT64_MAX;
}

static bool is_year(struct str digits)
{
    uint64_t value = value_of(digits);
    return digits.len == 4 && value >= 1900 && value < 2200;
}

static bool is_day(struct str digits)
{
    return digits.len == 8 && is_year(str_first(digits, 4));
}

/* Whether it has a date in it: a day, or a year with a month or the like beside it. */
static bool has_date(struct str url)
{
    bool has_year = false, has_month = false;
    while (url.len) {
        size_t len = digits_len(url);
        struct str digits = str_first(url, len);
        if (is_day(digits))
            return true;
        has_year |= is_year(digits);
        has_month |= len == 1 || len == 2;
        url = str_from(url, len ? len : 1);
    }
    return has_year && has_month;
}

static void add_far_number(struct buf *to, struct str digits, bool is_dated)
{
    uint64_t value = value_of(digits);
    if (is_dated && is_year(digits))
        buf_add_u64(to, value + FAR_YEARS);
    else if (is_dated && is_day(digits))
        buf_add_u64(to, value + (uint64_t)FAR_YEARS * 10000);
    else if (is_dated)
        buf_add(to, digits);
    else if (digits.len > 8 && value < UINT64_MAX - FAR_SECONDS) /* of a clock, perhaps */
        buf_add_u64(to, value + FAR_SECONDS);
    else
        buf_addf(to, "9000%.*s", STR_ARGS(digits));
}

/* Of the same form: a letter for a letter, a digit for a digit; both as hexadecimal numbers have
 * them. */
static void add_far_id(struct buf *to, struct str id)
{
    for (size_t i = 0; i < id.len && i < FAR_ID_BYTES_MAX; i++) {
        uint64_t chance = random_u64();
        char letter = (char)((id.at[i] < 'a' ? 'A' : 'a') + (int)(chance % 6));
        bool is_fixed = !is_alnum(id.at[i]);
        buf_add_char(to, is_fixed                  ? id.at[i]
                         : char_is_digit(id.at[i]) ? (char)('0' + (int)(chance % 10))
                                                   : letter);
    }
}

/* How far off is meant. */
struct far {
    const struct shape_diff *diff;
    bool is_dated;
};

static void add_far(struct buf *to, struct str text, bool with_numbers, bool is_dated)
{
    static const char word[] = "aaaaaaaaaaaa";
    size_t from = to->len;
    bool has_varied = false;
    for (struct str rest = text; rest.len;) {
        size_t id = id_len(rest), digits = with_numbers ? digits_len(rest) : 0;
        size_t len = id ? id : digits ? digits : size_max(with_numbers ? 0 : token_len(rest), 1);
        if (id)
            add_far_id(to, str_first(rest, len));
        else if (digits)
            add_far_number(to, str_first(rest, len), is_dated);
        else
            buf_add(to, str_first(rest, len));
        has_varied |= id || digits;
        rest = str_from(rest, len);
    }
    if (has_varied)
        return;
    to->len = from;
    add_far_id(to, str_of(word, WORD_BYTES));
}

/* Its folders once more, until it is long. */
static void add_far_path(struct buf *to, const struct pieces *pieces)
{
    size_t slash = str_index_last(pieces->path, '/');
    for (size_t parts = 0; parts < FAR_PARTS; parts += pieces->part_count)
        buf_add(to, str_first(pieces->path, slash));
    buf_add(to, pieces->path);
}

static void add_far_params(struct buf *to, const struct pieces *pieces, const struct far *far,
                           size_t part)
{
    bool is_first = true;
    for (size_t i = 0; i < pieces->param_count; i++) {
        const struct param *param = &pieces->params[i];
        if (param->part != part)
            continue;
        add_param(to, param, is_first);
        is_first = false;
        if (is_named(far->diff, param->name))
            add_far(to, param->value, true, far->is_dated);
        else
            buf_add(to, param->value);
    }
}

static void add_far_url(struct buf *to, const struct pieces *pieces, const struct far *far)
{
    const struct shape_diff *diff = far->diff;
    buf_add(to, pieces->origin);
    if (diff->in_parts)
        add_far_path(to, pieces);
    for (size_t i = 0; i < pieces->part_count && !diff->in_parts; i++) {
        buf_add_char(to, '/');
        if (diff->places >> i & 1)
            add_far(to, pieces->parts[i], diff->in_numbers, far->is_dated);
        else
            buf_add(to, pieces->parts[i]);
        add_far_params(to, pieces, far, i);
    }
    if (!diff->in_parts && str_ends(pieces->path, STR("/")))
        buf_add_char(to, '/');
    add_far_params(to, pieces, far, IN_QUERY);
}

void shape_add_far(struct buf *to, struct str url, const struct shape_diff *diff)
{
    static const struct shape_diff none;
    struct pieces pieces;
    struct buf near = {0};
    size_t from = to->len;
    split(&pieces, url);
    bool is_dated = has_date(str_from(url, pieces.origin.len));
    const struct far dated = {diff, is_dated}, by_number = {diff, false}, nowhere = {&none, false};
    add_far_url(&near, &pieces, &nowhere);
    add_far_url(to, &pieces, &dated);
    if (is_dated && str_eq(str_from(buf_str(to), from), buf_str(&near))) {
        to->len = from; /* no year is among what differs */
        add_far_url(to, &pieces, &by_number);
    }
    buf_done(&near);
}
