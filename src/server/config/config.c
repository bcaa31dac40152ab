/* The command line of `davit serve`. Each option is a row of options.def and a function here that
 * takes its argument; the help, the parsing and the guess at a mistyped name all go through the
 * rows, so none can be forgotten in one of them.
 *
 * Arguments are borrowed, not copied: argv lives as long as the process does. What can only be
 * known by trying (a user, a file, a directory) is not looked at here but where it is used, so that
 * there is one message for each mistake.
 *
 * Rejected: serving others without being told to. Whoever may reach a server without sign-in may do
 * everything; an address beyond this machine therefore needs --anonymous, which says so
 * (check_addresses()). Rejected, too: getopt_long(3), which prints its own messages and takes
 * shortened names, so that a new option can break an old command line. */
#include "server/config/config.h"

#include <sched.h>

#include "base/mem.h"
#include "base/options.h"
#include "server/config/config_file.h"

/* How many changes wait for the disk together is how many workers there are. */
enum { WORKERS_FLUSH = 32, WORKERS_LAZY = 8 };

/* --- one function for each option; true, or false with err set --- */

static bool add_listener(struct server_config *config, const char *value, enum listener_kind kind,
                         struct err *err)
{
    if (config->listener_count == LISTENERS_MAX)
        return err_set(err, 0, "more than %d addresses to listen on", LISTENERS_MAX);
    struct listener_config *listener = &config->listeners[config->listener_count++];
    listener->kind = kind;
    return address_parse(value, &listener->address, err);
}

static bool set_listen(struct server_config *config, const char *value, struct err *err)
{
    return add_listener(config, value, LISTEN_MAIN, err);
}

static bool set_listen_plain(struct server_config *config, const char *value, struct err *err)
{
    return add_listener(config, value, LISTEN_PLAIN, err);
}

static bool set_redirect(struct server_config *config, const char *value, struct err *err)
{
    return add_listener(config, value, LISTEN_REDIRECT, err);
}

static bool set_tls_cert(struct server_config *config, const char *value, struct err *err)
{
    if (config->tls.pair_count == TLS_PAIRS_MAX)
        return err_set(err, 0, "more than %d --tls-cert", TLS_PAIRS_MAX);
    config->tls.pairs[config->tls.pair_count++].certificate = value;
    return true;
}

/* The n-th key belongs to the n-th certificate, in whichever order they are given. */
static bool set_tls_key(struct server_config *config, const char *value, struct err *err)
{
    if (config->tls_key_count == TLS_PAIRS_MAX)
        return err_set(err, 0, "more than %d --tls-key", TLS_PAIRS_MAX);
    config->tls.pairs[config->tls_key_count++].key = value;
    return true;
}

static bool set_tls_ocsp(struct server_config *config, const char *value, struct err *err)
{
    if (config->tls.pair_count == 0)
        return err_set(err, 0, "--tls-ocsp '%s' stands before its --tls-cert", value);
    config->tls.pairs[config->tls.pair_count - 1].ocsp = value;
    return true;
}

static bool set_tls_client_ca(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    config->tls.client_ca = value;
    return true;
}

static bool set_tls_client_crl(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    config->tls.client_crl = value;
    return true;
}

static bool set_hsts(struct server_config *config, const char *value, struct err *err)
{
    uint64_t seconds;
    if (!str_parse_u64(str_of_c(value), &seconds))
        return err_set(err, 0, "--hsts '%s' is no number of seconds", value);
    config->hsts = value;
    return true;
}

static bool set_anonymous(struct server_config *config, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return config->is_anonymous = true;
}

static bool set_public_url(struct server_config *config, const char *value, struct err *err)
{
    struct uri uri;
    if (config->public_name_count == PUBLIC_NAMES_MAX)
        return err_set(err, 0, "more than %d --public-url", PUBLIC_NAMES_MAX);
    if (!uri_parse(str_of_c(value), &uri) || uri.host.len == 0)
        return err_set(err, 0, "--public-url '%s' is no URL like https://dav.example.org/", value);
    if (!str_eq(uri.path, STR("/")) || uri.query.len)
        return err_set(err, 0, "--public-url '%s' has a path: a proxy must pass paths on unchanged",
                       value);
    config->public_urls[config->public_name_count] = value;
    config->public_names[config->public_name_count++] =
        (struct public_name){uri.host, uri.port, str_eq_nocase(uri.scheme, STR("https"))};
    return true;
}

