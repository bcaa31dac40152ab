/* The file has no list of keys of its own: the key K of [server] is the option --K, and the key K
 * of any other section S is the option --S-K, so that [tls] cert is --tls-cert. What an option
 * takes, a key takes; a flag is yes or no. Beyond that there are kinds of section that a
 * command line could not say: [mount "/path"], [origin "name"], [extension "name"],
 * [client "product"], [rule "/path"], [groups], [certificates], and [limits], whose keys are
 * limits.def's.
 *
 * Anything that is not known is an error with its line, and what was probably meant: a mistyped
 * "deny" must not be a rule that was never there. The first error ends the reading; a file is used
 * whole or not at all.
 *
 * Rejected: libraries for this format. inih, which Debian has, gives no line numbers to who handles
 * a key and cuts lines at 200 bytes; the parser is text/ini.c's 80 lines, and it is fuzzed.
 * Rejected: YAML and TOML; administrators know this format from systemd and from smb.conf. */
#include "server/config/config_file.h"

#include "base/files.h"
#include "base/mem.h"
#include "base/suggest.h"
#include "exchange/clients/user_agent.h"
#include "gateway/gateway.h"
#include "text/ini.h"
#include "text/unicode.h"

enum { NAMES_MAX = 128, DAY_MS = 86400000 };

/* --- keys --- */

