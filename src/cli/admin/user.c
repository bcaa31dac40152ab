/* `davit user`: the file of users and the file of keys beside it (access/users.h). The first may be
 * one that htpasswd has made, and may be changed by it at any time.
 *
 * A password goes into both: as a hash into the first, as the keys of Digest and SCRAM into the
 * second, which is written first: without the hash that they belong to, keys are void. The server
 * watches both (server/file_watch.h), so that a change holds by itself. Who is removed takes the
 * passwords of his apps along: another of his name is not to have them. Nor does a new one take
 * over those of a name that htpasswd has removed. */
#include "access/apps/line_file.h"
#include "access/users.h"
#include "base/log.h"

#include <errno.h>

#include "base/files.h"
#include "cli/admin/admin.h"
#include "cli/admin/apps.h"
#include "cli/admin/password.h"
#include "cli/command.h"
#include "server/config/config_file.h"
#include "text/unicode.h"

static bool has_file(const struct admin *admin, struct err *err)
{
    return admin->config.users ||
           err_set(err, 0,
                   "give the file of users: --users FILE, or -c FILE with users = FILE in it");
}

static bool read_file(const struct admin *admin, struct users *users, struct err *err)
{
    const char *path = admin->config.users;
    struct arena arena = {0};
    struct buf notes = {0};
    struct buf keys_path = {0};
    struct str text;
    struct err none;
    bool is_fine =
        file_read_small(path, &arena, &text, err) && users_read(users, text, &notes, err);
    buf_addf(&keys_path, "%s.keys", path);
    if (is_fine && file_read_small(buf_c(&keys_path), &arena, &text, &none))
        is_fine = users_read_keys(users, text, str_of_c(admin->config.realm), &notes, err);
    buf_done(&notes);
    buf_done(&keys_path);
    arena_done(&arena);
    return is_fine;
}

/* Keys first: without the new hash they are void, and the old ones are no longer needed. */
static bool store_lines(const struct admin *admin, struct str name, struct str line,
                        struct str keys_line, struct err *err)
{
    struct buf keys_path = {0};
    bool was_there;
    buf_addf(&keys_path, "%s.keys", admin->config.users);
    bool is_fine =
        line_file_set(buf_c(&keys_path), &(struct line_edit){name, keys_line}, &was_there, err) &&
        line_file_set(admin->config.users, &(struct line_edit){name, line}, &was_there, err);
    buf_done(&keys_path);
    return is_fine;
}

/* What strangers' salts are made with is made with the first keys, and kept. */
static bool make_salts(const struct admin *admin, const struct users *users, struct err *err)
{
    struct buf path = {0};
    struct buf line = {0};
    bool was_there;
    if (users->salts_key.len)
        return true;
    buf_addf(&path, "%s.keys", admin->config.users);
    users_add_salts_line(&line);
    bool is_fine =
        line_file_set(buf_c(&path), &(struct line_edit){STR_NONE, buf_str(&line)}, &was_there, err);
    secret_wipe(line.at, line.len);
    buf_done(&path);
    buf_done(&line);
    return is_fine;
}

/* A scheme is offered where all users can use it. */
static void warn_of_md5(const struct users *users)
{
    for (size_t i = 0; i < users->count; i++) {
        if (!users->list[i]->digest_keys[HASH_MD5].len)
            continue;
        tell(stderr, "davit: Digest with MD5 is offered only where all users have a key for it; "
                     "--digest-md5 makes one\n");
        return;
    }
}

static bool store_password(const struct admin *admin, const struct user_secret *secret,
                           struct err *err)
{
    struct buf line = {0};
    struct buf keys_line = {0};
    bool is_fine = users_add_lines(&line, &keys_line, secret) ||
                   err_set(err, 0, "this password cannot be hashed");
    is_fine = is_fine && store_lines(admin, secret->name, buf_str(&line), buf_str(&keys_line), err);
    buf_done(&line);
    buf_done(&keys_line);
    return is_fine;
}

