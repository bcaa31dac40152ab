/* server/config/config.h: what `davit serve` is told. */
#pragma once

#include "access/access.h"
#include "access/net.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/options.h"
#include "base/text_list.h"
#include "exchange/service.h"
#include "gateway/options.h"
#include "io/socket.h"
#include "io/tls.h"
#include "store/store.h"

enum { LISTENERS_MAX = 16, PUBLIC_NAMES_MAX = 16, PROXIES_MAX = 16 };

/* What stands in a configuration file and has no option. */
struct config_file {
    struct arena arena;
    const char *path;
    struct rules rules;
    struct access_certificate *certificates; /* whom they are for */
    struct config_mount *mounts;             /* in the order of the file */
    struct config_extension *extensions;
    struct config_client *clients;
    struct config_mount *origins; /* [origin "name"]: of each only what is said of its origin */
};

/* A shared object that extends WebDAV (davit/extension.h). */
struct config_extension {
    struct config_extension *next;
    struct str name;
    unsigned line;
    const char *load; /* the file */
};

/* What is said of programs that are clients (exchange/clients/clients.h). */
struct config_client {
    struct config_client *next;
    struct str pattern;
    unsigned line;
    const char *notice; /* NULL: nothing is told */
    bool is_refused;
    int64_t period_ms;
    const char *quirks; /* NULL: those that davit knows of */
};

struct gateway_origin;

/* What is kept of what is deleted and overwritten. */
struct config_keep {
    int64_t ms;       /* for how long; 0: nothing */
    uint64_t bytes;   /* how much; 0: a tenth of what there may be */
    const char *name; /* of the collection; NULL: the default */
};

struct config_mount {
    struct config_mount *next;
    struct str pattern; /* "/files"; of an [origin] its name */
    unsigned line;
    const char *root;              /* NULL: it is not said yet, or there is an origin */
    struct gateway_options origin; /* another server's tree; its url NULL: there is none */
    bool names_origin;             /* a key that begins with origin- was there */
    const char *origins;           /* names of [origin]s of which it is the union; NULL: of none */
    struct gateway_origin *united; /* those, when all of the file has been read */
    size_t united_count;
    bool is_partial;
    bool is_read_only;
    bool is_active;        /* its pages may run scripts */
    bool is_alone;         /* no other program changes what is there */
    bool is_synced;        /* what has changed is told to who syncs */
    bool has_sync_clients; /* it is served to them under their own paths, too */
    bool has_acls;         /* who may do what can be kept with resources */
    struct text_list cors; /* "*", and origins whose pages may use it */
    const char *uploads;   /* NULL: the default */
    uint64_t quota_bytes;  /* 0: none */
    struct config_keep keep;
};

enum listener_kind {
    LISTEN_MAIN,     /* TLS where there is a certificate, otherwise in the clear */
    LISTEN_PLAIN,    /* in the clear whatever there is */
    LISTEN_REDIRECT, /* in the clear, and all it says is where TLS is to be had */
    LISTEN_METRICS,  /* in the clear, for who watches the server (server/monitor/) */
};

struct listener_config {
    struct socket_address address;
    enum listener_kind kind;
    bool may_lack; /* where the machine has no IPv6, and nobody has asked for it by name */
};

struct server_config {
    const char *root; /* NULL: none was given */
    struct listener_config listeners[LISTENERS_MAX];
    size_t listener_count;
    const char *config_path;
    struct config_file *file; /* what it says; NULL: there is none */
    bool is_anonymous;
    const char *users; /* files; NULL: none */
    const char *tokens;
    const char *app_passwords;
    const char *jwt_keys;
    const char *realm;
    bool offers[ACCESS_SCHEME_COUNT]; /* all false: what all users can use */
    bool has_schemes;
    bool allows_clear_passwords;
    uint64_t remember_s;
    const char *jwt_issuer;
    const char *jwt_audience;
    const char *jwt_user;
    uint64_t jwt_skew_s;
    bool hides_lock_tokens;
    struct public_name public_names[PUBLIC_NAMES_MAX];
    const char *public_urls[PUBLIC_NAMES_MAX]; /* as given */
    size_t public_name_count;
    struct net proxies[PROXIES_MAX]; /* whose X-Forwarded-For is believed */
    const char *proxy_texts[PROXIES_MAX];
    size_t proxy_count;
    struct tls_options tls; /* no pairs: no TLS */
    size_t tls_key_count;
    uint64_t hsts_s; /* OPTION_UNSET: nothing is said of it */
    bool is_read_only;
    bool is_active; /* at the root, as struct config_mount says */
    bool is_alone;
    bool is_synced;
    bool has_sync_clients;
    bool has_acls;
    bool has_sync_bulk;
    bool has_no_archives;
    const char *sync_product;
    struct config_keep keep;
    struct text_list cors;
    const char *uploads;
    bool allows_infinity;
    enum compress_what compress;
    enum store_durability durability;
    const char *state_dir;
    unsigned threads;
    unsigned workers;
    const char *user;
    const char *access_log;
    enum log_level log_level;
    struct limits limits;
    bool wants_help;
    bool wants_limits;
};

/* The options: of the command line, and the keys of [server], [tls] and [jwt]. */
extern const struct option_table config_options;
/* The keys of [mount], for struct config_mount. */
extern const struct option_table config_mount_options;
/* The keys of [extension], for struct config_extension. */
extern const struct option_table config_extension_options;
/* The keys of [client], for struct config_client. */
extern const struct option_table config_client_options;
/* Whether a key of [mount] says how its origin is asked: a mount of a root has none of these.
 * Behind its prefix it is a key of [origin], where "url" stands for "origin". */
bool config_is_about_origin(struct str key);

/* The sections whose keys are options: "server", "tls", "jwt". NULL behind the last. */
extern const char *const config_sections[];
/* Which of them an option is in, as an index; its key there. */
size_t config_section_of(const struct option *row, const char **key_out);

struct server_config config_default(void);

/* Whether what is set goes together. Sets what follows from it. */
NODISCARD bool config_check(struct server_config *config, struct err *err);

/* The origins of a mount in `alone`, or those of which it is the union. */
const struct gateway_origin *config_mount_origins(const struct config_mount *mount,
                                                  struct gateway_origin *alone, size_t *count_out);

/* Frees config->file. */
void config_done(struct server_config *config);

/* Whether somebody can sign in. */
bool config_has_sign_in(const struct server_config *config);

/* Print to standard output; the first as a file that says the same. */
void config_print(const struct server_config *config);
void config_print_help(void);
void config_print_limits(const struct limits *limits);
