/* The file has no list of keys of its own: the key K of [server] is the option --K, and the key K
 * of any other section S is the option --S-K, so that [tls] cert is --tls-cert. What an option
 * takes, a key takes; a flag is yes or no. Beyond that there are kinds of section that a
 * command line could not say: [rule "/path"], [groups], [certificates], and [limits], whose keys
 * are limits.def's.
 *
 * Anything that is not known is an error with its line, and what was probably meant: a mistyped
 * "deny" must not be a rule that was never there. The first error ends the reading; a file is used
 * whole or not at all.
 *
 * Rejected: libraries for this format. inih, which Debian has, gives no line numbers to who handles
 * a key and cuts lines at 200 bytes; the parser is text/ini.c's 80 lines, and it is fuzzed.
 * Rejected: YAML and TOML; administrators know this format from systemd and from smb.conf. */
#include "server/config/config_file.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/files.h"
#include "base/mem.h"
#include "base/options.h"
#include "base/suggest.h"
#include "text/ini.h"
#include "text/unicode.h"

enum { FILE_BYTES_MAX = 16 << 20, NAMES_MAX = 128 };

/* --- files --- */

bool small_file_read(const char *path, struct arena *arena, struct str *text_out, struct err *err)
{
    char chunk[4096];
    struct buf text = {0};
    ssize_t got = 0;
    int fd = file_open(path, FILE_READ);
    if (fd < 0)
        return err_sys(err, errno, "opening '%s'", path);
    while (text.len < FILE_BYTES_MAX && (got = read(fd, chunk, sizeof(chunk))) > 0)
        buf_add(&text, str_of(chunk, (size_t)got));
    int code = got < 0 ? errno : 0;
    fd_close(fd);
    *text_out = arena_str(arena, buf_str(&text));
    buf_done(&text);
    if (got > 0)
        return err_set(err, 0, "'%s' is too long", path);
    return code ? err_sys(err, code, "reading '%s'", path) : true;
}

/* --- keys --- */

struct reading {
    struct server_config *config;
    struct config_file *file;
    const bool *is_given;
    struct ini ini;
    struct config_mount *mount; /* that is being read */
    unsigned section_line;
    bool is_hidden; /* of the [rule] that is being read */
};

/* The name of the option that a key is. */
static const char *option_name(const struct reading *reading)
{
    struct buf name = {0};
    if (!str_eq(reading->ini.section, STR("server"))) {
        buf_add(&name, reading->ini.section);
        buf_add_char(&name, '-');
    }
    buf_add(&name, reading->ini.key);
    const char *copy = arena_text(&reading->file->arena, buf_str(&name));
    buf_done(&name);
    return copy;
}

static bool unknown_key(const struct reading *reading, const char *name, struct err *err)
{
    const char *names[NAMES_MAX];
    size_t count = size_min(config_row_count(), NAMES_MAX);
    for (size_t i = 0; i < count; i++)
        names[i] = config_row(i)->name;
    const char *meant = suggest(name, names, count);
    size_t skipped = str_eq(reading->ini.section, STR("server")) ? 0 : reading->ini.section.len + 1;
    if (!meant || strlen(meant) <= skipped || strncmp(meant, name, skipped) != 0)
        return err_set(err, 0, "there is no key '%.*s' in [%.*s]", STR_ARGS(reading->ini.key),
                       STR_ARGS(reading->ini.section));
    return err_set(err, 0, "there is no key '%.*s' in [%.*s]; did you mean '%s'?",
                   STR_ARGS(reading->ini.key), STR_ARGS(reading->ini.section), meant + skipped);
}

static bool set_option(struct reading *reading, struct err *err)
{
    const char *name = option_name(reading);
    const char *value = arena_text(&reading->file->arena, reading->ini.value);
    size_t row = 0;
    while (row < config_row_count() && strcmp(config_row(row)->name, name) != 0)
        row++;
    bool is_for_files = row < config_row_count() && !str_starts(str_of_c(name), STR("help")) &&
                        strcmp(name, "config") != 0 && strcmp(name, "limit") != 0;
    if (!is_for_files)
        return unknown_key(reading, name, err);
    bool is_flag = !config_row(row)->argument;
    bool is_yes = strcmp(value, "yes") == 0;
    if (is_flag && !is_yes && strcmp(value, "no") != 0)
        return err_set(err, 0, "'%s' is neither yes nor no", value);
    if (reading->is_given[row] || (is_flag && !is_yes))
        return true;
    return config_set(reading->config, row, is_flag ? NULL : value, err);
}