static bool set_trust_proxy(struct server_config *config, const char *value, struct err *err)
{
    if (config->proxy_count == PROXIES_MAX)
        return err_set(err, 0, "more than %d --trust-proxy", PROXIES_MAX);
    if (!net_parse(str_of_c(value), &config->proxies[config->proxy_count]))
        return err_set(err, 0, "--trust-proxy '%s' is no address and no network", value);
    config->proxy_texts[config->proxy_count++] = value;
    return true;
}

static bool set_root(struct server_config *config, const char *value, struct err *err)
{
    if (config->root)
        return err_set(err, 0, "more than one directory: '%s' and '%s'", config->root, value);
    config->root = value;
    return true;
}

static bool set_read_only(struct server_config *config, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return config->is_read_only = true;
}

static bool set_active(struct server_config *config, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return config->is_active = true;
}

/* `value` is `yes` or `no`: which, in *is_yes. */
static bool choose(const char *value, const char *yes, const char *no, bool *is_yes,
                   struct err *err)
{
    *is_yes = strcmp(value, yes) == 0;
    return *is_yes || strcmp(value, no) == 0 ||
           err_set(err, 0, "'%s' is neither %s nor %s", value, yes, no);
}

static bool set_depth_infinity(struct server_config *config, const char *value, struct err *err)
{
    return choose(value, "allow", "refuse", &config->allows_infinity, err);
}

static bool set_tls_client_auth(struct server_config *config, const char *value, struct err *err)
{
    return choose(value, "required", "optional", &config->tls.demands_client, err);
}

static bool set_durability(struct server_config *config, const char *value, struct err *err)
{
    bool is_lazy;
    if (!choose(value, "lazy", "flush", &is_lazy, err))
        return false;
    config->durability = is_lazy ? DURABILITY_LAZY : DURABILITY_FLUSH;
    return true;
}

static bool set_state(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    config->state_dir = value;
    return true;
}

static bool set_count(const char *value, unsigned *count_out, struct err *err)
{
    uint64_t count;
    if (!str_parse_u64(str_of_c(value), &count) || count < 1 || count > 1024)
        return err_set(err, 0, "'%s' is no number from 1 to 1024", value);
    *count_out = (unsigned)count;
    return true;
}

static bool set_threads(struct server_config *config, const char *value, struct err *err)
{
    return set_count(value, &config->threads, err);
}

static bool set_workers(struct server_config *config, const char *value, struct err *err)
{
    return set_count(value, &config->workers, err);
}

static bool set_user(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* looked up when it is needed */
    config->user = value;
    return true;
}

static bool set_access_log(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    config->access_log = value;
    return true;
}

static bool set_log_level(struct server_config *config, const char *value, struct err *err)
{
    enum log_level level;
    if (!log_level_parse(value, &level))
        return err_set(err, 0, "'%s' is none of error, warn, info and debug", value);
    log_set_level(level);
    config->log_level = value;
    return true;
}

static bool set_limit(struct server_config *config, const char *value, struct err *err)
{
    struct str number = str_of_c(value);
    struct str name = str_cut(&number, '=');
    uint64_t limit;
    if (!str_parse_u64(number, &limit) || limit == 0)
        return err_set(err, 0, "--limit '%s' is not NAME=N with a number from 1", value);
    if (!limits_set(&config->limits, name, limit))
        return err_set(err, 0, "there is no limit '%.*s'; see --help-limits", STR_ARGS(name));
    return true;
}

static bool set_config(struct server_config *config, const char *value, struct err *err)
{
    (void)config, (void)value, (void)err; /* read before all others: config_read() */
    return true;
}

static bool set_users(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    config->users = value;
    return true;
}

static bool set_tokens(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    config->tokens = value;
    return true;
}

static bool set_jwt_keys(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* opening it will tell */
    config->jwt_keys = value;
    return true;
}

static bool set_realm(struct server_config *config, const char *value, struct err *err)
{
    if (!*value || strlen(value) > 200)
        return err_set(err, 0, "a realm has 1 to 200 bytes");
    config->realm = value;
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
    return err_set(err, 0, "there is no way to sign in called '%.*s'", STR_ARGS(word));
}

