#include "cli/admin.h"
#include "cli/command.h"
#include "server/settings.h"

/* What the operand or -c names; read anew, since the verbs take the file as an operand. */
static bool read_operand(struct admin *admin, struct err *err)
{
    config_done(&admin->config);
    admin->config_path = admin->operands[0];
    return config_read_file(admin->config_path, &admin->config, err) &&
           config_check(&admin->config, err);
}

static int config_check_file(struct admin *admin)
{
    struct err err;
    if (!read_operand(admin, &err))
        return admin_fail(&err);
    struct access_state *state = settings_access_state(&admin->config);
    struct settings *settings = settings_new(&admin->config, state, &err);
    bool is_fine = settings != NULL;
    settings_unref(settings);
    access_state_free(state);
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

static const struct admin_verb verbs[] = {
    {"check", "FILE", 1, config_check_file, "is it understood, and what it names readable?"},
    {"show", "FILE", 1, config_show, "the settings in effect, secrets masked"},
};

int cmd_config(int argc, char **argv)
{
    return admin_run("davit config", verbs, ARRAY_LEN(verbs), argc, argv);
}