static bool set_limit(struct reading *reading, struct err *err)
{
    const char *names[NAMES_MAX];
    uint64_t value;
    if (!str_parse_u64(reading->ini.value, &value) || value == 0)
        return err_set(err, 0, "'%.*s' is no number from 1", STR_ARGS(reading->ini.value));
    if (limits_set(&reading->config->limits, reading->ini.key, value))
        return true;
    for (size_t i = 0; i < limit_row_count; i++)
        names[i] = limit_rows[i].name;
    const char *meant =
        suggest(arena_text(&reading->file->arena, reading->ini.key), names, limit_row_count);
    return err_set(err, 0, "there is no limit '%.*s'%s%s%s", STR_ARGS(reading->ini.key),
                   meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static bool set_rule(struct reading *reading, struct err *err)
{
    struct ini *ini = &reading->ini;
    bool is_allow = str_eq(ini->key, STR("allow"));
    if (str_eq(ini->key, STR("hidden"))) {
        reading->is_hidden = str_eq(ini->value, STR("yes"));
        if (reading->is_hidden)
            rules_hide_from(&reading->file->rules, reading->section_line);
        return reading->is_hidden || str_eq(ini->value, STR("no")) ||
               err_set(err, 0, "'%.*s' is neither yes nor no", STR_ARGS(ini->value));
    }
    if (!is_allow && !str_eq(ini->key, STR("deny")))
        return err_set(err, 0, "a rule has the keys allow, deny and hidden, not '%.*s'",
                       STR_ARGS(ini->key));
    struct rule_place place = {ini->subject, ini->line, reading->is_hidden};
    return rules_add(&reading->file->rules, &place, is_allow, ini->value, err);
}

/* Bytes, or with a letter behind them 1024 of them, and so on. */
static bool parse_size(struct str text, uint64_t *bytes_out)
{
    static const char units[] = "KMGT";
    uint64_t factor = 1;
    uint64_t count;
    const char *unit = text.len ? strchr(units, text.at[text.len - 1]) : NULL;
    if (unit && *unit) {
        factor <<= 10 * (unit - units + 1);
        text.len--;
    }
    return str_parse_u64(text, &count) && count > 0 &&
           !__builtin_mul_overflow(count, factor, bytes_out);
}

static bool set_mount(struct reading *reading, struct err *err)
{
    struct ini *ini = &reading->ini;
    struct config_mount *mount = reading->mount;
    if (str_eq(ini->key, STR("root"))) {
        mount->root = arena_text(&reading->file->arena, ini->value);
        return ini->value.len || err_set(err, 0, "a mount's root is a directory");
    }
    if (str_eq(ini->key, STR("quota")))
        return parse_size(ini->value, &mount->quota_bytes) ||
               err_set(err, 0, "'%.*s' is no size such as 500M or 10G", STR_ARGS(ini->value));
    bool *flag = str_eq(ini->key, STR("read-only")) ? &mount->is_read_only
                 : str_eq(ini->key, STR("active"))  ? &mount->is_active
                                                    : NULL;
    if (!flag)
        return err_set(err, 0, "a mount has the keys root, read-only, active and quota, not '%.*s'",
                       STR_ARGS(ini->key));
    *flag = str_eq(ini->value, STR("yes"));
    return *flag || str_eq(ini->value, STR("no")) ||
           err_set(err, 0, "'%.*s' is neither yes nor no", STR_ARGS(ini->value));
}

/* A mount is complete when the next section begins. */
static bool end_section(struct reading *reading, struct err *err)
{
    const struct config_mount *mount = reading->mount;
    reading->mount = NULL;
    return !mount || mount->root ||
           err_set(err, 0, "[mount \"%.*s\"] in line %u has no root", STR_ARGS(mount->pattern),
                   mount->line);
}

static bool begin_mount(struct reading *reading, struct err *err)
{
    struct arena *arena = &reading->file->arena;
    struct ini *ini = &reading->ini;
    struct config_mount **last = &reading->file->mounts;
    if (ini->subject.len == 0 || ini->subject.at[0] != '/')
        return err_set(err, 0, "a mount is about a path: [mount \"/path\"]");
    for (; *last; last = &(*last)->next) {
        if (unicode_eq((*last)->pattern, ini->subject))
            return err_set(err, 0, "there is a mount of that path in line %u", (*last)->line);
    }
    *last = ARENA_NEW(arena, struct config_mount);
    (*last)->pattern = arena_str(arena, ini->subject);
    (*last)->line = ini->line;
    reading->mount = *last;
    return true;
}

static void set_group(struct reading *reading)
{
    struct str rest = reading->ini.value;
    while (rest.len) {
        size_t len = 0;
        while (len < rest.len && rest.at[len] != ' ' && rest.at[len] != ',')
            len++;
        if (len)
            rules_add_member(&reading->file->rules, reading->ini.key, str_first(rest, len));
        rest = str_from(rest, len + 1);
    }
}

static void set_certificate(struct reading *reading)
{
    struct arena *arena = &reading->file->arena;
    struct access_certificate *certificate = ARENA_NEW(arena, struct access_certificate);
    certificate->user = unicode_form(arena, arena_str(arena, reading->ini.key), UNICODE_NFC);
    certificate->subject = arena_str(arena, reading->ini.value);
    struct access_certificate **last = &reading->file->certificates;
    while (*last)
        last = &(*last)->next;
    *last = certificate;
}

static bool read_key(struct reading *reading, struct err *err)
{
    struct str section = reading->ini.section;
    if (section.len == 0)
        return err_set(err, 0, "a key stands before the first [section]");
    if (str_eq(section, STR("rule")))
        return set_rule(reading, err);
    if (str_eq(section, STR("mount")))
        return set_mount(reading, err);
    if (str_eq(section, STR("limits")))
        return set_limit(reading, err);
    if (str_eq(section, STR("groups")))
        set_group(reading);
    else if (str_eq(section, STR("certificates")))
        set_certificate(reading);
    else
        return set_option(reading, err);
    return true;
}

/* Some option begins with its name, or it is one of the four. */
static bool is_section(const struct reading *reading)
{
    static const char *const others[] = {"server", "limits", "groups", "certificates"};
    struct str name = reading->ini.section;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (str_eq(name, str_of_c(others[i])))
            return true;
    }
    for (size_t i = 0; i < config_row_count(); i++) {
        struct str option = str_of_c(config_row(i)->name);
        if (option.len > name.len && str_starts(option, name) && option.at[name.len] == '-' &&
            (str_eq(name, STR("tls")) || str_eq(name, STR("jwt"))))
            return true;
    }
    return false;
}

static bool read_section(struct reading *reading, struct err *err)
{
    static const char *const names[] = {"server", "tls",  "jwt",    "limits",
                                        "mount",  "rule", "groups", "certificates"};
    struct ini *ini = &reading->ini;
    reading->is_hidden = false;
    reading->section_line = ini->line;
    if (!end_section(reading, err))
        return false;
    if (str_eq(ini->section, STR("mount")))
        return begin_mount(reading, err);
    if (str_eq(ini->section, STR("rule")))
        return ini->subject.len ? true
                                : err_set(err, 0, "a rule is about a path: [rule \"/path\"]");
    if (is_section(reading))
        return ini->subject.len == 0 ||
               err_set(err, 0, "[%.*s] is about nothing else", STR_ARGS(ini->section));
    const char *meant =
        suggest(arena_text(&reading->file->arena, ini->section), names, ARRAY_LEN(names));
    return err_set(err, 0, "there is no section [%.*s]%s%s%s", STR_ARGS(ini->section),
                   meant ? "; did you mean [" : "", meant ? meant : "", meant ? "]?" : "");
}

bool config_file_parse(struct server_config *config, struct str text, const bool *is_given,
                       struct err *err)
{
    struct config_file *file = config->file;
    struct reading reading = {
        .config = config, .file = file, .is_given = is_given, .ini.rest = text};
    struct err mistake;
    enum ini_rc rc;
    bool is_fine = true;
    rules_init(&file->rules);
    while (is_fine && (rc = ini_next(&reading.ini, &mistake)) != INI_END)
        is_fine = rc == INI_KEY       ? read_key(&reading, &mistake)
                  : rc == INI_SECTION ? read_section(&reading, &mistake)
                                      : false;
    is_fine = is_fine && end_section(&reading, &mistake);
    return is_fine || err_set(err, 0, "%s:%u: %s", file->path, reading.ini.line, mistake.text);
}

bool config_file_read(struct server_config *config, const char *path, const bool *is_given,
                      struct err *err)
{
    struct str text;
    config->file = MEM_NEW(struct config_file);
    config->file->path = path;
    return small_file_read(path, &config->file->arena, &text, err) &&
           config_file_parse(config, text, is_given, err);
}

void config_file_free(struct config_file *file)
{
    if (!file)
        return;
    rules_done(&file->rules);
    arena_done(&file->arena);
    mem_free(file);
}
