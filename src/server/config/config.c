/* What `davit serve` can be told, and whether it goes together. Each option is a row of
 * options.def; here are the functions of those that are no plain value, which take a text or print
 * one.
 *
 * Rejected: serving others without being told to. Whoever may reach a server without sign-in may do
 * everything; an address beyond this machine therefore needs --anonymous, which says so
 * (check_addresses()). */
#include "server/config/config.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "dav/upload/choose.h"
#include "exchange/browser.h"
#include "exchange/clients/clients.h"
#include "gateway/gateway.h"
#include "io/worker.h"

/* How many changes wait for the disk together is how many workers there are. */
enum { WORKERS_FLUSH = 32, WORKERS_LAZY = 8 };

/* --- addresses --- */

static bool add_listener(struct server_config *config, const char *value, enum listener_kind kind,
                         struct err *err)
{
    struct socket_address addresses[2];
    size_t count = address_parse_both(value, addresses) ? 2 : 1;
    if (count == 1 && !address_parse(value, &addresses[0], err))
        return false;
    if (config->listener_count + count > LISTENERS_MAX)
        return err_set(err, 0, "more than %d addresses to listen on", LISTENERS_MAX);
    for (size_t i = 0; i < count; i++)
        config->listeners[config->listener_count++] =
            (struct listener_config){addresses[i], kind, .may_lack = i > 0};
    return true;
}

static bool set_listen(void *target, const char *value, struct err *err)
{
    return add_listener(target, value, LISTEN_MAIN, err);
}

static bool set_listen_plain(void *target, const char *value, struct err *err)
{
    return add_listener(target, value, LISTEN_PLAIN, err);
}

static bool set_redirect(void *target, const char *value, struct err *err)
{
    return add_listener(target, value, LISTEN_REDIRECT, err);
}

/* A port alone is that of this machine. */
static bool set_metrics(void *target, const char *value, struct err *err)
{
    char address[ADDRESS_TEXT_BYTES];
    uint64_t port;
    if (!str_parse_u64(str_of_c(value), &port) || port > 65535)
        return add_listener(target, value, LISTEN_METRICS, err);
    str_print(address, sizeof(address), "127.0.0.1:%u", (unsigned)port);
    return add_listener(target, address, LISTEN_METRICS, err);
}

/* Those of one kind. */
static void add_listeners(struct buf *to, const char *key, const struct server_config *config,
                          enum listener_kind kind)
{
    char text[ADDRESS_TEXT_BYTES];
    bool is_set = false;
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].kind != kind)
            continue;
        address_format(&config->listeners[i].address, text);
        option_add_text(to, key, text);
        is_set = true;
    }
    if (!is_set)
        option_add_text(to, key, NULL);
}

static void add_listen(struct buf *to, const char *key, const void *target)
{
    add_listeners(to, key, target, LISTEN_MAIN);
}

static void add_listen_plain(struct buf *to, const char *key, const void *target)
{
    add_listeners(to, key, target, LISTEN_PLAIN);
}

static void add_redirect(struct buf *to, const char *key, const void *target)
{
    add_listeners(to, key, target, LISTEN_REDIRECT);
}

static void add_metrics(struct buf *to, const char *key, const void *target)
{
    add_listeners(to, key, target, LISTEN_METRICS);
}

/* --- certificates --- */

static bool set_tls_cert(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    if (config->tls.pair_count == TLS_PAIRS_MAX)
        return err_set(err, 0, "more than %d certificates", TLS_PAIRS_MAX);
    config->tls.pairs[config->tls.pair_count++].certificate = value;
    return true;
}

/* The n-th key belongs to the n-th certificate, in whichever order they are given. */
static bool set_tls_key(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    if (config->tls_key_count == TLS_PAIRS_MAX)
        return err_set(err, 0, "more than %d keys", TLS_PAIRS_MAX);
    config->tls.pairs[config->tls_key_count++].key = value;
    return true;
}

static bool set_tls_ocsp(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    if (config->tls.pair_count == 0)
        return err_set(err, 0, "'%s' must come after the --tls-cert that it belongs to", value);
    config->tls.pairs[config->tls.pair_count - 1].ocsp = value;
    return true;
}

