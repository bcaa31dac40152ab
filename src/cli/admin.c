/* `davit user`, `davit token`, `davit rule` and `davit config` take the same options: most are
 * about the same files. Each command is a table of verbs in a file of its own; the order of verb,
 * operands and options is free.
 *
 * What they are about is named in the server's configuration (-c FILE), so that a command and the
 * server cannot mean different files; each can also be named alone, for who has no configuration.
 */
#include "cli/admin.h"

#include "base/clock.h"
#include "base/options.h"
#include "base/suggest.h"
#include "cli/command.h"

/* --- one function for each option; true, or false with err set --- */

static bool set_config(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* read when all options are known */
    admin->config_path = value;
    return true;
}

static const char *users_given;
static const char *tokens_given;
static const char *realm_given;

static bool set_users(struct admin *admin, const char *value, struct err *err)
{
    (void)admin, (void)err; /* put over what the file says */
    users_given = value;
    return true;
}

static bool set_tokens(struct admin *admin, const char *value, struct err *err)
{
    (void)admin, (void)err; /* put over what the file says */
    tokens_given = value;
    return true;
}

static bool set_realm(struct admin *admin, const char *value, struct err *err)
{
    (void)admin, (void)err; /* put over what the file says */
    realm_given = value;
    return true;
}

static bool set_password_file(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    admin->password_file = value;
    return true;
}

static bool set_path(struct admin *admin, const char *value, struct err *err)
{
    admin->path = value;
    return value[0] == '/' || err_set(err, 0, "--path '%s' does not begin with a slash", value);
}

static bool set_read_only(struct admin *admin, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return admin->is_read_only = true;
}

static bool set_link(struct admin *admin, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return admin->is_link = true;
}

static bool set_expires(struct admin *admin, const char *value, struct err *err)
{
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
        return err_set(err, 0, "--expires '%s' is no time such as 30d or 12h", value);
    admin->expires_s = clock_wall_ms() / 1000 + (int64_t)(count * seconds);
    return true;
}

static bool set_note(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* anything */
    admin->note = value;
    return true;
}

static bool set_from(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* what is no address is in no network */
    admin->from = value;
    return true;
}

static bool set_help(struct admin *admin, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return admin->wants_help = true;
}

static const struct option options[] = {
#define ADMIN_OPTION(name, letter, argument, set, help) {name, argument, help, letter},
#include "cli/admin_options.def"
#undef ADMIN_OPTION
};

static bool (*const setters[])(struct admin *admin, const char *value, struct err *err) = {
#define ADMIN_OPTION(name, letter, argument, set, help) set,
#include "cli/admin_options.def"
#undef ADMIN_OPTION
};

/* --- reading --- */

static bool read_arguments(struct admin *admin, const char *command, int argc, char **argv,
                           struct err *err)
{
    struct option_reader reader = {.command = command,
                                   .rows = options,
                                   .row_count = ARRAY_LEN(options),
                                   .argv = argv,
                                   .argc = argc};
    enum option_rc rc;
    const char *value;
    size_t row;
    while ((rc = option_read(&reader, &row, &value, err)) != OPTION_END) {
        if (rc == OPTION_WRONG || (rc == OPTION_ROW && !setters[row](admin, value, err)))
            return false;
        if (rc == OPTION_OPERAND && admin->operand_count == OPERANDS_MAX)
            return err_set(err, 0, "what is '%s' for?", value);
        if (rc == OPTION_OPERAND)
            admin->operands[admin->operand_count++] = value;
    }
    return true;
}

static bool read_config(struct admin *admin, struct err *err)
{
    if (!config_read_file(admin->config_path, &admin->config, err))
        return false;
    if (users_given)
        admin->config.users = users_given;
    if (tokens_given)
        admin->config.tokens = tokens_given;
    if (realm_given)
        admin->config.realm = realm_given;
    return true;
}

static int print_help(const char *command, const struct admin_verb *verbs, size_t count)
{
    printf("Usage: %s VERB [OPTIONS]\n\nVerbs:\n", command);
    for (size_t i = 0; i < count; i++) {
        char left[64];
        (void)snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].operands); /* fits */
        printf("  %-28s %s\n", left, verbs[i].help);
    }
    printf("\nOptions:\n");
    option_print(options, ARRAY_LEN(options));
    return EXIT_FINE;
}

int admin_fail(const struct err *err)
{
    fprintf(stderr, "davit: %s\n", err->text);
    return EXIT_FAILED;
}

static int usage(const struct err *err)
{
    (void)admin_fail(err); /* the same line, another status */
    return EXIT_USAGE;
}

/* Shifts the verb off the operands. */
static const struct admin_verb *find_verb(struct admin *admin, const char *command,
                                          const struct admin_verb *verbs, size_t count,
                                          struct err *err)
{
    const char *names[16];
    const char *name = admin->operand_count ? admin->operands[0] : "";
    assert(count <= ARRAY_LEN(names));
    for (size_t i = 0; i < count; i++) {
        names[i] = verbs[i].name;
        if (strcmp(name, verbs[i].name) != 0)
            continue;
        memmove(admin->operands, admin->operands + 1, (OPERANDS_MAX - 1) * sizeof(const char *));
        admin->operand_count--;
        if (admin->operand_count == verbs[i].operand_count)
            return &verbs[i];
        (void)err_set(err, 0, "usage: %s %s %s [OPTIONS]", command, name, verbs[i].operands);
        return NULL; /* as err_set() says */
    }
    const char *meant = suggest(name, names, count);
    (void)err_set(err, 0, "there is no '%s %s'%s%s%s", command, name,
                  meant ? "; did you mean '" : "; see --help", meant ? meant : "",
                  meant ? "'?" : ""); /* always false; NULL says it */
    return NULL;
}

int admin_run(const char *command, const struct admin_verb *verbs, size_t verb_count, int argc,
              char **argv)
{
    struct admin admin = {0};
    struct err err;
    if (!read_arguments(&admin, command, argc, argv, &err))
        return usage(&err);
    if (admin.wants_help)
        return print_help(command, verbs, verb_count);
    const struct admin_verb *verb = find_verb(&admin, command, verbs, verb_count, &err);
    if (!verb)
        return usage(&err);
    if (!read_config(&admin, &err))
        return admin_fail(&err);
    int status = verb->run(&admin);
    config_done(&admin.config);
    return status;
}
