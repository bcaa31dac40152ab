/* `davit user`, `davit token`, `davit rule` and `davit config` take the same options: most are
 * about the same files. Each command is a table of verbs in a file of its own; the order of verb,
 * operands and options is free.
 *
 * What they are about is named in the server's configuration (-c FILE), so that a command and the
 * server cannot mean different files; each can also be named alone, for who has no configuration.
 */
#include "cli/admin/admin.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/options.h"
#include "base/suggest.h"
#include "cli/command.h"
#include "server/config/config_read.h"

/* --- one function for each option; true, or false with err set --- */

static bool set_config(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* read when all options are known */
    admin->config_path = value;
    return true;
}

static bool set_users(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* put over what the file says */
    admin->users = value;
    return true;
}

static bool set_tokens(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* put over what the file says */
    admin->tokens = value;
    return true;
}

static bool set_realm(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* put over what the file says */
    admin->realm = value;
    return true;
}

static bool set_password_file(struct admin *admin, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    admin->password_file = value;
    return true;
}

static bool set_digest_md5(struct admin *admin, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return admin->has_md5 = true;
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

/* A row of the table. */
struct admin_option {
    struct option option;
    unsigned commands;
    bool (*set)(struct admin *admin, const char *value, struct err *err);
};

static const struct admin_option table[] = {
#define ADMIN_OPTION(name, letter, argument, commands, set, help)                                  \
    {{name, argument, help, letter}, commands, set},
#include "cli/admin/options.def"
#undef ADMIN_OPTION
};

/* What one command takes of it. */
struct taken_options {
    struct option rows[ARRAY_LEN(table)];
    bool (*set[ARRAY_LEN(table)])(struct admin *admin, const char *value, struct err *err);
    size_t count;
};

static void take_options(enum admin_command command, struct taken_options *taken)
{
    taken->count = 0;
    for (size_t i = 0; i < ARRAY_LEN(table); i++) {
        if (!(table[i].commands & command))
            continue;
        taken->rows[taken->count] = table[i].option;
        taken->set[taken->count++] = table[i].set;
    }
}

/* --- reading --- */

static bool read_arguments(struct admin *admin, const struct admin_verbs *verbs, int argc,
                           char **argv, struct err *err)
{
    struct taken_options taken;
    take_options(verbs->command, &taken);
    const struct option_table rows = {
        .command = verbs->name, .rows = taken.rows, .row_count = taken.count};
    struct option_reader reader = {.table = &rows, .argv = argv, .argc = argc};
    enum option_rc rc;
    const char *value;
    size_t row;
    while ((rc = option_read(&reader, &row, &value, err)) != OPTION_END) {
        if (rc == OPTION_WRONG || (rc == OPTION_ROW && !taken.set[row](admin, value, err)))
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
    if (admin->users)
        admin->config.users = admin->users;
    if (admin->tokens)
        admin->config.tokens = admin->tokens;
    if (admin->realm)
        admin->config.realm = admin->realm;
    return true;
}

static int print_help(const struct admin_verbs *verbs)
{
    struct taken_options taken;
    printf("Usage: %s VERB [OPTIONS]\n\nVerbs:\n", verbs->name);
    for (size_t i = 0; i < verbs->count; i++) {
        const struct admin_verb *verb = &verbs->rows[i];
        char left[64];
        (void)snprintf(left, sizeof(left), "%s %s", verb->name, verb->operands); /* fits */
        printf("  %-28s %s\n", left, verb->help);
    }
    printf("\nOptions:\n");
    take_options(verbs->command, &taken);
    const struct option_table rows = {.rows = taken.rows, .row_count = taken.count};
    option_print(&rows);
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
        if (admin->operand_count == verb->operand_count)
            return verb;
        (void)err_set(err, 0, "usage: %s %s %s [OPTIONS]", verbs->name, name, verb->operands);
        return NULL; /* as err_set() says */
    }
    const char *meant = suggest(name, names, verbs->count);
    (void)err_set(err, 0, "there is no '%s %s'%s%s%s", verbs->name, name,
                  meant ? "; did you mean '" : "; see --help", meant ? meant : "",
                  meant ? "'?" : ""); /* always false; NULL says it */
    return NULL;
}

int admin_run(const struct admin_verbs *verbs, int argc, char **argv)
{
    struct admin admin = {0};
    struct err err;
    if (!read_arguments(&admin, verbs, argc, argv, &err))
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