/* All of a certificate together: its response must stand behind it. */
static void add_tls_pairs(struct buf *to, const char *key, const void *target)
{
    const struct server_config *config = target;
    for (size_t i = 0; i < config->tls.pair_count; i++) {
        const struct tls_pair_files *pair = &config->tls.pairs[i];
        option_add_text(to, key, pair->certificate);
        option_add_text(to, "key", pair->key ? pair->key : pair->certificate);
        if (pair->ocsp)
            option_add_text(to, "ocsp", pair->ocsp);
    }
    if (config->tls.pair_count == 0)
        option_add_text(to, key, NULL);
}

/* --- names and proxies --- */

static bool set_public_url(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    struct uri uri;
    if (config->public_name_count == PUBLIC_NAMES_MAX)
        return err_set(err, 0, "more than %d URLs", PUBLIC_NAMES_MAX);
    if (!uri_parse(str_of_c(value), &uri) || uri.host.len == 0)
        return err_set(err, 0, "'%s' is not a URL (for example https://dav.example.org/)", value);
    if (!str_eq(uri.path, STR("/")) || uri.query.len)
        return err_set(err, 0, "'%s' has a path, but a proxy must pass paths on unchanged", value);
    config->public_urls[config->public_name_count] = value;
    config->public_names[config->public_name_count++] =
        (struct public_name){uri.host, uri.port, str_eq_nocase(uri.scheme, STR("https"))};
    return true;
}

/* A URL may have a password in it. */
static void add_public_urls(struct buf *to, const char *key, const void *target)
{
    const struct server_config *config = target;
    for (size_t i = 0; i < config->public_name_count; i++) {
        const char *url = config->public_urls[i];
        const char *scheme = strstr(url, "://");
        const char *at = scheme ? strchr(scheme, '@') : NULL;
        if (at)
            buf_addf(to, "%s = %.*s***%s\n", key, (int)(scheme - url) + 3, url, at);
        else
            option_add_text(to, key, url);
    }
    if (config->public_name_count == 0)
        option_add_text(to, key, NULL);
}

static bool set_trust_proxy(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    if (config->proxy_count == PROXIES_MAX)
        return err_set(err, 0, "more than %d proxies", PROXIES_MAX);
    if (!net_parse(str_of_c(value), &config->proxies[config->proxy_count]))
        return err_set(err, 0, "'%s' is neither an address nor a network (for example 10.0.0.0/8)",
                       value);
    config->proxy_texts[config->proxy_count++] = value;
    return true;
}

static void add_proxies(struct buf *to, const char *key, const void *target)
{
    const struct server_config *config = target;
    for (size_t i = 0; i < config->proxy_count; i++)
        option_add_text(to, key, config->proxy_texts[i]);
    if (config->proxy_count == 0)
        option_add_text(to, key, NULL);
}

/* --- ways to sign in --- */

static bool check_realm(const char *value, struct err *err)
{
    return (*value && strlen(value) <= 200) || err_set(err, 0, "a realm must have 1 to 200 bytes");
}

/* It stands in a body that clients read no more than 4 KiB of. */
static bool check_product(const char *value, struct err *err)
{
    return (*value && strlen(value) <= 100) || err_set(err, 0, "a name must have 1 to 100 bytes");
}

/* A name that no client gives without meaning it. */
static bool check_trash(const char *value, struct err *err)
{
    size_t len = strlen(value);
    if (len < 2 || len > 64 || value[0] != '.' || strchr(value, '/') || strcmp(value, "..") == 0 ||
        strcmp(value, ".davit") == 0)
        return err_set(err, 0,
                       "the name of a trash begins with a dot (for example .trash), has 2 "
                       "to 64 bytes and no slash");
    return true;
}

static const char *const scheme_words[ACCESS_SCHEME_COUNT] = {
#define ACCESS_SCHEME(name, word, wire, where) [ACCESS_##name] = (word),
#include "access/schemes.def"
#undef ACCESS_SCHEME
};

static bool set_scheme(struct server_config *config, struct str word, struct err *err)
{
    for (size_t i = 1; i < ACCESS_SCHEME_COUNT; i++) {
        if (str_eq(word, str_of_c(scheme_words[i])))
            return config->offers[i] = true;
    }
    return err_set(err, 0, "there is no sign-in scheme '%.*s'", STR_ARGS(word));
}

static bool set_schemes(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    struct str list = str_of_c(value);
    memset(config->offers, 0, sizeof(config->offers));
    config->has_schemes = !str_eq(list, STR("auto"));
    while (config->has_schemes && list.len) {
        size_t len = 0;
        while (len < list.len && list.at[len] != ',' && list.at[len] != ' ')
            len++;
        if (len && !set_scheme(config, str_first(list, len), err))
            return false;
        list = str_from(list, len + 1);
    }
    return true;
}