struct reading {
    struct server_config *config;
    struct config_file *file;
    const bool *is_given;
    struct ini ini;
    struct config_mount *mount;         /* that is being read, or an origin */
    struct config_extension *extension; /* likewise */
    struct config_client *client;       /* likewise */
    bool is_origin;
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

static bool fail_unknown(const struct reading *reading, const char *meant, struct err *err)
{
    return err_set(err, 0, "there is no key '%.*s' in [%.*s]%s%s%s", STR_ARGS(reading->ini.key),
                   STR_ARGS(reading->ini.section), meant ? "; did you mean '" : "",
                   meant ? meant : "", meant ? "'?" : "");
}

/* `name` is what the key would be called on the command line. */
static bool fail_unknown_option(const struct reading *reading, const char *name, struct err *err)
{
    const char *meant = option_meant(&config_options, name);
    size_t skipped = str_eq(reading->ini.section, STR("server")) ? 0 : reading->ini.section.len + 1;
    if (!meant || strlen(meant) <= skipped || strncmp(meant, name, skipped) != 0)
        return fail_unknown(reading, NULL, err);
    return fail_unknown(reading, meant + skipped, err);
}

static bool set_option(struct reading *reading, struct err *err)
{
    const char *name = option_name(reading);
    const char *key = arena_text(&reading->file->arena, reading->ini.key);
    const char *value = arena_text(&reading->file->arena, reading->ini.value);
    const struct option *row = option_find(&config_options, str_of_c(name));
    if (!row || row->is_typed)
        return fail_unknown_option(reading, name, err);
    if (reading->is_given[row - config_options.rows])
        return true;
    return option_set(row, reading->config, value, err) || option_blame("", key, err);
}

static bool set_limit(struct reading *reading, struct err *err)
{
    const char *names[NAMES_MAX];
    const struct option_range range = {1, OPTION_NO_BOUND};
    uint64_t value;
    if (!option_parse_count(reading->ini.value, range, &value, err))
        return option_blame("", arena_text(&reading->file->arena, reading->ini.key), err);
    if (limits_set(&reading->config->limits, reading->ini.key, value))
        return true;
    for (size_t i = 0; i < limit_row_count; i++)
        names[i] = limit_rows[i].name;
    const char *meant =
        suggest(arena_text(&reading->file->arena, reading->ini.key), names, limit_row_count);
    return err_set(err, 0, "there is no limit '%.*s'%s%s%s", STR_ARGS(reading->ini.key),
                   meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

#define OPTION_TARGET struct reading
static const struct option hidden = {.name = "hidden", FLAG(is_hidden)};
#undef OPTION_TARGET

static bool set_hidden(struct reading *reading, struct err *err)
{
    const char *value = arena_text(&reading->file->arena, reading->ini.value);
    if (!option_set(&hidden, reading, value, err))
        return option_blame("", hidden.name, err);
    if (reading->is_hidden)
        rules_hide_from(&reading->file->rules, reading->section_line);
    return true;
}

static bool set_rule(struct reading *reading, struct err *err)
{
    struct ini *ini = &reading->ini;
    bool is_allow = str_eq(ini->key, STR("allow"));
    if (str_eq(ini->key, STR("hidden")))
        return set_hidden(reading, err);
    if (!is_allow && !str_eq(ini->key, STR("deny")))
        return err_set(err, 0,
                       "there is no key '%.*s' in [rule]; a rule has allow, deny and hidden",
                       STR_ARGS(ini->key));
    struct rule_place place = {ini->subject, ini->line, reading->is_hidden};
    return rules_add(&reading->file->rules, &place, is_allow, ini->value, err);
}

static bool set_mount(struct reading *reading, struct err *err)
{
    const char *key = arena_text(&reading->file->arena, reading->ini.key);
    const char *value = arena_text(&reading->file->arena, reading->ini.value);
    const struct option *row = option_find(&config_mount_options, reading->ini.key);
    if (!row)
        return fail_unknown(reading, option_meant(&config_mount_options, key), err);
    reading->mount->names_origin |= config_is_about_origin(reading->ini.key);
    return option_set(row, reading->mount, value, err) || option_blame("", key, err);
}

/* NULL: none is near. */
static const char *origin_key_meant(const char *key)
{
    const char *names[NAMES_MAX] = {"url"};
    size_t count = 1;
    for (size_t i = 0; i < config_mount_options.row_count; i++) {
        const char *name = config_mount_options.rows[i].name;
        if (config_is_about_origin(str_of_c(name)))
            names[count++] = name + strlen("origin-");
    }
    return suggest(key, names, count);
}

/* The key K of [origin] is the key origin-K of [mount], so that there is one list of them. */
static bool set_origin(struct reading *reading, struct err *err)
{
    struct arena *arena = &reading->file->arena;
    const char *key = arena_text(arena, reading->ini.key);
    const char *value = arena_text(arena, reading->ini.value);
    struct buf text = {0};
    buf_addf(&text, "origin-%s", key);
    const char *name = strcmp(key, "url") == 0 ? "origin" : arena_text(arena, buf_str(&text));
    buf_done(&text);
    const struct option *row = option_find(&config_mount_options, str_of_c(name));
    if (row)
        return option_set(row, reading->mount, value, err) || option_blame("", key, err);
    return fail_unknown(reading, origin_key_meant(key), err);
}

static bool set_extension(struct reading *reading, struct err *err)
{
    const char *key = arena_text(&reading->file->arena, reading->ini.key);
    const char *value = arena_text(&reading->file->arena, reading->ini.value);
    const struct option *row = option_find(&config_extension_options, reading->ini.key);
    if (!row)
        return fail_unknown(reading, option_meant(&config_extension_options, key), err);
    return option_set(row, reading->extension, value, err) || option_blame("", key, err);
}

static bool set_client(struct reading *reading, struct err *err)
{
    const char *key = arena_text(&reading->file->arena, reading->ini.key);
    const char *value = arena_text(&reading->file->arena, reading->ini.value);
    const struct option *row = option_find(&config_client_options, reading->ini.key);
    if (!row)
        return fail_unknown(reading, option_meant(&config_client_options, key), err);
    return option_set(row, reading->client, value, err) || option_blame("", key, err);
}

/* A mount has either; what is about the one means nothing to the other. */
static bool check_mount(const struct config_mount *mount, struct err *err)
{
    const struct gateway_options *origin = &mount->origin;
    if (!mount->root && !origin->url && !mount->origins)
        return err_set(err, 0, "it has neither a root nor an origin");
    if (mount->root && (origin->url || mount->origins))
        return err_set(err, 0, "it has a root and an origin");
    if (origin->url && mount->origins)
        return err_set(err, 0, "it has an origin, and origins");
    if (!mount->root && (mount->quota_bytes || mount->is_alone || mount->is_synced ||
                         mount->has_acls || mount->uploads || mount->keep.ms))
        return err_set(err, 0,
                       "quota, keep, others-write, sync, sync-clients, acl and uploads are about a "
                       "root, and it has an origin");
    if (mount->root && mount->names_origin)
        return err_set(err, 0, "it has keys that begin with origin-, and no origin");
    if (mount->names_origin && mount->origins)
        return err_set(err, 0,
                       "it has keys that begin with origin-; how one of several origins is asked "
                       "stands in its [origin \"name\"]");
    if (mount->is_partial && !mount->origins)
        return err_set(err, 0, "partial is about origins, and it has none");
    return gateway_options_check(origin, err);
}

static bool check_origin(const struct config_mount *origin, struct err *err)
{
    if (!origin->origin.url)
        return err_set(err, 0, "it has no url");
    return gateway_options_check(&origin->origin, err);
}

/* A mount is complete when the next section begins, and so is all that has a name. */
static bool end_section(struct reading *reading, struct err *err)
{
    const struct config_extension *extension = reading->extension;
    struct config_mount *mount = reading->mount;
    const struct config_client *client = reading->client;
    struct err mistake;
    reading->extension = NULL;
    reading->mount = NULL;
    reading->client = NULL;
    if (client && !client->notice && !client->is_refused && !client->quirks)
        return err_set(err, 0, "[client \"%.*s\"] in line %u has no notice, refuse or quirks",
                       STR_ARGS(client->pattern), client->line);
    if (extension && !extension->load)
        return err_set(err, 0, "[extension \"%.*s\"] in line %u has no load = FILE",
                       STR_ARGS(extension->name), extension->line);
    if (mount)
        mount->is_synced |= mount->has_sync_clients;
    if (!mount ||
        (reading->is_origin ? check_origin(mount, &mistake) : check_mount(mount, &mistake)))
        return true;
    return err_set(err, 0, "[%s \"%.*s\"] in line %u: %s", reading->is_origin ? "origin" : "mount",
                   STR_ARGS(mount->pattern), mount->line, mistake.text);
}

static void append(struct reading *reading, struct config_mount **last)
{
    struct arena *arena = &reading->file->arena;
    *last = ARENA_NEW(arena, struct config_mount);
    (*last)->pattern = arena_str(arena, reading->ini.subject);
    (*last)->line = reading->ini.line;
    (*last)->origin = gateway_options_default();
    reading->mount = *last;
}

/* However they are written: "/a", "/a/" and "/%61" are one. */
static bool are_same(struct arena *arena, struct str pattern, struct str other)
{
    struct res_path path;
    struct res_path other_path;
    bool has_slash;
    if (path_decode(arena, pattern, &path, &has_slash) != PATH_OK ||
        path_decode(arena, other, &other_path, &has_slash) != PATH_OK)
        return unicode_eq(pattern, other);
    return unicode_eq(path_str(path), path_str(other_path));
}

static bool begin_mount(struct reading *reading, struct err *err)
{
    struct arena *arena = &reading->file->arena;
    struct ini *ini = &reading->ini;
    struct config_mount **last = &reading->file->mounts;
    if (ini->subject.len == 0 || ini->subject.at[0] != '/')
        return err_set(err, 0, "a mount needs a path: [mount \"/path\"]");
    for (; *last; last = &(*last)->next) {
        if (are_same(arena, (*last)->pattern, ini->subject))
            return err_set(err, 0, "that path is already mounted in line %u", (*last)->line);
    }
    reading->is_origin = false;
    append(reading, last);
    return true;
}

/* People are told it, and mounts name an origin in a list. */
static bool is_plain_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && !(c && strchr("-_.", c)))
            return false;
    }
    return name.len > 0;
}

