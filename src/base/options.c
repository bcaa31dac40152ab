#include "base/options.h"

#include "base/str.h"
#include "base/suggest.h"

enum { OPTIONS_MAX = 128 };

static bool fail_unknown(const struct option_reader *reader, const char *arg, struct err *err)
{
    const char *names[OPTIONS_MAX];
    assert(reader->row_count <= OPTIONS_MAX);
    for (size_t i = 0; i < reader->row_count; i++)
        names[i] = reader->rows[i].name;
    const char *meant = suggest(arg + strspn(arg, "-"), names, reader->row_count);
    if (meant)
        return err_set(err, 0, "there is no option '%s'; did you mean --%s?", arg, meant);
    return err_set(err, 0, "there is no option '%s'; see %s --help", arg, reader->command);
}

/* The row of an argument; its value in *value_out where it is in the same argument, else NULL. */
static const struct option *find(const struct option_reader *reader, const char *arg,
                                 const char **value_out)
{
    struct str rest = str_of_c(arg);
    struct str name = str_cut(&rest, '=');
    bool is_long = str_starts(name, STR("--"));
    for (size_t i = 0; i < reader->row_count; i++) {
        const struct option *row = &reader->rows[i];
        if (is_long && str_eq(str_from(name, 2), str_of_c(row->name))) {
            *value_out = arg[name.len] ? arg + name.len + 1 : NULL;
            return row;
        }
        if (!is_long && row->letter && arg[1] == row->letter && (row->argument || !arg[2])) {
            *value_out = arg[2] ? arg + 2 : NULL;
            return row;
        }
    }
    return NULL;
}

static bool read_option(struct option_reader *reader, const char *arg, size_t *row_out,
                        const char **value_out, struct err *err)
{
    const char *value = NULL;
    const struct option *option = find(reader, arg, &value);
    if (!option)
        return fail_unknown(reader, arg, err);
    if (!option->argument && value)
        return err_set(err, 0, "--%s takes no argument", option->name);
    if (option->argument && !value && reader->at == reader->argc)
        return err_set(err, 0, "--%s needs %s", option->name, option->argument);
    if (option->argument && !value)
        value = reader->argv[reader->at++];
    *row_out = (size_t)(option - reader->rows);
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

enum { LEFT_WIDTH = 28 }; /* of the options; what they are for stands to the right of that */

void option_print(const struct option *rows, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        const char letter[] = {'-', rows[i].letter, ',', ' ', '\0'};
        char left[64];
        const char *argument = rows[i].argument ? rows[i].argument : "";
        (void)snprintf(left, sizeof(left), "%s--%s%s%s", rows[i].letter ? letter : "", rows[i].name,
                       *argument ? " " : "", argument); /* fits */
        if (strlen(left) <= LEFT_WIDTH)
            printf("  %-*s %s\n", LEFT_WIDTH, left, rows[i].help);
        else
            printf("  %s\n%*s%s\n", left, LEFT_WIDTH + 3, "", rows[i].help);
    }
}