static void add_schemes(struct buf *to, const char *key, const void *target)
{
    const struct server_config *config = target;
    struct buf list = {0};
    for (size_t i = 1; i < ACCESS_SCHEME_COUNT; i++) {
        if (config->offers[i])
            buf_addf(&list, "%s%s", list.len ? ", " : "", scheme_words[i]);
    }
    option_add_text(to, key, config->has_schemes ? buf_c(&list) : "auto");
    buf_done(&list);
}

/* --- others --- */

static bool set_root(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    if (config->root)
        return err_set(err, 0, "more than one directory: '%s' and '%s'", config->root, value);
    config->root = value;
    return true;
}

static void add_root(struct buf *to, const char *key, const void *target)
{
    option_add_text(to, key, ((const struct server_config *)target)->root);
}

static bool set_limit(void *target, const char *value, struct err *err)
{
    struct server_config *config = target;
    struct str number = str_of_c(value);
    struct str name = str_cut(&number, '=');
    uint64_t limit;
    if (!str_parse_u64(number, &limit) || limit == 0)
        return err_set(err, 0, "'%s' is not NAME=N with a number of at least 1", value);
    if (!limits_set(&config->limits, name, limit))
        return err_set(err, 0, "there is no limit '%.*s'; see --help-limits", STR_ARGS(name));
    return true;
}

static bool check_mount_root(const char *value, struct err *err)
{
    return *value || err_set(err, 0, "it must not be empty");
}

static bool check_origin(const char *value, struct err *err)
{
    struct arena arena = {0};
    struct url_place place;
    bool is_fine = url_place_init(&place, &arena, PATH_ROOT, value, err);
    arena_done(&arena);
    return is_fine;
}

static bool check_cors(const char *value, struct err *err)
{
    struct web_origin origin;
    return strcmp(value, "*") == 0 || web_origin_parse(str_of_c(value), &origin) ||
           err_set(err, 0, "'%s' is neither an origin (for example https://app.example) nor *",
                   value);
}

static bool check_uploads(const char *value, struct err *err)
{
    unsigned dialects;
    struct str wrong;
    return upload_dialects_read(str_of_c(value), &dialects, &wrong) ||
           err_set(err, 0,
                   "'%.*s' is none of tus, ietf, patch, "
                   "content-range and none",
                   STR_ARGS(wrong));
}

/* It is sent in a field. */
static bool check_notice(const char *value, struct err *err)
{
    enum { NOTICE_BYTES_MAX = 1000 };
    struct str text = str_of_c(value);
    bool is_plain = text.len > 0 && utf8_is_valid(text) && !utf8_is_steering(text);
    if (!is_plain)
        return err_set(err, 0, "it is no text for people");
    return text.len <= NOTICE_BYTES_MAX ||
           err_set(err, 0, "it is longer than %d bytes", NOTICE_BYTES_MAX);
}

static bool check_quirks(const char *value, struct err *err)
{
    unsigned quirks;
    struct str wrong;
    if (client_quirks_read(str_of_c(value), &quirks, &wrong))
        return true;
    return err_set(err, 0, "'%.*s' is no quirk; there are %snone", STR_ARGS(wrong),
                   client_quirk_names());
}

/* --- the tables --- */

#define OPTION_TARGET struct server_config
static const struct option options[] = {
#define SERVE_OPTION(name_, letter_, argument_, value, help_)                                      \
    {.name = (name_), .letter = (letter_), .argument = (argument_), value, .help = (help_)},
#include "server/config/options.def"
#undef SERVE_OPTION
};
#undef OPTION_TARGET

const struct option_table config_options = {.command = "davit serve",
                                            .rows = options,
                                            .row_count = ARRAY_LEN(options),
                                            .operand = set_root};

