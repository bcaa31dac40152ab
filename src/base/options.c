/* Options are --name, --name VALUE, --name=VALUE and, for the rows that have a letter, -X, -X VALUE
 * and -XVALUE. Rejected: getopt_long(3), which prints its own messages and takes shortened names,
 * so that a new option can break an old command line.
 *
 * This finds rows and values; it calls nothing. The command has its functions in a table of its own
 * type, so that no pointer to it must pass through a void * here. */
#include "base/options.h"

#include "base/str.h"
#include "base/suggest.h"

enum { NAMES_MAX = 128 };

static enum options_got unknown(const struct option_set *set, const char *arg, struct err *err)
{
    const char *names[NAMES_MAX];
    assert(set->count <= NAMES_MAX);
    for (size_t i = 0; i < set->count; i++)
        names[i] = set->rows[i].name;
    const char *meant = suggest(arg + strspn(arg, "-"), names, set->count);
    if (meant)
        (void)err_set(err, 0, "there is no option '%s'; did you mean --%s?", arg, meant);
    else
        (void)err_set(err, 0, "there is no option '%s'; see %s --help", arg, set->command);
    return OPTIONS_WRONG;
}

/* The row of an argument that begins with '-'; behind *rest_out stands its value, where it is in
 * the same argument (NULL: it is not). */
static const struct option_row *find(const struct option_set *set, const char *arg,
                                     const char **rest_out)
{
    struct str value = str_of_c(arg);
    struct str name = str_cut(&value, '=');
    bool is_long = str_starts(name, STR("--"));
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];
        if (is_long && str_eq(str_from(name, 2), str_of_c(row->name))) {
            *rest_out = arg[name.len] ? arg + name.len + 1 : NULL;
            return row;
        }
        if (!is_long && row->letter && arg[1] == row->letter && (row->argument || !arg[2])) {
            *rest_out = arg[2] ? arg + 2 : NULL;
            return row;
        }
    }
    return NULL;
}

enum options_got options_next(struct options *options, const struct option_set *set,
                              size_t *row_out, const char **value_out, struct err *err)
{
    if (!options->are_over && options->at < options->argc &&
        strcmp(options->argv[options->at], "--") == 0) {
        options->are_over = true;
        options->at++;
    }
    if (options->at >= options->argc)
        return OPTIONS_END;
    const char *arg = options->argv[options->at++];
    *value_out = arg;
    if (options->are_over || arg[0] != '-' || !arg[1])
        return OPTIONS_OPERAND;
    const char *rest = NULL;
    const struct option_row *row = find(set, arg, &rest);
    if (!row)
        return unknown(set, arg, err);
    *row_out = (size_t)(row - set->rows);
    if (!row->argument && rest) {
        (void)err_set(err, 0, "--%s takes no argument", row->name);
        return OPTIONS_WRONG;
    }
    if (row->argument && !rest && options->at >= options->argc) {
        (void)err_set(err, 0, "--%s needs %s", row->name, row->argument);
        return OPTIONS_WRONG;
    }
    if (row->argument && !rest)
        rest = options->argv[options->at++];
    *value_out = row->argument ? rest : NULL;
    return OPTIONS_OPTION;
}

void options_print(const struct option_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct option_row *row = &set->rows[i];
        const char letter[] = {'-', row->letter, ',', ' ', '\0'};
        char left[64];
        (void)snprintf(left, sizeof(left), "%s--%s %s", row->letter ? letter : "", row->name,
                       row->argument ? row->argument : ""); /* fits */
        printf("  %-28s %s\n", left, row->help);
    }
}
