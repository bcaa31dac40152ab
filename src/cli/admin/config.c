/* `davit config`: whether a configuration can be used, and what it comes to.
 *
 * What a server would find out at its start is tried without becoming one: files are read,
 * directories looked at. No port is opened, no store, and no origin is asked, which may be down now
 * and there when it is needed.
 *
 * What is printed is in effect: the defaults, and what the file says. */
#include <errno.h>
#include <sys/stat.h>

#include "access/standalone.h"
#include "cli/admin/admin.h"
#include "cli/command.h"
#include "server/config/config_read.h"
#include "server/extensions.h"
#include "server/mounting.h"
#include "server/secure.h"

/* What the operand or -c names; read anew, since the verbs take the file as an operand. */
static bool read_operand(struct admin *admin, struct err *err)
{
    config_done(&admin->config);
    admin->config_path = admin->operands[0];
    return config_read_file(admin->config_path, &admin->config, err) &&
           config_check(&admin->config, err);
}

/* Homes are made when they are missing; what holds them is not. */
static bool is_directory(const char *root, struct err *err)
{
    struct arena arena = {0};
    struct stat stat_;
    const char *user = strstr(root, "/%u");
    bool is_home = user && (user[3] == '/' || user[3] == '\0');
    struct str text = str_first(str_of_c(root), is_home ? (size_t)(user - root) : strlen(root));
    int rc = stat(arena_text(&arena, text), &stat_);
    bool is_fine = rc < 0 ? err_sys(err, errno, "cannot use '%.*s'", STR_ARGS(text))
                          : S_ISDIR(stat_.st_mode) ||
                                err_set(err, 0, "'%.*s' is not a directory", STR_ARGS(text));
    arena_done(&arena);
    return is_fine;
}

/* Nobody is asked: an origin may be down. */
static bool has_secrets(const struct config_mount *mount, struct err *err)
{
    struct arena arena = {0};
    struct gateways gateways;
    struct gateway_origin alone;
    struct gateway_mount gateway = {.prefix = PATH_ROOT};
    gateway.origins = config_mount_origins(mount, &alone, &gateway.origin_count);
    gateways_init(&gateways, &arena, gateway.origin_count, 1);
    bool is_fine = gateways_add(&gateways, &arena, &gateway, err);
    arena_done(&arena);
    return is_fine;
}

static bool have_directories(const struct server_config *config, struct err *err)
{
    bool is_fine = !config->root || is_directory(config->root, err);
    const struct config_mount *mount = config->file ? config->file->mounts : NULL;
    for (; mount && is_fine; mount = mount->next)
        is_fine = mount->root ? is_directory(mount->root, err) : has_secrets(mount, err);
    return is_fine && settings_check_roots(config, err);
}

static bool have_certificates(const struct server_config *config, struct shared_state *shared,
                              struct err *err)
{
    struct secure secure;
    bool is_fine = secure_read(&secure, config, shared, err);
    secure_stop(&secure);
    return is_fine;
}

static bool can_be_used(struct server_config *config, struct shared_state *shared, struct err *err)
{
    struct access_state *state = settings_access_state(config, shared);
    struct settings *settings = NULL;
    if (server_extend(config, err) && have_directories(config, err) &&
        have_certificates(config, shared, err))
        settings = settings_new(config, state, NULL, err);
    bool is_fine = settings && settings_read_app_passwords(settings, err);
    settings_unref(settings);
    access_state_free(state);
    return is_fine;
}

static int config_check_file(struct admin *admin)
{
    struct err err;
    if (!read_operand(admin, &err))
        return admin_fail(&err);
    struct shared_state *shared = settings_shared_state();
    bool is_fine = can_be_used(&admin->config, shared, &err);
    standalone_free(shared);
    return is_fine ? EXIT_FINE : admin_fail(&err);
}

static int config_show(struct admin *admin)
{
    struct err err;
    if (!read_operand(admin, &err))
        return admin_fail(&err);
    config_print(&admin->config);
    return EXIT_FINE;
}

static const struct admin_verb rows[] = {
    {"check", "FILE", 1, config_check_file,
     "say whether the file is valid, and what it names can be read"},
    {"show", "FILE", 1, config_show, "the settings in effect, secrets masked"},
};

const struct admin_verbs config_verbs = {&config_table, rows, ARRAY_LEN(rows)};

int cmd_config(int argc, char **argv)
{
    return admin_run(&config_verbs, argc, argv);
}
