#include "support/test.h"

#include "base/buf.h"
#include "base/options.h"

static const struct option rows[] = {
    {"listen", "ADDR", "listen there"},     {"quiet", NULL, "say nothing"},
    {"empty", "TEXT", "may be empty"},      {"method", "METHOD", "has a letter", 'X'},
    {"verbose", NULL, "has one, too", 'v'}, {"help", NULL, "this text"},
};
static const struct option_table table = {
    .command = "davit test", .rows = rows, .row_count = ARRAY_LEN(rows)};

enum { ARGS_MAX = 8 };

/* The options and operands of a command line, as text. */
static struct str read_all(const char *const *args, struct buf *text)
{
    char *argv[ARGS_MAX];
    struct option_reader reader = {.table = &table, .argv = argv};
    struct err err;
    enum option_rc rc;
    const char *value;
    size_t row;
    for (; args[reader.argc]; reader.argc++)
        argv[reader.argc] = (char *)(uintptr_t)args[reader.argc];
    buf_clear(text);
    while ((rc = option_read(&reader, &row, &value, &err)) == OPTION_ROW || rc == OPTION_OPERAND)
        buf_addf(text, "%s=%s ", rc == OPTION_ROW ? rows[row].name : "", value ? value : "(none)");
    buf_addf(text, "%s", rc == OPTION_END ? "end" : err.text);
    return buf_str(text);
}

TEST(options_are_read_in_every_form)
{
    static const struct {
        const char *args[ARGS_MAX], *expected;
    } cases[] = {
        {{NULL}, "end"},
        {{"--listen", "a", NULL}, "listen=a end"},
        {{"--listen=a", NULL}, "listen=a end"},
        {{"--listen=a=b", NULL}, "listen=a=b end"},
        {{"--listen", "--quiet", NULL}, "listen=--quiet end"},
        {{"--empty=", NULL}, "empty= end"},
        {{"--empty", "", NULL}, "empty= end"},
        {{"--quiet", "x", "--quiet", NULL}, "quiet=(none) =x quiet=(none) end"},
        {{"a", "--", "--quiet", "--", NULL}, "=a =--quiet =-- end"},
        {{"-", "", NULL}, "=- = end"},
        {{"--", NULL}, "end"},
        {{"--listen", NULL}, "--listen needs ADDR"},
        {{"--quiet=x", NULL}, "--quiet takes no argument"},
        {{"--quiet=", NULL}, "--quiet takes no argument"},
        {{"--qiet", NULL}, "there is no option '--qiet'; did you mean --quiet?"},
        {{"-quiet", NULL}, "there is no option '-quiet'; did you mean --quiet?"},
        {{"--zzzzzz", NULL}, "there is no option '--zzzzzz'; see davit test --help"},
        {{"-h", NULL}, "help=(none) end"},
        {{"--", "-h", NULL}, "=-h end"},
        {{"--list", NULL}, "there is no option '--list'; did you mean --listen?"},
        {{"-X", "GET", "-XPUT", "-v", "--method=A", NULL},
         "method=GET method=PUT verbose=(none) method=A end"},
        {{"-X", "-v", NULL}, "method=-v end"},
        {{"-X", NULL}, "--method needs METHOD"},
        {{"-vv", NULL}, "there is no option '-vv'; see davit test --help"},
        {{"-x", NULL}, "there is no option '-x'; see davit test --help"},
    };
    struct buf text = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_str(cases[i].expected, read_all(cases[i].args, &text), cases[i].expected);
    buf_done(&text);
}

/* --- kinds --- */

enum mood { MOOD_GLAD, MOOD_SAD, MOOD_ANGRY };

struct target {
    bool is_on;
    bool is_open;
    enum mood mood;
    const char *word;
    const char *text;
    struct text_list list;
    unsigned count;
    uint64_t big;
    uint64_t seconds;
    unsigned short_ms;
    int64_t long_ms;
    uint64_t bytes;
    char letter;
    const char *operand;
};

static bool check_slash(const char *value, struct err *err)
{
    return value[0] == '/' || err_set(err, 0, "'%s' does not begin with '/'", value);
}

static bool set_letter(void *target, const char *value, struct err *err)
{
    ((struct target *)target)->letter = value[0];
    return strlen(value) == 1 || err_set(err, 0, "'%s' is not a letter", value);
}

static void add_letter(struct buf *to, const char *key, const void *target)
{
    buf_addf(to, "%s = %c\n", key, ((const struct target *)target)->letter);
}

