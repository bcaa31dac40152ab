/* One table, many uses: reading, printing, help, completion and the suggestion for a mistyped name
 * all go through the rows, so that no option can be forgotten in one of them, and what each kind of
 * value is, and what is said of a bad one, is in one place.
 *
 * A row says of a member of a struct where it is and of what kind. The macros of options.h check
 * its type when they are compiled, so the functions here may write through an offset: set_…() for a
 * text that a person wrote, add_…() for the text that set_…() would take for the value that is
 * there. The two are held to each other by tests: what is printed can be read.
 *
 * Values are borrowed, not copied: argv lives as long as the process does, and a file as long as
 * its arena. What can only be known by trying (a user, a file, a directory) is not looked at here
 * but where it is used, so that there is one message for each mistake.
 *
 * Rejected: getopt_long(3), which prints its own messages and takes shortened names, so that a new
 * option can break an old command line. */
#include "base/options.h"

#include "base/suggest.h"

enum { OPTIONS_MAX = 128 };

/* --- words: "auto|on|off" --- */

static bool find_word(const char *words, struct str word, size_t *index_out)
{
    struct str rest = str_of_c(words);
    for (size_t i = 0; rest.len; i++) {
        if (!str_eq(str_cut(&rest, '|'), word))
            continue;
        *index_out = i;
        return true;
    }
    return false;
}

static struct str word_at(const char *words, size_t index)
{
    struct str rest = str_of_c(words);
    struct str word = str_cut(&rest, '|');
    while (index-- > 0)
        word = str_cut(&rest, '|');
    return word;
}

/* "'x' is neither a nor b", "'x' is none of a, b and c". */
static bool fail_words(const char *words, const char *value, struct err *err)
{
    struct buf list = {0};
    struct str rest = str_of_c(words);
    bool are_two = str_index_last(rest, '|') == str_index(rest, '|');
    for (size_t i = 0; rest.len; i++) {
        struct str word = str_cut(&rest, '|');
        const char *between = rest.len ? ", " : are_two ? " nor " : " and ";
        buf_addf(&list, "%s%.*s", i ? between : "", STR_ARGS(word));
    }
    err_set(err, 0, "'%s' is %s %s", value, are_two ? "neither" : "none of", buf_c(&list));
    buf_done(&list);
    return false;
}

/* --- numbers --- */

bool option_parse_count(struct str text, struct option_range range, uint64_t *count_out,
                        struct err *err)
{
    uint64_t count;
    if (str_parse_u64(text, &count) && count >= range.least && count <= range.most) {
        *count_out = count;
        return true;
    }
    if (range.most < OPTION_NO_BOUND)
        return err_set(err, 0, "'%.*s' is not a number from %llu to %llu", STR_ARGS(text),
                       (unsigned long long)range.least, (unsigned long long)range.most);
    if (range.least > 0)
        return err_set(err, 0, "'%.*s' is not a number of at least %llu", STR_ARGS(text),
                       (unsigned long long)range.least);
    return err_set(err, 0, "'%.*s' is not a number", STR_ARGS(text));
}

static bool parse_seconds(const char *value, uint64_t most, uint64_t *seconds_out, struct err *err)
{
    uint64_t seconds;
    if (str_parse_u64(str_of_c(value), &seconds) && seconds <= most) {
        *seconds_out = seconds;
        return true;
    }
    if (most < OPTION_NO_BOUND)
        return err_set(err, 0, "'%s' is not a number of seconds up to %llu", value,
                       (unsigned long long)most);
    return err_set(err, 0, "'%s' is not a number of seconds", value);
}

/* "ms" before "s", which it ends in. */
static const struct {
    struct str name;
    int64_t ms;
} time_units[] = {{STR_INIT("ms"), 1},
                  {STR_INIT("s"), 1000},
                  {STR_INIT("m"), 60000},
                  {STR_INIT("h"), 3600000},
                  {STR_INIT("d"), 86400000}};

#define TIME_MS_MAX 86400000000000U /* a million days */

bool option_parse_time(struct str text, int64_t *ms_out, struct err *err)
{
    struct str number = text;
    int64_t unit = 1000;
    uint64_t whole;
    uint64_t tenth = 0;
    for (size_t i = 0; i < ARRAY_LEN(time_units); i++) {
        if (!str_ends(text, time_units[i].name))
            continue;
        unit = time_units[i].ms;
        number.len -= time_units[i].name.len;
        break;
    }
    bool is_fine = str_parse_u64(str_cut(&number, '.'), &whole) &&
                   whole <= TIME_MS_MAX / (uint64_t)unit &&
                   (number.len == 0 || (number.len == 1 && str_parse_u64(number, &tenth)));
    if (!is_fine)
        return err_set(err, 0, "'%.*s' is not a time (for example 20s, 1.5m or 1d)",
                       STR_ARGS(text));
    *ms_out = (int64_t)whole * unit + (int64_t)tenth * unit / 10;
    return true;
}