static bool begin_origin(struct reading *reading, struct err *err)
{
    struct ini *ini = &reading->ini;
    struct config_mount **last = &reading->file->origins;
    if (!is_plain_name(ini->subject))
        return err_set(err, 0,
                       "an origin needs a name of letters, digits, '-', '_' and '.': [origin "
                       "\"name\"]");
    for (; *last; last = &(*last)->next) {
        if (str_eq((*last)->pattern, ini->subject))
            return err_set(err, 0, "there is an origin of that name in line %u", (*last)->line);
    }
    reading->is_origin = true;
    append(reading, last);
    return true;
}

static bool begin_extension(struct reading *reading, struct err *err)
{
    struct arena *arena = &reading->file->arena;
    struct ini *ini = &reading->ini;
    struct config_extension **last = &reading->file->extensions;
    if (!is_plain_name(ini->subject))
        return err_set(err, 0, "an extension needs its name: [extension \"name\"]");
    for (; *last; last = &(*last)->next) {
        if (str_eq((*last)->name, ini->subject))
            return err_set(err, 0, "there is an extension of that name in line %u", (*last)->line);
    }
    *last = ARENA_NEW(arena, struct config_extension);
    (*last)->name = arena_str(arena, ini->subject);
    (*last)->line = ini->line;
    reading->extension = *last;
    return true;
}

static bool begin_client(struct reading *reading, struct err *err)
{
    enum { CLIENTS_MAX = 64 };
    struct arena *arena = &reading->file->arena;
    struct ini *ini = &reading->ini;
    struct config_client **last = &reading->file->clients;
    unsigned count = 0;
    if (!user_agent_check(ini->subject, err))
        return false;
    for (; *last; last = &(*last)->next, count++) {
        if (str_eq_nocase((*last)->pattern, ini->subject))
            return err_set(err, 0, "that client has a section in line %u", (*last)->line);
    }
    if (count == CLIENTS_MAX)
        return err_set(err, 0, "there are more than %d clients", CLIENTS_MAX);
    *last = ARENA_NEW(arena, struct config_client);
    (*last)->pattern = arena_str(arena, ini->subject);
    (*last)->line = ini->line;
    (*last)->period_ms = DAY_MS;
    reading->client = *last;
    return true;
}

/* --- unions --- */