static bool set_schemes(struct server_config *config, const char *value, struct err *err)
{
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

static bool set_clear_passwords(struct server_config *config, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return config->allows_clear_passwords = true;
}

static bool set_seconds(const char *value, uint64_t *seconds_out, struct err *err)
{
    if (!str_parse_u64(str_of_c(value), seconds_out) || *seconds_out > 86400)
        return err_set(err, 0, "'%s' is no number of seconds up to a day", value);
    return true;
}

static bool set_remember(struct server_config *config, const char *value, struct err *err)
{
    return set_seconds(value, &config->remember_s, err);
}

static bool set_jwt_skew(struct server_config *config, const char *value, struct err *err)
{
    return set_seconds(value, &config->jwt_skew_s, err);
}

static bool set_jwt_issuer(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* compared with what comes */
    config->jwt_issuer = value;
    return true;
}

static bool set_jwt_audience(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* compared with what comes */
    config->jwt_audience = value;
    return true;
}

static bool set_jwt_user(struct server_config *config, const char *value, struct err *err)
{
    (void)err; /* looked for in what comes */
    config->jwt_user = value;
    return true;
}

static bool set_hide_lock_tokens(struct server_config *config, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return config->hides_lock_tokens = true;
}

static bool set_help_limits(struct server_config *config, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return config->wants_limits = true;
}

static bool set_help(struct server_config *config, const char *value, struct err *err)
{
    (void)value, (void)err; /* a flag */
    return config->wants_help = true;
}

/* --- the table --- */

static const struct option options[] = {
#define SERVE_OPTION(name, letter, argument, set, help) {name, argument, help, letter},
#include "server/config/options.def"
#undef SERVE_OPTION
};

static bool (*const setters[])(struct server_config *config, const char *value, struct err *err) = {
#define SERVE_OPTION(name, letter, argument, set, help) set,
#include "server/config/options.def"
#undef SERVE_OPTION
};

size_t config_row_count(void)
{
    return ARRAY_LEN(options);
}

const struct option *config_row(size_t row)
{
    return &options[row];
}

bool config_set(struct server_config *config, size_t row, const char *value, struct err *err)
{
    return setters[row](config, value, err);
}

/* The operand is the argument of an option, too. */
static size_t root_row(void)
{
    size_t row = 0;
    while (setters[row] != set_root)
        row++;
    return row;
}

/* Which options the command line has, and the file that it names: read before it, and it wins. */
static bool look_ahead(int argc, char **argv, bool *is_given, const char **path, struct err *err)
{
    struct option_reader reader = {.command = "davit serve",
                                   .rows = options,
                                   .row_count = ARRAY_LEN(options),
                                   .argv = argv,
                                   .argc = argc};
    enum option_rc rc;
    const char *value;
    size_t row;
    while ((rc = option_read(&reader, &row, &value, err)) != OPTION_END) {
        if (rc == OPTION_WRONG)
            return false;
        if (rc == OPTION_OPERAND)
            is_given[root_row()] = true;
        if (rc == OPTION_OPERAND)
            continue;
        is_given[row] = true;
        if (setters[row] == set_config)
            *path = value;
    }
    return true;
}

static bool read_arguments(struct server_config *config, int argc, char **argv, struct err *err)
{
    struct option_reader reader = {.command = "davit serve",
                                   .rows = options,
                                   .row_count = ARRAY_LEN(options),
                                   .argv = argv,
                                   .argc = argc};
    enum option_rc rc;
    const char *value;
    size_t row;
    while ((rc = option_read(&reader, &row, &value, err)) != OPTION_END) {
        if (rc == OPTION_WRONG || (rc == OPTION_ROW && !setters[row](config, value, err)))
            return false;
        if (rc == OPTION_OPERAND && !set_root(config, value, err))
            return false;
    }
    return true;
}

static bool check_addresses(const struct server_config *config, struct err *err)
{
    char text[ADDRESS_TEXT_BYTES];
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->is_anonymous || config_has_sign_in(config) ||
            address_is_loopback(&config->listeners[i].address))
            continue;
        (void)address_format(&config->listeners[i].address, text); /* the length is not needed */
        return err_set(err, 0,
                       "%s can be reached from other machines, and there is no sign-in: "
                       "--users FILE says who may, --anonymous that everyone may do everything",
                       text);
    }
    return true;
}

