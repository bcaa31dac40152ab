/* From a configuration to what requests see. Reading it is all or nothing: a file that is missing
 * or has a mistake leaves no settings, and the server keeps the old ones.
 *
 * Settings are counted: the server holds those in force, and each request those it began with, so
 * that a reload neither waits for requests nor changes the rules under one that is half done. What
 * must survive a reload (nonces, who was right lately, who was wrong how often) is in access_state,
 * which is the server's. A password that was changed is another entry there, by its hash; a rule
 * that was changed is asked anew with every request. */
#include "server/settings.h"

#include <errno.h>
#include <unistd.h>

#include "access/access.h"
#include "base/log.h"
#include "base/mem.h"
#include "server/config_file.h"

enum { USED_NONCES = 16384, NONCE_MS = 300000, VERIFIED = 4096, CULPRITS = 16384 };

struct access_state *settings_access_state(const struct server_config *config)
{
    struct access_bounds bounds = {.nonce_count = USED_NONCES,
                                   .nonce_ms = NONCE_MS,
                                   .memory_count = VERIFIED,
                                   .memory_ms = (int64_t)config->remember_s * 1000,
                                   .throttle_count = CULPRITS};
    return access_state_new(&bounds);
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

static bool read_users(struct settings *settings, struct err *err)
{
    const char *path = settings->config.users;
    struct str realm = str_of_c(settings->config.realm);
    struct arena arena = {0};
    struct buf notes = {0};
    struct buf keys_path = {0};
    struct str text;
    bool is_fine = small_file_read(path, &arena, &text, err);
    if (is_fine && !users_read(&settings->users, text, &notes, err))
        is_fine = in_file(path, err);
    buf_addf(&keys_path, "%s.keys", path);
    if (is_fine && access(buf_c(&keys_path), F_OK) == 0) {
        is_fine = small_file_read(buf_c(&keys_path), &arena, &text, err);
        if (is_fine && !users_read_keys(&settings->users, text, realm, &notes, err))
            is_fine = in_file(buf_c(&keys_path), err);
    }
    log_notes(path, &notes);
    buf_done(&keys_path);
    arena_done(&arena);
    return is_fine;
}

static bool read_tokens(struct settings *settings, struct err *err)
{
    const char *path = settings->config.tokens;
    struct arena arena = {0};
    struct str text = STR_NONE;
    bool is_absent = access(path, F_OK) != 0 && errno == ENOENT; /* `davit token` makes it */
    bool is_fine = is_absent || small_file_read(path, &arena, &text, err);
    if (is_fine && !tokens_read(&settings->tokens, text, err))
        is_fine = in_file(path, err);
    arena_done(&arena);
    return is_fine;
}

static bool read_jwt_keys(struct settings *settings, struct err *err)
{
    const char *path = settings->config.jwt_keys;
    struct arena arena = {0};
    struct str text;
    bool is_fine = small_file_read(path, &arena, &text, err);
    if (is_fine) {
        settings->jwt_keys = jwt_keys_new(text, err);
        is_fine = settings->jwt_keys || in_file(path, err);
    }
    arena_done(&arena);
    return is_fine;
}

static void make_access(struct settings *settings, struct access_state *state)
{
    const struct server_config *config = &settings->config;
    struct access *access = &settings->access;
    *access = (struct access){
        .state = state,
        .realm = str_of_c(config->realm),
        .allows_clear_basic = config->allows_clear_passwords,
        .lets_everyone = config->is_anonymous || !config_has_sign_in(config),
        .certificates = config->file ? config->file->certificates : NULL,
        .users = &settings->users,
        .tokens = config->tokens ? &settings->tokens : NULL,
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

struct settings *settings_new(struct server_config *config, struct access_state *state,
                              struct err *err)
{
    struct settings *settings = MEM_NEW(struct settings);
    atomic_init(&settings->refs, 1);
    settings->config = *config;
    config->file = NULL;
    rules_init(&settings->no_rules);
    if ((settings->config.users && !read_users(settings, err)) ||
        (settings->config.tokens && !read_tokens(settings, err)) ||
        (settings->config.jwt_keys && !read_jwt_keys(settings, err))) {
        settings_unref(settings);
        return NULL;
    }
    make_access(settings, state);
    bool has_rules = settings->config.file && !rules_are_empty(&settings->config.file->rules);
    if (config_has_sign_in(&settings->config) || has_rules || settings->access.certificates)
        settings->service.access = &settings->access;
    settings->service.hides_lock_tokens = settings->config.hides_lock_tokens;
    return settings;
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
    users_done(&settings->users);
    tokens_done(&settings->tokens);
    jwt_keys_free(settings->jwt_keys);
    config_done(&settings->config);
    arena_done(&settings->arena);
    mem_free(settings);
}
