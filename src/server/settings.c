/* From a configuration to what requests see. A configuration with a mistake leaves no settings, and
 * the server keeps the old ones. Of the files that it names, one that cannot be read on a reload
 * counts as it was read last, so that a mistake in the tokens does not keep a user who was removed;
 * that it does is said aloud, as it may be the users' file itself.
 *
 * Where only users, tokens or keys have changed (server/file_watch.h), there are new settings with
 * the same configuration, which the first that had it owns: that file may be half edited.
 *
 * Settings are counted: each loop holds those in force, and its requests those they began with, so
 * that a reload neither waits for requests nor changes the rules under one that is half done. What
 * must survive a reload (nonces, who was right lately, who was wrong how often) is in access_state,
 * which is the server's. A password that was changed is another entry there, by its hash; a rule
 * that was changed is asked anew with every request. */
#include "server/settings.h"

#include <errno.h>

#include "access/access.h"
#include "access/apps/app_passwords.h"
#include "access/standalone.h"
#include "base/files.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    USED_NONCES = 16384,
    NONCE_MS = 300000,
    CACHED_CREDENTIALS = 4096,
    CULPRITS = 16384,
    WRONG_MS = 900000,
    WAITING_MAX = 65536,
    REPEATS = 1024,
    LOCK_ORIGINS = 16384
};

struct shared_state *settings_shared_state(void)
{
    static const size_t max[SHARED_TABLES] = {
        [SHARED_NONCES] = USED_NONCES, [SHARED_GUESSES] = CULPRITS,
        [SHARED_KNOWN] = CULPRITS,     [SHARED_REPEATS] = REPEATS,
        [SHARED_LOST] = REPEATS,       [SHARED_LOCK_ORIGINS] = LOCK_ORIGINS};
    return standalone_new(max);
}

struct access_state *settings_access_state(const struct server_config *config,
                                           struct shared_state *shared)
{
    struct access_bounds bounds = {.nonce_ms = NONCE_MS,
                                   .cache_count = CACHED_CREDENTIALS,
                                   .right_ms = (int64_t)config->remember_s * 1000,
                                   .wrong_ms = WRONG_MS,
                                   .waiting_count =
                                       size_min(config->limits.hash_queue, WAITING_MAX)};
    return access_state_new(&bounds, shared);
}

static void log_notes(const char *path, struct buf *notes)
{
    for (struct str rest = buf_str(notes); rest.len;) {
        struct str line = str_cut(&rest, '\n');
        log_line(LOG_WARN, "%s: %.*s", path, STR_ARGS(line));
    }
    buf_done(notes);
}

static bool in_file(const char *path, struct err *err)
{
    struct err mistake = *err;
    return err_set(err, 0, "%s: %s", path, mistake.text);
}

/* --- files --- */

typedef bool parse_fn(struct settings *settings, const struct settings_text *from, struct err *err);

/* A reload goes on with what a file said before, rather than without it, or not at all. */
static void log_stays(const char *path, const struct err *mistake)
{
    log_line(LOG_ERROR, "%s", mistake->text);
    log_line(LOG_ERROR,
             "THE OLD CONTENT OF '%s' STAYS IN FORCE: people who were removed from it can still "
             "sign in",
             path);
}

static bool keep(struct settings *settings, struct settings_text *text,
                 const struct settings_text *old, parse_fn *parse, struct err *err)
{
    if (!old || !old->path || strcmp(old->path, text->path) != 0)
        return false;
    text->mistake = *err;
    if (!settings->owner || strcmp(old->mistake.text, err->text) != 0)
        log_stays(text->path, err);
    text->text = arena_str(&settings->arena, old->text);
    text->keys = arena_str(&settings->arena, old->keys);
    return parse(settings, text, err);
}

/* What is not there says nothing. */
static bool read_optional(const char *path, struct arena *arena, struct str *text_out,
                          struct err *err)
{
    *text_out = STR_NONE;
    return file_read_small(path, arena, text_out, err) || err->code == ENOENT;
}

