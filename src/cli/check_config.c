/* The file has the names of the command line: "name = value", a flag is "yes" or "no", what may be
 * given several times stands there several times. The command line wins.
 *
 * A file that is found, and was not named, may come with somebody else's project. It says how to
 * look; but what writes to other places than beneath this folder, or reads a secret, is taken from
 * a file that was named only. */
#include "cli/check_config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"
#include "check/read/plain_links.h"
#include "check/run/scope.h"
#include "text/ini.h"

#define CONFIG_NAME "davit-check.conf"
#define IGNORE_NAME "davit-check.ignore"

struct reading {
    struct check_command *command;
    const bool *is_given; /* by the command line, for each row */
    const char *named;    /* by --config */
    const char *start;    /* the first that is local; NULL: none */
    struct str folder;    /* of the file that was found */
    bool is_switched_off; /* --no-config */
};

/* --- where it is --- */

static const char *first_local(const struct text_list *starts)
{
    for (size_t i = 0; i < starts->count; i++) {
        if (strcmp(starts->at[i], "-") != 0 && !strstr(starts->at[i], "://"))
            return starts->at[i];
    }
    return NULL;
}

static size_t row_of(const char *name)
{
    return (size_t)(option_find(&check_table, str_of_c(name)) - check_table.rows);
}

/* The nearest file of that name, from the folder of the start upwards. */
static bool find_above(const struct reading *reading, const char *name, struct buf *path)
{
    struct stat info;
    char *real = reading->start ? realpath(reading->start, NULL) : NULL;
    bool is_found = false;
    if (!real) /* a URL, or a pattern */
        real = realpath(".", NULL);
    size_t len = real ? strlen(real) : 0;
    while (real && !is_found) {
        buf_clear(path);
        buf_add(path, str_of(real, len));
        buf_addf(path, "/%s", name);
        is_found = stat(buf_c(path), &info) == 0 && S_ISREG(info.st_mode) &&
                   access(buf_c(path), R_OK) == 0;
        if (len == 0)
            break;
        len = str_index_last(str_of(real, len), '/');
    }
    mem_free(real);
    return is_found;
}

/* --- what stands in it --- */

static bool is_beneath(const char *path, struct str folder)
{
    struct str whole = str_of_c(path);
    if (folder.len == 1) /* the root */
        return true;
    return str_starts(whole, folder) && (whole.len == folder.len || path[folder.len] == '/');
}

/* Whether symbolic links lead from this folder to another. */
static bool leads_away(const char *path, const char *here)
{
    struct stat info;
    struct buf parent = {0};
    char *real = realpath(path, NULL);
    if (!real && lstat(path, &info) == 0)
        return true; /* a link to what is not there yet */
    if (!real) {
        size_t slash = str_index_last(str_of_c(path), '/');
        buf_add(&parent, path[slash] ? str_of(path, slash) : STR("."));
        real = realpath(buf_c(&parent), NULL);
    }
    bool is_away = real && !is_beneath(real, str_of_c(here)); /* no folder: nothing is written */
    buf_done(&parent);
    mem_free(real);
    return is_away;
}

/* Beneath this folder, and this folder is of the project that the file came with: elsewhere what
 * it writes could be a file that somebody's shell reads. */
static bool is_near(const struct reading *reading, const char *path)
{
    bool climbs = strncmp(path, "../", 3) == 0 || strstr(path, "/../") || strcmp(path, "..") == 0;
    if (path[0] == '/' || path[0] == '~' || climbs)
        return false;
    char *here = realpath(".", NULL);
    bool is_ours = here && is_beneath(here, reading->folder) && !leads_away(path, here);
    mem_free(here);
    return is_ours;
}