#define OPTION_TARGET struct config_mount
static const struct option mount_options[] = {
    {.name = "root", .argument = "DIR", TEXT_IF(root, check_mount_root)},
    {.name = "read-only", FLAG(is_read_only)},
    {.name = "active", FLAG(is_active)},
    {.name = "others-write", .argument = "yes|no", SWITCH(is_alone, "no")},
    {.name = "sync", .argument = "yes|no", SWITCH(is_synced, "yes")},
    {.name = "sync-clients", .argument = "yes|no", SWITCH(has_sync_clients, "yes")},
    {.name = "acl", .argument = "yes|no", SWITCH(has_acls, "yes")},
    {.name = "cors", .argument = "ORIGIN", LIST_IF(cors, check_cors)},
    {.name = "uploads", .argument = "LIST", TEXT_IF(uploads, check_uploads)},
    {.name = "quota", .argument = "SIZE", BYTES(quota_bytes)},
    {.name = "keep", .argument = "TIME", TIME(keep.ms)},
    {.name = "keep-bytes", .argument = "SIZE", BYTES(keep.bytes)},
    {.name = "trash", .argument = "NAME", TEXT_IF(keep.name, check_trash)},
    {.name = "origin", .argument = "URL", TEXT_IF(origin.url, check_origin)},
    {.name = "origins", .argument = "NAMES", TEXT(origins)},
    {.name = "partial", FLAG(is_partial)},
    {.name = "origin-user", .argument = "NAME", TEXT(origin.user)},
    {.name = "origin-password-file", .argument = "FILE", TEXT(origin.password_file)},
    {.name = "origin-token-file", .argument = "FILE", TEXT(origin.token_file)},
    {.name = "origin-credentials", .argument = "own|pass", CHOICE(origin.credentials)},
    {.name = "origin-ca", .argument = "FILE", TEXT(origin.ca_file)},
    {.name = "origin-cert", .argument = "FILE", TEXT(origin.certificate_file)},
    {.name = "origin-key", .argument = "FILE", TEXT(origin.key_file)},
    {.name = "origin-http", .argument = "1.1|2|auto", CHOICE(origin.version)},
    {.name = "origin-chunks", .argument = "yes|no", SWITCH(origin.lacks_chunks, "no")},
    {.name = "origin-lost-bodies",
     .argument = "refuse|accept",
     SWITCH(origin.takes_lost, "accept")},
    {.name = "origin-connect-timeout", .argument = "TIME", TIME(origin.connect_ms)},
    {.name = "origin-timeout", .argument = "TIME", TIME(origin.progress_ms)},
    {.name = "origin-answer-timeout", .argument = "TIME", TIME(origin.answer_ms)},
    {.name = "origin-listing-timeout", .argument = "TIME", TIME(origin.listing_ms)},
    {.name = "origin-connections", .argument = "N", COUNT(origin.connections_max, 0, 65535)},
    {.name = "origin-failures", .argument = "N", COUNT(origin.health.failures_max, 0, 65535)},
    {.name = "origin-retry", .argument = "TIME", TIME(origin.health.retry_ms)},
};
#undef OPTION_TARGET

const struct option_table config_mount_options = {.rows = mount_options,
                                                  .row_count = ARRAY_LEN(mount_options)};

/* The keys of [extension]. */
#define OPTION_TARGET struct config_extension
static const struct option extension_options[] = {
    {.name = "load", .argument = "FILE", TEXT(load)},
};
#undef OPTION_TARGET

const struct option_table config_extension_options = {.rows = extension_options,
                                                      .row_count = ARRAY_LEN(extension_options)};

/* The keys of [client]. */
#define OPTION_TARGET struct config_client
static const struct option client_options[] = {
    {.name = "notice", .argument = "TEXT", TEXT_IF(notice, check_notice)},
    {.name = "period", .argument = "TIME", TIME(period_ms)},
    {.name = "refuse", FLAG(is_refused)},
    {.name = "quirks", .argument = "LIST", TEXT_IF(quirks, check_quirks)},
};
#undef OPTION_TARGET

const struct option_table config_client_options = {.rows = client_options,
                                                   .row_count = ARRAY_LEN(client_options)};

bool config_is_about_origin(struct str key)
{
    return str_starts(key, STR("origin-"));
}

const struct gateway_origin *config_mount_origins(const struct config_mount *mount,
                                                  struct gateway_origin *alone, size_t *count_out)
{
    *alone = (struct gateway_origin){.options = &mount->origin};
    *count_out = mount->origin.url ? 1 : mount->united_count;
    return mount->origin.url ? alone : mount->united;
}

const char *const config_sections[] = {"server", "tls", "jwt", NULL};

size_t config_section_of(const struct option *row, const char **key_out)
{
    for (size_t i = 1; config_sections[i]; i++) {
        size_t len = strlen(config_sections[i]);
        if (strncmp(row->name, config_sections[i], len) != 0 || row->name[len] != '-')
            continue;
        *key_out = row->name + len + 1;
        return i;
    }
    *key_out = row->name;
    return 0;
}

/* --- what goes together --- */