static bool set_password(struct admin *admin, bool is_new, struct err *err)
{
    struct str name = str_of_c(admin->operands[0]);
    struct users users = {0};
    struct arena arena = {0};
    struct user_secret secret = {.name = name,
                                 .realm = str_of_c(admin->config.realm),
                                 .has_md5 = admin->has_md5,
                                 .rounds = SCRAM_ITERATIONS};
    if (!has_file(admin, err))
        return false;
    if (!users_is_name(name))
        return err_set(err, 0, "'%s' cannot be the name of a user", admin->operands[0]);
    bool is_fine = read_file(admin, &users, err) || err->code == ENOENT; /* the first user */
    bool is_there = is_fine && users_find(&users, name);
    is_fine =
        is_fine && (is_there != is_new ||
                    err_set(err, 0, is_new ? "user '%s' already exists" : "there is no user '%s'",
                            admin->operands[0]));
    is_fine = is_fine && password_read(admin->password_file, &arena, &secret.password, err) &&
              make_salts(admin, &users, err) && store_password(admin, &secret, err);
    if (is_fine && !secret.has_md5)
        warn_of_md5(&users);
    users_done(&users);
    arena_done(&arena);
    return is_fine;
}

/* The last thing that a command does: it may no longer be root then (apps.c). */
static bool forget_apps(const struct admin *admin, struct str name, struct err *err)
{
    const char *path = admin->config.app_passwords;
    return !path || apps_revoke(path, app_passwords_revoke_all, name, err) != APP_FAILED;
}

static bool has_certificate(const struct admin *admin, struct str name)
{
    const struct config_file *file = admin->config.file;
    const struct access_certificate *certificate = file ? file->certificates : NULL;
    while (certificate && !unicode_eq(certificate->user, name))
        certificate = certificate->next;
    return certificate;
}

/* Somebody of that name may have been removed by another program, and have left his apps behind. */
static int user_add(struct admin *admin)
{
    struct str name = str_of_c(admin->operands[0]);
    struct err err;
    bool is_fine = set_password(admin, true, &err) &&
                   (has_certificate(admin, name) || forget_apps(admin, name, &err));
    return is_fine ? EXIT_FINE : admin_fail(&err);
}

static int user_passwd(struct admin *admin)
{
    struct err err;
    return set_password(admin, false, &err) ? EXIT_FINE : admin_fail(&err);
}

static int user_del(struct admin *admin)
{
    struct str name = str_of_c(admin->operands[0]);
    struct buf keys_path = {0};
    struct err err;
    bool was_there = false;
    bool had_keys;
    if (!has_file(admin, &err))
        return admin_fail(&err);
    buf_addf(&keys_path, "%s.keys", admin->config.users);
    bool is_fine =
        line_file_set(admin->config.users, &(struct line_edit){name, STR_NONE}, &was_there, &err) &&
        line_file_set(buf_c(&keys_path), &(struct line_edit){name, STR_NONE}, &had_keys, &err);
    buf_done(&keys_path);
    is_fine = is_fine && forget_apps(admin, name, &err);
    if (is_fine && !was_there)
        is_fine = err_set(&err, 0, "there is no user '%s'", admin->operands[0]);
    return is_fine ? EXIT_FINE : admin_fail(&err);
}

static int user_list(struct admin *admin)
{
    struct users users = {0};
    struct err err;
    if (!has_file(admin, &err) || !read_file(admin, &users, &err))
        return admin_fail(&err);
    for (size_t i = 0; i < users.count; i++) {
        const struct user *user = users.list[i];
        tell(stdout, "%.*s%s", STR_ARGS(user->name), user->scram.iterations ? " scram" : "");
        if (user->scram.iterations && user->scram.iterations < SCRAM_ITERATIONS)
            tell(stdout, ":%u", user->scram.iterations);
        tell(stdout, "%s%s%s\n", user->digest_keys[HASH_SHA256].len ? " digest" : "",
             user->digest_keys[HASH_MD5].len ? " digest-md5" : "", user->hash.len ? " basic" : "");
    }
    users_done(&users);
    return EXIT_FINE;
}

static const struct admin_verb rows[] = {
    {"add", "NAME", 1, user_add, "make a user"},
    {"passwd", "NAME", 1, user_passwd, "give a user another password"},
    {"del", "NAME", 1, user_del, "remove a user"},
    {"list", "", 0, user_list, "all users, and how each can sign in"},
};

const struct admin_verbs user_verbs = {&user_table, rows, ARRAY_LEN(rows)};

int cmd_user(int argc, char **argv)
{
    return admin_run(&user_verbs, argc, argv);
}
