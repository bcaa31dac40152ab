/* App passwords are davit's tokens, made while the server runs: an app asks for one, its user
 * grants it in his browser, the app fetches it (login.h). The administrator's file of tokens
 * belongs to root as a rule, and a server that has become another user can and should not write to
 * it; so these are in a file of their own, in a directory of the server's. `davit token` lists and
 * revokes both.
 *
 * What is granted and not fetched yet is a row of the same file, marked `login`: its hash is that
 * of the text by which the app asks for it. Who fetches it puts his password's hash in the place of
 * it, with the same id, in one change of the file. So no password is kept anywhere for anybody,
 * even for a moment; of two who fetch at once one gets it; and a server that is killed in between
 * has either the login or the password.
 *
 * A change: lock the file, read it, replace it, know what it says now. What is known is what was
 * read or written last, in that order, by `changing`; `known` guards it for those who look, who
 * never wait for a disk. Who is told of a change by the watch (server/file_watch.c) reads anew.
 *
 * Rejected: to hand the new text to the settings and have all loops renew them (server/settings.c):
 * the app uses its password at once, before they had it. A database: a line for each app of each
 * user is little, and `grep` shows it. */
#include "access/apps/app_passwords.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "access/apps/line_file.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/files.h"
#include "base/mem.h"
#include "base/random.h"
#include "text/unicode.h"

enum { TURN_S = 3 };

struct app_passwords {
    pthread_mutex_t changing; /* the file, and who changes what is below */
    pthread_mutex_t known;    /* guards what is behind `path`, also for who looks; taken last */
    char *path;               /* NULL: none */
    struct tokens tokens;
    bool has_key;
    struct sha256 key;
};

struct app_passwords *app_passwords_new(void)
{
    struct app_passwords *apps = MEM_NEW(struct app_passwords);
    pthread_mutex_init(&apps->changing, NULL);
    pthread_mutex_init(&apps->known, NULL);
    return apps;
}

void app_passwords_free(struct app_passwords *apps)
{
    if (!apps)
        return;
    pthread_mutex_destroy(&apps->changing);
    pthread_mutex_destroy(&apps->known);
    tokens_done(&apps->tokens);
    secret_wipe(&apps->key, sizeof(apps->key));
    mem_free(apps->path);
    mem_free(apps);
}

/* --- what is known --- */

static bool parse(const char *path, struct str text, struct tokens *tokens_out, struct err *err)
{
    struct err mistake;
    *tokens_out = (struct tokens){0};
    if (tokens_read(tokens_out, text, &mistake)) {
        for (size_t i = 0; i < tokens_out->count; i++)
            tokens_out->list[i]->is_app = true;
        return true;
    }
    tokens_done(tokens_out);
    return err_set(err, 0, "%s: %s", path, mistake.text);
}

/* Takes what it says. */
static void know(struct app_passwords *apps, struct tokens *tokens)
{
    pthread_mutex_lock(&apps->known);
    struct tokens old = apps->tokens;
    apps->tokens = *tokens;
    pthread_mutex_unlock(&apps->known);
    tokens_done(&old);
}

/* NULL: none of this file is known yet. */
static void know_key(struct app_passwords *apps, const struct sha256 *key)
{
    pthread_mutex_lock(&apps->known);
    apps->has_key = key;
    if (key)
        apps->key = *key;
    pthread_mutex_unlock(&apps->known);
}

static bool read_now(const char *path, struct tokens *tokens_out, struct err *err)
{
    struct arena arena = {0};
    struct str text = STR_NONE;
    bool is_fine = (file_read_small(path, &arena, &text, err) || err->code == ENOENT) &&
                   parse(path, text, tokens_out, err);
    arena_done(&arena);
    return is_fine;
}

bool app_passwords_read(struct app_passwords *apps, const char *path, struct err *err)
{
    struct tokens tokens = {0};
    pthread_mutex_lock(&apps->changing);
    bool is_fine = read_now(path, &tokens, err);
    if (is_fine && (!apps->path || strcmp(apps->path, path) != 0)) {
        mem_free(apps->path);
        apps->path = mem_copy_text(path, strlen(path));
        know_key(apps, NULL);
    }
    if (is_fine)
        know(apps, &tokens);
    pthread_mutex_unlock(&apps->changing);
    return is_fine;
}

static const struct token *copy_token(const struct token *from, struct arena *arena)
{
    struct token *token = ARENA_NEW(arena, struct token);
    *token = *from;
    token->entry = (struct map_entry){0};
    token->id = arena_str(arena, from->id);
    token->user = arena_str(arena, from->user);
    token->hash = arena_str(arena, from->hash);
    struct str path = arena_str(arena, path_str(from->scope.path));
    token->scope.path = (struct res_path){path.at, path.len};
    token->note = arena_str(arena, from->note);
    token->line = STR_NONE; /* the file's business */
    return token;
}