/* Whether a file that nobody named may say that. */
static bool is_harmless(const struct reading *reading, const struct option *row, const char *value)
{
    static const char *const secrets[] = {
        "auth",       "bearer-file", "netrc",    "netrc-default", "netrc-file", "proxy",
        "login-form", "cookie-jar",  "insecure", "ca-file",       "header-for"};
    static const char *const written[] = {"history", "cache", "spill"};
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        if (strcmp(row->name, secrets[i]) == 0)
            return false;
    }
    for (size_t i = 0; i < ARRAY_LEN(written); i++) {
        if (strcmp(row->name, written[i]) == 0)
            return is_near(reading, value);
    }
    if (strcmp(row->name, "output") == 0)
        return !strchr(value, ':') || is_near(reading, strchr(value, ':') + 1);
    return true;
}

static bool fail_unknown(const char *name, struct err *err)
{
    const char *meant = option_meant(&check_table, name);
    return err_set(err, 0, "there is no setting '%s'%s%s%s", name, meant ? "; did you mean '" : "",
                   meant ? meant : "", meant ? "'?" : "");
}

/* A flag with functions of its own looks at no value but these. */
static bool set_flag(const struct option *row, struct check_command *command, const char *value,
                     struct err *err)
{
    if (strcmp(value, "no") != 0 && strcmp(value, "yes") != 0)
        return err_set(err, 0, "'%s' is neither yes nor no", value);
    return option_set(row, command, value, err);
}

static bool set(struct reading *reading, const struct ini *ini, struct err *err)
{
    struct arena *arena = &reading->command->arena;
    const char *name = arena_text(arena, ini->key), *value = arena_text(arena, ini->value);
    const struct option *row = option_find(&check_table, ini->key);
    if (!row || row->is_typed)
        return fail_unknown(name, err);
    if (reading->is_given[row - check_table.rows])
        return true;
    if (!reading->named && !is_harmless(reading, row, value))
        return err_set(err, 0, "%s: only from a file that --config names", name);
    bool is_typed_flag = row->kind == OPTION_CUSTOM && !row->argument;
    bool is_set = is_typed_flag ? set_flag(row, reading->command, value, err)
                                : option_set(row, reading->command, value, err);
    return is_set || option_blame("", name, err);
}

static bool blame_line(const char *path, unsigned line, struct err *err)
{
    struct err mistake = *err;
    return err_set(err, 0, "%s:%u: %s", path, line, mistake.text);
}

static bool read_settings(struct reading *reading, const char *path, struct err *err)
{
    struct ini ini = {0};
    enum ini_rc rc;
    if (!file_read_small(path, &reading->command->arena, &ini.rest, err))
        return false;
    while ((rc = ini_next(&ini, err)) == INI_KEY) {
        if (!set(reading, &ini, err))
            return blame_line(path, ini.line, err);
    }
    if (rc == INI_SECTION)
        err_set(err, 0, "there are no sections here");
    return rc == INI_END || blame_line(path, ini.line, err);
}

static bool read_ignored(struct reading *reading, const char *path, struct err *err)
{
    struct arena *arena = &reading->command->arena;
    struct list_reader reader = {0};
    struct str line;
    if (!file_read_small(path, arena, &reader.rest, err))
        return false;
    while (list_take(&reader, &line)) {
        const char *pattern = arena_text(arena, line);
        if (!scope_check_pattern(pattern, err))
            return blame_line(path, reader.at.line, err);
        text_list_add(&reading->command->run.exclude, pattern);
    }
    return true;
}

static bool read_files(struct reading *reading, struct err *err)
{
    struct check_command *command = reading->command;
    struct buf path = {0};
    bool is_fine = true;
    bool is_found =
        !reading->is_switched_off && !reading->named && find_above(reading, CONFIG_NAME, &path);
    const char *file = reading->named ? reading->named : is_found ? buf_c(&path) : NULL;
    if (is_found) /* of the root its slash stays */
        reading->folder = str_first(buf_str(&path), size_max(path.len - sizeof(CONFIG_NAME), 1));
    if (file)
        is_fine = read_settings(reading, file, err);
    if (file)
        command->config = arena_text(&command->arena, str_of_c(file));
    if (is_fine && !reading->is_switched_off && find_above(reading, IGNORE_NAME, &path))
        is_fine = read_ignored(reading, buf_c(&path), err);
    buf_done(&path);
    return is_fine;
}