/* Bytes, or with a letter behind them 1024 of them, and so on. */
static bool parse_bytes(const char *value, uint64_t *bytes_out, struct err *err)
{
    static const char units[] = "KMGT";
    struct str number = str_of_c(value);
    uint64_t factor = 1;
    uint64_t count;
    const char *unit = number.len ? strchr(units, number.at[number.len - 1]) : NULL;
    if (unit && *unit) {
        factor <<= 10 * (unit - units + 1);
        number.len--;
    }
    return (str_parse_u64(number, &count) && count > 0 &&
            !__builtin_mul_overflow(count, factor, bytes_out)) ||
           err_set(err, 0, "'%s' is not a size (for example 500M or 10G)", value);
}

/* --- setting a member --- */

/* A member that may be of two widths. */
static void put_number(const struct option *row, void *member, uint64_t number)
{
    unsigned narrow = (unsigned)u64_min(number, INT32_MAX);
    memcpy(member, row->size == sizeof(narrow) ? (void *)&narrow : (void *)&number, row->size);
}

static uint64_t get_number(const struct option *row, const void *member)
{
    unsigned narrow = 0;
    uint64_t number = 0;
    memcpy(row->size == sizeof(narrow) ? (void *)&narrow : (void *)&number, member, row->size);
    return row->size == sizeof(narrow) ? narrow : number;
}

static bool set_flag(void *member, const char *value, struct err *err)
{
    bool is_yes = !value || strcmp(value, "yes") == 0;
    if (!is_yes && strcmp(value, "no") != 0)
        return fail_words("yes|no", value, err);
    memcpy(member, &is_yes, sizeof(is_yes));
    return true;
}

static bool set_word(const struct option *row, void *member, const char *value, struct err *err)
{
    size_t index;
    if (!find_word(row->argument, str_of_c(value), &index))
        return fail_words(row->argument, value, err);
    bool is_yes = row->yes && strcmp(value, row->yes) == 0;
    unsigned choice = u32_of_size(index);
    if (row->kind == OPTION_SWITCH)
        memcpy(member, &is_yes, sizeof(is_yes));
    else if (row->kind == OPTION_CHOICE)
        memcpy(member, &choice, sizeof(choice));
    else
        memcpy(member, &value, sizeof(value));
    return true;
}

static bool set_text(const struct option *row, void *member, const char *value, struct err *err)
{
    if (row->check && !row->check(value, err))
        return false;
    if (row->kind == OPTION_LIST)
        text_list_add(member, value);
    else
        memcpy(member, &value, sizeof(value));
    return true;
}

static bool set_number(const struct option *row, void *member, const char *value, struct err *err)
{
    const struct option_range range = {row->least, row->most};
    uint64_t number = 0;
    int64_t ms = 0;
    bool is_fine = row->kind == OPTION_COUNT
                       ? option_parse_count(str_of_c(value), range, &number, err)
                   : row->kind == OPTION_SECONDS ? parse_seconds(value, row->most, &number, err)
                   : row->kind == OPTION_BYTES   ? parse_bytes(value, &number, err)
                                                 : option_parse_time(str_of_c(value), &ms, err);
    if (is_fine)
        put_number(row, member, row->kind == OPTION_TIME ? (uint64_t)ms : number);
    return is_fine;
}

bool option_set(const struct option *row, void *target, const char *value, struct err *err)
{
    void *member = (char *)target + row->offset;
    switch (row->kind) {
    case OPTION_FLAG:
        return set_flag(member, value, err);
    case OPTION_SWITCH:
    case OPTION_CHOICE:
    case OPTION_WORD:
        return set_word(row, member, value, err);
    case OPTION_TEXT:
    case OPTION_LIST:
        return set_text(row, member, value, err);
    case OPTION_COUNT:
    case OPTION_SECONDS:
    case OPTION_TIME:
    case OPTION_BYTES:
        return set_number(row, member, value, err);
    case OPTION_CUSTOM:
        return row->set(target, value, err);
    }
    BUG("a kind of option that nothing sets");
}

