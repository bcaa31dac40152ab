/* server/config/config_read.h: a whole configuration: the command line, the file that it names, and
 * what is set where neither says anything. */
#pragma once

#include "server/config/config.h"

/* Reads the arguments behind `serve`, which are borrowed, and the file that they name. False: `err`
 * says what is wrong and, for a mistyped name, what was probably meant. Gives config->file. */
NODISCARD bool config_read(int argc, char **argv, struct server_config *config_out,
                           struct err *err);

/* The defaults and what the file says; NULL: no file. Gives config->file. */
NODISCARD bool config_read_file(const char *path, struct server_config *config_out,
                                struct err *err);
