/* cli/command.h: one function for each command; each in a file of its name. */
#pragma once

#include "base/base.h"

/* Exit statuses that all commands share. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* argv[0] is what stands behind the command's name. Returns the exit status. */
int cmd_cert(int argc, char **argv);
int cmd_config(int argc, char **argv);
int cmd_rule(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_token(int argc, char **argv);
int cmd_user(int argc, char **argv);
int cmd_read(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_check(int argc, char **argv);
