#include "base/options.h"

#include "base/str.h"
#include "base/suggest.h"

enum { OPTIONS_MAX = 64 };

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

/* Finds the row of "--name" or "--name=VALUE", and the value from behind the '=' or from the next
 * argument. */
static bool read_option(struct option_reader *reader, const char *arg, size_t *row_out,
                        const char **value_out, struct err *err)
{
    struct str rest = str_of_c(arg);
    struct str name = str_cut(&rest, '=');
    bool has_value = name.len < strlen(arg);
    const struct option *option = NULL;
    for (size_t i = 0; i < reader->row_count; i++) {
        if (str_starts(name, STR("--")) &&
            str_eq(str_from(name, 2), str_of_c(reader->rows[i].name)))
            option = &reader->rows[i];
    }
    if (!option)
        return fail_unknown(reader, arg, err);
    if (!option->argument && has_value)
        return err_set(err, 0, "--%s takes no argument", option->name);
    if (option->argument && !has_value && reader->at == reader->argc)
        return err_set(err, 0, "--%s needs %s", option->name, option->argument);
    *row_out = (size_t)(option - reader->rows);
    *value_out = NULL;
    if (option->argument)
        *value_out = has_value ? arg + name.len + 1 : reader->argv[reader->at++];
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
    if (!reader->are_options_over && arg[0] == '-' && arg[1])
        return read_option(reader, arg, row_out, value_out, err) ? OPTION_ROW : OPTION_WRONG;
    *value_out = arg;
    return OPTION_OPERAND;
}

void option_print(const struct option *rows, size_t row_count)
{
    for (size_t i = 0; i < row_count; i++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "--%s %s", rows[i].name,
                       rows[i].argument ? rows[i].argument : ""); /* fits */
        printf("  %-28s %s\n", left, rows[i].help);
    }
}