const struct token *app_passwords_find(struct app_passwords *apps, struct str id,
                                       struct arena *arena)
{
    pthread_mutex_lock(&apps->known);
    const struct token *found = tokens_find(&apps->tokens, id);
    const struct token *token = found ? copy_token(found, arena) : NULL;
    pthread_mutex_unlock(&apps->known);
    return token;
}

/* --- the key of logins --- */

/* Of FILE.key: made once, whole or not at all. */
static bool make_key(const char *path, struct err *err)
{
    struct line_file file = {.path = path, .lock = -1};
    struct sha256 key;
    struct buf hex = {0};
    random_bytes(key.bytes, sizeof(key.bytes));
    secret_add_hex(&hex, HASH_SHA256, sha256_str(&key));
    buf_add_char(&hex, '\n');
    bool is_fine = line_file_replace(&file, buf_str(&hex), err);
    secret_wipe(hex.at, hex.len);
    secret_wipe(&key, sizeof(key));
    buf_done(&hex);
    return is_fine;
}

static bool read_key(const char *path, struct sha256 *key_out, struct err *err)
{
    struct arena arena = {0};
    struct str text;
    bool is_fine = file_read_small(path, &arena, &text, err);
    if (is_fine && text.len < (size_t)2 * SHA256_BYTES)
        is_fine =
            err_set(err, 0, "%s: this is no key; remove the file, and there is a new one", path);
    if (is_fine)
        *key_out = secret_sha256(str_trim(text));
    arena_done(&arena);
    return is_fine;
}

/* Beside the file, whose lock counts for both. */
static bool find_key(const struct app_passwords *apps, struct sha256 *key_out, struct err *err)
{
    struct line_file file;
    struct buf path = {0};
    buf_addf(&path, "%s.key", apps->path);
    bool is_fine = line_file_open(&file, apps->path, err);
    if (is_fine) {
        is_fine = read_key(buf_c(&path), key_out, err);
        if (!is_fine && err->code == ENOENT)
            is_fine = make_key(buf_c(&path), err) && read_key(buf_c(&path), key_out, err);
        line_file_close(&file);
    }
    buf_done(&path);
    return is_fine;
}

static bool known_key(struct app_passwords *apps, struct sha256 *key_out)
{
    pthread_mutex_lock(&apps->known);
    bool has_key = apps->has_key;
    if (has_key)
        *key_out = apps->key;
    pthread_mutex_unlock(&apps->known);
    return has_key;
}

/* Strangers ask for it: only the first waits for who changes the file. */
bool app_passwords_key(struct app_passwords *apps, struct sha256 *key_out, struct err *err)
{
    if (known_key(apps, key_out))
        return true;
    pthread_mutex_lock(&apps->changing);
    bool is_fine = apps->path ? known_key(apps, key_out) || find_key(apps, key_out, err)
                              : err_set(err, 0, "there is no file of app passwords");
    if (is_fine)
        know_key(apps, key_out);
    pthread_mutex_unlock(&apps->changing);
    return is_fine;
}

/* --- changes --- */

struct change {
    struct app_passwords *apps;
    struct line_file file;
    struct tokens tokens; /* what the file says */
    int64_t now_s;
    struct str gone_id; /* whose rows go; empty: nobody's */
    struct str gone_user;
};

/* Who makes a change may be waiting for the lock of the file himself: all who come meanwhile must
 * not wait one behind the other, each on a thread that others need. A clock that is set makes it
 * shorter or longer once. */
static bool take_turn(struct app_passwords *apps, struct err *err)
{
    const struct timespec until = {.tv_sec = clock_wall_ms() / 1000 + TURN_S};
    return pthread_mutex_timedlock(&apps->changing, &until) == 0 ||
           err_set(err, 0, "somebody else has been changing the app passwords for too long");
}

static bool begin(struct change *change, struct app_passwords *apps, struct err *err)
{
    *change = (struct change){.apps = apps, .now_s = clock_wall_ms() / 1000};
    if (!take_turn(apps, err))
        return false;
    if (!apps->path)
        err_set(err, 0, "there is no file of app passwords");
    if (apps->path && line_file_open(&change->file, apps->path, err)) {
        if (parse(apps->path, change->file.text, &change->tokens, err))
            return true;
        line_file_close(&change->file);
    }
    pthread_mutex_unlock(&apps->changing);
    return false;
}

/* What was read is newer than what is known, whatever became of the change. */
static void end(struct change *change)
{
    know(change->apps, &change->tokens);
    line_file_close(&change->file);
    pthread_mutex_unlock(&change->apps->changing);
}

static bool is_over(const struct change *change, const struct token *token)
{
    return token->expires_s && token->expires_s <= change->now_s;
}

static bool is_revoked(const struct change *change, const struct token *token)
{
    return (change->gone_id.len && str_eq(token->id, change->gone_id)) ||
           (change->gone_user.len && unicode_eq(token->user, change->gone_user));
}