bool option_blame(const char *dashes, const char *name, struct err *err)
{
    struct err mistake = *err;
    return err_set(err, mistake.code, "%s%s: %s", dashes, name, mistake.text);
}

/* --- printing a member --- */

void option_add_text(struct buf *to, const char *key, const char *value)
{
    size_t len = value ? strlen(value) : 0;
    bool has_blanks = len && (strchr(" \t\"", value[0]) || strchr(" \t", value[len - 1]));
    if (!value)
        buf_addf(to, "# %s =\n", key);
    else if (has_blanks)
        buf_addf(to, "%s = \"%s\"\n", key, value); /* quotes keep the blanks */
    else
        buf_addf(to, "%s = %s\n", key, value);
}

static void add_word(const struct option *row, struct buf *to, const char *key, const void *member)
{
    bool is_yes;
    unsigned choice;
    size_t yes_index = 0;
    struct str word;
    if (row->kind == OPTION_SWITCH) {
        memcpy(&is_yes, member, sizeof(is_yes));
        (void)find_word(row->argument, str_of_c(row->yes), &yes_index); /* it is one of them */
        word = word_at(row->argument, is_yes ? yes_index : 1 - yes_index);
    } else {
        memcpy(&choice, member, sizeof(choice));
        word = word_at(row->argument, choice);
    }
    buf_addf(to, "%s = %.*s\n", key, STR_ARGS(word));
}

static void add_texts(struct buf *to, const char *key, const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        option_add_text(to, key, list->at[i]);
    if (list->count == 0)
        option_add_text(to, key, NULL);
}

static void add_number(const struct option *row, struct buf *to, const char *key,
                       const void *member)
{
    uint64_t number = get_number(row, member);
    bool is_unset = (row->kind == OPTION_SECONDS && number == OPTION_UNSET) ||
                    (row->kind == OPTION_BYTES && number == 0) ||
                    (row->kind == OPTION_COUNT && number < row->least); /* settled later */
    if (is_unset)
        option_add_text(to, key, NULL);
    else
        buf_addf(to, "%s = %llu%s\n", key, (unsigned long long)number,
                 row->kind == OPTION_TIME ? "ms" : "");
}

void option_add(const struct option *row, struct buf *to, const char *key, const void *target)
{
    const void *member = (const char *)target + row->offset;
    const char *text;
    bool is_yes;
    switch (row->kind) {
    case OPTION_FLAG:
        memcpy(&is_yes, member, sizeof(is_yes));
        buf_addf(to, "%s = %s\n", key, is_yes ? "yes" : "no");
        break;
    case OPTION_SWITCH:
    case OPTION_CHOICE:
        add_word(row, to, key, member);
        break;
    case OPTION_WORD:
    case OPTION_TEXT:
        memcpy(&text, member, sizeof(text));
        option_add_text(to, key, text);
        break;
    case OPTION_LIST:
        add_texts(to, key, member);
        break;
    case OPTION_COUNT:
    case OPTION_SECONDS:
    case OPTION_TIME:
    case OPTION_BYTES:
        add_number(row, to, key, member);
        break;
    case OPTION_CUSTOM:
        if (row->add)
            row->add(to, key, target);
        break;
    }
}

/* --- command lines --- */

bool option_is_taken(const struct option_table *table, const struct option *row)
{
    return !table->commands || (row->commands & table->commands);
}

const struct option *option_find(const struct option_table *table, struct str name)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option *row = &table->rows[i];
        if (option_is_taken(table, row) && str_eq(str_of_c(row->name), name))
            return row;
    }
    return NULL;
}

static bool fail_unknown(const struct option_table *table, const char *arg, struct err *err)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    assert(table->row_count <= OPTIONS_MAX);
    for (size_t i = 0; i < table->row_count; i++) {
        if (option_is_taken(table, &table->rows[i]))
            names[count++] = table->rows[i].name;
    }
    const char *meant = suggest(arg + strspn(arg, "-"), names, count);
    if (meant)
        return err_set(err, 0, "there is no option '%s'; did you mean --%s?", arg, meant);
    return err_set(err, 0, "there is no option '%s'; see %s --help", arg, table->command);
}

static const struct option *find_letter(const struct option_table *table, const char *arg)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option *row = &table->rows[i];
        bool is_it = row->letter && arg[1] == row->letter && (row->argument || !arg[2]);
        if (is_it && option_is_taken(table, row))
            return row;
    }
    return NULL;
}

