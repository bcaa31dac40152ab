/* What is in effect, as a file that davit would read as the same: printing that again gives the
 * same text, and tests hold it to that.
 *
 * Each key of a section is a row; a row says where its value stands in struct server_config and how
 * to write it. That every option of server/config/options.def has its row is a test's affair, too
 * (tests/robustness/test_command_line.py). What is not set is a comment, so that the text names all
 * there is to set. Secrets are in files of their own; where a URL may hold one, it is masked. */
#include <stddef.h>

#include "server/config/config_file.h"

enum kind {
    FLAG,
    TEXT,
    UNSIGNED,
    SECONDS,
    ADDRESSES, /* of a kind of listener */
    SPECIAL,   /* has a function */
};

struct row {
    const char *key;
    enum kind kind;
    size_t offset;
    enum listener_kind listener;
    void (*print)(const char *key, const struct server_config *config);
};

#define AT(member) offsetof(struct server_config, member)

/* --- what has a function --- */

/* A URL may have a password in it. */
static void print_url(const char *key, const char *url)
{
    const char *scheme = strstr(url, "://");
    const char *at = scheme ? strchr(scheme, '@') : NULL;
    if (at)
        printf("%s = %.*s***%s\n", key, (int)(scheme - url) + 3, url, at);
    else
        printf("%s = %s\n", key, url);
}

static void print_public_urls(const char *key, const struct server_config *config)
{
    for (size_t i = 0; i < config->public_name_count; i++)
        print_url(key, config->public_urls[i]);
}

static void print_proxies(const char *key, const struct server_config *config)
{
    for (size_t i = 0; i < config->proxy_count; i++)
        printf("%s = %s\n", key, config->proxy_texts[i]);
}

static void print_schemes(const char *key, const struct server_config *config)
{
    static const char *const words[ACCESS_SCHEME_COUNT] = {
#define ACCESS_SCHEME(name, word, wire, where) [ACCESS_##name] = (word),
#include "access/schemes.def"
#undef ACCESS_SCHEME
    };
    const char *separator = " = ";
    printf("%s", key);
    for (size_t i = 1; config->has_schemes && i < ACCESS_SCHEME_COUNT; i++) {
        if (config->offers[i])
            printf("%s%s", separator, words[i]);
        if (config->offers[i])
            separator = ", ";
    }
    printf("%s\n", config->has_schemes ? "" : " = auto");
}

static void print_depth_infinity(const char *key, const struct server_config *config)
{
    printf("%s = %s\n", key, config->allows_infinity ? "allow" : "refuse");
}

static void print_durability(const char *key, const struct server_config *config)
{
    printf("%s = %s\n", key, config->durability == DURABILITY_LAZY ? "lazy" : "flush");
}

static void print_pairs(const char *key, const struct server_config *config)
{
    for (size_t i = 0; i < config->tls.pair_count; i++) {
        const struct tls_pair_files *pair = &config->tls.pairs[i];
        printf("%s = %s\nkey = %s\n", key, pair->certificate,
               pair->key ? pair->key : pair->certificate);
        if (pair->ocsp)
            printf("ocsp = %s\n", pair->ocsp);
    }
}

static void print_client_auth(const char *key, const struct server_config *config)
{
    if (config->tls.client_ca)
        printf("%s = %s\n", key, config->tls.demands_client ? "required" : "optional");
}

/* --- the tables --- */

static const struct row server_rows[] = {
    {"listen", ADDRESSES, 0, LISTEN_MAIN, NULL},
    {"listen-plain", ADDRESSES, 0, LISTEN_PLAIN, NULL},
    {"redirect", ADDRESSES, 0, LISTEN_REDIRECT, NULL},
    {"hsts", TEXT, AT(hsts), 0, NULL},
    {"anonymous", FLAG, AT(is_anonymous), 0, NULL},
    {"public-url", SPECIAL, 0, 0, print_public_urls},
    {"trust-proxy", SPECIAL, 0, 0, print_proxies},
    {"root", TEXT, AT(root), 0, NULL},
    {"read-only", FLAG, AT(is_read_only), 0, NULL},
    {"active", FLAG, AT(is_active), 0, NULL},
    {"depth-infinity", SPECIAL, 0, 0, print_depth_infinity},
    {"durability", SPECIAL, 0, 0, print_durability},
    {"state", TEXT, AT(state_dir), 0, NULL},
    {"threads", UNSIGNED, AT(threads), 0, NULL},
    {"workers", UNSIGNED, AT(workers), 0, NULL},
    {"user", TEXT, AT(user), 0, NULL},
    {"access-log", TEXT, AT(access_log), 0, NULL},
    {"log-level", TEXT, AT(log_level), 0, NULL},
    {"users", TEXT, AT(users), 0, NULL},
    {"tokens", TEXT, AT(tokens), 0, NULL},
    {"realm", TEXT, AT(realm), 0, NULL},
    {"schemes", SPECIAL, 0, 0, print_schemes},
    {"clear-passwords", FLAG, AT(allows_clear_passwords), 0, NULL},
    {"remember", SECONDS, AT(remember_s), 0, NULL},
    {"hide-lock-tokens", FLAG, AT(hides_lock_tokens), 0, NULL},
};