static bool parse_users(struct settings *settings, const struct settings_text *from,
                        struct err *err)
{
    struct str realm = str_of_c(settings->config.realm);
    struct buf notes = {0};
    struct buf keys_path = {0};
    buf_addf(&keys_path, "%s.keys", from->path);
    bool is_fine =
        users_read(&settings->users, from->text, &notes, err) || in_file(from->path, err);
    if (is_fine && !users_read_keys(&settings->users, from->keys, realm, &notes, err))
        is_fine = in_file(buf_c(&keys_path), err);
    log_notes(from->path, &notes);
    buf_done(&keys_path);
    if (!is_fine)
        users_done(&settings->users);
    return is_fine;
}

static bool read_users(struct settings *settings, const struct settings *before, struct err *err)
{
    struct settings_text *text = &settings->users_text;
    struct buf keys_path = {0};
    text->path = settings->config.users;
    buf_addf(&keys_path, "%s.keys", text->path);
    bool is_fine = file_read_small(text->path, &settings->arena, &text->text, err) &&
                   read_optional(buf_c(&keys_path), &settings->arena, &text->keys, err) &&
                   parse_users(settings, text, err);
    buf_done(&keys_path);
    return is_fine || keep(settings, text, before ? &before->users_text : NULL, parse_users, err);
}

static bool parse_tokens(struct settings *settings, const struct settings_text *from,
                         struct err *err)
{
    if (tokens_read(&settings->tokens, from->text, err))
        return true;
    tokens_done(&settings->tokens);
    return in_file(from->path, err);
}

static bool read_tokens(struct settings *settings, const struct settings *before, struct err *err)
{
    struct settings_text *text = &settings->tokens_text;
    text->path = settings->config.tokens; /* `davit token` makes it */
    return (read_optional(text->path, &settings->arena, &text->text, err) &&
            parse_tokens(settings, text, err)) ||
           keep(settings, text, before ? &before->tokens_text : NULL, parse_tokens, err);
}

static bool parse_jwt_keys(struct settings *settings, const struct settings_text *from,
                           struct err *err)
{
    settings->jwt_keys = jwt_keys_new(from->text, err);
    return settings->jwt_keys || in_file(from->path, err);
}

static bool read_jwt_keys(struct settings *settings, const struct settings *before, struct err *err)
{
    struct settings_text *text = &settings->jwt_text;
    text->path = settings->config.jwt_keys;
    return (file_read_small(text->path, &settings->arena, &text->text, err) &&
            parse_jwt_keys(settings, text, err)) ||
           keep(settings, text, before ? &before->jwt_text : NULL, parse_jwt_keys, err);
}

/* --- making --- */

static void make_access(struct settings *settings, struct access_state *state)
{
    const struct server_config *config = &settings->config;
    struct access *access = &settings->access;
    settings->accounts =
        accounts_of_files(&settings->users, config->tokens ? &settings->tokens : NULL);
    *access = (struct access){
        .state = state,
        .realm = str_of_c(config->realm),
        .allows_clear_basic = config->allows_clear_passwords,
        .has_app_passwords = config->app_passwords != NULL,
        .lets_everyone = config->is_anonymous || !config_has_sign_in(config),
        .certificates = config->file ? config->file->certificates : NULL,
        .accounts = &settings->accounts,
        .rules = config->file ? &config->file->rules : &settings->no_rules,
        .jwt_keys = settings->jwt_keys,
        .jwt_issuer = str_of_c(config->jwt_issuer),
        .jwt_audience = str_of_c(config->jwt_audience),
        .jwt_user_claim = config->jwt_user,
        .jwt_skew_s = (int64_t)config->jwt_skew_s,
    };
    access_offer_usable(access);
    if (config->has_schemes)
        memcpy(access->offers, config->offers, sizeof(access->offers));
}

bool settings_have_access(const struct settings *settings)
{
    const struct config_file *file = settings->config.file;
    return config_has_sign_in(&settings->config) || (file && !rules_are_empty(&file->rules)) ||
           settings->access.certificates;
}

