#include "support/test.h"

#include "base/buf.h"
#include "base/options.h"

static const struct option rows[] = {
    {"listen", "ADDR", "listen there"},     {"quiet", NULL, "say nothing"},
    {"empty", "TEXT", "may be empty"},      {"method", "METHOD", "has a letter", 'X'},
    {"verbose", NULL, "has one, too", 'v'}, {"help", NULL, "this text"},
};

enum { ARGS_MAX = 8 };

/* The options and operands of a command line, as text. */
static struct str read_all(const char *const *args, struct buf *text)
{
    char *argv[ARGS_MAX];
    struct option_reader reader = {
        .command = "davit test", .rows = rows, .row_count = ARRAY_LEN(rows), .argv = argv};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_are_read_in_every_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