static bool check_addresses(const struct server_config *config, struct err *err)
{
    char text[ADDRESS_TEXT_BYTES];
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->is_anonymous || config_has_sign_in(config) ||
            config->listeners[i].kind == LISTEN_METRICS ||
            address_is_loopback(&config->listeners[i].address))
            continue;
        address_format(&config->listeners[i].address, text);
        return err_set(err, 0,
                       "%s can be reached from other machines, but nobody has to sign in: give "
                       "--users FILE, or --anonymous to let everyone do everything",
                       text);
    }
    return true;
}

static bool check_tls(struct server_config *config, struct err *err)
{
    struct tls_options *tls = &config->tls;
    if (config->tls_key_count && config->tls_key_count != tls->pair_count)
        return err_set(err, 0,
                       "%zu --tls-key for %zu --tls-cert: give a key for each certificate, or none "
                       "if the keys are in the certificates' files",
                       config->tls_key_count, tls->pair_count);
    for (size_t i = 0; i < tls->pair_count; i++) {
        if (!tls->pairs[i].key)
            tls->pairs[i].key = tls->pairs[i].certificate;
    }
    if (tls->demands_client && !tls->client_ca)
        return err_set(err, 0, "--tls-client-auth required needs --tls-client-ca");
    if (tls->client_crl && !tls->client_ca)
        return err_set(err, 0, "--tls-client-crl needs --tls-client-ca");
    bool is_used = tls->client_ca || config->hsts_s != OPTION_UNSET;
    for (size_t i = 0; i < config->listener_count; i++)
        is_used |= config->listeners[i].kind == LISTEN_REDIRECT;
    if (is_used && tls->pair_count == 0)
        return err_set(err, 0, "--redirect, --hsts and --tls-client-ca need --tls-cert");
    return true;
}

/* The address that is listened on when none is named. */
static bool add_default_listener(struct server_config *config, struct err *err)
{
    bool has_tls = config->tls.pair_count > 0;
    bool has_other = false;
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].kind == LISTEN_MAIN)
            return true;
        has_other |= config->listeners[i].kind != LISTEN_METRICS;
    }
    if (has_other && !has_tls)
        return true;
    return add_listener(config, has_tls ? "127.0.0.1:8443" : "127.0.0.1:8080", LISTEN_MAIN, err);
}

static bool has_certificates(const struct server_config *config)
{
    return config->tls.client_ca && config->file && config->file->certificates;
}

bool config_has_sign_in(const struct server_config *config)
{
    return config->users || config->tokens || config->jwt_keys || has_certificates(config);
}

static void free_file(struct config_file *file)
{
    if (!file)
        return;
    for (struct config_mount *mount = file->mounts; mount; mount = mount->next)
        text_list_done(&mount->cors);
    rules_done(&file->rules);
    arena_done(&file->arena);
    mem_free(file);
}

void config_done(struct server_config *config)
{
    free_file(config->file);
    config->file = NULL;
    text_list_done(&config->cors);
}

struct server_config config_default(void)
{
    return (struct server_config){.threads = processor_count(),
                                  .tls.offers_h2 = true,
                                  .realm = "davit",
                                  .remember_s = 300,
                                  .sync_product = "davit",
                                  .jwt_user = "sub",
                                  .jwt_skew_s = 60,
                                  .log_level = LOG_INFO,
                                  .hsts_s = OPTION_UNSET,
                                  .limits = limits_default()};
}

/* The log of changes is written. */
static bool has_sync(const struct server_config *config)
{
    const struct config_mount *mount = config->file ? config->file->mounts : NULL;
    while (mount && !mount->is_synced)
        mount = mount->next;
    return config->is_synced || mount;
}

/* The mount that begins within another; NULL: none does. */
static const struct config_mount *mount_within(const struct server_config *config,
                                               struct str pattern)
{
    const struct config_mount *mount = config->file ? config->file->mounts : NULL;
    const struct config_mount *found = NULL;
    struct arena arena = {0};
    struct res_path around;
    struct res_path path;
    bool has_slash;
    bool is_path = path_decode(&arena, pattern, &around, &has_slash) == PATH_OK;
    for (; is_path && mount && !found; mount = mount->next) {
        if (path_decode(&arena, mount->pattern, &path, &has_slash) == PATH_OK &&
            path_is_within(path, around) && path.len > around.len)
            found = mount;
    }
    arena_done(&arena);
    return found;
}