static bool check_tls(struct server_config *config, struct err *err)
{
    struct tls_options *tls = &config->tls;
    if (config->tls_key_count && config->tls_key_count != tls->pair_count)
        return err_set(err, 0,
                       "%zu --tls-key for %zu --tls-cert: they go in pairs, or the keys "
                       "stand in the files of the certificates",
                       config->tls_key_count, tls->pair_count);
    for (size_t i = 0; i < tls->pair_count; i++) {
        if (!tls->pairs[i].key)
            tls->pairs[i].key = tls->pairs[i].certificate;
    }
    if (tls->demands_client && !tls->client_ca)
        return err_set(err, 0, "--tls-client-auth required needs --tls-client-ca");
    if (tls->client_crl && !tls->client_ca)
        return err_set(err, 0, "--tls-client-crl needs --tls-client-ca");
    bool is_used = tls->client_ca || config->hsts;
    for (size_t i = 0; i < config->listener_count; i++)
        is_used |= config->listeners[i].kind == LISTEN_REDIRECT;
    if (is_used && tls->pair_count == 0)
        return err_set(err, 0, "--redirect, --hsts and --tls-client-ca need --tls-cert");
    return true;
}

/* The address that is listened on when none is named. */
static void add_default_listener(struct server_config *config)
{
    bool has_tls = config->tls.pair_count > 0;
    struct err err;
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].kind == LISTEN_MAIN)
            return;
    }
    if (config->listener_count && !has_tls)
        return;
    if (!add_listener(config, has_tls ? "127.0.0.1:8443" : "127.0.0.1:8080", LISTEN_MAIN, &err))
        BUG("the default address is malformed");
}

bool config_has_sign_in(const struct server_config *config)
{
    bool has_certificates = config->tls.client_ca && config->file && config->file->certificates;
    return config->users || config->tokens || config->jwt_keys || has_certificates;
}

void config_done(struct server_config *config)
{
    config_file_free(config->file);
    config->file = NULL;
}

static struct server_config defaults(void)
{
    cpu_set_t cpus;
    struct server_config config = {.threads = 1,
                                   .tls.offers_h2 = true,
                                   .realm = "davit",
                                   .remember_s = 300,
                                   .jwt_user = "sub",
                                   .jwt_skew_s = 60,
                                   .log_level = "info",
                                   .limits = limits_default()};
    if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
        config.threads = (unsigned)CPU_COUNT(&cpus);
    return config;
}

bool config_check(struct server_config *config, struct err *err)
{
    if (!check_tls(config, err))
        return false;
    if (config->jwt_keys && (!config->jwt_issuer || !config->jwt_audience))
        return err_set(err, 0,
                       "--jwt-keys needs --jwt-issuer and --jwt-audience: otherwise tokens "
                       "that were made for others would let people in");
    add_default_listener(config);
    if (!config->workers)
        config->workers = config->durability == DURABILITY_FLUSH ? WORKERS_FLUSH : WORKERS_LAZY;
    bool has_mounts = config->file && config->file->mounts;
    if (!config->root && !has_mounts && !config->wants_help && !config->wants_limits)
        return err_set(err, 0, "which directory? Usage: davit serve [OPTIONS] DIR");
    return check_addresses(config, err);
}

static bool read_all(int argc, char **argv, struct server_config *config, struct err *err)
{
    bool is_given[ARRAY_LEN(options)] = {false};
    const char *path = NULL;
    return look_ahead(argc, argv, is_given, &path, err) &&
           (!path || config_file_read(config, path, is_given, err)) &&
           read_arguments(config, argc, argv, err) && config_check(config, err);
}

bool config_read(int argc, char **argv, struct server_config *config_out, struct err *err)
{
    struct server_config config = defaults();
    bool is_fine = read_all(argc, argv, &config, err);
    if (is_fine)
        *config_out = config;
    else
        config_done(&config);
    return is_fine;
}

bool config_read_file(const char *path, struct server_config *config_out, struct err *err)
{
    bool is_given[ARRAY_LEN(options)] = {false};
    struct server_config config = defaults();
    bool is_fine = !path || config_file_read(&config, path, is_given, err);
    if (is_fine)
        *config_out = config;
    else
        config_done(&config);
    return is_fine;
}

/* --- telling --- */

void config_print_help(void)
{
    printf("Usage: davit serve [OPTIONS] DIR\n\n"
           "Serves DIR over WebDAV (RFC 4918, class 1, 2 and 3) and HTTP.\n\nOptions:\n");
    option_print(options, ARRAY_LEN(options));
    printf("\nWith a certificate every --listen speaks TLS 1.2 and 1.3, and HTTP/1.1 or HTTP/2 as "
           "the\n"
           "client prefers; without one, HTTP/2 for clients that know it beforehand. SIGHUP reads\n"
           "the certificates again, and opens the access log again. To try TLS:\n\n"
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
            (void)snprintf(status, sizeof(status), "%u", row->status); /* fits */
        printf("%-20s %10llu %-6s %-8s %s\n", row->name, (unsigned long long)value, row->unit,
               status, row->what);
    }
}