static bool add_united(struct config_mount *mount, const struct config_file *file, struct str name,
                       struct err *err)
{
    const struct config_mount *origin = file->origins;
    while (origin && !str_eq(origin->pattern, name))
        origin = origin->next;
    if (!origin)
        return err_set(err, 0, "there is no [origin \"%.*s\"]", STR_ARGS(name));
    for (size_t i = 0; i < mount->united_count; i++) {
        if (str_eq(mount->united[i].label, name))
            return err_set(err, 0, "origins has '%.*s' twice", STR_ARGS(name));
    }
    if (mount->united_count == UNION_ORIGINS_MAX)
        return err_set(err, 0, "there are more than %d origins", UNION_ORIGINS_MAX);
    mount->united[mount->united_count++] = (struct gateway_origin){name, &origin->origin};
    return true;
}

static bool unite(struct config_mount *mount, struct config_file *file, struct err *err)
{
    struct str rest = str_of_c(mount->origins);
    mount->united = arena_alloc(&file->arena, UNION_ORIGINS_MAX * sizeof(struct gateway_origin));
    while (rest.len) {
        size_t len = 0;
        while (len < rest.len && rest.at[len] != ' ' && rest.at[len] != ',')
            len++;
        if (len && !add_united(mount, file, str_first(rest, len), err))
            return false;
        rest = str_from(rest, size_min(len + 1, rest.len));
    }
    return mount->united_count >= 2 ||
           err_set(err, 0,
                   "origins names two or more of [origin \"name\"]; for one there is origin");
}

/* An [origin] may stand behind the mount that names it. */
static bool unite_all(struct reading *reading, struct err *err)
{
    struct err mistake;
    struct config_mount *mount = reading->file->mounts;
    for (; mount; mount = mount->next) {
        if (mount->origins && !unite(mount, reading->file, &mistake))
            return err_set(err, 0, "[mount \"%.*s\"] in line %u: %s", STR_ARGS(mount->pattern),
                           mount->line, mistake.text);
    }
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
        return err_set(err, 0, "there is a key before the first [section]");
    if (str_eq(section, STR("rule")))
        return set_rule(reading, err);
    if (str_eq(section, STR("mount")))
        return set_mount(reading, err);
    if (str_eq(section, STR("origin")))
        return set_origin(reading, err);
    if (str_eq(section, STR("extension")))
        return set_extension(reading, err);
    if (str_eq(section, STR("client")))
        return set_client(reading, err);
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

/* Those that are about nothing, beside config_sections. */
static const char *const plain_sections[] = {"limits", "groups", "certificates"};

static bool is_plain_section(struct str name)
{
    for (size_t i = 0; config_sections[i]; i++) {
        if (str_eq(name, str_of_c(config_sections[i])))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(plain_sections); i++) {
        if (str_eq(name, str_of_c(plain_sections[i])))
            return true;
    }
    return false;
}

static bool fail_unknown_section(const struct reading *reading, struct err *err)
{
    struct str section = reading->ini.section;
    const char *names[16] = {"mount", "rule", "origin", "extension", "client"};
    size_t count = 5;
    for (size_t i = 0; config_sections[i]; i++)
        names[count++] = config_sections[i];
    for (size_t i = 0; i < ARRAY_LEN(plain_sections); i++)
        names[count++] = plain_sections[i];
    assert(count <= ARRAY_LEN(names));
    const char *meant = suggest(arena_text(&reading->file->arena, section), names, count);
    return err_set(err, 0, "there is no section [%.*s]%s%s%s", STR_ARGS(section),
                   meant ? "; did you mean [" : "", meant ? meant : "", meant ? "]?" : "");
}

static bool read_section(struct reading *reading, struct err *err)
{
    struct ini *ini = &reading->ini;
    reading->is_hidden = false;
    reading->section_line = ini->line;
    if (!end_section(reading, err))
        return false;
    if (str_eq(ini->section, STR("mount")))
        return begin_mount(reading, err);
    if (str_eq(ini->section, STR("origin")))
        return begin_origin(reading, err);
    if (str_eq(ini->section, STR("extension")))
        return begin_extension(reading, err);
    if (str_eq(ini->section, STR("client")))
        return begin_client(reading, err);
    if (str_eq(ini->section, STR("rule")))
        return ini->subject.len ? true : err_set(err, 0, "a rule needs a path: [rule \"/path\"]");
    if (!is_plain_section(ini->section))
        return fail_unknown_section(reading, err);
    return ini->subject.len == 0 ||
           err_set(err, 0, "[%.*s] takes no name in quotes", STR_ARGS(ini->section));
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
    is_fine = is_fine && end_section(&reading, &mistake) && unite_all(&reading, &mistake);
    return is_fine || err_set(err, 0, "%s:%u: %s", file->path, reading.ini.line, mistake.text);
}

bool config_file_read(struct server_config *config, const char *path, const bool *is_given,
                      struct err *err)
{
    struct str text;
    config->file = MEM_NEW(struct config_file);
    config->file->path = path;
    return file_read_small(path, &config->file->arena, &text, err) &&
           config_file_parse(config, text, is_given, err);
}
