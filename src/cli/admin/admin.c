/* `davit user`, `davit token`, `davit rule`, `davit config`, `davit gateway` and `davit upload`
 * take the same options: most are about the same files. Each command is a table of verbs in a file
 * of its own; the order of verb, operands and options is free.
 *
 * What they are about is named in the server's configuration (-c FILE), so that a command and the
 * server cannot mean different files; each can also be named alone, for who has no configuration.
 */
#include "cli/admin/admin.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/suggest.h"
#include "cli/command.h"
#include "server/config/config_read.h"

/* --- options --- */

static bool check_path(const char *value, struct err *err)
{
    return value[0] == '/' || err_set(err, 0, "'%s' does not begin with a slash", value);
}

static bool set_expires(void *target, const char *value, struct err *err)
{
    struct admin *admin = target;
    static const struct {
        char unit;
        unsigned seconds;
    } units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
    struct str text = str_of_c(value);
    uint64_t count = 0;
    unsigned seconds = 0;
    for (size_t i = 0; i < ARRAY_LEN(units) && text.len; i++) {
        if (text.at[text.len - 1] == units[i].unit)
            seconds = units[i].seconds;
    }
    if (!seconds || !str_parse_u64(str_first(text, text.len - 1), &count) || count == 0 ||
        count > 1000000000)
        return err_set(err, 0, "'%s' is not a time from now (for example 30d or 12h)", value);
    admin->expires_s = clock_wall_ms() / 1000 + (int64_t)(count * seconds);
    return true;
}

static bool add_operand(void *target, const char *value, struct err *err)
{
    struct admin *admin = target;
    if (admin->operand_count == OPERANDS_MAX)
        return err_set(err, 0, "unexpected argument '%s'", value);
    admin->operands[admin->operand_count++] = value;
    return true;
}

#define OPTION_TARGET struct admin
static const struct option rows[] = {
#define ADMIN_OPTION(name_, letter_, argument_, commands_, value, help_)                           \
    {.name = (name_),                                                                              \
     .letter = (letter_),                                                                          \
     .argument = (argument_),                                                                      \
     .commands = (commands_),                                                                      \
     value,                                                                                        \
     .help = (help_)},
#include "cli/admin/options.def"
#undef ADMIN_OPTION
};

#define TABLE(command_, bit)                                                                       \
    {                                                                                              \
        .command = (command_), .rows = rows, .row_count = ARRAY_LEN(rows), .commands = (bit),      \
        .operand = add_operand                                                                     \
    }
const struct option_table user_table = TABLE("davit user", USER);
const struct option_table token_table = TABLE("davit token", TOKEN);
const struct option_table rule_table = TABLE("davit rule", RULE);
const struct option_table config_table = TABLE("davit config", CONFIG);
const struct option_table gateway_table = TABLE("davit gateway", GATEWAY);
const struct option_table upload_table = TABLE("davit upload", UPLOAD);

/* --- reading --- */

static bool read_config(struct admin *admin, struct err *err)
{
    if (!config_read_file(admin->config_path, &admin->config, err))
        return false;
    if (admin->users)
        admin->config.users = admin->users;
    if (admin->tokens)
        admin->config.tokens = admin->tokens;
    if (admin->app_passwords)
        admin->config.app_passwords = admin->app_passwords;
    if (admin->realm)
        admin->config.realm = admin->realm;
    return true;
}

static int print_help(const struct admin_verbs *verbs)
{
    printf("Usage: %s VERB [OPTIONS]\n\nVerbs:\n", verbs->options->command);
    for (size_t i = 0; i < verbs->count; i++) {
        const struct admin_verb *verb = &verbs->rows[i];
        char left[64];
        str_print(left, sizeof(left), "%s %s", verb->name, verb->operands);
        printf("  %-28s %s\n", left, verb->help);
    }
    printf("\nOptions:\n");
    option_print(verbs->options);
    return EXIT_FINE;
}

int admin_fail(const struct err *err)
{
    tell(stderr, "davit: %s\n", err->text);
    return EXIT_FAILED;
}

static int usage(const struct err *err)
{
    (void)admin_fail(err); /* the same line, another status */
    return EXIT_USAGE;
}

/* Shifts the verb off the operands. */
static const struct admin_verb *find_verb(struct admin *admin, const struct admin_verbs *verbs,
                                          struct err *err)
{
    const char *names[16];
    const char *name = admin->operand_count ? admin->operands[0] : "";
    assert(verbs->count <= ARRAY_LEN(names));
    for (size_t i = 0; i < verbs->count; i++) {
        const struct admin_verb *verb = &verbs->rows[i];
        names[i] = verb->name;
        if (strcmp(name, verb->name) != 0)
            continue;
        memmove(admin->operands, admin->operands + 1, (OPERANDS_MAX - 1) * sizeof(const char *));
        admin->operand_count--;
        if (admin->operand_count >= verb->operand_count &&
            admin->operand_count <= verb->operand_count + verb->optional_count)
            return verb;
        err_set(err, 0, "wrong number of arguments. Usage: %s %s %s [OPTIONS]",
                verbs->options->command, name, verb->operands);
        return NULL; /* as err_set() says */
    }
    const char *meant = suggest(name, names, verbs->count);
    err_set(err, 0, "there is no '%s %s'%s%s%s", verbs->options->command, name,
            meant ? "; did you mean '" : "; see --help", meant ? meant : "", meant ? "'?" : "");
    return NULL;
}

int admin_run(const struct admin_verbs *verbs, int argc, char **argv)
{
    struct admin admin = {0};
    struct err err;
    if (!options_read(verbs->options, argc, argv, &admin, &err))
        return usage(&err);
    if (admin.wants_help)
        return print_help(verbs);
    const struct admin_verb *verb = find_verb(&admin, verbs, &err);
    if (!verb)
        return usage(&err);
    if (!read_config(&admin, &err))
        return admin_fail(&err);
    int status = verb->run(&admin);
    config_done(&admin.config);
    return status;
}