static bool check_sync_tree(const struct server_config *config, struct str pattern, struct err *err)
{
    const struct config_mount *within = mount_within(config, pattern);
    return !within ||
           err_set(err, 0,
                   "sync-clients = yes at %.*s, and %.*s is mounted within: sync clients see one "
                   "tree, whose changes one log tells; mount what they are to see beside it, such "
                   "as [mount \"/cloud\"]",
                   STR_ARGS(pattern), STR_ARGS(within->pattern));
}

/* Each has a tree of its own, and its address is where that is mounted. */
static bool check_sync_clients(const struct server_config *config, struct err *err)
{
    const struct config_mount *mount = config->file ? config->file->mounts : NULL;
    if (config->has_sync_clients && !check_sync_tree(config, STR("/"), err))
        return false;
    while (mount && (!mount->has_sync_clients || check_sync_tree(config, mount->pattern, err)))
        mount = mount->next;
    return !mount;
}

static bool has_acls(const struct server_config *config)
{
    const struct config_mount *mount = config->file ? config->file->mounts : NULL;
    while (mount && !mount->has_acls)
        mount = mount->next;
    return config->has_acls || mount;
}

/* Lists are for users, and set by who administers a place; what they say holds within rules. */
static bool check_acls(const struct server_config *config, struct err *err)
{
    if (!has_acls(config))
        return true;
    if (!config_has_sign_in(config))
        return err_set(err, 0,
                       "acl = yes needs users: without them there is nobody whose rights could be "
                       "told from others'");
    if (!config->file || !rules_allow_any(&config->file->rules, ACCESS_ADMIN))
        return err_set(err, 0,
                       "acl = yes needs a rule that says who may set access control lists, such as "
                       "allow = admin for alice");
    return true;
}

bool config_check(struct server_config *config, struct err *err)
{
    config->is_synced |= config->has_sync_clients;
    if (!check_sync_clients(config, err))
        return false;
    if (config->is_read_only && has_sync(config))
        return err_set(err, 0,
                       "sync needs a server that may write, and this one is read-only; "
                       "a mount may be");
    if (!check_tls(config, err))
        return false;
    if (config->jwt_keys && (!config->jwt_issuer || !config->jwt_audience))
        return err_set(err, 0,
                       "--jwt-keys needs --jwt-issuer and --jwt-audience: otherwise tokens issued "
                       "for other services would be accepted");
    if (!check_acls(config, err))
        return false;
    if (config->app_passwords && !config->users && !has_certificates(config))
        return err_set(err, 0,
                       "--app-passwords needs --users or certificates: nobody could grant one");
    if (!add_default_listener(config, err))
        return false;
    if (!config->workers)
        config->workers = config->durability == DURABILITY_FLUSH ? WORKERS_FLUSH : WORKERS_LAZY;
    bool has_mounts = config->file && config->file->mounts;
    if (!config->root && !has_mounts && !config->wants_help && !config->wants_limits)
        return err_set(err, 0, "no directory given. Usage: davit serve [OPTIONS] DIR");
    return check_addresses(config, err);
}

/* --- telling --- */

void config_print_help(void)
{
    printf("Usage: davit serve [OPTIONS] DIR\n\n"
           "Serves DIR over WebDAV (RFC 4918, class 1, 2 and 3) and HTTP.\n\nOptions:\n");
    option_print(&config_options);
    printf("\nWith a certificate every --listen speaks TLS 1.2 and 1.3, and HTTP/1.1 or HTTP/2 as "
           "the\n"
           "client prefers; without one, HTTP/2 for clients that know it beforehand. Renewed\n"
           "certificates are read by themselves; SIGHUP reads the configuration and opens the\n"
           "access log again. To try TLS:\n\n"
           "  davit cert self-signed --out tls\n"
           "  davit serve --tls-cert tls/cert.pem --tls-key tls/key.pem DIR\n");
}

void config_print_limits(const struct limits *limits)
{
    printf("%-20s %10s %-6s %-8s %s\n", "limit", "value", "unit", "status", "what it bounds");
    for (size_t i = 0; i < limit_row_count; i++) {
        const struct limit_row *row = &limit_rows[i];
        uint64_t value;
        char status[16] = "close";
        memcpy(&value, (const char *)limits + row->offset, sizeof(value));
        if (row->status)
            str_print(status, sizeof(status), "%u", row->status);
        printf("%-20s %10llu %-6s %-8s %s\n", row->name, (unsigned long long)value, row->unit,
               status, row->what);
    }
}
