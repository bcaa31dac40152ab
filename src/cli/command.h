/* cli/command.h: one function for each command; each in a file of its name. */
#pragma once

#include "base/options.h"

/* Exit statuses that all commands share. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* What --color and --progress say. WHEN_AUTO: if there is a terminal. */
enum when { WHEN_AUTO, WHEN_ALWAYS, WHEN_NEVER };

struct admin_verbs;

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const struct option_table *options;
    const struct admin_verbs *verbs; /* what stands behind its name; NULL: nothing of the kind */
    const char *what;
};

/* The options of each; those of `serve` are in server/config/config.h. */
extern const struct option_table batch_table;
extern const struct option_table cert_table;
extern const struct option_table check_table;
extern const struct option_table config_table;
extern const struct option_table doctor_table;
extern const struct option_table explain_table;
extern const struct option_table gateway_table;
extern const struct option_table read_table;
extern const struct option_table rule_table;
extern const struct option_table token_table;
extern const struct option_table upload_table;
extern const struct option_table user_table;

/* argv[0] is what stands behind the command's name. Returns the exit status. */
int cmd_batch(int argc, char **argv);
int cmd_cert(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_gateway(int argc, char **argv);
int cmd_rule(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_upload(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_check(int argc, char **argv);