/* By its configuration, and the files that this names. Takes a reference; NULL: `err` says why. */
static struct settings *complete(struct settings *settings, struct access_state *state,
                                 const struct settings *before, struct err *err)
{
    rules_init(&settings->no_rules);
    if ((settings->config.users && !read_users(settings, before, err)) ||
        (settings->config.tokens && !read_tokens(settings, before, err)) ||
        (settings->config.jwt_keys && !read_jwt_keys(settings, before, err))) {
        settings_unref(settings);
        return NULL;
    }
    make_access(settings, state);
    settings->proxies = (struct proxies){settings->config.proxies, settings->config.proxy_count};
    settings->names = (struct known_names){.public_names = settings->config.public_names,
                                           .public_name_count = settings->config.public_name_count,
                                           .is_strict = settings->config.public_name_count ||
                                                        !settings_have_access(settings) ||
                                                        access_lets_anybody(&settings->access)};
    return settings;
}

struct settings *settings_new(struct server_config *config, struct access_state *state,
                              const struct settings *before, struct err *err)
{
    struct settings *settings = MEM_NEW(struct settings);
    atomic_init(&settings->refs, 1);
    settings->config = *config;
    config->file = NULL;
    return complete(settings, state, before, err);
}

struct settings *settings_renew(struct settings *before, struct err *err)
{
    struct settings *settings = MEM_NEW(struct settings);
    atomic_init(&settings->refs, 1);
    settings->owner = settings_ref(before->owner ? before->owner : before);
    settings->config = before->config;
    return complete(settings, before->access.state, before, err);
}

bool settings_read_app_passwords(const struct settings *settings, struct err *err)
{
    const char *path = settings->config.app_passwords;
    return !path || app_passwords_read(access_app_passwords(settings->access.state), path, err);
}

bool settings_lack_a_file(const struct settings *settings)
{
    return err_may_pass(&settings->users_text.mistake) ||
           err_may_pass(&settings->tokens_text.mistake) ||
           err_may_pass(&settings->jwt_text.mistake);
}

/* --- counting --- */

struct settings_use {
    struct settings *settings;
    struct service service; /* the settings', with what is this loop's */
    struct refs users;      /* requests, what goes on behind them, and one for being in force */
};

static void free_use(struct refs *users)
{
    struct settings_use *use = CONTAINER_OF(users, struct settings_use, users);
    gateway_loop_free(use->service.gateways);
    settings_unref(use->settings);
    mem_free(use);
}

struct settings_use *settings_use_new(struct settings *settings, struct loop *loop, unsigned index,
                                      const struct service **in_force_out)
{
    struct settings_use *use = MEM_NEW(struct settings_use);
    use->settings = settings;
    use->service = settings->service;
    if (settings->gateways.count)
        use->service.gateways = gateway_loop_new(&settings->gateways, loop, index);
    refs_init(&use->users, free_use);
    use->service.users = &use->users;
    use->service.in_force = in_force_out;
    *in_force_out = &use->service;
    return use;
}

void settings_use_end(struct settings_use *use)
{
    if (use)
        refs_drop(&use->users);
}

static void request_over(void *arg)
{
    settings_use_end(arg);
}

const struct proxies *settings_use_proxies(const struct settings_use *use)
{
    return &use->settings->proxies;
}

const struct known_names *settings_use_names(const struct settings_use *use)
{
    return &use->settings->names;
}

const struct gateways *settings_use_gateways(const struct settings_use *use)
{
    return &use->settings->gateways;
}

const struct service *settings_use_begin(struct settings_use *use, struct arena *arena)
{
    refs_take(&use->users);
    arena_on_reset(arena, request_over, use);
    return &use->service;
}

struct settings *settings_ref(struct settings *settings)
{
    atomic_fetch_add(&settings->refs, 1);
    return settings;
}

void settings_unref(struct settings *settings)
{
    if (!settings || atomic_fetch_sub(&settings->refs, 1) != 1)
        return;
    for (size_t i = 0; i < settings->mount_count; i++)
        store_pool_drop(settings->pool, settings->mounts[i].mount.store);
    users_done(&settings->users);
    tokens_done(&settings->tokens);
    jwt_keys_free(settings->jwt_keys);
    if (settings->owner)
        settings_unref(settings->owner);
    else
        config_done(&settings->config);
    arena_done(&settings->arena);
    mem_free(settings);
}