const struct option *option_of_argument(const struct option_table *table, const char *arg,
                                        const char **value_out)
{
    struct str rest = str_of_c(arg);
    struct str name = str_cut(&rest, '=');
    if (str_starts(name, STR("--"))) {
        *value_out = arg[name.len] ? arg + name.len + 1 : NULL;
        return option_find(table, str_from(name, 2));
    }
    *value_out = arg[1] && arg[2] ? arg + 2 : NULL;
    return find_letter(table, arg);
}

static bool read_option(struct option_reader *reader, const char *arg, size_t *row_out,
                        const char **value_out, struct err *err)
{
    const char *value = NULL;
    const struct option *option = option_of_argument(reader->table, arg, &value);
    if (!option)
        return fail_unknown(reader->table, arg, err);
    if (!option->argument && value)
        return err_set(err, 0, "--%s takes no argument", option->name);
    if (option->argument && !value && reader->at == reader->argc)
        return err_set(err, 0, "--%s needs %s", option->name, option->argument);
    if (option->argument && !value)
        value = reader->argv[reader->at++];
    *row_out = (size_t)(option - reader->table->rows);
    *value_out = value;
    return true;
}

enum option_rc option_read(struct option_reader *reader, size_t *row_out, const char **value_out,
                           struct err *err)
{
    if (!reader->are_options_over && reader->at < reader->argc &&
        strcmp(reader->argv[reader->at], "--") == 0) {
        reader->are_options_over = true;
        reader->at++;
    }
    if (reader->at == reader->argc)
        return OPTION_END;
    const char *arg = reader->argv[reader->at++];
    if (!reader->are_options_over && strcmp(arg, "-h") == 0)
        arg = "--help"; /* the one short form that everybody tries */
    if (!reader->are_options_over && arg[0] == '-' && arg[1])
        return read_option(reader, arg, row_out, value_out, err) ? OPTION_ROW : OPTION_WRONG;
    *value_out = arg;
    return OPTION_OPERAND;
}

bool options_read(const struct option_table *table, int argc, char **argv, void *target,
                  struct err *err)
{
    struct option_reader reader = {.table = table, .argv = argv, .argc = argc};
    enum option_rc rc;
    const char *value;
    size_t row;
    while ((rc = option_read(&reader, &row, &value, err)) != OPTION_END) {
        if (rc == OPTION_WRONG)
            return false;
        if (rc == OPTION_ROW && !option_set(&table->rows[row], target, value, err))
            return option_blame("--", table->rows[row].name, err);
        if (rc == OPTION_OPERAND && !table->operand)
            return err_set(err, 0, "unexpected argument '%s'; see %s --help", value,
                           table->command);
        if (rc == OPTION_OPERAND && !table->operand(target, value, err))
            return false;
    }
    return true;
}

bool options_look(const struct option_table *table, int argc, char **argv, struct option_look *look,
                  struct err *err)
{
    struct option_reader reader = {.table = table, .argv = argv, .argc = argc};
    enum option_rc rc;
    const char *value;
    size_t row;
    while ((rc = option_read(&reader, &row, &value, err)) == OPTION_ROW || rc == OPTION_OPERAND) {
        if (rc == OPTION_OPERAND) {
            text_list_add(&look->operands, value);
            continue;
        }
        look->is_given[row] = true;
        if (strcmp(table->rows[row].name, "config") == 0)
            look->config = value;
    }
    return rc == OPTION_END;
}

const char *option_meant(const struct option_table *table, const char *name)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    assert(table->row_count <= OPTIONS_MAX);
    for (size_t i = 0; i < table->row_count; i++) {
        if (!table->rows[i].is_typed)
            names[count++] = table->rows[i].name;
    }
    return suggest(name, names, count);
}

/* --- help --- */

enum { LEFT_WIDTH = 28 }; /* of the options; what they are for stands to the right of that */

void option_print(const struct option_table *table)
{
    for (size_t i = 0; i < table->row_count; i++) {
        const struct option *row = &table->rows[i];
        const char letter[] = {'-', row->letter, ',', ' ', '\0'};
        char left[96];
        const char *argument = row->argument ? row->argument : "";
        if (!option_is_taken(table, row))
            continue;
        str_print(left, sizeof(left), "%s--%s%s%s", row->letter ? letter : "", row->name,
                  *argument ? " " : "", argument);
        if (strlen(left) <= LEFT_WIDTH)
            printf("  %-*s %s\n", LEFT_WIDTH, left, row->help);
        else
            printf("  %s\n%*s%s\n", left, LEFT_WIDTH + 3, "", row->help);
    }
}