/* Logins that nobody has fetched in time go with the next change. */
static bool is_to_go(const struct change *change, const struct token *token)
{
    return (token->is_login && is_over(change, token)) || is_revoked(change, token);
}

static void add_kept(const struct change *change, struct buf *to)
{
    buf_add(to, change->file.text);
    for (size_t i = 0; i < change->tokens.count; i++) {
        const struct token *token = change->tokens.list[i];
        struct line_edit edit = {token->id, STR_NONE};
        struct buf without = {0};
        bool was_there;
        if (!is_to_go(change, token))
            continue;
        line_change(&without, buf_str(to), &edit, &was_there);
        buf_done(to);
        *to = without;
    }
}

static bool replace(struct change *change, struct str text, struct err *err)
{
    struct tokens changed;
    if (!parse(change->file.path, text, &changed, err))
        return false;
    bool is_fine = line_file_replace(&change->file, text, err);
    struct tokens *past = is_fine ? &change->tokens : &changed;
    tokens_done(past);
    if (is_fine)
        change->tokens = changed;
    return is_fine;
}

/* Without what is to go. `edit` NULL: nothing else. */
static enum app_change make(struct change *change, const struct line_edit *edit, struct err *err)
{
    struct buf kept = {0};
    struct buf text = {0};
    bool was_there;
    add_kept(change, &kept);
    if (edit)
        line_change(&text, buf_str(&kept), edit, &was_there);
    bool is_fine = replace(change, buf_str(edit ? &text : &kept), err);
    buf_done(&kept);
    buf_done(&text);
    return is_fine ? APP_DONE : APP_FAILED;
}

static size_t count_of(const struct change *change, struct str user)
{
    size_t count = 0;
    for (size_t i = 0; i < change->tokens.count; i++) {
        const struct token *token = change->tokens.list[i];
        count += str_eq(token->user, user) && !is_over(change, token);
    }
    return count;
}

enum app_change app_passwords_add(struct app_passwords *apps, const struct token *token,
                                  size_t count_max, struct err *err)
{
    struct change change;
    struct buf line = {0};
    enum app_change rc;
    if (!begin(&change, apps, err))
        return APP_FAILED;
    if (tokens_find(&change.tokens, token->id)) {
        rc = APP_TAKEN;
    } else if (count_of(&change, token->user) >= count_max) {
        rc = APP_FULL;
    } else {
        tokens_add_row(&line, token);
        rc = make(&change, &(struct line_edit){token->id, buf_str(&line)}, err);
    }
    end(&change);
    buf_done(&line);
    return rc;
}

static bool is_login_of(const struct token *token, struct str text, int64_t now_s)
{
    bool is_right = token_verify(token, text, now_s); /* also of nobody: it takes as long */
    return is_right && token->is_login;
}

enum app_change app_passwords_fetch(struct app_passwords *apps, struct str login,
                                    struct arena *arena, struct app_password *out, struct err *err)
{
    struct change change;
    struct buf line = {0};
    struct buf text = {0};
    enum app_change rc = APP_TAKEN;
    int64_t now_s = clock_wall_ms() / 1000;
    if (!token_is_text(login))
        return APP_TAKEN;
    /* Nearly all who ask are too early: that costs no look at the disk. */
    if (!is_login_of(app_passwords_find(apps, token_id_of(login), arena), login, now_s))
        return APP_TAKEN;
    if (!begin(&change, apps, err))
        return APP_FAILED;
    const struct token *found = tokens_find(&change.tokens, token_id_of(login));
    if (is_login_of(found, login, change.now_s)) {
        struct token made = *found;
        made.is_login = false;
        made.expires_s = 0;
        made.made_s = change.now_s;
        tokens_add_line(&line, &made, &text);
        *out =
            (struct app_password){arena_str(arena, found->user), arena_str(arena, buf_str(&text))};
        rc = make(&change, &(struct line_edit){token_id_of(login), buf_str(&line)}, err);
    }
    end(&change);
    buf_done(&line);
    buf_done(&text);
    return rc;
}

static enum app_change revoke(struct change *change, struct err *err)
{
    enum app_change rc = APP_TAKEN;
    for (size_t i = 0; i < change->tokens.count && rc == APP_TAKEN; i++) {
        if (is_revoked(change, change->tokens.list[i]))
            rc = make(change, NULL, err);
    }
    end(change);
    return rc;
}

enum app_change app_passwords_revoke(struct app_passwords *apps, struct str id, struct err *err)
{
    struct change change;
    if (!begin(&change, apps, err))
        return APP_FAILED;
    change.gone_id = id;
    return revoke(&change, err);
}

enum app_change app_passwords_revoke_all(struct app_passwords *apps, struct str user,
                                         struct err *err)
{
    struct change change;
    if (!begin(&change, apps, err))
        return APP_FAILED;
    change.gone_user = user;
    return revoke(&change, err);
}
