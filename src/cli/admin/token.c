/* `davit token`: secrets for apps. The file has only their hashes (access/tokens.h), so the text is
 * printed once, when the token is made, and never again; who has lost it makes another and revokes
 * the first by its id, which `list` shows.
 *
 * App passwords, which the server makes, are tokens in a file of its own: both are listed here, and
 * both are revoked.
 *
 * A token is for a user who need not be in the file of users: then it is his only way in. The
 * server watches the file (server/file_watch.h), so that a revoked token ends by itself. */
#include "access/apps/line_file.h"
#include "access/tokens.h"
#include "access/users.h"
#include "base/log.h"

#include <errno.h>

#include "base/err.h"
#include "base/files.h"
#include "cli/admin/admin.h"
#include "cli/admin/apps.h"
#include "cli/command.h"
#include "text/date.h"

static bool has_file(const struct admin *admin, struct err *err)
{
    return admin->config.tokens ||
           err_set(err, 0,
                   "give the file of tokens: --tokens FILE, or -c FILE with tokens = FILE in it");
}

static bool add(struct admin *admin, struct err *err)
{
    struct arena arena = {0};
    struct buf line = {0};
    struct buf text = {0};
    struct token like = {.user = str_of_c(admin->operands[0]),
                         .scope = {PATH_ROOT, admin->is_read_only},
                         .expires_s = admin->expires_s,
                         .is_link = admin->is_link,
                         .note = str_of_c(admin->note)};
    bool has_slash;
    bool was_there;
    bool is_fine = has_file(admin, err);
    if (is_fine && !users_is_name(like.user))
        is_fine = err_set(err, 0, "'%s' cannot be the name of a user", admin->operands[0]);
    if (is_fine && admin->path &&
        path_decode(&arena, str_of_c(admin->path), &like.scope.path, &has_slash) != PATH_OK)
        is_fine = err_set(err, 0, "--path: '%s' is not a valid path of a URL", admin->path);
    if (is_fine) {
        tokens_add_line(&line, &like, &text);
        is_fine = line_file_set(admin->config.tokens,
                                &(struct line_edit){token_id_of(buf_str(&text)), buf_str(&line)},
                                &was_there, err);
    }
    if (is_fine)
        printf(admin->is_link ? "/.link/%s/\n" : "%s\n", buf_c(&text));
    buf_done(&line);
    buf_done(&text);
    arena_done(&arena);
    return is_fine;
}

static int token_add(struct admin *admin)
{
    struct err err;
    return add(admin, &err) ? EXIT_FINE : admin_fail(&err);
}

static bool has_any_file(const struct admin *admin, struct err *err)
{
    return admin->config.app_passwords || has_file(admin, err);
}

static bool revoke(const struct admin *admin, struct str id, struct err *err)
{
    const struct server_config *config = &admin->config;
    struct line_edit edit = {id, STR_NONE};
    bool was_there = false;
    if (!has_any_file(admin, err) ||
        (config->tokens && !line_file_set(config->tokens, &edit, &was_there, err)))
        return false;
    if (was_there)
        return true;
    enum app_change rc = APP_TAKEN;
    if (config->app_passwords)
        rc = apps_revoke(config->app_passwords, app_passwords_revoke, id, err);
    if (rc == APP_TAKEN)
        err_set(err, 0, "there is no token '%.*s'", STR_ARGS(id));
    return rc == APP_DONE;
}

static int token_revoke(struct admin *admin)
{
    struct str id = str_of_c(admin->operands[0]);
    struct err err;
    if (token_is_text(id))
        id = token_id_of(id);
    return revoke(admin, id, &err) ? EXIT_FINE : admin_fail(&err);
}

static void print_token(const struct token *token)
{
    struct buf text = {0};
    buf_add(&text, token->id);
    buf_add_char(&text, ' ');
    buf_add(&text, token->user);
    buf_add_char(&text, ' ');
    path_encode(&text, token->scope.path, false);
    buf_add(&text, token->scope.is_read_only ? STR(" read-only") : STR_NONE);
    buf_add(&text, token->is_link ? STR(" link") : STR_NONE);
    if (token->is_app)
        buf_add(&text, token->is_login ? STR(" app, not fetched yet") : STR(" app"));
    if (token->made_s) {
        BUF_ADD(&text, " since ");
        iso_date_add(&text, token->made_s);
    }
    if (token->expires_s) {
        BUF_ADD(&text, " until ");
        iso_date_add(&text, token->expires_s);
    }
    if (token->note.len)
        buf_addf(&text, " (%.*s)", STR_ARGS(token->note));
    tell(stdout, "%s\n", buf_c(&text));
    buf_done(&text);
}

/* With app passwords there need be no other tokens. */
static bool read_tokens(const struct server_config *config, struct tokens *tokens, struct err *err)
{
    struct arena arena = {0};
    struct str text = STR_NONE;
    bool is_fine = !config->tokens || file_read_small(config->tokens, &arena, &text, err) ||
                   (config->app_passwords && err->code == ENOENT);
    is_fine = is_fine && tokens_read(tokens, text, err);
    arena_done(&arena);
    return is_fine;
}

static int token_list(struct admin *admin)
{
    struct tokens tokens = {0};
    struct err err;
    const struct server_config *config = &admin->config;
    bool is_fine = has_any_file(admin, &err) && read_tokens(config, &tokens, &err) &&
                   (!config->app_passwords || apps_list(config->app_passwords, &tokens, &err));
    for (size_t i = 0; is_fine && i < tokens.count; i++)
        print_token(tokens.list[i]);
    tokens_done(&tokens);
    return is_fine ? EXIT_FINE : admin_fail(&err);
}

static const struct admin_verb rows[] = {
    {"add", "USER", 1, token_add, "make a token that acts for the user, and print it"},
    {"list", "", 0, token_list, "all tokens and app passwords, without their secrets"},
    {"revoke", "ID", 1, token_revoke, "end a token or an app password"},
};

const struct admin_verbs token_verbs = {&token_table, rows, ARRAY_LEN(rows)};

int cmd_token(int argc, char **argv)
{
    return admin_run(&token_verbs, argc, argv);
}