/* The first rule that matches a status wins: those of the file are behind the others. */
static void put_behind(struct check_command *command, size_t count)
{
    struct status_rule of_file[STATUS_RULES_MAX], *rules = command->run.status_rules;
    size_t typed = command->run.status_rule_count - count;
    memcpy(of_file, rules, count * sizeof(*rules));
    memmove(rules, rules + count, typed * sizeof(*rules));
    memcpy(rules + typed, of_file, count * sizeof(*rules));
}

bool check_command_read(int argc, char **argv, struct check_command *command, struct err *err)
{
    struct option_look look = {.is_given = mem_new(check_table.row_count, sizeof(bool))};
    check_command_default(command);
    bool is_fine = options_look(&check_table, argc, argv, &look, err);
    struct reading reading = {.command = command,
                              .is_given = look.is_given,
                              .named = look.config,
                              .start = first_local(&look.operands),
                              .is_switched_off = look.is_given[row_of("no-config")]};
    is_fine = is_fine && read_files(&reading, err);
    size_t rule_count = command->run.status_rule_count;
    is_fine = is_fine && options_read(&check_table, argc, argv, command, err);
    put_behind(command, rule_count);
    text_list_done(&look.operands);
    mem_free(look.is_given);
    return is_fine &&
           (command->wants_help || command->wants_config || check_command_settle(command, err));
}

/* --- printing --- */

/* How a run is done, and what is made of it: that may change while it is gone on with. All else
 * says what is looked at, or is a new option of which nobody has thought here. */
static bool is_manner(const struct option *row)
{
    static const char *const names[] = {
        "max-pages",     "max-links",    "max-time",   "own",         "crawl-delay",
        "concurrency",   "per-host",     "rate",       "timeout",     "connect-timeout",
        "retries",       "retry-budget", "auth",       "bearer-file", "netrc",
        "netrc-default", "netrc-file",   "login-form", "cookie-jar",  "header",
        "header-for",    "user-agent",   "proxy",      "insecure",    "ca-file",
        "http1",         "fail-on",      "history",    "after-bad",   "only-changed",
        "compare",       "cache-age",    "cache",      "quota",       "account",
        "output",        "verbose",      "archive",    "stats",       "quiet",
        "progress",      "color",        "spill"};
    bool is_it = row->is_typed;
    for (size_t i = 0; i < ARRAY_LEN(names) && !is_it; i++)
        is_it = strcmp(row->name, names[i]) == 0;
    return is_it;
}

void check_command_add_settings(const struct check_command *command, struct buf *to)
{
    for (size_t i = 0; i < command->run.starts.count; i++)
        buf_addf(to, "start = %s\n", command->run.starts.at[i]);
    for (size_t i = 0; i < check_table.row_count; i++) {
        const struct option *row = &check_table.rows[i];
        if (!is_manner(row))
            option_add(row, to, row->name, command);
    }
}

void check_command_print(const struct check_command *command)
{
    struct buf text = {0};
    for (size_t i = 0; i < check_table.row_count; i++) {
        const struct option *row = &check_table.rows[i];
        bool is_secret = strcmp(row->name, "auth") == 0 || strcmp(row->name, "header") == 0 ||
                         strcmp(row->name, "login-form") == 0 ||
                         (strcmp(row->name, "proxy") == 0 && command->run.client.proxy &&
                          strchr(command->run.client.proxy, '@'));
        if (row->is_typed)
            continue;
        if (is_secret)
            buf_addf(&text, "# %s = (not shown)\n", row->name);
        else
            option_add(row, &text, row->name, command);
    }
    tell(stdout, "%s", buf_c(&text));
    buf_done(&text);
}
