/* What is in effect, as a file that davit would read as the same: printing that again gives the
 * same text, and tests hold it to that (tests/robustness/test_options.py).
 *
 * Each option prints itself (base/options.h). What is not set is a comment, so that the text names
 * all there is to set. Secrets are in files of their own; where a URL may hold one, it is masked.
 */
#include "server/config/config.h"

static void print_sections(const struct server_config *config)
{
    const char *key;
    struct buf text = {0};
    for (size_t section = 0; config_sections[section]; section++) {
        buf_addf(&text, "[%s]\n", config_sections[section]);
        for (size_t i = 0; i < config_options.row_count; i++) {
            const struct option *row = &config_options.rows[i];
            if (!row->is_typed && config_section_of(row, &key) == section)
                option_add(row, &text, key, config);
        }
    }
    printf("%s", buf_c(&text));
    buf_done(&text);
}

static void print_limits(const struct limits *limits)
{
    printf("[limits]\n");
    for (size_t i = 0; i < limit_row_count; i++) {
        uint64_t value;
        memcpy(&value, (const char *)limits + limit_rows[i].offset, sizeof(value));
        printf("%s = %llu\n", limit_rows[i].name, (unsigned long long)value);
    }
}

/* Its rows are those of a mount's origin. */
static void add_origin(struct buf *to, const struct config_mount *origin)
{
    buf_addf(to, "[origin \"%.*s\"]\n", STR_ARGS(origin->pattern));
    for (size_t i = 0; i < config_mount_options.row_count; i++) {
        const struct option *row = &config_mount_options.rows[i];
        if (strcmp(row->name, "origin") == 0)
            option_add(row, to, "url", origin);
        else if (config_is_about_origin(str_of_c(row->name)))
            option_add(row, to, row->name + strlen("origin-"), origin);
    }
}

static void print_extensions(const struct config_file *file)
{
    struct buf text = {0};
    for (const struct config_extension *at = file->extensions; at; at = at->next) {
        buf_addf(&text, "[extension \"%.*s\"]\n", STR_ARGS(at->name));
        for (size_t i = 0; i < config_extension_options.row_count; i++) {
            const struct option *row = &config_extension_options.rows[i];
            option_add(row, &text, row->name, at);
        }
    }
    printf("%s", buf_c(&text));
    buf_done(&text);
}

static void print_clients(const struct config_file *file)
{
    struct buf text = {0};
    for (const struct config_client *at = file->clients; at; at = at->next) {
        buf_addf(&text, "[client \"%.*s\"]\n", STR_ARGS(at->pattern));
        for (size_t i = 0; i < config_client_options.row_count; i++) {
            const struct option *row = &config_client_options.rows[i];
            option_add(row, &text, row->name, at);
        }
    }
    printf("%s", buf_c(&text));
    buf_done(&text);
}

static void print_mounts(const struct config_file *file)
{
    struct buf text = {0};
    for (const struct config_mount *origin = file->origins; origin; origin = origin->next)
        add_origin(&text, origin);
    for (const struct config_mount *mount = file->mounts; mount; mount = mount->next) {
        buf_addf(&text, "[mount \"%.*s\"]\n", STR_ARGS(mount->pattern));
        for (size_t i = 0; i < config_mount_options.row_count; i++) {
            const struct option *row = &config_mount_options.rows[i];
            if (mount->origin.url || !config_is_about_origin(str_of_c(row->name)))
                option_add(row, &text, row->name, mount);
        }
    }
    printf("%s", buf_c(&text));
    buf_done(&text);
}

static void print_certificates(const struct config_file *file)
{
    if (file->certificates)
        printf("[certificates]\n");
    for (const struct access_certificate *at = file->certificates; at; at = at->next)
        printf("%.*s = %.*s\n", STR_ARGS(at->user), STR_ARGS(at->subject));
}

static void print_rules(const struct rules *rules)
{
    struct buf text = {0};
    const struct rule *at = NULL;
    rules_describe_groups(rules, &text);
    while ((at = rules_next(rules, at))) {
        rule_describe(at, &text);
        buf_add_char(&text, '\n');
    }
    if (text.len)
        printf("%s", buf_c(&text));
    buf_done(&text);
}

void config_print(const struct server_config *config)
{
    print_sections(config);
    print_limits(&config->limits);
    if (!config->file)
        return;
    print_extensions(config->file);
    print_clients(config->file);
    print_mounts(config->file);
    print_certificates(config->file);
    print_rules(&config->file->rules);
}