static bool set_operand(void *target, const char *value, struct err *err)
{
    struct target *told = target;
    if (told->operand)
        return err_set(err, 0, "one is enough");
    told->operand = value;
    return true;
}

enum { ONE = 1, OTHER = 2 }; /* commands */

#define OPTION_TARGET struct target
static const struct option kinds[] = {
    {.name = "flag", FLAG(is_on)},
    {.name = "switch", .argument = "open|shut", SWITCH(is_open, "open")},
    {.name = "choice", .argument = "glad|sad|angry", CHOICE(mood)},
    {.name = "word", .argument = "a|bc", WORD(word)},
    {.name = "text", .argument = "TEXT", TEXT(text)},
    {.name = "list", .argument = "PATH", LIST_IF(list, check_slash)},
    {.name = "count", .letter = 'n', .argument = "N", COUNT(count, 2, 9)},
    {.name = "big", .argument = "N", COUNT(big, 1, OPTION_NO_BOUND)},
    {.name = "any", .argument = "N", COUNT(big, 0, OPTION_NO_BOUND)},
    {.name = "seconds", .argument = "SECONDS", SECONDS(seconds, 60)},
    {.name = "short", .argument = "TIME", TIME(short_ms)},
    {.name = "long", .argument = "TIME", TIME(long_ms)},
    {.name = "bytes", .argument = "SIZE", BYTES(bytes)},
    {.name = "letter", .argument = "C", CUSTOM(set_letter, add_letter)},
    {.name = "other", FLAG(is_on), .commands = OTHER},
};
#undef OPTION_TARGET

static const struct option_table of_kinds = {
    .command = "davit test", .rows = kinds, .row_count = ARRAY_LEN(kinds), .operand = set_operand};

/* What is printed of `name` when it was set to `value`; or what is wrong with that. */
static struct str set_and_print(const char *name, const char *value, struct buf *text)
{
    struct target target = {.seconds = OPTION_UNSET};
    const struct option *row = option_find(&of_kinds, str_of_c(name));
    struct err err;
    assert_non_null(row);
    buf_clear(text);
    if (value && !option_set(row, &target, value, &err))
        buf_add(text, str_of_c(err.text));
    else
        option_add(row, text, "k", &target);
    text_list_done(&target.list);
    return buf_str(text);
}

/* What was taken is printed in a form that is taken for the same. */
TEST(options_print_what_they_read)
{
    static const struct {
        const char *name, *value, *printed;
    } cases[] = {
        {"flag", "yes", "k = yes\n"},
        {"flag", "no", "k = no\n"},
        {"switch", NULL, "k = shut\n"},
        {"switch", "open", "k = open\n"},
        {"switch", "shut", "k = shut\n"},
        {"choice", "glad", "k = glad\n"},
        {"choice", "angry", "k = angry\n"},
        {"word", NULL, "# k =\n"},
        {"word", "bc", "k = bc\n"},
        {"text", NULL, "# k =\n"},
        {"text", "", "k = \n"},
        {"text", "a b", "k = a b\n"},
        {"text", " a", "k = \" a\"\n"},
        {"text", "a\t", "k = \"a\t\"\n"},
        {"text", "\"a\"", "k = \"\"a\"\"\n"},
        {"list", NULL, "# k =\n"},
        {"list", "/a", "k = /a\n"},
        {"count", "2", "k = 2\n"},
        {"count", "9", "k = 9\n"},
        {"big", "18446744073709551614", "k = 18446744073709551614\n"},
        {"any", "0", "k = 0\n"},
        {"seconds", NULL, "# k =\n"},
        {"seconds", "0", "k = 0\n"},
        {"seconds", "60", "k = 60\n"},
        {"short", "1.5m", "k = 90000ms\n"},
        {"short", "90000ms", "k = 90000ms\n"},
        {"short", "1000000d", "k = 2147483647ms\n"},
        {"long", "20", "k = 20000ms\n"},
        {"long", "1d", "k = 86400000ms\n"},
        {"long", "2h", "k = 7200000ms\n"},
        {"bytes", NULL, "# k =\n"},
        {"bytes", "500M", "k = 524288000\n"},
        {"bytes", "524288000", "k = 524288000\n"},
        {"letter", "x", "k = x\n"},
    };
    struct buf text = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_str(cases[i].name, set_and_print(cases[i].name, cases[i].value, &text),
                  cases[i].printed);
    buf_done(&text);
}