static const struct row tls_rows[] = {
    {"cert", SPECIAL, 0, 0, print_pairs},
    {"client-ca", TEXT, AT(tls.client_ca), 0, NULL},
    {"client-crl", TEXT, AT(tls.client_crl), 0, NULL},
    {"client-auth", SPECIAL, 0, 0, print_client_auth},
};

static const struct row jwt_rows[] = {
    {"keys", TEXT, AT(jwt_keys), 0, NULL},         {"issuer", TEXT, AT(jwt_issuer), 0, NULL},
    {"audience", TEXT, AT(jwt_audience), 0, NULL}, {"user", TEXT, AT(jwt_user), 0, NULL},
    {"skew", SECONDS, AT(jwt_skew_s), 0, NULL},
};

/* --- printing --- */

static void print_text(const char *key, const char *value)
{
    if (!value)
        printf("# %s =\n", key);
    else if (*value == ' ' || *value == '"' || (*value && value[strlen(value) - 1] == ' '))
        printf("%s = \"%s\"\n", key, value); /* quotes keep the blanks */
    else
        printf("%s = %s\n", key, value);
}

static void print_addresses(const struct row *row, const struct server_config *config)
{
    char text[ADDRESS_TEXT_BYTES];
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].kind != row->listener)
            continue;
        (void)address_format(&config->listeners[i].address, text); /* the length is not needed */
        printf("%s = %s\n", row->key, text);
    }
}

static void print_row(const struct row *row, const struct server_config *config)
{
    const char *at = (const char *)config + row->offset;
    unsigned number;
    uint64_t seconds;
    const char *text;
    bool is_set;
    switch (row->kind) {
    case FLAG:
        memcpy(&is_set, at, sizeof(is_set));
        printf("%s = %s\n", row->key, is_set ? "yes" : "no");
        break;
    case TEXT:
        memcpy(&text, at, sizeof(text));
        print_text(row->key, text);
        break;
    case UNSIGNED:
        memcpy(&number, at, sizeof(number));
        printf("%s = %u\n", row->key, number);
        break;
    case SECONDS:
        memcpy(&seconds, at, sizeof(seconds));
        printf("%s = %llu\n", row->key, (unsigned long long)seconds);
        break;
    case ADDRESSES:
        print_addresses(row, config);
        break;
    case SPECIAL:
        row->print(row->key, config);
        break;
    }
}

static void print_section(const char *name, const struct row *rows, size_t count,
                          const struct server_config *config)
{
    printf("[%s]\n", name);
    for (size_t i = 0; i < count; i++)
        print_row(&rows[i], config);
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

static void print_mounts(const struct config_file *file)
{
    for (const struct config_mount *mount = file->mounts; mount; mount = mount->next) {
        printf("[mount \"%.*s\"]\n", STR_ARGS(mount->pattern));
        print_text("root", mount->root);
        printf("read-only = %s\n", mount->is_read_only ? "yes" : "no");
        printf("active = %s\n", mount->is_active ? "yes" : "no");
        if (mount->quota_bytes)
            printf("quota = %llu\n", (unsigned long long)mount->quota_bytes);
    }
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
    print_section("server", server_rows, ARRAY_LEN(server_rows), config);
    print_section("tls", tls_rows, ARRAY_LEN(tls_rows), config);
    print_section("jwt", jwt_rows, ARRAY_LEN(jwt_rows), config);
    print_limits(&config->limits);
    if (!config->file)
        return;
    print_mounts(config->file);
    print_certificates(config->file);
    print_rules(&config->file->rules);
}