TEST(options_say_of_each_kind_what_is_wrong)
{
    static const struct {
        const char *name, *value, *text;
    } cases[] = {
        {"flag", "maybe", "'maybe' is neither yes nor no"},
        {"flag", "", "'' is neither yes nor no"},
        {"switch", "Open", "'Open' is neither open nor shut"},
        {"choice", "gla", "'gla' is none of glad, sad and angry"},
        {"choice", "glad|sad", "'glad|sad' is none of glad, sad and angry"},
        {"word", "b", "'b' is neither a nor bc"},
        {"list", "a", "'a' does not begin with '/'"},
        {"count", "1", "'1' is not a number from 2 to 9"},
        {"count", "10", "'10' is not a number from 2 to 9"},
        {"count", "-2", "'-2' is not a number from 2 to 9"},
        {"count", "4294967298", "'4294967298' is not a number from 2 to 9"},
        {"big", "0", "'0' is not a number of at least 1"},
        {"big", "99999999999999999999", "'99999999999999999999' is not a number of at least 1"},
        {"any", "x", "'x' is not a number"},
        {"seconds", "61", "'61' is not a number of seconds up to 60"},
        {"seconds", "1m", "'1m' is not a number of seconds up to 60"},
        {"short", "soon", "'soon' is not a time (for example 20s, 1.5m or 1d)"},
        {"long", "1.55s", "'1.55s' is not a time (for example 20s, 1.5m or 1d)"},
        {"long", "ms", "'ms' is not a time (for example 20s, 1.5m or 1d)"},
        {"long", "1000001d", "'1000001d' is not a time (for example 20s, 1.5m or 1d)"},
        {"bytes", "lots", "'lots' is not a size (for example 500M or 10G)"},
        {"bytes", "0", "'0' is not a size (for example 500M or 10G)"},
        {"bytes", "M", "'M' is not a size (for example 500M or 10G)"},
        {"bytes", "18446744073709551615T",
         "'18446744073709551615T' is not a size (for example 500M or 10G)"},
        {"letter", "ab", "'ab' is not a letter"},
    };
    struct buf text = {0};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        check_str(cases[i].name, set_and_print(cases[i].name, cases[i].value, &text),
                  cases[i].text);
    buf_done(&text);
}

/* Reads a command line of kinds[]; what is wrong with it is in `err`. */
static bool read_kinds(const char *const *args, unsigned command, struct target *target,
                       struct err *err)
{
    char *argv[ARGS_MAX];
    struct option_table own = of_kinds;
    int argc = 0;
    own.commands = command;
    for (; args[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)args[argc];
    *target = (struct target){0};
    return options_read(&own, argc, argv, target, err);
}

#define READ(target, err, ...)                                                                     \
    read_kinds((const char *const[]){__VA_ARGS__, NULL}, 0, (target), (err))

TEST(options_read_sets_all_and_blames_the_option)
{
    struct target target;
    struct err err = {0};
    assert_true(READ(&target, &err, "-n3", "--flag", "--list=/a", "x", "--list", "/b"));
    assert_true(target.is_on);
    assert_int_equal(target.count, 3);
    assert_int_equal(target.list.count, 2);
    assert_string_equal(target.list.at[1], "/b");
    assert_null(target.list.at[2]);
    assert_string_equal(target.operand, "x");
    text_list_done(&target.list);
    assert_false(READ(&target, &err, "-n", "1"));
    assert_string_equal(err.text, "--count: '1' is not a number from 2 to 9");
    assert_false(READ(&target, &err, "x", "y"));
    assert_string_equal(err.text, "one is enough");
}

TEST(options_of_other_commands_are_not_there)
{
    static const char *const args[] = {"--other", NULL};
    struct target target;
    struct err err = {0};
    assert_true(read_kinds(args, OTHER, &target, &err));
    assert_false(read_kinds(args, ONE, &target, &err));
    assert_string_equal(err.text, "there is no option '--other'; see davit test --help");
}

TEST(options_take_no_operands_unless_they_say_so)
{
    char *argv[] = {(char *)(uintptr_t) "x"};
    struct target target;
    struct err err = {0};
    assert_false(options_read(&table, 1, argv, &target, &err));
    assert_string_equal(err.text, "unexpected argument 'x'; see davit test --help");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_every_form),
        cmocka_unit_test(options_print_what_they_read),
        cmocka_unit_test(options_say_of_each_kind_what_is_wrong),
        cmocka_unit_test(options_read_sets_all_and_blames_the_option),
        cmocka_unit_test(options_of_other_commands_are_not_there),
        cmocka_unit_test(options_take_no_operands_unless_they_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
